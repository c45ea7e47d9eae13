import numpy as np
import pytest

from contactcenter.triage.features import featurise
from contactcenter.triage.linear import Calibration, Head, LinearModel, softmax


def model():
    """A model that knows the bucket of "a" alone: it speaks for the first label."""
    bucket = featurise(["a"]).buckets[:1].astype(np.uint32)
    heads = [Head("letter", ("a", "other"), (0.0, 0.25)), Head("mood", ("x", "y"), (1.0, 0.0))]
    return LinearModel(heads, bucket, np.array([[2.0, 0.0, 0.0, 0.0]], np.float32))


def test_scores_add_weights_and_bias():
    features = featurise(["a", "zzz"])
    value = float(features.values[0])
    assert np.allclose(model().logits(features), [[2 * value, 0.25, 1, 0], [0, 0.25, 1, 0]])


def test_contributions_are_measured_against_the_mean_of_the_head():
    features = featurise(["a"])
    letter, mood = model().contributions(features, 0, [0, 2])
    assert letter[0] == pytest.approx(float(features.values[0]))
    assert not letter[1:].any()
    assert not mood.any()


def test_weights_are_read_as_exactly_as_they_are_kept():
    kept = np.array([[0.1, -0.1, 65504.0, -65504.0], [6e-8, -0.0, 1.0, -3.0]], np.float16)
    letters = featurise(["b"]).buckets[0], featurise(["a"]).buckets[0]
    buckets = np.array(sorted(letters), np.uint32)
    heads = [Head("letter", ("a", "b"), (0.0, 0.0)), Head("mood", ("x", "y"), (0.0, 0.0))]
    asked = LinearModel(heads, buckets, kept)
    for row, bucket in enumerate(buckets):
        features = featurise(["a" if bucket == letters[1] else "b"])
        place = int(np.flatnonzero(features.buckets == bucket)[0])
        expected = features.values[place] * kept[row].astype(np.float32)
        assert np.allclose(asked.logits(features)[0], expected, rtol=1e-6, atol=0)


def test_heads_are_found_by_name():
    assert model().columns("mood") == slice(2, 4)
    with pytest.raises(KeyError):
        model().head("nothing")


def test_softmax_survives_large_scores():
    assert softmax(np.array([[1000.0, 0.0], [-1000.0, 0.0]])).tolist() == [[1.0, 0.0], [0.0, 1.0]]


def test_platts_shift_moves_the_probability():
    platt = Calibration(scale=2.0, shift=(0.0, -1.0))
    assert platt.probabilities(np.array([[0.0, 0.5]]))[0, 1] == pytest.approx(0.5)


def test_the_curve_of_the_messages_language_is_used():
    curves = Calibration(curves={"": ((0.0, 0.0), (4.0, 2.0)), "zh": ((0.0, 0.0), (4.0, 0.0))})
    rows = curves.probabilities(np.array([[4.0, 0.0, -20.0]] * 3), ["en", "zh", "other"])
    assert rows[:, 0] == pytest.approx([0.8808, 0.5, 0.8808], abs=1e-3)
    assert rows.sum(axis=1) == pytest.approx([1, 1, 1], abs=1e-3)


def test_calibration_never_lets_the_second_label_overtake():
    curves = Calibration(curves={"": ((0.0, -2.2), (1.0, -2.2))})
    row = curves.probabilities(np.array([[1.0, 0.9, -5.0]]))[0]
    assert row.argmax() == 0
    assert row[0] == pytest.approx(0.1, abs=1e-2)


def test_what_no_label_deserves_is_left_over():
    unlike_all = Calibration(curves={"": ((0.0, -3.0), (4.0, 2.0))}).probabilities(np.array([[0.1, 0.05, 0.0]]))
    assert unlike_all.sum() < 0.5


def test_beyond_what_was_measured_surer_stays_surer():
    curves = Calibration(curves={"": ((0.0, 0.0), (4.0, 3.0))})
    rows = curves.probabilities(np.array([[5.0, 0.0, -20.0], [9.0, 0.0, -20.0], [14.0, 0.0, -20.0]]))
    assert rows[0, 0] < rows[1, 0] < rows[2, 0] < 0.9999
