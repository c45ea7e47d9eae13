import numpy as np
import pytest

from contactcenter.triage import metric
from contactcenter.triage.neighbours import unit


def rows(count=120, width=6):
    """Unit vectors and labels that their third number tells, and nothing else."""
    vectors = np.random.default_rng(2).normal(size=(count, width)).astype(np.float32)
    return unit(vectors), (vectors[:, 2] > 0).astype(np.int64)


def told(count=120):
    vectors, truth = rows(count)
    return metric.spectrum(vectors, truth, 2, np.ones(count))


def test_scores_change_most_along_what_tells_the_labels_apart():
    values, directions = told()
    assert values.argmax() == 5
    assert values[5] == 1.0
    assert abs(directions[2, 5]) > 0.95
    assert values[4] < 0.2


def test_rows_that_weigh_nothing_tell_nothing():
    vectors, truth = rows()
    other = (vectors[:, 0] > 0).astype(np.int64)
    both = np.vstack([vectors, vectors])
    weight = np.r_[np.full(120, 1e-9), np.ones(120)]
    _, directions = metric.spectrum(both, np.r_[other, truth], 2, weight)
    assert abs(directions[2, 5]) > 0.9


def test_a_power_says_how_far_directions_are_told_apart():
    found = told()
    spread = [np.linalg.eigvalsh(metric.metric(found, power).astype(np.float64)) for power in (0.0, 0.25, 0.5)]
    assert spread[0] == pytest.approx(np.ones(6), abs=1e-3)
    assert spread[1] == pytest.approx(np.maximum(found[0], 0) ** 0.25, abs=2e-3)
    assert spread[2] == pytest.approx(np.maximum(found[0], 0) ** 0.5, abs=2e-3)


def test_a_sample_of_many_rows_finds_the_same(monkeypatch):
    monkeypatch.setattr(metric, "MOST_ROWS", 200)
    monkeypatch.setattr(metric, "MOST_PLACES", 50)
    _, directions = told(1_000)
    assert abs(directions[2, 5]) > 0.95
