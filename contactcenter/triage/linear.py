"""Linear heads over hashed n-grams, in numpy alone: scores, calibrated probabilities, contributions."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from contactcenter.triage.features import BUCKETS, Features

Curve = tuple[tuple[float, float], ...]


@dataclass(frozen=True, slots=True)
class Head:
    """One question with a closed set of answers.

    ``bias`` has one number a label. Probabilities are the softmax of ``scale * logits + shift``. Two labels use
    ``shift`` (Platt's calibration). More labels use ``curves``, for each language and (as "") for any: knots (x, y) of
    a rising line that says how often the best label was right (y) where the softmax gave it x; the others share the
    rest in proportion.
    """

    name: str
    labels: tuple[str, ...]
    bias: tuple[float, ...]
    scale: float = 1.0
    shift: tuple[float, ...] = ()
    curves: Mapping[str, Curve] = field(default_factory=dict)

    def probabilities(self, logits: NDArray[np.floating[Any]], spoken: Sequence[str] = ()) -> NDArray[np.float32]:
        """Calibrated probabilities; rows are messages (in the languages ``spoken``), columns the labels."""
        scores = self.scale * logits
        if self.shift:
            scores = scores + np.array(self.shift, dtype=np.float32)
        raw = softmax(scores)
        return self._on_curves(raw, spoken) if self.curves else raw

    def _on_curves(self, raw: NDArray[np.float32], spoken: Sequence[str]) -> NDArray[np.float32]:
        rows, best = np.arange(len(raw)), raw.argmax(axis=1)
        top = raw[rows, best]
        shares = raw + np.float32(1e-9)
        shares[rows, best] = 0.0
        shares /= shares.sum(axis=1, keepdims=True)
        second = shares.max(axis=1)
        # Not so low that the second label overtakes.
        sure = np.empty_like(top)
        own = np.array([language if language in self.curves else "" for language in spoken] or [""] * len(raw))
        for language in set(own.tolist()):
            given, often = np.array(self.curves[language]).T
            sure[own == language] = np.interp(top[own == language], given, often)
        sure = np.maximum(sure, second / (1 + second))
        result: NDArray[np.float32] = shares * (1 - sure)[:, None]
        result[rows, best] = sure
        return result


class LinearModel:
    """The weights of several heads over one set of buckets.

    ``buckets`` are the (ascending) hash buckets that have weights, ``weights`` has a row for each and one column for
    each label of each head in turn, ``dense_weights`` a row for each number an encoder adds.
    """

    def __init__(
        self,
        heads: Sequence[Head],
        buckets: NDArray[np.uint32],
        weights: NDArray[np.float32],
        dense_weights: NDArray[np.float32],
    ) -> None:
        self.heads = tuple(heads)
        self.buckets = buckets
        # A row of zeros at the end stands for every bucket that was never seen.
        self.weights = np.vstack((weights, np.zeros((1, weights.shape[1]), dtype=np.float32))).astype(np.float32)
        self.dense_weights = dense_weights.astype(np.float32)
        self._row = np.full(BUCKETS, len(buckets), dtype=np.int32)
        self._row[buckets] = np.arange(len(buckets), dtype=np.int32)
        self._bias = np.array([value for head in heads for value in head.bias], dtype=np.float32)
        ends = np.cumsum([len(head.labels) for head in heads])
        self._columns = {
            head.name: slice(int(end) - len(head.labels), int(end)) for head, end in zip(heads, ends, strict=True)
        }

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
        scores = features.dense @ self.dense_weights + self._bias
        rows = self._row[features.buckets]
        for index, (start, end) in enumerate(zip(features.starts[:-1], features.starts[1:], strict=True)):
            scores[index] += features.values[start:end] @ self.weights[rows[start:end]]
        return scores

    def contributions(self, features: Features, index: int, column: int) -> NDArray[np.float32]:
        """What each n-gram of message ``index`` adds to the score in ``column`` beyond the mean over its head."""
        start, end = features.starts[index], features.starts[index + 1]
        rows = self.weights[self._row[features.buckets[start:end]]]
        own = next(columns for columns in self._columns.values() if columns.start <= column < columns.stop)
        result: NDArray[np.float32] = features.values[start:end] * (rows[:, column] - rows[:, own].mean(axis=1))
        return result


def softmax(scores: NDArray[np.floating[Any]]) -> NDArray[np.float32]:
    """Exponentials brought to sum one, row by row."""
    exponentials = np.exp(scores - scores.max(axis=1, keepdims=True))
    result: NDArray[np.float32] = exponentials / exponentials.sum(axis=1, keepdims=True)
    return result
