"""How a head learns its second look: the expert on vectors, what it goes by, and how it joins the one on words.

What it would have said of rows it had not seen decides all three. So whatever learns from labels, the metric too, is
learned again for each part of the rows without that part.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from contactcenter.triage import calibration
from contactcenter.triage.experts import SEED, VectorFit, row_weights
from contactcenter.triage.features import Read
from contactcenter.triage.linear import Head, Second
from contactcenter.triage.metric import Spectrum, metric, spectrum
from contactcenter.triage.neighbours import Neighbours, View, measured, unit

MANNERS = (0.3, 0.67)
"""Shares of likeness that the manner of texts may have: for what they are about, and for what they do."""

POWERS = (0.0, 0.25, 0.5)
"""How far likeness may go by the metric that the labels teach: not at all, halfway, or wholly."""

MANNER_OF_FEW, POWER_OF_FEW = 0.1, 0.5
"""The same where there are few examples of each label: these are put in too few ways to choose by."""

_TRIED = 2_000
"""Rows on which these are tried at most."""

_PARTS = 5
"""Parts of them, each scored by what the others taught."""

Folds = Sequence[tuple[NDArray[np.int64], NDArray[np.int64]]]
"""Ways to part the rows: places of those that are learned from, and of those that are then scored."""


@dataclass(frozen=True, slots=True, eq=False)
class Lessons:
    """What there is to learn from of one head: one entry a row, but for ``names``.

    ``names`` are what the labels are called, and teach too; none where names say nothing. ``truth`` numbers the labels,
    ``counts`` says what a row counts. ``known`` are rows that the encoder was taught with. Where examples are
    ``scarce``, what lies halfway between each of them and its label's name teaches as well.
    """

    read: Read
    names: Read
    truth: NDArray[np.int64]
    spoken: NDArray[np.str_]
    counts: NDArray[np.float64]
    known: NDArray[np.bool_]
    balance: float
    scarce: bool


class Found(NamedTuple):
    """The expert on vectors, its scores of unseen rows, and how it joins in; both None where it only does harm."""

    neighbours: Neighbours | None
    scores: NDArray[np.float64]
    second: Second | None


class _Expert(NamedTuple):
    """An expert on vectors and the metric it goes by."""

    fit: VectorFit
    metric: NDArray[np.float32]

    def scores(self, vectors: NDArray[np.float32]) -> NDArray[np.float32]:
        return self.fit.scores(measured(vectors, self.metric))


class SecondLook:
    """Fits and judges the expert on vectors of one head."""

    def __init__(
        self,
        head: Head,
        lessons: Lessons,
        margins: NDArray[np.float64],
        folds: Folds,
        pace: calibration.Pace,
    ) -> None:
        """``margins`` are what the expert on words says of each row unseen; ``head`` is calibrated for these."""
        self._head, self._lessons, self._margins, self._folds, self._pace = head, lessons, margins, folds, pace
        everything = np.arange(len(lessons.truth))
        nobody = np.full(len(lessons.names.meaning), -1)
        halfway = everything if lessons.scarce else everything[:0]
        self._rows = np.concatenate([everything, nobody, halfway])  # the example that each lesson is of, -1 for none

    def learned(self) -> Found:
        """The expert that learned in all languages it may be asked about."""
        everything = np.arange(len(self._rows))
        found = self._among(everything)
        # Who is never asked about a language need not know it.
        lines = found.second.lines if found.second else {}
        unasked = [language for language, line in lines.items() if language and not line]
        foreign = np.isin(self._lessons.spoken, unasked)
        if foreign.all():  # words suffice
            return Found(None, found.scores, None)
        if not foreign.any():
            return found
        return self._among(everything[(self._rows < 0) | ~foreign[self._rows]])

    def _among(self, among: NDArray[np.int64]) -> Found:
        """The expert that learned from some of the lessons; ``among`` are their places."""
        lessons = self._lessons
        view, power = self._view(np.unique(self._rows[among][self._rows[among] >= 0]))
        vectors = self._vectors(view)
        scores = np.zeros_like(self._margins)
        for _, unseen in self._folds:
            # Who has not seen an example has not seen what lies halfway to its label's name either.
            seen = among[~np.isin(self._rows[among], unseen)]
            scores[unseen] = self._expert(vectors, seen, (power,))[0].scores(vectors[unseen])
        says = calibration.OF_FEW if lessons.scarce else calibration.MIXTURES
        second = calibration.second_look(
            self._head, self._margins, scores, lessons.truth, lessons.spoken, self._pace, lessons.known, says
        )
        if second is None:
            return Found(None, scores, None)
        expert = self._expert(vectors, among, (power,))[0]
        kept = expert.fit.coefficients.astype(np.float16).astype(np.float32)  # as exact as they will be stored
        return Found(Neighbours.of(expert.fit.stored, kept, replace(view, metric=expert.metric)), scores, second)

    def _view(self, rows: NDArray[np.int64]) -> tuple[View, float]:
        """What likeness goes by, metric apart, and how far by that: as both experts predict some rows best, unseen."""
        manner = self._lessons.read.manner
        if self._lessons.scarce:
            return (View.among(MANNER_OF_FEW, manner[rows]) if manner.shape[1] else View()), POWER_OF_FEW
        views = [View.among(share, manner[rows]) for share in MANNERS] if manner.shape[1] else [View()]
        truth = self._lessons.truth
        judging, _ = calibration.judging(self._lessons.known[rows], truth[rows])
        rows = rows[judging]
        drawn = np.random.default_rng(SEED).permutation(rows)[:_TRIED]
        parts = np.array_split(drawn, _PARTS)
        choices, losses = [], []
        for view in views:
            vectors = self._vectors(view)
            scores = np.zeros((len(POWERS), *self._margins.shape))
            for part in parts:
                seen = np.sort(np.setdiff1d(drawn, part))
                for own, expert in zip(scores, self._expert(vectors, seen, POWERS), strict=True):
                    own[part] = expert.scores(vectors[part])
            for power, own in zip(POWERS, scores, strict=True):
                choices.append((view, power))
                losses.append(calibration.mixture(self._margins[drawn], own[drawn], truth[drawn])[0])
        return choices[int(np.argmin(losses))]

    def _vectors(self, view: View) -> NDArray[np.float32]:
        """Every lesson so seen: examples, names, then what lies halfway between the two."""
        examples, names = view.of(self._lessons.read), view.of(self._lessons.names)
        halfway = unit(examples + names[self._lessons.truth]) if self._lessons.scarce else examples[:0]
        return np.vstack([examples, names, halfway])

    def _expert(self, vectors: NDArray[np.float32], among: NDArray[np.int64], powers: Sequence[float]) -> list[_Expert]:
        """Experts that learned from some lessons, by metrics of such powers."""
        lessons, rows = self._lessons, self._rows[among]
        labels = self._margins.shape[1]
        named = among - len(lessons.truth)
        truth = np.where(rows < 0, np.clip(named, 0, labels - 1), lessons.truth[rows])
        weight = row_weights(truth, np.where(rows < 0, 1.0, lessons.counts[rows]), lessons.balance)
        own = vectors[among]
        changes: Spectrum | None = spectrum(own, truth, labels, weight) if any(powers) else None
        metrics = [metric(changes, power) if power and changes else View().metric for power in powers]
        return [_Expert(VectorFit(measured(own, one), truth, labels, weight), one) for one in metrics]
