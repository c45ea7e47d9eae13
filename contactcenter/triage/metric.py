"""The metric of an expert on vectors: directions in which the labels part count more than those in which they do not.

An encoder's cosine says how like two texts are for whoever trained it. Of a table's own labels the expert that goes by
it already tells more: where it changes its mind when a text moves a little, and where not. The mean of these changes
(the average outer product of its gradients) is the metric of the expert that is then fitted in its place. Recursive
feature machines learn this way (Radhakrishnan, Beaglehole, Pandit and Belkin 2024); here one step is taken. Training
only.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from contactcenter.triage.experts import SEED, VectorFit
from contactcenter.triage.neighbours import SHARPNESS, likeness, restored

MOST_ROWS = 4_000
"""Rows from which a metric is learned at most."""

MOST_PLACES = 600
"""Places at which it is asked how the scores change there, at most: the mean over more is the same."""

_AT_ONCE = 2_000
"""Gradients that are computed in one go."""

Spectrum = tuple[NDArray[np.float64], NDArray[np.float64]]
"""How much scores change along each of some directions, at most 1, and these directions as columns."""


def spectrum(
    vectors: NDArray[np.float32], truth: NDArray[np.int64], labels: int, weight: NDArray[np.float64]
) -> Spectrum:
    """Along which directions the scores of an expert on these unit vectors change; ``truth`` numbers the labels."""
    drawn = np.random.default_rng(SEED)
    if len(vectors) > MOST_ROWS:
        rows = np.sort(drawn.choice(len(vectors), MOST_ROWS, replace=False))
        vectors, truth, weight = vectors[rows], truth[rows], weight[rows]
    expert = VectorFit(vectors, truth, labels, weight)
    own = restored(expert.stored)
    places = own if len(own) <= MOST_PLACES else own[np.sort(drawn.choice(len(own), MOST_PLACES, replace=False))]
    products = np.zeros((own.shape[1], own.shape[1]), dtype=np.float64)
    for some in np.array_split(places, -(-len(places) * labels // _AT_ONCE)):
        near = SHARPNESS * likeness(some, own)
        # The gradient of each label's score at each of these places; vectors of unit length move along the sphere.
        changes = (near[:, None, :] * expert.coefficients.T).reshape(-1, len(own)) @ own
        standing = np.repeat(some, labels, axis=0)
        changes -= (changes * standing).sum(axis=1, keepdims=True) * standing
        products += changes.T @ changes
    values, directions = np.linalg.eigh(products)
    values = np.maximum(values, 0.0)
    return values / (values.max() or 1.0), directions


def metric(found: Spectrum, power: float) -> NDArray[np.float32]:
    """What to multiply vectors by so that directions count by a ``power`` of how much scores change along them.

    As exact as a model file keeps it.
    """
    values, directions = found
    matrix = (directions * values**power) @ directions.T
    return matrix.astype(np.float16).astype(np.float32)
