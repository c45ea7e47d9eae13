"""Narrowing a network and teaching it: what needs no torch."""

import numpy as np
import pytest

from contactcenter.errors import InvalidInput
from contactcenter.triage import tuning
from contactcenter.triage.corpus import Corpus, Example, read_english
from contactcenter.triage.narrowing import narrowed


def layer(seed=0):
    """Activations of 12 neurons, of which the last four repeat mixtures of the first eight; weights of 5 outputs."""
    chance = np.random.default_rng(seed)
    own = chance.normal(size=(500, 8))
    neurons = np.hstack([own, own @ chance.normal(size=(8, 4))])
    return neurons, chance.normal(size=(12, 5))


def moments(neurons, weights):
    return neurons.T @ neurons / len(neurons), neurons.T @ (neurons @ weights) / len(neurons)


def test_what_neurons_repeat_is_taken_over_by_those_that_stay():
    neurons, weights = layer()
    alive, found = narrowed(*moments(neurons, weights), weights, 8)
    assert len(alive) == len(found) == 8
    lost = neurons[:, alive] @ found - neurons @ weights
    assert np.abs(lost).mean() < 0.01 * np.abs(neurons @ weights).mean()


def test_the_neuron_that_says_least_goes_first():
    neurons, weights = layer()
    neurons, weights = neurons[:, :8], weights[:8]
    weights[3] *= 0.001
    alive, found = narrowed(*moments(neurons, weights), weights, 7)
    assert alive.tolist() == [0, 1, 2, 4, 5, 6, 7]
    assert np.allclose(found, weights[alive], atol=0.01)


def test_the_rest_is_adjusted_and_not_merely_cut():
    neurons, weights = layer()
    weights[:8] += 1
    alive, found = narrowed(*moments(neurons, weights), weights, 6)
    said = neurons @ weights
    cut = np.square(neurons[:, alive] @ weights[alive] - said).mean()
    assert np.square(neurons[:, alive] @ found - said).mean() < 0.5 * cut


def test_all_neurons_keep_their_weights_and_none_is_an_error():
    neurons, weights = layer()
    neurons, weights = neurons[:, :8], weights[:8]
    alive, found = narrowed(*moments(neurons, weights), weights, 8)
    assert alive.tolist() == list(range(8))
    assert np.allclose(found, weights)
    for keep in (0, 9):
        with pytest.raises(ValueError, match="neurons"):
            narrowed(*moments(neurons, weights), weights, keep)


def test_every_text_is_read_once_in_batches_of_like_lengths():
    lengths = [5, 90, 6, 7, 300, 80, 5, 8] * 40
    found = tuning.batches(lengths, 256, np.random.default_rng(1))
    assert sorted(place for batch in found for place in batch) == list(range(len(lengths)))
    for batch in found:
        assert len(batch) == 1 or len(batch) * max(lengths[place] for place in batch) <= 256
    assert [batch for batch in found if not batch] == []


def test_long_texts_are_made_of_sentences_of_one_kind():
    kinds = [[f"a{n}" for n in range(30)], ["b0", "b1"]]
    for text in tuning.joined(kinds, 50, np.random.default_rng(2)):
        words = text.split()
        assert len({word[0] for word in words}) == 1
        assert len(words) == len(set(words)) >= 2


def test_the_rate_rises_and_falls():
    rates = [tuning.pace(step / 1000, step) for step in range(1000)]
    assert rates.index(max(rates)) in range(40, 60)
    assert rates[0] < 0.05 > rates[-1]
    assert min(rates) > 0


def test_strangers_are_not_learned_as_a_label():
    rows = [Example("pay my bill", "en", {"category": "bill"}), Example("sing", "en", {"category": "oos"})]
    assert tuning.of_table(Corpus(tuple(rows))) == tuning.Table(("pay my bill",), ("bill",))


def test_what_is_spared_is_not_taught_and_repetitions_stay_together():
    texts = [f"question {row % 500}" for row in range(1_000)]
    left = tuning.without_spared(tuning.Table(tuple(texts), tuple(map(str, range(1_000)))), 0.2)
    assert 350 < len(set(left.texts)) < 450
    assert len(left.texts) == 2 * len(set(left.texts))
    assert all(texts[int(label)] == text for text, label in zip(left.texts, left.labels, strict=True))
    assert tuning.without_spared(left, 0.2) == left  # drawn by the text alone
    whole = tuning.Table(("a", "b"), ("x", "y"))
    assert tuning.without_spared(whole, 0.0) == whole


def test_texts_come_from_tables_of_either_column_and_from_corpus_folders(tmp_path):
    (tmp_path / "pairs.csv").write_text("en,zh\nGood morning.,早上好。\n")
    (tmp_path / "mails.csv").write_text("label,text\nYes,Please send the form\nNo,请寄给我\n")
    (tmp_path / "other.csv").write_text("words\nhello\n")
    corpus = tmp_path / "corpus"
    corpus.mkdir()
    (corpus / "all.csv").write_text(
        "text,category,urgency,sentiment,complaint,language,split\n"
        "Where is my card?,card,low,neutral,0,en,train\n我的卡呢？,card,low,neutral,0,zh,train\n"
        "Is it here?,card,low,neutral,0,en,test\n"
    )
    assert read_english(tmp_path / "pairs.csv") == ["Good morning."]
    assert read_english(tmp_path / "mails.csv") == ["Please send the form"]
    assert read_english(corpus) == ["Where is my card?"]
    with pytest.raises(InvalidInput, match="no column text"):
        read_english(tmp_path / "other.csv")


def test_tuning_without_what_it_needs_says_what_to_install(tmp_path, monkeypatch):
    monkeypatch.setitem(__import__("sys").modules, "torch", None)
    with pytest.raises(InvalidInput, match=r"contactcenter\[export\]"):
        tuning.tune("anything", [["a text"]], [], tmp_path / "network", tuning.Recipe(0.8, 1, 1))
