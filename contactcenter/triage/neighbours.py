"""The expert on vectors: a message means what the training examples mean that it is like. Numpy alone.

Kernel ridge regression (Saunders, Gammerman and Vovk 1998): the score of a label is a sum over all examples, each
counting by its likeness ``exp(sharpness * (cosine - 1))`` times a coefficient that training found. A message like
nothing that was seen scores near zero everywhere, which is how strangers are told.

Examples are kept as vectors of 8-bit numbers, never as texts.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

SHARPNESS = 3.0
"""How fast likeness falls with the angle between two vectors."""

_LEVELS = 127


def quantised(vectors: NDArray[np.float32]) -> NDArray[np.int8]:
    """Vectors as 8-bit numbers, each row on a scale of its own; :func:`restored` gives unit vectors."""
    largest = np.abs(vectors).max(axis=1, keepdims=True, initial=1e-12)
    result: NDArray[np.int8] = np.rint(vectors / largest * _LEVELS).astype(np.int8)
    return result


def restored(stored: NDArray[np.int8]) -> NDArray[np.float32]:
    """Unit vectors from 8-bit numbers; a row of zeros stays one."""
    vectors = stored.astype(np.float32)
    lengths = np.linalg.norm(vectors, axis=1, keepdims=True)
    lengths[lengths == 0] = 1.0
    vectors /= lengths
    return vectors


def likeness(vectors: NDArray[np.float32], examples: NDArray[np.float32]) -> NDArray[np.float32]:
    """How like each vector (rows) is each example (columns): 1 for the same, near 0 for strangers."""
    result: NDArray[np.float32] = vectors @ examples.T
    result -= 1.0
    result *= SHARPNESS
    np.exp(result, out=result)
    return result


@dataclass(frozen=True, slots=True, eq=False)
class Neighbours:
    """The examples and their coefficients for all labels of the heads that take a second look, side by side."""

    stored: NDArray[np.int8]
    coefficients: NDArray[np.float32]
    vectors: NDArray[np.float32]

    @classmethod
    def of(cls, stored: NDArray[np.int8], coefficients: NDArray[np.float32]) -> Neighbours:
        """From what a model file holds; raises :class:`ValueError` where the two do not belong together."""
        if stored.ndim != 2 or coefficients.ndim != 2 or len(stored) != len(coefficients):
            raise ValueError(f"{stored.shape} examples, but {coefficients.shape} coefficients")
        # Column by column: that is how the product with them reads them, in three quarters of the time.
        return cls(stored.astype(np.int8), coefficients.astype(np.float32), np.asfortranarray(restored(stored)))

    @property
    def width(self) -> int:
        """Numbers of a vector."""
        return int(self.stored.shape[1])

    def scores(self, vectors: NDArray[np.float32]) -> NDArray[np.float32]:
        """One row a vector, one column a label."""
        result: NDArray[np.float32] = likeness(vectors, self.vectors) @ self.coefficients
        return result


def joined(parts: Sequence[Neighbours]) -> Neighbours:
    """Several experts side by side: all examples, each with coefficients for its own labels alone."""
    height, width = (sum(part.coefficients.shape[axis] for part in parts) for axis in (0, 1))
    coefficients = np.zeros((height, width), dtype=np.float32)
    row = column = 0
    for part in parts:
        rows, columns = part.coefficients.shape
        coefficients[row : row + rows, column : column + columns] = part.coefficients
        row, column = row + rows, column + columns
    return Neighbours.of(np.vstack([part.stored for part in parts]), coefficients)
