"""What a model lends another: a model of categories alone takes urgency, mood and complaint from one that has them."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from contactcenter.triage.features import Encoder
from contactcenter.triage.linear import LinearModel
from contactcenter.triage.registry import TrainedModel


def with_heads_of(model: TrainedModel, base: TrainedModel, encoder: Encoder) -> TrainedModel:
    """The model with the heads of another that it lacks itself.

    They go by words alone where their second look is at vectors that this model's encoder does not give, or that it
    gives of texts behind another prompt.
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
    if not base.reads(encoder) or base.prompt != model.prompt:
        taken = [replace(head, second=None) for head in taken]
    borrowed = {head.name: base.neighbours[head.name] for head in taken if head.second is not None}
    linear = LinearModel([*own.heads, *taken], buckets, weights)
    return replace(model, linear=linear, neighbours={**model.neighbours, **borrowed})


def _spread(
    weights: NDArray[np.floating[Any]], buckets: NDArray[np.uint32], wider: NDArray[np.uint32]
) -> NDArray[np.float32]:
    """Weights over some buckets as weights over more of them."""
    spread = np.zeros((len(wider), weights.shape[1]), dtype=np.float32)
    spread[np.searchsorted(wider, buckets)] = weights
    return spread
