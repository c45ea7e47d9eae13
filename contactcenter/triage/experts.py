"""The two experts that training has: one on words, linear, and one on vectors, by likeness to the examples.

Both can tell what they would have said of rows they had not seen: the first by being fitted again without them, the
second in closed form from one inverse (Rasmussen and Williams 2006, section 5.4).
"""

from __future__ import annotations

from collections.abc import Sequence
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
    """Kernel ridge regression on vectors (see :mod:`contactcenter.triage.neighbours`), and what it leaves out.

    ``stored`` are the vectors it keeps of the given ones, ``coefficients`` theirs; ``kept`` says which these are.
    """

    def __init__(
        self,
        vectors: NDArray[np.float32],
        truth: NDArray[np.int64],
        labels: int,
        weight: NDArray[np.float64],
        among: NDArray[np.int64] | None = None,
    ) -> None:
        """``among``: the rows to learn from, ascending; all of them when not given."""
        self.kept = np.arange(len(vectors)) if among is None else among
        if len(self.kept) > MOST_NEIGHBOURS:
            chosen = np.random.default_rng(SEED).choice(self.kept, MOST_NEIGHBOURS, replace=False)
            self.kept = np.sort(chosen)
        self.stored = quantised(vectors[self.kept])
        self._vectors = vectors
        self._targets = np.eye(labels, dtype=np.float32)[truth[self.kept]]
        own = restored(self.stored)
        matrix = likeness(own, own)
        matrix[np.diag_indices(len(matrix))] += (RIDGE / np.maximum(weight[self.kept], 0.02)).astype(np.float32)
        self._inverse = _inverted(matrix)
        self.coefficients: NDArray[np.float32] = self._inverse @ self._targets

    def unseen(self, rows: Sequence[int] | NDArray[np.int64]) -> NDArray[np.float32]:
        """What the fit would say of some of its rows had it learned from the others alone."""
        rows = np.asarray(rows)
        places = np.searchsorted(self.kept, rows)
        inside = self.kept[np.minimum(places, len(self.kept) - 1)] == rows
        held = places[inside]
        missed = linalg.solve(self._inverse[np.ix_(held, held)], self.coefficients[held], assume_a="pos")
        scores = np.empty((len(rows), self.coefficients.shape[1]), dtype=np.float32)
        scores[inside] = self._targets[held] - missed
        if not inside.all():
            others = likeness(self._vectors[rows[~inside]], restored(self.stored))
            scores[~inside] = others @ self.coefficients
        return scores


def _inverted(matrix: NDArray[np.float32]) -> NDArray[np.float32]:
    """The inverse of a positive definite matrix, in place as far as can be."""
    lower, fault = linalg.lapack.spotrf(np.asfortranarray(matrix), lower=1, overwrite_a=1)
    if fault:
        raise ArithmeticError("the likeness of the examples cannot be inverted")
    inverse, _ = linalg.lapack.spotri(lower, lower=1, overwrite_c=1)
    for row in range(len(inverse)):  # only the lower half was written
        inverse[row, row + 1 :] = inverse[row + 1 :, row]
    result: NDArray[np.float32] = inverse
    return result
