"""The expert on vectors: a message means what the training examples mean that it is like. Numpy alone.

Kernel ridge regression (Saunders, Gammerman and Vovk 1998): the score of a label is a sum over all examples, each
counting by its likeness ``exp(sharpness * (cosine - 1))`` times a coefficient that training found. A message like
nothing that was seen scores near zero everywhere, which is how strangers are told.

Examples are kept as vectors of 8-bit numbers, never as texts.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from contactcenter.triage.features import Encoder, Read

SHARPNESS = 3.0
"""How fast likeness falls with the angle between two vectors."""

DIRECTIONS = 128
"""In so many the manner of texts is looked at: nine tenths of what it differs in, and no row is told worse by it."""

_LEVELS = 127


def quantised(vectors: NDArray[np.float32]) -> NDArray[np.int8]:
    """Vectors as 8-bit numbers, each row on a scale of its own; :func:`restored` gives unit vectors."""
    largest = np.abs(vectors).max(axis=1, keepdims=True, initial=1e-12)
    result: NDArray[np.int8] = np.rint(vectors / largest * _LEVELS).astype(np.int8)
    return result


def restored(stored: NDArray[np.int8]) -> NDArray[np.float32]:
    """Unit vectors from 8-bit numbers; a row of zeros stays one."""
    return unit(stored.astype(np.float32))


def likeness(vectors: NDArray[np.float32], examples: NDArray[np.float32]) -> NDArray[np.float32]:
    """How like each vector (rows) is each example (columns): 1 for the same, near 0 for strangers."""
    result: NDArray[np.float32] = vectors @ examples.T
    result -= 1.0
    result *= SHARPNESS
    np.exp(result, out=result)
    return result


def unit(vectors: NDArray[np.float32]) -> NDArray[np.float32]:
    """The same directions at length one; a row of zeros stays one."""
    result: NDArray[np.float32] = vectors / np.maximum(np.linalg.norm(vectors, axis=1, keepdims=True), 1e-9)
    return result


def measured(vectors: NDArray[np.float32], metric: NDArray[np.float32]) -> NDArray[np.float32]:
    """Unit vectors as a metric sees them; an empty one leaves them as they are."""
    return unit(vectors @ metric) if metric.size else vectors


def _nothing() -> NDArray[np.float32]:
    return np.zeros((0, 0), dtype=np.float32)


@dataclass(frozen=True, slots=True, eq=False)
class View:
    """What likeness goes by: what texts mean and, for a ``share`` of it (0 to 1), how they are put.

    All texts are alike in much of their manner. So ``centre``, the mean of the training rows, is taken off, and of
    the rest only the directions in which these rows differ most are looked at, the columns of ``basis``. Both together
    are multiplied by ``metric``, where training found one that tells the labels apart better.
    """

    share: float = 0.0
    centre: NDArray[np.float32] = field(default_factory=lambda: np.zeros(0, dtype=np.float32))
    basis: NDArray[np.float32] = field(default_factory=_nothing)
    metric: NDArray[np.float32] = field(default_factory=_nothing)

    def __post_init__(self) -> None:
        """Raises :class:`ValueError` where the numbers do not belong together."""
        if not 0 <= self.share < 1 or self.centre.ndim != 1 or self.basis.shape[:-1] != self.centre.shape:
            raise ValueError(f"manner counts {self.share}, of {self.centre.shape} numbers by {self.basis.shape}")
        if bool(self.share) != bool(self.basis.size):
            raise ValueError(f"manner counts {self.share}, but is looked at in {self.basis.shape[-1]} directions")
        if self.metric.ndim != 2 or len(self.metric) != self.metric.shape[1]:
            raise ValueError(f"a metric of {self.metric.shape} numbers")

    @classmethod
    def among(cls, share: float, manner: NDArray[np.float32]) -> View:
        """One that tells training rows of such manner apart (principal components, Pearson 1901)."""
        centre = manner.mean(axis=0)
        apart = manner - centre
        _, directions = np.linalg.eigh((apart.T @ apart).astype(np.float64))
        basis = directions[:, ::-1][:, :DIRECTIONS].astype(np.float16)  # as exact as it will be stored
        return cls(share, centre, basis.astype(np.float32))

    def of(self, read: Read) -> NDArray[np.float32]:
        """Unit vectors: without a metric the cosine of two is the mean of those of their meanings and manners."""
        if not self.share:
            return measured(read.meaning, self.metric)
        manner = np.matmul(read.manner - self.centre, self.basis, dtype=np.float32)
        both = np.hstack([np.sqrt(1 - self.share) * read.meaning, np.sqrt(self.share) * unit(manner)], dtype=np.float32)
        return measured(both, self.metric)


@dataclass(frozen=True, slots=True, eq=False)
class Neighbours:
    """The examples of one head that takes a second look, seen so, and their coefficients for its labels."""

    vectors: NDArray[np.float32]
    coefficients: NDArray[np.float32]
    view: View

    @classmethod
    def of(cls, stored: NDArray[np.int8], coefficients: NDArray[np.float32], view: View | None = None) -> Neighbours:
        """From what a model file holds; raises :class:`ValueError` where it does not belong together."""
        if stored.ndim != 2 or coefficients.ndim != 2 or len(stored) != len(coefficients):
            raise ValueError(f"{stored.shape} examples, but {coefficients.shape} coefficients")
        if view is not None and view.metric.size and len(view.metric) != stored.shape[1]:
            raise ValueError(f"examples of {stored.shape[1]} numbers, but a metric of {len(view.metric)}")
        # Column by column: that is how the product with them reads them, in three quarters of the time.
        return cls(np.asfortranarray(restored(stored)), coefficients.astype(np.float32), view or View())

    @property
    def stored(self) -> NDArray[np.int8]:
        """The examples as a model file holds them."""
        return quantised(self.vectors)

    def reads(self, encoder: Encoder) -> bool:
        """Whether an encoder gives vectors of the widths it knows."""
        manner, directions = self.view.basis.shape
        return self.vectors.shape[1] - directions == encoder.width and manner in (0, encoder.manner)

    def scores(self, read: Read) -> NDArray[np.float32]:
        """One row a text, one column a label."""
        result: NDArray[np.float32] = likeness(self.view.of(read), self.vectors) @ self.coefficients
        return result
