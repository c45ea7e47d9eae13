"""Two stages: words for all, vectors for those in doubt. A word list plays the encoder."""

import numpy as np
import pytest

from contactcenter.errors import ModelError
from contactcenter.triage import registry, scoring
from contactcenter.triage.features import featurise
from contactcenter.triage.linear import Calibration, Head, LinearModel, Second
from contactcenter.triage.neighbours import Neighbours


class Beasts:
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
    neighbours = Neighbours.of(np.array([[127, 0], [0, 127]], np.int8), np.array([[1, 0, 0], [0, 0, 1]], np.float32))
    return registry.TrainedModel("beasts", LinearModel([head, plain], table, weights), 0.5, {}, neighbours=neighbours)


def said(model, texts, encoder):
    scored = scoring.score(model, texts, texts, ["en"] * len(texts), encoder)
    return [model.linear.head("category").labels[best] for best in scored.probabilities["category"].argmax(axis=1)]


def test_only_messages_in_doubt_are_encoded():
    encoder = Beasts()
    assert said(model(), ["cat", "table", "lamp"], encoder) == ["beast", "thing", "thing"]
    assert encoder.asked == ["cat", "lamp"]


def test_what_is_published_says_the_same_when_loaded(tmp_path):
    registry.publish(model(), tmp_path)
    loaded = registry.load(tmp_path)
    assert loaded.linear.heads == model().linear.heads
    assert said(loaded, ["cat", "table", "cow"], Beasts()) == ["beast", "thing", "beast"]


def test_an_encoder_that_the_model_does_not_know_is_refused():
    wide = Beasts()
    wide.width = 3
    with pytest.raises(ModelError, match="numbers of an encoder"):
        scoring.check_encoder(model(), wide)


def test_coefficients_for_other_labels_are_refused(tmp_path):
    wrong = Neighbours.of(np.zeros((2, 2), np.int8), np.zeros((2, 5), np.float32))
    registry.publish(registry.TrainedModel("x", model().linear, 0.5, {}, neighbours=wrong), tmp_path)
    with pytest.raises(ModelError, match="5 labels, but 3 are asked"):
        registry.load(tmp_path)


def test_what_is_outside_every_label_never_looks_surer_than_a_coin_is_fair():
    head = Head("category", ("move", "oos"), (0.0, 3.0))
    outside = registry.TrainedModel(
        "x", LinearModel([head], np.zeros(0, np.uint32), np.zeros((0, 2), np.float32)), 0.5, {}
    )
    row = scoring.score(outside, ["a"], ["a"], ["en"], Beasts()).probabilities["category"][0]
    assert 0.5 <= row[1] <= 0.6
    assert row[0] < row[1]
