import numpy as np
import pytest

from contactcenter.triage.experts import VectorFit
from contactcenter.triage.neighbours import Neighbours, joined, quantised, restored

AROUND = np.array([[1, 0], [0.98, 0.2], [0, 1], [0.2, 0.98], [0.9, 0.1], [0.1, 0.9]], dtype=np.float32)
TRUTH = np.array([0, 0, 1, 1, 0, 1])


def fit():
    return VectorFit(AROUND, TRUTH, 2, np.ones(6))


def test_eight_bits_keep_the_direction():
    vectors = np.random.default_rng(1).normal(size=(20, 384)).astype(np.float32)
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    assert (restored(quantised(vectors)) * vectors).sum(axis=1).min() > 0.999


def test_a_message_means_what_its_neighbours_mean():
    expert = Neighbours.of(fit().stored, fit().coefficients)
    scores = expert.scores(np.array([[0.95, 0.05], [-1.0, -1.0]], dtype=np.float32))
    assert scores[0, 0] > 0.7 > 0.3 > scores[0, 1]
    assert abs(scores[1]).max() < 0.1  # a stranger


def test_what_is_said_of_an_unseen_row_is_what_a_fit_without_it_says():
    without = VectorFit(np.delete(AROUND, 4, axis=0), np.delete(TRUTH, 4), 2, np.ones(5))
    expected = Neighbours.of(without.stored, without.coefficients).scores(restored(fit().stored)[4:5])
    assert fit().unseen([4])[0] == pytest.approx(expected[0], abs=1e-4)


def test_rows_beyond_the_most_are_judged_by_the_others(monkeypatch):
    monkeypatch.setattr("contactcenter.triage.experts.MOST_NEIGHBOURS", 4)
    expert = fit()
    left_out = next(row for row in range(6) if row not in expert.kept)
    assert len(expert.stored) == 4
    assert expert.unseen([left_out])[0].argmax() == TRUTH[left_out]


def test_experts_side_by_side_say_what_each_said():
    one, two = (Neighbours.of(fit().stored, np.float32(factor) * fit().coefficients) for factor in (1, 2))
    both = joined([one, two]).scores(AROUND)
    assert np.allclose(both, np.hstack([one.scores(AROUND), two.scores(AROUND)]), atol=1e-5)


def test_examples_and_coefficients_that_do_not_belong_together_are_refused():
    with pytest.raises(ValueError, match="coefficients"):
        Neighbours.of(np.zeros((3, 2), np.int8), np.zeros((2, 2), np.float32))
