"""Why a label won: the pieces of this very text that weighed most for it.

Nothing is kept from training but weights; each hashed n-gram is read back from the place where it stands in the text.
A number reads ``#``. A character n-gram of Latin letters counts for the word it lies in, one of Chinese characters
stands for itself.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from contactcenter.triage.assessment import Reason
from contactcenter.triage.features import Features
from contactcenter.triage.linear import LinearModel
from contactcenter.triage.text import ADDRESS, DATE, LINK

_CANDIDATES = 24
_LEAST = 0.05
"""Log-odds below which a piece is not worth naming."""

_LONGEST = 40
"""Characters of a piece that are told: a text may be one word of a megabyte."""

_NAMES = {LINK: "(link)", ADDRESS: "(e-mail)", DATE: "(date)"}
_FIRST_CJK = "\u2e80"


def reasons(
    model: LinearModel, features: Features, index: int, asked: Sequence[tuple[str, str, int]]
) -> list[tuple[Reason, ...]]:
    """The heaviest pieces of message ``index``, heaviest first, for each that is ``asked``: head, label, how many."""
    columns = [model.columns(head).start + model.head(head).labels.index(label) for head, label, _ in asked]
    contributions = model.contributions(features, index, columns)
    return [
        _of_label(features, index, weights, label, most)
        for weights, (_, label, most) in zip(contributions, asked, strict=True)
    ]


def _of_label(
    features: Features, index: int, weights: NDArray[np.float32], label: str, most: int
) -> tuple[Reason, ...]:
    heaviest = _heaviest(weights)
    entries = features.starts[index] + heaviest
    told = (weights[heaviest].tolist(), features.places[entries].tolist(), features.lengths[entries].tolist())
    by_term: dict[str, float] = {}
    for weight, place, length in zip(*told, strict=True):
        if weight <= 0:
            break
        term = _surface(features.joined, place, place + length)
        if term:
            by_term[term] = by_term.get(term, 0.0) + weight
    chosen: list[tuple[str, float]] = []
    for term, weight in sorted(by_term.items(), key=lambda item: -item[1]):
        if len(chosen) == most or weight < _LEAST:
            break
        if not any(term in other or other in term for other, _ in chosen):
            chosen.append((term, weight))
    return tuple(Reason(_told(term), round(weight, 3), label) for term, weight in chosen)


def _heaviest(weights: NDArray[np.float32]) -> NDArray[np.int64]:
    """The places of the largest weights, the largest first; of equal ones the first."""
    if len(weights) > _CANDIDATES:
        least = np.partition(weights, -_CANDIDATES)[-_CANDIDATES]
        places = np.flatnonzero(weights >= least)
    else:
        places = np.arange(len(weights))
    return places[np.argsort(-weights[places], kind="stable")][:_CANDIDATES]


def _told(term: str) -> str:
    """A piece as people read it."""
    told = _NAMES.get(term) or term.replace("0", "#")
    return told if len(told) <= _LONGEST else f"{told[: _LONGEST - 1]}…"


def _surface(text: str, start: int, end: int) -> str:
    """What an n-gram at this place stands for, "" when it says nothing to a reader (a lone letter, a number)."""
    term = text[start:end].strip()
    if term and term < _FIRST_CJK:
        # To the edges of the word: spaces stand around every word of the joined text.
        start += text[start] == " "
        end -= text[end - 1] == " "
        term = text[text.rfind(" ", 0, start + 1) + 1 : text.find(" ", end)]
    return term if term.isalpha() or any(character.isalpha() for character in term) else ""
