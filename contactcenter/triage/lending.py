"""What a model lends another: a model of categories alone takes urgency, mood and complaint from one that has them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from contactcenter.errors import InvalidInput
from contactcenter.triage.features import Encoder
from contactcenter.triage.linear import Head, LinearModel, columns_of
from contactcenter.triage.neighbours import Neighbours, joined
from contactcenter.triage.registry import TrainedModel


def with_heads_of(model: TrainedModel, base: TrainedModel, encoder: Encoder) -> TrainedModel:
    """The model with the heads of another that it lacks itself.

    Raises :class:`InvalidInput` where these look at vectors of another encoder.
    """
    own, lent = model.linear, base.linear
    taken = [head for head in lent.heads if head.name not in {head.name for head in own.heads}]
    buckets = np.union1d(own.buckets, lent.buckets).astype(np.uint32)
    columns = np.concatenate([np.r_[lent.columns(head.name)] for head in taken] or [np.zeros(0, dtype=np.int64)])
    weights = np.hstack(
        [
            _spread(own.weights[:-1], own.buckets, buckets),
            _spread(lent.weights[:-1][:, columns], lent.buckets, buckets),
        ]
    )
    borrowed = _neighbours_of(base, taken)
    if borrowed is not None and not base.reads(encoder):
        raise InvalidInput("the base model was trained with another encoder")
    experts = [one for one in (model.neighbours, borrowed) if one is not None]
    linear = LinearModel([*own.heads, *taken], buckets, weights)
    return replace(model, linear=linear, neighbours=joined(experts) if experts else None)


def _neighbours_of(base: TrainedModel, taken: Sequence[Head]) -> Neighbours | None:
    """The expert on vectors for some of a model's heads."""
    if base.neighbours is None:
        return None
    places = columns_of([head for head in base.linear.heads if head.second is not None])
    wanted = [np.r_[places[head.name]] for head in taken if head.second is not None]
    if not wanted:
        return None
    coefficients = base.neighbours.coefficients[:, np.concatenate(wanted)]
    used = coefficients.any(axis=1)
    return Neighbours.of(base.neighbours.stored[used], coefficients[used])


def _spread(
    weights: NDArray[np.floating[Any]], buckets: NDArray[np.uint32], wider: NDArray[np.uint32]
) -> NDArray[np.float32]:
    """Weights over some buckets as weights over more of them."""
    spread = np.zeros((len(wider), weights.shape[1]), dtype=np.float32)
    spread[np.searchsorted(wider, buckets)] = weights
    return spread
