from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest

from contactcenter.triage.experts import VectorFit
from contactcenter.triage.features import Read, meaning_alone
from contactcenter.triage.neighbours import Neighbours, View, quantised, restored

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
    scores = expert.scores(meaning_alone(np.array([[0.95, 0.05], [-1.0, -1.0]], dtype=np.float32)))
    assert scores[0, 0] > 0.7 > 0.3 > scores[0, 1]
    assert abs(scores[1]).max() < 0.1  # a stranger


def test_more_rows_than_the_most_are_thinned_out(monkeypatch):
    monkeypatch.setattr("contactcenter.triage.experts.MOST_NEIGHBOURS", 4)
    assert len(fit().stored) == 4
    assert fit().scores(AROUND).argmax(axis=1).tolist() == TRUTH.tolist()


def test_a_fit_says_what_is_said_when_it_is_kept():
    told = Neighbours.of(fit().stored, fit().coefficients).scores(meaning_alone(AROUND))
    assert fit().scores(AROUND) == pytest.approx(told, abs=1e-5)


def unit(vectors):
    return vectors / np.linalg.norm(vectors, axis=-1, keepdims=True)


def test_likeness_is_the_mean_of_that_of_meaning_and_that_of_manner():
    meaning, manner = unit(np.random.default_rng(3).normal(size=(2, 5, 8)).astype(np.float32))
    seen = View.among(0.25, manner).of(Read(meaning, manner))
    apart = unit(manner - manner.mean(axis=0))
    assert np.allclose(seen @ seen.T, 0.75 * meaning @ meaning.T + 0.25 * apart @ apart.T, atol=1e-3)
    assert View().of(Read(meaning, manner)) is meaning


def test_by_a_metric_likeness_goes_by_the_directions_that_count():
    meaning = unit(np.random.default_rng(3).normal(size=(5, 3)).astype(np.float32))
    blind = View(metric=np.diag([1.0, 1.0, 0.0]).astype(np.float32)).of(meaning_alone(meaning))
    assert np.allclose(blind[:, :2], unit(meaning[:, :2]), atol=1e-6)
    assert not blind[:, 2].any()


def test_a_metric_weighs_manner_as_well_as_meaning():
    meaning, manner = unit(np.random.default_rng(3).normal(size=(2, 5, 3)).astype(np.float32))
    both = View.among(0.5, manner)
    deaf = replace(both, metric=np.diag([1.0, 1.0, 1.0, 0.0, 0.0, 0.0]).astype(np.float32)).of(Read(meaning, manner))
    assert not np.allclose(both.of(Read(meaning, manner))[:, :3], meaning, atol=0.1)
    assert np.allclose(deaf, np.hstack([meaning, np.zeros((5, 3))]), atol=1e-6)


def test_manner_is_looked_at_where_texts_differ_most(monkeypatch):
    monkeypatch.setattr("contactcenter.triage.neighbours.DIRECTIONS", 1)
    manner = np.array([[1, 0.1, 5], [-1, -0.1, 5], [1, -0.1, 5], [-1, 0.1, 5]], dtype=np.float32)
    view = View.among(0.9, manner)
    assert np.allclose(abs(view.basis[:, 0]), [1, 0, 0], atol=1e-3)
    seen = view.of(meaning_alone(np.zeros((4, 0), np.float32))._replace(manner=manner))
    assert np.allclose(abs(seen), np.sqrt(0.9))
    assert (seen[0] * seen[2] > 0).all()
    assert (seen[0] * seen[1] < 0).all()


def test_an_expert_reads_only_what_has_the_numbers_it_knows():
    view = View(0.5, np.ones(4, np.float32), np.ones((4, 2), np.float32))
    expert = Neighbours.of(np.ones((2, 5), np.int8), np.ones((2, 2), np.float32), view)
    plain = Neighbours.of(np.ones((2, 3), np.int8), np.ones((2, 2), np.float32))
    widths = [(3, 4), (3, 0), (5, 0), (5, 4), (3, 3)]
    encoders = [SimpleNamespace(width=width, manner=manner) for width, manner in widths]
    assert [expert.reads(encoder) for encoder in encoders] == [True, False, False, False, False]
    assert [plain.reads(encoder) for encoder in encoders] == [True, True, False, False, True]


@pytest.mark.parametrize(
    ("share", "centre", "basis"),
    [(0.5, 0, (0, 0)), (0.0, 2, (2, 1)), (1.0, 2, (2, 1)), (-0.1, 2, (2, 1)), (0.5, 2, (3, 1))],
)
def test_a_view_without_its_numbers_is_refused(share, centre, basis):
    with pytest.raises(ValueError, match="manner counts"):
        View(share, np.ones(centre, np.float32), np.ones(basis, np.float32))


@pytest.mark.parametrize("shape", [(2, 3), (3,), (1, 1)])
def test_a_metric_of_other_numbers_is_refused(shape):
    with pytest.raises(ValueError, match="metric"):
        Neighbours.of(np.ones((2, 3), np.int8), np.ones((2, 2), np.float32), View(metric=np.ones(shape, np.float32)))


def test_what_is_stored_again_is_what_was_stored():
    stored = quantised(np.random.default_rng(5).normal(size=(30, 40)).astype(np.float32))
    assert (Neighbours.of(stored, np.ones((30, 2), np.float32)).stored == stored).all()


def test_examples_and_coefficients_that_do_not_belong_together_are_refused():
    with pytest.raises(ValueError, match="coefficients"):
        Neighbours.of(np.zeros((3, 2), np.int8), np.zeros((2, 2), np.float32))
