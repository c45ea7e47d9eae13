import zlib

import numpy as np
import pytest

from contactcenter.errors import InvalidInput
from contactcenter.triage import calibration, evaluation, registry, second, training
from contactcenter.triage.corpus import Corpus, Example
from contactcenter.triage.features import Read, featurise
from tests.unit.triage.meanings import OnlyMeaning

WORDS = {"refund": "money refund reimburse", "delivery": "parcel courier late", "login": "password account locked"}


def corpus(count=20, labels=("refund", "delivery", "login"), heads=("category",)):
    examples = [
        Example(f"{word} number{index % 7} please", "en", dict.fromkeys(heads, label))
        for label in labels
        for index in range(count)
        for word in [WORDS[label].split()[index % 3]]
    ]
    return Corpus(tuple(examples))


def four_heads():
    """Every head with its own labels, all of them to be read off one word."""
    rows = [
        ("refund", "high", "negative", "yes"),
        ("delivery", "low", "neutral", "no"),
        ("login", "normal", "positive", "no"),
    ]
    names = ("category", "urgency", "sentiment", "complaint")
    return Corpus(
        tuple(
            Example(f"{WORDS[row[0]].split()[index % 3]} now", "en", dict(zip(names, row, strict=True)))
            for row in rows
            for index in range(15)
        )
    )


def test_a_model_learns_what_tells_its_labels_apart():
    model = training.train(corpus(), "small")
    report = evaluation.evaluate(model, corpus(3))
    assert report["heads"]["category"]["accuracy"] == 1.0
    assert model.training["cross_validation"]["category"]["rows"] == 60


def test_training_twice_gives_the_same_model():
    first, second = (training.train(corpus(), "small") for _ in range(2))
    assert (first.linear.weights == second.linear.weights).all()
    assert first.linear.heads == second.linear.heads


def test_phrases_teach_words_that_no_example_has():
    examples = corpus()
    phrases = (Example("hovercraft", "en", {"category": "login"}), Example("ignored", "en", {"urgency": "high"}))
    model = training.train(Corpus(examples.examples, phrases), "small")
    report = evaluation.evaluate(model, Corpus((Example("hovercraft", "en", {"category": "login"}),)))
    assert report["heads"]["category"]["accuracy"] == 1.0


def test_missing_heads_are_taken_over_unchanged_from_the_base():
    base = training.train(four_heads(), "base")
    model = training.train(corpus(labels=("refund", "delivery")), "mine", base=base)
    assert [head.name for head in model.linear.heads] == ["category", "urgency", "sentiment", "complaint"]
    assert model.complaint_threshold == base.complaint_threshold
    for text in ("money now", "courier now"):
        features = featurise([text])
        ours, theirs = (m.linear.logits(features)[0, m.linear.columns("complaint")] for m in (model, base))
        assert np.allclose(ours, theirs, atol=1e-5)


def test_the_complaint_threshold_lies_below_nearly_all_complaints():
    truth = np.array(["yes"] * 100 + ["no"] * 100)
    probabilities = np.concatenate([np.linspace(0.01, 1, 100), np.zeros(100)]).astype(np.float32)
    threshold = training._threshold(truth, probabilities)
    assert (probabilities[:100] >= threshold).mean() == pytest.approx(training.COMPLAINT_RECALL)


@pytest.mark.parametrize(
    ("rows", "message"), [(corpus(1), "at least 10"), (corpus(labels=("refund",)), "all rows have the same label")]
)
def test_too_little_to_learn_from_is_refused(rows, message):
    with pytest.raises(InvalidInput, match=message):
        training.train(rows, "small")


def test_rare_labels_do_not_stop_the_training():
    lone = Example("unique words here", "en", {"category": "rare"})
    model = training.train(Corpus((*corpus().examples, lone)), "small")
    assert "rare" in model.linear.head("category").labels


class FirstLetter(OnlyMeaning):
    """An encoder for tests: is the first letter a p?"""

    width, prompt = 1, ""

    def encode(self, texts):
        return np.array([[float(text.startswith("p"))] for text in texts], dtype=np.float32).reshape(len(texts), 1)


def test_what_an_encoder_adds_is_learned_and_used():
    examples = [Example(f"{'p' if odd else 'q'}{index}x{index}", "en", {"category": str(odd)})
                for index in range(40) for odd in (0, 1)]  # fmt: skip
    model = training.train(Corpus(tuple(examples)), "dense", encoder=FirstLetter())
    assert "category" in model.neighbours
    report = evaluation.evaluate(model, Corpus(tuple(examples)), FirstLetter())
    assert report["heads"]["category"]["accuracy"] == 1.0


class TwoNumbers(OnlyMeaning):
    """An encoder that knows one thing no n-gram tells: which words are animals."""

    width, name, prompt = 2, "animals", ""

    def encode(self, texts):
        known = ("cat", "dog", "horse", "cow", "animal")
        beasts = [any(word in text for word in known) for text in texts]
        return np.array([[1.0, 0.0] if beast else [0.0, 1.0] for beast in beasts], dtype=np.float32).reshape(-1, 2)


def beasts(words):
    return Corpus(
        tuple(
            Example(word, "en", {"category": label})
            for label, names in words.items()
            for word in names
            for _ in range(5)
        )
    )


def test_an_encoder_teaches_what_no_n_gram_tells():
    seen = beasts({"animal": ["cat", "dog"], "thing": ["table", "chair"]})
    unseen = beasts({"animal": ["horse", "cow"], "thing": ["lamp", "spoon"]})
    model = training.train(seen, "small", encoder=TwoNumbers())
    report = evaluation.evaluate(model, unseen, TwoNumbers())
    assert report["heads"]["category"]["accuracy"] == 1.0


class Conversation:
    """Tells, not too clearly, what a numbered text is about by its number's last digit, its manner by the one before.

    No n-gram tells either: a number is read as 0.
    """

    width = manner = 10
    prompt = ""

    def encode(self, texts):
        return self.read(texts).meaning

    def read(self, texts):
        told = np.zeros((2, len(texts), 10), dtype=np.float32)
        for row, text in enumerate(texts):
            told[:, row] = np.random.default_rng(zlib.crc32(text.encode())).normal(scale=0.15, size=(2, 10))
            if text.startswith("number"):
                tens, ones = divmod(int(text.removeprefix("number")), 10)
                told[0, row, ones] += 1
                told[1, row, tens % 10] += 1
        told /= np.linalg.norm(told, axis=2, keepdims=True)
        return Read(*told)


def conversations(telling):
    """Texts labelled by what they are about (0) or by their manner (1)."""
    labels = [("one", "two")[number // 10**telling % 2] for number in range(200)]
    return Corpus(tuple(Example(f"number{n}", "en", {"category": label}) for n, label in enumerate(labels)))


@pytest.mark.parametrize(("telling", "share"), [(0, second.MANNERS[0]), (1, second.MANNERS[-1])])
def test_likeness_goes_by_meaning_or_by_manner_as_the_labels_want_it(telling, share, tmp_path):
    table = conversations(telling)
    unseen, seen = table.examples[::7], [row for place, row in enumerate(table.examples) if place % 7]
    registry.publish(training.train(Corpus(tuple(seen)), "x", encoder=Conversation()), tmp_path)
    model = registry.load(tmp_path)
    assert model.neighbours["category"].view.share == share
    report = evaluation.evaluate(model, Corpus(unseen), Conversation())
    assert report["heads"]["category"]["accuracy"] == 1.0


class InRows(OnlyMeaning):
    """An encoder that finds so many neighbouring numbers alike, and remembers what it read."""

    width, prompt = 64, "asks: "

    def __init__(self, alike=1):
        self._alike, self.asked = alike, []

    def encode(self, texts):
        self.asked += texts
        numbers = [int(text.rsplit("number", 1)[-1]) // self._alike if "number" in text else 63 for text in texts]
        return np.eye(self.width, dtype=np.float32)[numbers]


def numbered(count, alike=1):
    """Labels that no n-gram tells: a number is read as 0."""
    rows = [(f"number{row}", "ab"[row // alike % 2]) for row in range(count)]
    return Corpus(tuple(Example(text, "en", {"category": label}) for text, label in rows))


def test_few_examples_are_read_with_the_prompt_when_learned_and_when_asked(tmp_path):
    encoder = InRows(10)
    model = training.train(numbered(20, 10), "small", encoder=encoder)
    assert model.prompt == "asks: "
    assert {text[:6] for text in encoder.asked} == {"asks: "}
    registry.publish(model, tmp_path)
    encoder.asked.clear()
    evaluation.evaluate(registry.load(tmp_path), numbered(20, 10), encoder)
    assert encoder.asked == [f"asks: number{row}" for row in range(20)]


def test_many_examples_are_read_as_they_are():
    encoder = InRows(10)
    assert training.train(numbered(40, 10), "large", encoder=encoder).prompt == ""
    assert "number7" in encoder.asked
    assert not any(text.startswith("asks") for text in encoder.asked)


def test_few_examples_are_met_halfway_by_the_names_of_their_labels():
    few, many = (training.train(numbered(count, 10), "x", encoder=InRows(10)).neighbours for count in (20, 40))
    assert len(few["category"].stored) == 20 + 2 + 20
    assert len(many["category"].stored) == 40 + 2


def test_words_say_little_where_examples_are_few(monkeypatch):
    says = []
    chosen = calibration.mixture
    monkeypatch.setattr(calibration, "mixture", lambda *given: says.append(given[-1]) or chosen(*given))
    for count in (20, 60):
        training.train(numbered(count, 10), "x", encoder=InRows(10))
    assert says[0] == calibration.OF_FEW
    assert says[-1] == calibration.MIXTURES


def test_cross_validation_does_not_peep_through_what_lies_halfway():
    model = training.train(numbered(20), "small", encoder=InRows())
    assert model.training["cross_validation"]["category"]["accuracy"] < 0.75


class OneOfMany(OnlyMeaning):
    """An encoder of which one number tells the label, a parity, softly; the many others tell nothing."""

    width, prompt = 64, ""

    def encode(self, texts):
        told = np.zeros((len(texts), self.width), dtype=np.float32)
        for row, text in enumerate(texts):
            told[row] = np.random.default_rng(zlib.crc32(text.encode())).normal(size=self.width)
            if text.startswith("number"):
                told[row, 0] = 0.8 * (-1) ** int(text.removeprefix("number"))
        return told / np.linalg.norm(told, axis=1, keepdims=True)


def test_a_metric_is_learned_where_it_tells_the_labels_apart_and_kept(tmp_path, monkeypatch):
    seen, unseen = numbered(600).examples[:120], numbered(600).examples[300:]
    registry.publish(training.train(Corpus(seen), "x", encoder=OneOfMany()), tmp_path)
    model = registry.load(tmp_path)
    metric = model.neighbours["category"].view.metric
    assert np.diag(metric).argmax() == 0
    learned = evaluation.evaluate(model, Corpus(unseen), OneOfMany())["heads"]["category"]["accuracy"]
    monkeypatch.setattr(second, "POWERS", (0.0,))
    plain = training.train(Corpus(seen), "x", encoder=OneOfMany())
    assert not plain.neighbours["category"].view.metric.size
    assert learned > evaluation.evaluate(plain, Corpus(unseen), OneOfMany())["heads"]["category"]["accuracy"] + 0.01


class Noise(OneOfMany):
    """An encoder that tells nothing at all, of any text something else."""

    def encode(self, texts):
        return super().encode([f"text {text}" for text in texts])


@pytest.mark.parametrize("prompt", ["", "asks: "])
def test_cross_validation_does_not_peep_through_the_metric(prompt, monkeypatch):
    monkeypatch.setattr(Noise, "prompt", prompt)
    monkeypatch.setattr(second, "POWERS", (0.5,))
    model = training.train(numbered(36 if prompt else 120), "x", encoder=Noise())
    assert model.neighbours["category"].view.metric.size
    assert model.training["cross_validation"]["category"]["accuracy"] < 0.7


def test_heads_that_read_no_vectors_are_taken_over_beside_those_that_do():
    base = training.train(four_heads(), "base")
    model = training.train(corpus(), "small", base=base, encoder=TwoNumbers())
    both = evaluation.evaluate(model, four_heads(), TwoNumbers())["heads"]["urgency"]["accuracy"]
    assert both == evaluation.evaluate(base, four_heads())["heads"]["urgency"]["accuracy"] == 1.0
