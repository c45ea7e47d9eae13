"""Which neurons of a feed-forward layer can go, and what those that stay must say so that few miss them.

The optimal brain surgeon (Hassibi and Stork 1993) for whole neurons (Kurtic et al. 2023, ZipLM): the layer's output
is a linear function of its neurons, so what the output loses with one of them, the others being adjusted as well as
they can be, follows from the neurons' second moments. The one that costs least goes, the rest takes its part over, and
so on.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

_DAMPING = 1e-3
"""Of the mean second moment: what has not been seen often enough keeps the weights it had."""

_AT_ONCE = 192
"""One part in so many goes before it is looked again which one costs least: one at a time takes minutes."""


def narrowed(moments: Floats, wanted: Floats, weights: Floats, keep: int) -> tuple[NDArray[np.intp], Floats]:
    """The neurons that stay, ascending, and their new weights.

    ``moments`` (neurons x neurons) is the mean of activation times activation, ``wanted`` (neurons x outputs) that of
    activation times output without its bias, ``weights`` (neurons x outputs) what the layer has. Raises
    :class:`ValueError` unless 0 < ``keep`` <= neurons.
    """
    neurons = len(moments)
    if not 0 < keep <= neurons:
        raise ValueError(f"{keep} of {neurons} neurons cannot stay")
    damping = _DAMPING * float(moments.diagonal().mean())
    inverse = np.linalg.inv(moments + damping * np.eye(neurons))
    found = inverse @ (wanted + damping * weights)
    alive = np.ones(neurons, dtype=bool)
    while (left := int(alive.sum()) - keep) > 0:
        costs = np.where(alive, (found**2).sum(axis=1) / inverse.diagonal(), np.inf)
        gone = np.argsort(costs)[: min(left, max(1, neurons // _AT_ONCE))]
        share = np.linalg.solve(inverse[np.ix_(gone, gone)], inverse[gone]).T
        found -= share @ found[gone]
        inverse -= share @ inverse[gone]
        alive[gone] = False
        inverse[gone], inverse[:, gone], inverse[gone, gone] = 0.0, 0.0, 1.0
    return np.flatnonzero(alive), found[alive]
