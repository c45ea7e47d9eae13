"""One space for both languages: Chinese texts go to the static encoder, all others to the English one."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from contactcenter.errors import ModelError
from contactcenter.triage import language, places
from contactcenter.triage.encoder import OnnxEncoder, shared
from contactcenter.triage.places import ENCODER_CONFIG as CONFIG
from contactcenter.triage.student import StaticEncoder

CHINESE = "encoder-zh"
"""The shipped encoder of Chinese; it was taught by the shipped encoder of English."""


class BilingualEncoder:
    """An :class:`contactcenter.triage.features.Encoder` of English and Chinese. Thread-safe; share one."""

    def __init__(self, english: OnnxEncoder, chinese: StaticEncoder, identity: str = "") -> None:
        """``identity`` changes with the vectors. Raises :class:`ModelError` when the two have no space in common."""
        if english.width != chinese.width:
            raise ModelError(f"{chinese.name} gives {chinese.width} numbers, {english.name} {english.width}")
        self._english, self._chinese = english, chinese
        self.name = f"{english.name}+{chinese.name}"
        self.identity = identity or self.name

    @property
    def width(self) -> int:
        """Numbers of a vector."""
        return self._english.width

    def encode(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """One unit vector for each text, in order."""
        vectors = np.zeros((len(texts), self.width), dtype=np.float32)
        chinese = [place for place, text in enumerate(texts) if language.detect(text) == language.ZH]
        english = sorted(set(range(len(texts))) - set(chinese))
        if chinese:
            vectors[chinese] = self._chinese.encode([texts[place] for place in chinese])
        if english:
            vectors[english] = self._english.encode([texts[place] for place in english])
        return vectors


@lru_cache(maxsize=2)
def bilingual(data: Path | None = None) -> BilingualEncoder:
    """The encoder of both languages, loaded once in a process; raises :class:`ModelError`.

    ``data`` is the data directory, where encoders of one's own may lie under the shipped names.
    """
    folders = [places.find_encoder(places.DEFAULT_ENCODER, data), places.find_encoder(CHINESE, data)]
    cards = b"".join((folder / CONFIG).read_bytes() for folder in folders)
    english, chinese = map(shared, folders)
    if not isinstance(english, OnnxEncoder) or not isinstance(chinese, StaticEncoder):
        raise ModelError(f"{folders[0]} and {folders[1]}: not an English and a static encoder")
    return BilingualEncoder(english, chinese, f"{english.name}+{chinese.name}@{hashlib.sha256(cards).hexdigest()[:12]}")
