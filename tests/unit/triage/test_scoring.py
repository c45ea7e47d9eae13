"""Two stages: words for all, vectors for those in doubt. A word list plays the encoder."""

import hashlib
import json
from dataclasses import replace

import numpy as np
import pytest

from contactcenter.errors import ModelError
from contactcenter.triage import registry, scoring
from contactcenter.triage.features import featurise
from contactcenter.triage.linear import Calibration, Head, LinearModel, Second
from contactcenter.triage.neighbours import Neighbours
from contactcenter.triage.places import CONFIG
from tests.unit.triage.meanings import OnlyMeaning


class Beasts(OnlyMeaning):
    """An encoder that knows beasts; ``asked`` is what it was asked."""

    width, prompt = 2, ""

    def __init__(self):
        self.asked = []

    def encode(self, texts):
        self.asked += texts
        return np.array([[1.0, 0.0] if text in ("cat", "cow") else [0.0, 1.0] for text in texts], dtype=np.float32)


def model():
    """Words know that a table is a thing; the vectors know the rest."""
    head = Head("category", ("beast", "other", "thing"), (0, 0, 0), second=Second(1.0, 9.0, Calibration(), {"": 0.9}))
    plain = Head("urgency", ("high", "low"), (0.0, 1.0))
    table = featurise(["table"]).buckets[-1:].astype(np.uint32)
    weights = np.array([[0, 0, 30, 0, 0]], np.float32)
    expert = Neighbours.of(np.array([[127, 0], [0, 127]], np.int8), np.array([[1, 0, 0], [0, 0, 1]], np.float32))
    linear = LinearModel([head, plain], table, weights)
    return registry.TrainedModel("beasts", linear, 0.5, {}, neighbours={"category": expert})


def said(model, texts, encoder):
    scored = scoring.score(model, texts, texts, ["en"] * len(texts), encoder)
    return [model.linear.head("category").labels[best] for best in scored.probabilities["category"].argmax(axis=1)]


def test_only_messages_in_doubt_are_encoded():
    encoder = Beasts()
    assert said(model(), ["cat", "table", "lamp"], encoder) == ["beast", "thing", "thing"]
    assert encoder.asked == ["cat", "lamp"]


def test_a_head_says_nothing_by_vectors_of_a_language_it_never_asks_about():
    """Another head wants the message encoded; what this one learned from vectors, it learned in another language."""
    one = model()
    mood = Head("sentiment", ("down", "up"), (0.0, 1.0), second=Second(0.0, 9.0, Calibration(), {"": 0.0, "en": 1.01}))
    linear = LinearModel([*one.linear.heads, mood], one.linear.buckets, np.array([[0, 0, 30, 0, 0, 0, 0]], np.float32))
    down = Neighbours.of(np.array([[127, 0], [0, 127]], np.int8), np.array([[1, 0], [1, 0]], np.float32))
    both = replace(one, linear=linear, neighbours={**one.neighbours, "sentiment": down})
    scored = scoring.score(both, ["cat", "cat"], ["cat", "cat"], ["en", "zh"], Beasts())
    assert scored.encoded.tolist() == [0, 1]
    assert scored.probabilities["category"].argmax(axis=1).tolist() == [0, 0]
    assert scored.probabilities["sentiment"].argmax(axis=1).tolist() == [0, 1]


def test_what_is_published_says_the_same_when_loaded(tmp_path):
    registry.publish(model(), tmp_path)
    loaded = registry.load(tmp_path)
    assert loaded.linear.heads == model().linear.heads
    assert said(loaded, ["cat", "table", "cow"], Beasts()) == ["beast", "thing", "beast"]


def test_a_model_whose_heads_share_one_array_of_examples_says_the_same(tmp_path):
    """Format 2: the examples of all heads below each other, the coefficients of their labels side by side."""
    one = model()
    mood = Head("sentiment", ("down", "up"), (0.0, 0.0), second=Second(1.0, 9.0, Calibration(), {"": 1.01}))
    linear = LinearModel([*one.linear.heads, mood], one.linear.buckets, np.array([[0, 0, 30, 0, 0, 0, 0]], np.float32))
    moods = Neighbours.of(np.array([[127, 0], [0, 127]], np.int8), np.array([[0, 1], [1, 0]], np.float32))
    both = replace(one, linear=linear, neighbours={**one.neighbours, "sentiment": moods})
    registry.publish(both, tmp_path)
    config = json.loads((tmp_path / CONFIG).read_text())
    with np.load(tmp_path / config["weights"]["file"]) as arrays:
        old = {name: arrays[name] for name in ("buckets", "weights")}
    old["examples"] = np.vstack([expert.stored for expert in both.neighbours.values()])
    old["coefficients"] = np.array([[1, 0, 0, 0, 0], [0, 0, 1, 0, 0], [0, 0, 0, 0, 1], [0, 0, 0, 1, 0]], np.float16)
    np.savez(tmp_path / "weights-old.npz", **old)
    digest = hashlib.sha256((tmp_path / "weights-old.npz").read_bytes()).hexdigest()
    del config["manner"]
    config |= {"format": 2, "weights": {"file": "weights-old.npz", "sha256": digest}}
    (tmp_path / CONFIG).write_text(json.dumps(config))
    texts = ["cat", "table", "lamp"]
    now, before = (
        scoring.score(which, texts, texts, ["en"] * 3, Beasts()).probabilities
        for which in (both, registry.load(tmp_path))
    )
    assert {head: values.tolist() for head, values in before.items()} == {
        head: values.tolist() for head, values in now.items()
    }


def test_an_encoder_that_the_model_does_not_know_is_refused():
    wide = Beasts()
    wide.width = 3
    with pytest.raises(ModelError, match="other numbers of an encoder"):
        scoring.check_encoder(model(), wide)


def test_coefficients_for_other_labels_are_refused(tmp_path):
    wrong = Neighbours.of(np.zeros((2, 2), np.int8), np.zeros((2, 5), np.float32))
    registry.publish(registry.TrainedModel("x", model().linear, 0.5, {}, neighbours={"category": wrong}), tmp_path)
    with pytest.raises(ModelError, match="not those of the 3 labels of category"):
        registry.load(tmp_path)


def test_what_is_outside_every_label_never_looks_surer_than_a_coin_is_fair():
    head = Head("category", ("move", "oos"), (0.0, 3.0))
    outside = registry.TrainedModel(
        "x", LinearModel([head], np.zeros(0, np.uint32), np.zeros((0, 2), np.float32)), 0.5, {}
    )
    row = scoring.score(outside, ["a"], ["a"], ["en"], Beasts()).probabilities["category"][0]
    assert 0.5 <= row[1] <= 0.6
    assert row[0] < row[1]
