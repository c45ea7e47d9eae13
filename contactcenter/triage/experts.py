"""The two experts that training has: one on words, linear, and one on vectors, by likeness to the examples.

What they would have said of rows they had not seen is found by fitting them again without these.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy import linalg, sparse  # type: ignore[import-untyped]
from sklearn.svm import LinearSVC

from contactcenter.triage.neighbours import likeness, quantised, restored

SEED = 7

RIDGE = 0.2
"""What a row of weight one may be missed by: more makes the expert on vectors doubt single examples more."""

MOST_NEIGHBOURS = 16_000
"""Rows that the expert on vectors learns from at most: memory and time grow with their square and cube."""

_CONTRAST = 1.0
"""The C of the machine that reads n-grams by their log-count ratio."""

_ABSENT = -4.0
"""The margin of a label that a training fold did not contain."""


@dataclass(frozen=True, slots=True)
class WordFit:
    """A linear head before calibration: a column of weights for each label."""

    weights: NDArray[np.float64]
    bias: NDArray[np.float64]

    def margins(self, rows: Any) -> NDArray[np.float64]:
        """Scores of sparse rows, one row a text."""
        scores: NDArray[np.float64] = rows @ self.weights + self.bias
        return scores


class WordSettings(NamedTuple):
    """``regularisation`` is the C of the machine; with ``contrast`` a second one, for two labels, has its say too."""

    regularisation: float
    contrast: bool = False


def fit_words(
    rows: Any, truth: NDArray[np.int64], labels: int, weight: NDArray[np.float64], settings: WordSettings
) -> WordFit:
    """A linear support vector machine over n-grams; ``truth`` numbers the labels.

    With ``contrast`` it is joined, as one of equal voice, by one that reads each n-gram as loud as its log-count ratio
    between the two labels (Wang and Manning 2012): what is rare but one-sided then counts.
    """
    # Scaling the columns by their rarity lets rare n-grams speak up under the same penalty.
    seen_in = np.bincount(rows.indices, minlength=rows.shape[1])
    rarity = np.log((1 + rows.shape[0]) / (1 + seen_in)) + 1
    classes, coefficients, intercepts = _machine(rows, rarity, truth, weight, settings.regularisation)
    if settings.contrast and len(classes) == 2:
        ratio = _log_count_ratio(rows, truth == classes[1], weight)
        _, others, their = _machine(rows, ratio, truth, weight, _CONTRAST)
        spread, theirs = (float((rows @ one[0]).std()) or 1.0 for one in (coefficients, others))
        coefficients = (coefficients + others * (spread / theirs)) / 2
        intercepts = (intercepts + their * (spread / theirs)) / 2
    if len(classes) == 2:  # two labels share one hyperplane, the first stays at zero
        coefficients = np.vstack([np.zeros_like(coefficients), coefficients])
        intercepts = np.array([0.0, intercepts[0]])
    weights = np.zeros((coefficients.shape[1], labels))
    bias = np.full(labels, _ABSENT)
    weights[:, classes], bias[classes] = coefficients.T, intercepts
    return WordFit(weights, bias)


def _machine(
    rows: Any, loudness: NDArray[np.float64], truth: NDArray[np.int64], weight: NDArray[np.float64], penalty: float
) -> tuple[NDArray[np.int64], NDArray[np.float64], NDArray[np.float64]]:
    """The labels of a machine that reads each n-gram so loud, its coefficients for n-grams as they are, its bias."""
    machine = LinearSVC(C=penalty, random_state=SEED, max_iter=5_000)
    machine.fit((rows @ sparse.diags_array(loudness)).tocsr(), truth, sample_weight=weight)
    return machine.classes_, machine.coef_ * loudness, machine.intercept_


def _log_count_ratio(rows: Any, ours: NDArray[np.bool_], weight: NDArray[np.float64]) -> NDArray[np.float64]:
    """How much more often each n-gram is seen in some rows than in the others, as a logarithm."""
    present = (rows != 0).T
    shares = [present @ (weight * side) + 1 for side in (ours, ~ours)]
    ratio: NDArray[np.float64] = np.log(shares[0] / shares[0].sum()) - np.log(shares[1] / shares[1].sum())
    return ratio


class VectorFit:
    """Kernel ridge regression on vectors (see :mod:`contactcenter.triage.neighbours`).

    ``stored`` are the vectors it keeps of the given ones, ``coefficients`` theirs.
    """

    def __init__(
        self, vectors: NDArray[np.float32], truth: NDArray[np.int64], labels: int, weight: NDArray[np.float64]
    ) -> None:
        """Learns from unit vectors; ``truth`` numbers the labels, ``weight`` says what each row counts."""
        if len(vectors) > MOST_NEIGHBOURS:
            kept = np.sort(np.random.default_rng(SEED).choice(len(vectors), MOST_NEIGHBOURS, replace=False))
            vectors, truth, weight = vectors[kept], truth[kept], weight[kept]
        self.stored = quantised(vectors)
        own = restored(self.stored)
        matrix = likeness(own, own)
        matrix[np.diag_indices(len(matrix))] += (RIDGE / np.maximum(weight, 0.02)).astype(np.float32)
        targets = np.eye(labels, dtype=np.float32)[truth]
        self.coefficients: NDArray[np.float32] = linalg.solve(matrix.T, targets, assume_a="pos", overwrite_a=True)

    def scores(self, vectors: NDArray[np.float32]) -> NDArray[np.float32]:
        """What it says of unit vectors, one row a text, one column a label."""
        result: NDArray[np.float32] = likeness(vectors, restored(self.stored)) @ self.coefficients
        return result


def row_weights(truth: NDArray[np.int64], counts: NDArray[np.float64], balance: float) -> NDArray[np.float64]:
    """What each row counts in training: ``counts``, and of rare labels more, 0 for not at all to 1 for all the same."""
    names, place, seen = np.unique(truth, return_inverse=True, return_counts=True)
    weight: NDArray[np.float64] = counts * (len(truth) / len(names) / seen[place]) ** balance
    return weight
