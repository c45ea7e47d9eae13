"""Comparing a question with articles by their vectors, in memory.

An article has one vector for its title, one for each of its questions and one for its title with the beginning of its
text. A question is compared with the middle of these for every article in question, and with each of them for the
articles that are nearest by that. Needs numpy and an encoder of sentences: this runs in worker processes and commands,
or in a child of the web process (:mod:`contactcenter.knowledge.understanding`).
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Hashable, Sequence
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from contactcenter.knowledge.fusion import Nearness, related
from contactcenter.knowledge.scoring import MAX_CHARACTERS
from contactcenter.knowledge.understanding import Material

NEAREST = 50
"""Articles whose every part is compared, beside those that share words with the question."""

AT_ONCE = 40
"""Articles without stored vectors that are encoded while somebody waits. Where more have none, nothing is compared
until the worker has stored them: what has a vector would win over what has none."""

_BASES = 8  # kept: knowledge bases with drafts and without, the ones before and the present ones, and texts of a page

Matrix = NDArray[np.float32]


class Embedder(Protocol):
    """An encoder of English and Chinese sentences into one space."""

    @property
    def identity(self) -> str:
        """Changes with every change of its vectors."""

    @property
    def width(self) -> int:
        """Numbers of a vector."""

    def encode(self, texts: Sequence[str]) -> Matrix:
        """One unit vector for each text."""


class Meanings:
    """The vectors of a knowledge base, article by article. Immutable once made."""

    def __init__(self, articles: Sequence[Matrix]) -> None:
        """``articles`` has one matrix for each, a row a part; none for an article that is not known."""
        sizes = [len(rows) for rows in articles]
        self._ends = np.cumsum(sizes)
        self._parts = np.concatenate(articles).astype(np.float16) if sum(sizes) else np.zeros((0, 1), np.float16)
        width = self._parts.shape[1]
        self._centres = np.zeros((len(articles), width), dtype=np.float32)
        for place, rows in enumerate(articles):
            if len(rows):
                middle = rows.sum(axis=0, dtype=np.float32)
                self._centres[place] = middle / (np.linalg.norm(middle) or 1)

    def nearness(self, question: Matrix, among: Sequence[int], also: Sequence[int] = ()) -> dict[int, Nearness]:
        """Place → nearness of those in ``among`` whose centre is nearest, and of all in ``also``."""
        if not len(self._parts) or not question.any():
            return {}
        pool = np.fromiter(among, dtype=np.int64)
        centres = self._centres[pool] @ question
        best = pool[np.argsort(-centres, kind="stable")[:NEAREST]]
        found = {}
        for place in dict.fromkeys([*best.tolist(), *also]):
            end = int(self._ends[place])
            start = int(self._ends[place - 1]) if place else 0
            if start < end:
                near = float((self._parts[start:end].astype(np.float32) @ question).max())
                found[place] = Nearness(related(float(self._centres[place] @ question)), related(near))
        return found


class Comparer:
    """Compares questions with the knowledge bases it has been told; one call at a time.

    The encoder is loaded when it is first needed.
    """

    def __init__(self, load: Callable[[], Embedder]) -> None:
        self._load = load
        self._embedder: Embedder | None = None
        self._bases: OrderedDict[Hashable, Meanings] = OrderedDict()

    def identity(self) -> str:
        """The encoder's."""
        return self._encoder().identity

    def encode(self, articles: Sequence[tuple[str, ...]]) -> list[bytes]:
        """The vectors of each article's parts, as they are stored."""
        if not articles:
            return []
        vectors = self._encoder().encode([part for article in articles for part in article]).astype(np.float16)
        ends = np.cumsum([len(article) for article in articles])
        return [rows.tobytes() for rows in np.split(vectors, ends[:-1])]

    def nearness(
        self,
        base: Hashable,
        question: str,
        among: Sequence[int],
        also: Sequence[int],
        material: Sequence[Material] | None = None,
    ) -> dict[int, Nearness] | None:
        """How near a question is to articles of a base, by their places in its ``material``.

        None when the base is not known (any more): ask again with its material. Nothing is near while the vectors of
        more than a few articles are missing.
        """
        if material is not None:
            if sum(article.vectors is None for article in material) > AT_ONCE:
                return {}
            self._bases[base] = Meanings(self._matrices(material))
            while len(self._bases) > _BASES:
                self._bases.popitem(last=False)
        meanings = self._bases.get(base)
        if meanings is None:
            return None
        self._bases.move_to_end(base)
        return meanings.nearness(self._encoder().encode([question[:MAX_CHARACTERS]])[0], among, also)

    def _matrices(self, material: Sequence[Material]) -> list[Matrix]:
        """The vectors of all articles; those that have none stored are computed."""
        missing = [place for place, article in enumerate(material) if article.vectors is None]
        fresh = dict(zip(missing, self.encode([material[place].parts for place in missing]), strict=True))
        width = self._encoder().width
        return [
            np.frombuffer(fresh.get(place, article.vectors or b""), dtype=np.float16)
            .reshape(-1, width)
            .astype(np.float32)
            for place, article in enumerate(material)
        ]

    def _encoder(self) -> Embedder:
        if self._embedder is None:
            self._embedder = self._load()
        return self._embedder
