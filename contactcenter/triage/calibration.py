"""From scores of unseen rows to what a head says: mixtures, probabilities that come true, lines where words suffice.

Everything here is measured on scores that models gave to rows they had not seen (cross-validation).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize_scalar  # type: ignore[import-untyped]
from sklearn.isotonic import IsotonicRegression
from sklearn.linear_model import LogisticRegression

from contactcenter.triage.linear import ANY_LANGUAGE, Calibration, Curve, Head, Second, softmax

KNOTS = 12
ROWS_PER_KNOT = 100
"""Most knots of a calibration curve, and fewest rows behind each."""

ROWS_FOR_OWN_CURVE = 5 * ROWS_PER_KNOT
"""Rows of a language that give it a curve of its own."""

MIXTURES = ((2.0, 1.0), (1.0, 1.0), (1.0, 2.0), (1.0, 4.0), (1.0, 8.0), (0.0, 1.0))
"""What words and vectors count, among which unseen rows choose."""

OF_FEW = ((1.0, 6.0),)
"""The same where there are few examples of each label: unseen rows, told by fewer still, let words say too much."""

UNPROVEN = (1.0, 2.0)
"""What they count where no row can say so, because the encoder was taught with them."""


@dataclass(frozen=True, slots=True)
class Pace:
    """How readily words decide alone.

    ``loss`` is the share of all rows that they may get wrong where the second look would have been right, ``precision``
    the share of the rows so decided that must be right.
    """

    loss: float
    precision: float


PACES: Mapping[str, Pace] = {"thorough": Pace(0.0005, 0.997), "sparing": Pace(0.003, 0.0)}
"""Thorough costs no accuracy, and hardly a stranger sounds so familiar; sparing costs at most 0.3 points of it."""

THOROUGH = "thorough"

FEWEST = 1_000
"""Rows below which no line is drawn."""

NEVER = 1.01
"""A line that no probability reaches."""

_NO_HARM = 0.01
"""Log-likelihood a row by which the second look may be worse on unseen rows: chance, where rows are few or alike."""

_SLOPE = 0.05
"""Share of the softmax itself in a curve, which so rises even where it was not seen to: surer stays surer."""


def calibration(margins: NDArray[np.float64], truth: NDArray[np.int64], spoken: NDArray[np.str_]) -> Calibration:
    """What makes probabilities on unseen rows come true; ``truth`` are columns of ``margins``."""
    if margins.shape[1] == 2:
        platt = LogisticRegression(C=1e6).fit(margins[:, 1:] - margins[:, :1], truth)
        shift = (0.0, round(float(platt.intercept_[0]), 6))
        return Calibration(round(float(platt.coef_[0, 0]), 6), shift)
    plain = Calibration(round(least_loss(margins, truth)[1], 6))
    raw = plain.raw(margins)
    top, right = raw.max(axis=1), raw.argmax(axis=1) == truth
    curves = {ANY_LANGUAGE: curve(top, right)}
    for language in _well_known(spoken, ROWS_FOR_OWN_CURVE):
        curves[language] = curve(top[spoken == language], right[spoken == language])
    return Calibration(plain.scale, (), curves)


def curve(top: NDArray[np.float32], right: NDArray[np.bool_]) -> Curve:
    """How often the best label was right against how sure the softmax was: a rising line of few knots, in log-odds."""
    order = np.argsort(top, kind="stable")
    groups = np.array_split(order, min(KNOTS, max(len(order) // ROWS_PER_KNOT, 1)))
    sure = np.array([_log_odds(top[group].astype(np.float64)).mean() for group in groups])
    # A group seen right every time still promises less than certainty (rule of succession).
    often = np.array([(right[group].sum() + 1) / (len(group) + 2) for group in groups])
    rising = _log_odds(IsotonicRegression().fit_transform(np.arange(len(groups)), often))
    kept = (1 - _SLOPE) * rising + _SLOPE * sure
    knots = {round(float(x), 4): round(float(y), 4) for x, y in zip(sure, kept, strict=True)}
    return tuple(sorted(knots.items()))


def _log_odds(probabilities: NDArray[np.float64]) -> NDArray[np.float64]:
    clipped = np.clip(probabilities, 1e-6, 1 - 1e-6)
    odds: NDArray[np.float64] = np.log(clipped / (1 - clipped))
    return odds


def least_loss(margins: NDArray[np.float64], truth: NDArray[np.int64]) -> tuple[float, float]:
    """The smallest mean negative log-likelihood over all scales of the margins, and that scale."""

    def loss(log_scale: float) -> float:
        right = softmax(float(np.exp(log_scale)) * margins)[np.arange(len(truth)), truth]
        return float(-np.log(np.maximum(right, 1e-12)).mean())

    best = minimize_scalar(loss, bounds=(-3.0, 4.0), method="bounded")
    return float(best.fun), float(np.exp(best.x))


def judging(known: NDArray[np.bool_], truth: NDArray[np.int64]) -> tuple[NDArray[np.bool_], bool]:
    """Which rows judge an encoder that was taught with some: the others where these can, else all; and if they can."""
    new = ~known
    proven = bool(new.sum() >= min(FEWEST, len(new) / 2) and len(np.unique(truth[new])) > 1)
    return new | (not proven), proven


def second_look(
    head: Head,
    words: NDArray[np.float64],
    vectors: NDArray[np.float64],
    truth: NDArray[np.int64],
    spoken: NDArray[np.str_],
    pace: Pace = PACES[THOROUGH],
    known: NDArray[np.bool_] | None = None,
    says: Sequence[tuple[float, float]] = MIXTURES,
) -> Second | None:
    """How vectors join in, from both experts' scores of unseen rows; None where they only do harm.

    ``says`` are what words and vectors may count, to choose among. ``known`` are rows that the encoder was taught with.
    They flatter the vectors, so the others choose and judge alone; where these are fewer than :data:`FEWEST` and the
    smaller part, nobody chooses.
    """
    new, proven = judging(np.zeros(len(truth), dtype=bool) if known is None else known, truth)
    spread = _spread(words), _spread(vectors)
    loss, (ours, theirs) = mixture(words[new], vectors[new], truth[new], spread, says if proven else (UNPROVEN,))
    if loss > least_loss(words[new], truth[new])[0] + _NO_HARM:
        return None
    mixed = ours * words + theirs * vectors
    raw = head.calibration.raw(words)
    top, alone = raw.max(axis=1), raw.argmax(axis=1) == truth
    lines = _lines(top, alone, mixed.argmax(axis=1) == truth, spoken, pace)  # flattery asks for the second look
    second = Second(ours, theirs, Calibration(), lines)
    asked = second.needed(top, spoken.tolist())
    asked &= new
    if asked.sum() < ROWS_FOR_OWN_CURVE or len(np.unique(truth[asked])) < len(head.labels):
        asked = new
    return Second(ours, theirs, calibration(mixed[asked], truth[asked], spoken[asked]), lines)


def mixture(
    words: NDArray[np.float64],
    vectors: NDArray[np.float64],
    truth: NDArray[np.int64],
    spread: tuple[float, float] | None = None,
    choices: Sequence[tuple[float, float]] = MIXTURES,
) -> tuple[float, tuple[float, float]]:
    """The smallest loss of both experts together among some choices of their say, and what each then counts.

    A say is of scores as widely ``spread`` as each other's; as they are, where it is not given.
    """
    spread = spread or (_spread(words), _spread(vectors))
    counts = [(round(ours / spread[0], 6), round(theirs / spread[1], 6)) for ours, theirs in choices]
    losses = [least_loss(ours * words + theirs * vectors, truth)[0] for ours, theirs in counts]
    return min(losses), counts[int(np.argmin(losses))]


def _spread(scores: NDArray[np.float64]) -> float:
    """How far the labels' scores of a row lie apart, on average."""
    return float(scores.std(axis=1).mean()) or 1.0


def cascaded(
    head: Head, words: NDArray[np.float64], vectors: NDArray[np.float64], spoken: NDArray[np.str_]
) -> tuple[NDArray[np.float32], NDArray[np.bool_]]:
    """The probabilities that the head gives to rows with these scores, and which of them took the second look."""
    probabilities = head.calibration.probabilities(words, spoken.tolist())
    asked = np.zeros(len(words), dtype=bool)
    if head.second is not None:
        asked = head.second.needed(head.calibration.raw(words).max(axis=1), spoken.tolist())
        mixed = head.second.words * words[asked] + head.second.vectors * vectors[asked]
        if asked.any():
            probabilities[asked] = head.second.calibration.probabilities(mixed, spoken[asked].tolist())
    return probabilities, asked


def _lines(
    top: NDArray[np.float32], alone: NDArray[np.bool_], both: NDArray[np.bool_], spoken: NDArray[np.str_], pace: Pace
) -> dict[str, float]:
    """For each well-known language, and any other, the line from which words alone are right often enough.

    Languages share what may be lost by what the second look gains for each.
    """
    allowed = pace.loss * len(top)
    lines = {ANY_LANGUAGE: line(top, alone, both, allowed, pace.precision)}
    known = _well_known(spoken, FEWEST)
    gains = {language: max(float((both[own] * 1 - alone[own]).sum()), 0.0) for language, own in _rows(known, spoken)}
    for language, own in _rows(known, spoken):
        share = gains[language] / (sum(gains.values()) or 1.0)
        lines[language] = line(top[own], alone[own], both[own], allowed * share, pace.precision)
    return lines


def _rows(languages: Sequence[str], spoken: NDArray[np.str_]) -> Iterator[tuple[str, NDArray[np.bool_]]]:
    """Each language with the rows that are in it."""
    return ((language, spoken == language) for language in languages)


def line(
    top: NDArray[np.float32],
    alone: NDArray[np.bool_],
    both: NDArray[np.bool_],
    allowed: float,
    precision: float,
) -> float:
    """The lowest probability by words from which on they lose so few rows that the second look gets right.

    At most ``allowed`` rows, and ``precision`` of what they decide is right. Too few rows prove nothing: the second
    look is always taken then.
    """
    if len(top) < FEWEST:
        return NEVER
    order = np.argsort(-top, kind="stable")
    lost = np.cumsum(both[order].astype(int) - alone[order])
    if lost[-1] <= 0:
        return 0.0
    harmless = np.maximum.accumulate(lost) <= allowed
    sure = np.cumsum(alone[order]) >= precision * np.arange(1, len(top) + 1)
    decided = np.flatnonzero(harmless & sure)
    return float(np.ceil(top[order[decided[-1]]] * 1e5) / 1e5) if len(decided) else NEVER


def _well_known(spoken: NDArray[np.str_], fewest: int) -> list[str]:
    """The languages that so many rows are in."""
    names, rows = np.unique(spoken, return_counts=True)
    return [str(name) for name, count in zip(names, rows, strict=True) if count >= fewest]
