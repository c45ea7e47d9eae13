"""Linear heads over hashed n-grams, in numpy alone: scores, calibrated probabilities, contributions."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from contactcenter.triage.features import BUCKETS, Features

Curve = tuple[tuple[float, float], ...]

ANY_LANGUAGE = ""
"""Key of what holds for languages that have nothing of their own."""

_BEHIND = np.float32(0.999)
"""The share of the best label's probability that the next one has at most."""

_BEYOND = 0.2
"""Slope of a curve beyond its knots, where nothing was measured."""


@dataclass(frozen=True, slots=True)
class Calibration:
    """From scores to probabilities that come true: the softmax of ``scale * scores + shift``, then a curve.

    Two labels use ``shift`` (Platt's calibration). More labels use ``curves``, for each language and (as "") for any:
    knots (x, y) of a rising line, in log-odds, that says how often the best label was right (y) where the softmax
    gave it x. The line goes on, nearly flat, beyond its ends, so that surer stays surer. The other labels share the
    rest in proportion, none more than the best; what is left over then is the chance that the message is about
    nothing of all this.
    """

    scale: float = 1.0
    shift: tuple[float, ...] = ()
    curves: Mapping[str, Curve] = field(default_factory=dict)
    _knots: Mapping[str, NDArray[np.float64]] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        """Lay the knots out once: all x, all y."""
        object.__setattr__(self, "_knots", {language: np.array(curve).T for language, curve in self.curves.items()})

    def raw(self, scores: NDArray[np.floating[Any]]) -> NDArray[np.float32]:
        """The softmax, before any curve."""
        scaled = self.scale * scores
        return softmax(scaled + np.array(self.shift, dtype=np.float32) if self.shift else scaled)

    def probabilities(self, scores: NDArray[np.floating[Any]], spoken: Sequence[str] = ()) -> NDArray[np.float32]:
        """Calibrated probabilities; rows are messages (in the languages ``spoken``), columns the labels."""
        raw = self.raw(scores)
        return self._on_curves(raw, spoken) if self.curves else raw

    def _on_curves(self, raw: NDArray[np.float32], spoken: Sequence[str]) -> NDArray[np.float32]:
        rows, best = np.arange(len(raw)), raw.argmax(axis=1)
        top = raw[rows, best]
        shares = raw + np.float32(1e-9)
        shares[rows, best] = 0.0
        rest = shares.sum(axis=1)
        shares /= rest[:, None]
        odds = np.log(top / rest)  # one less the best would lose what lies beyond the seventh digit
        sure = np.empty_like(top)
        of_language: dict[str, list[int]] = {}
        for row, language in enumerate(spoken or [ANY_LANGUAGE] * len(raw)):
            of_language.setdefault(language if language in self.curves else ANY_LANGUAGE, []).append(row)
        for language, alike in of_language.items():
            sure[alike] = _along(self._knots[language], odds[alike])
        result: NDArray[np.float32] = np.minimum(shares * (1 - sure)[:, None], _BEHIND * sure[:, None])
        result[rows, best] = sure
        return result


@dataclass(frozen=True, slots=True)
class Second:
    """The second look of a head, at vectors, where words alone do not decide.

    The scores of both count ``words`` and ``vectors``; their sum has a calibration of its own. ``lines`` say for each
    language (and as "" for any) from which softmax on words alone decide: so chosen that it costs no accuracy.
    """

    words: float
    vectors: float
    calibration: Calibration
    lines: Mapping[str, float]

    def needed(self, top: NDArray[np.float32], spoken: Sequence[str]) -> NDArray[np.bool_]:
        """Which messages need it, by the best softmax of words alone."""
        result: NDArray[np.bool_] = top < self._lines(spoken)
        return result

    def knows(self, spoken: Sequence[str]) -> NDArray[np.bool_]:
        """Which messages are in a language that it has learned: one that it may be asked about."""
        result: NDArray[np.bool_] = self._lines(spoken) > 0
        return result

    def _lines(self, spoken: Sequence[str]) -> NDArray[np.float32]:
        return np.array([self.lines.get(language, self.lines[ANY_LANGUAGE]) for language in spoken], dtype=np.float32)


@dataclass(frozen=True, slots=True)
class Head:
    """One question with a closed set of answers; ``bias`` has one number a label."""

    name: str
    labels: tuple[str, ...]
    bias: tuple[float, ...]
    calibration: Calibration = field(default_factory=Calibration)
    second: Second | None = None


class LinearModel:
    """The weights of several heads over one set of buckets.

    ``buckets`` are the (ascending) hash buckets that have weights, ``weights`` has a row for each and one column for
    each label of each head in turn.
    """

    def __init__(self, heads: Sequence[Head], buckets: NDArray[np.uint32], weights: NDArray[np.floating[Any]]) -> None:
        self.heads = tuple(heads)
        self.buckets = buckets
        # As exact as they are stored, in half the memory. The last row, zeros, is that of all buckets never seen.
        self.weights = np.vstack((weights, np.zeros((1, weights.shape[1]), dtype=weights.dtype)), dtype=np.float16)
        self._row = np.full(BUCKETS, len(buckets), dtype=np.int32)
        self._row[buckets] = np.arange(len(buckets), dtype=np.int32)
        self._bias = np.array([value for head in heads for value in head.bias], dtype=np.float32)
        self._columns = columns_of(heads)

    def head(self, name: str) -> Head:
        """The head of that name; raises :class:`KeyError`."""
        for head in self.heads:
            if head.name == name:
                return head
        raise KeyError(name)

    def columns(self, name: str) -> slice:
        """Where a head's labels lie among the columns of :meth:`logits`."""
        return self._columns[name]

    def logits(self, features: Features) -> NDArray[np.float32]:
        """Raw scores; one row a message, the columns of all heads side by side."""
        scores = np.repeat(self._bias[None, :], len(features), axis=0)
        for index, (start, end) in enumerate(zip(features.starts[:-1], features.starts[1:], strict=True)):
            scores[index] += features.values[start:end] @ self._weights_of(features.buckets[start:end])
        return scores

    def contributions(self, features: Features, index: int, columns: Sequence[int]) -> NDArray[np.float32]:
        """What the n-grams of message ``index`` add to the score in each column beyond the mean over its head.

        One row a column, one number an n-gram.
        """
        start, end = features.starts[index], features.starts[index + 1]
        beyond = np.zeros((len(columns), self.weights.shape[1]), dtype=np.float32)
        for row, column in enumerate(columns):
            own = next(head for head in self._columns.values() if head.start <= column < head.stop)
            beyond[row, own] = -1 / (own.stop - own.start)
            beyond[row, column] += 1
        result: NDArray[np.float32] = beyond @ self._weights_of(features.buckets[start:end]).T
        result *= features.values[start:end]
        return result

    def _weights_of(self, buckets: NDArray[np.int64]) -> NDArray[np.float32]:
        """The weights of some buckets, one row each."""
        return _widened(self.weights.take(self._row[buckets], axis=0))


def _widened(numbers: NDArray[np.float16]) -> NDArray[np.float32]:
    """Finite 16-bit numbers as 32-bit ones, the same values: three times as fast as the conversion of numpy.

    Sign, exponent and fraction move to where 32-bit numbers have them (IEEE 754-2019, section 3.6); the exponents
    count from 127 instead of 15 there.
    """
    moved = numbers.view(np.int16).astype(np.int32)
    moved <<= 13
    moved &= np.int32(-0x70000001)  # the sign came along as four bits
    widened: NDArray[np.float32] = moved.view(np.float32)
    widened *= np.float32(2.0**112)
    return widened


def columns_of(heads: Sequence[Head]) -> dict[str, slice]:
    """Where the labels of each head lie when all of them stand side by side."""
    ends = np.cumsum([len(head.labels) for head in heads])
    return {head.name: slice(int(end) - len(head.labels), int(end)) for head, end in zip(heads, ends, strict=True)}


def _along(knots: NDArray[np.float64], odds: NDArray[np.float32]) -> NDArray[np.float32]:
    """Probabilities where the line through the knots has these log-odds; beyond its ends it rises slowly."""
    given, often = knots
    inside = np.minimum(np.maximum(odds, given[0]), given[-1])
    line = np.interp(inside, given, often) + _BEYOND * (odds - inside)
    result: NDArray[np.float32] = (1 / (1 + np.exp(-line))).astype(np.float32)
    return result


def softmax(scores: NDArray[np.floating[Any]]) -> NDArray[np.float32]:
    """Exponentials brought to sum one, row by row."""
    exponentials = np.exp(scores - scores.max(axis=1, keepdims=True))
    result: NDArray[np.float32] = (exponentials / exponentials.sum(axis=1, keepdims=True)).astype(np.float32)
    return result
