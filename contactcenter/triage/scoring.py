"""What the heads of a model say of texts: words first, vectors where words do not decide.

Most messages are plain, and their n-grams tell for some tens of microseconds; a network costs milliseconds. So each
head that has learned from vectors also knows from which probability on it need not look at them. The lines were
measured in cross-validation, see :mod:`contactcenter.triage.calibration`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from contactcenter.errors import ModelError
from contactcenter.triage.features import Encoder, Features, featurise
from contactcenter.triage.linear import Head
from contactcenter.triage.registry import TrainedModel

OUTSIDE = frozenset({"oos", "out_of_scope", "out-of-scope", "out of scope"})
"""Names of a label that means: about none of the others."""

_LEAST_OUTSIDE, _MOST_OUTSIDE = np.float32(0.5), np.float32(0.6)
"""Between these lies the probability of such a label where it is the best one.

How many strangers come in is another matter than how many somebody put into a table, so nothing higher can be
promised; and what is sure to be outside must not look like what is sure to be inside.
"""


@dataclass(frozen=True, slots=True)
class Scored:
    """Probabilities of all heads, one row a text; which texts were ``encoded``; and the n-grams they have."""

    features: Features
    probabilities: dict[str, NDArray[np.float32]]
    encoded: NDArray[np.int64]


def score(
    model: TrainedModel, texts: Sequence[str], originals: Sequence[str], spoken: Sequence[str], encoder: Encoder
) -> Scored:
    """What the model says of cleaned ``texts``; the encoder reads the ``originals`` of those in doubt."""
    linear = model.linear
    features = featurise(texts)
    margins = linear.logits(features)
    own = {head.name: margins[:, linear.columns(head.name)] for head in linear.heads}
    probabilities = {head.name: head.calibration.probabilities(own[head.name], spoken) for head in linear.heads}
    doubtful = _in_doubt(linear.heads, own, spoken)
    if len(doubtful):
        read = encoder.read([model.prompt + originals[row] for row in doubtful])
        languages = np.array([spoken[row] for row in doubtful])
        for head in linear.heads:
            if head.second is None:
                continue
            known = head.second.knows(languages.tolist())
            rows, told = doubtful[known], languages[known].tolist()
            scores = model.neighbours[head.name].scores(read.rows(np.flatnonzero(known)))
            mixed = head.second.words * own[head.name][rows] + head.second.vectors * scores
            probabilities[head.name][rows] = head.second.calibration.probabilities(mixed, told)
    for head in linear.heads:
        _temper(head, probabilities[head.name])
    return Scored(features, probabilities, doubtful)


def _temper(head: Head, probabilities: NDArray[np.float32]) -> None:
    """Bring the probability of an outside label that is the best one into its bounds; the others share the rest."""
    for column in (place for place, label in enumerate(head.labels) if label in OUTSIDE):
        rows = np.flatnonzero(probabilities.argmax(axis=1) == column)
        sure = probabilities[rows, column]
        told = _LEAST_OUTSIDE + (_MOST_OUTSIDE - _LEAST_OUTSIDE) * sure
        others = probabilities[rows] * ((1 - told) / np.maximum(1 - sure, np.float32(1e-9)))[:, None]
        probabilities[rows] = np.minimum(others, _LEAST_OUTSIDE)
        probabilities[rows, column] = told


def check_encoder(model: TrainedModel, encoder: Encoder) -> None:
    """Raise :class:`ModelError` where the model looks at vectors and the encoder gives others than it knows."""
    if not all(expert.reads(encoder) for expert in model.neighbours.values()):
        raise ModelError(f"model {model.name!r} reads other numbers of an encoder than this one gives")


def _in_doubt(
    heads: Sequence[Head], margins: dict[str, NDArray[np.float32]], spoken: Sequence[str]
) -> NDArray[np.int64]:
    """The texts that some head wants to look at twice."""
    wanted = np.zeros(len(spoken), dtype=bool)
    for head in heads:
        if head.second is not None:
            wanted |= head.second.needed(head.calibration.raw(margins[head.name]).max(axis=1), spoken)
    return np.flatnonzero(wanted)
