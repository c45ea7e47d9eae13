"""Words and meaning together: one score of how well an article fits a question.

Three figures say how near an article is: the words they share (:mod:`.scoring`), how near the question lies to the
middle of all ways to ask for the article, and to the nearest of them (:mod:`.meaning`). Their mixture depends on the
languages: English vectors are sharper than Chinese ones, and across languages words say nothing. The weights are
learned by :mod:`contactcenter.knowledge.calibration` (``contactcenter knowledge calibrate``). Pure; no numpy.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType

_HAN = re.compile(r"[\u3400-\u9fff]")
_LATIN = re.compile(r"[A-Za-z]+")

UNRELATED = 0.25
"""The cosine that two texts which have nothing to do with each other may well have; it counts as nought."""


class Pairing(StrEnum):
    """The languages of question and article."""

    ENGLISH = "en"
    CHINESE = "zh"
    ACROSS = "across"


@dataclass(frozen=True, slots=True)
class Nearness:
    """How near a question lies to the middle of an article's parts and to the nearest of them (0 to 1)."""

    centre: float
    nearest: float


@dataclass(frozen=True, slots=True)
class Mixture:
    """What words, centre and nearest part weigh; together 1."""

    words: float
    centre: float
    nearest: float


MIXTURES: Mapping[Pairing, Mixture] = MappingProxyType(
    {
        Pairing.ENGLISH: Mixture(words=0.17, centre=0.41, nearest=0.42),
        Pairing.CHINESE: Mixture(words=0.49, centre=0.44, nearest=0.07),
        Pairing.ACROSS: Mixture(words=0.0, centre=0.6, nearest=0.4),
    }
)


def is_chinese(text: str) -> bool:
    """Whether a question is Chinese: one character says about as much as half a word."""
    return len(_HAN.findall(text)) > 2 * len(_LATIN.findall(text))


def pairing(question_is_chinese: bool, article_language: str) -> Pairing:
    """The languages of a question and an article."""
    if question_is_chinese is not (article_language == "zh"):
        return Pairing.ACROSS
    return Pairing.CHINESE if question_is_chinese else Pairing.ENGLISH


def related(cosine: float) -> float:
    """A cosine as nearness: nought for what is unrelated, 1 for the same."""
    return max(0.0, min(1.0, (cosine - UNRELATED) / (1 - UNRELATED)))


def fused(words: float, nearness: Nearness | None, languages: Pairing) -> float:
    """The score (0 to 1); words alone where nothing is known of the meaning."""
    if nearness is None:
        return min(1.0, words)
    mixture = MIXTURES[languages]
    return min(1.0, mixture.words * words + mixture.centre * nearness.centre + mixture.nearest * nearness.nearest)


def nearness_of(place: int, near: Mapping[int, Nearness]) -> Nearness | None:
    """What a comparison says of one place; None where nothing was compared, nought where its vectors are missing."""
    return near.get(place, Nearness(0.0, 0.0)) if near else None
