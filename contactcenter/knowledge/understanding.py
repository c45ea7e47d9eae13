"""The port through which a process compares texts by meaning, and the vectors that are stored for it.

Whoever wires a process attaches an :class:`Understanding` to its database: a worker and a command over a thread, the
web process over a child process, for it must not load what encoders need. Without one, or when it fails or takes too
long, articles are found by their words alone.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Hashable, Sequence
from concurrent.futures import BrokenExecutor, Executor
from dataclasses import dataclass
from typing import Any
from weakref import WeakKeyDictionary

import structlog
from sqlalchemy import Integer, Text, bindparam, select
from sqlalchemy import text as sql
from sqlalchemy.dialects.postgresql import insert
from sqlmodel import col

from contactcenter import clock
from contactcenter.errors import ModelError
from contactcenter.knowledge.fusion import Nearness
from contactcenter.knowledge.records import Article, ArticleVector
from contactcenter.store.store import Store
from contactcenter.store.unit_of_work import UnitOfWork

log = structlog.get_logger(__name__)

PATIENCE = 5.0
"""Seconds a search waits for the comparison; the first one of a process loads the encoder."""

FILL = 100
"""Articles that get their vectors in one transaction."""

Call = Callable[..., Any]
"""``call(name, *arguments)`` runs a method of a :class:`contactcenter.knowledge.meaning.Comparer`."""


TEXT = 400
"""Characters of an article's text that are compared, behind its title: what follows goes into detail."""


@dataclass(frozen=True, slots=True)
class Material:
    """An article as it is compared: its parts and, where they are stored, their vectors (float16)."""

    parts: tuple[str, ...]
    vectors: bytes | None = None


def parts(title: str, questions: Sequence[str], text: str) -> tuple[str, ...]:
    """The texts of an article that get a vector."""
    return (title, *questions, f"{title}\n{text[:TEXT]}")


class Understanding:
    """A comparer somewhere else: in a thread or in a child process."""

    def __init__(self, executor: Callable[[], Executor], call: Call, patience: float = PATIENCE) -> None:
        """``executor`` makes what runs ``call``; it is made when first needed, and anew after it broke."""
        self._make = executor
        self._call = call
        self._patience = patience
        self._executor: Executor | None = None
        self._identity = ""

    @property
    def is_awake(self) -> bool:
        """Whether the encoder is loaded."""
        return bool(self._identity)

    async def identity(self) -> str:
        """The encoder's identity; empty while it cannot be had."""
        if not self._identity:
            self._identity = await self._patiently("identity") or ""
        return self._identity

    async def encode(self, articles: Sequence[tuple[str, ...]]) -> list[bytes]:
        """The vectors of each article's parts, however long it takes. Raises :class:`ModelError`."""
        found: list[bytes] = await self._run("encode", articles)
        return found

    async def nearness(
        self,
        base: Hashable,
        question: str,
        among: Sequence[int],
        also: Sequence[int],
        material: Callable[[], Sequence[Material]],
    ) -> dict[int, Nearness]:
        """How near the question is to articles of a base, by place; nothing when that cannot be said in time."""
        asked = (base, question, among, also)
        found = await self._patiently("nearness", *asked)
        if found is None and self._identity:
            found = await self._patiently("nearness", *asked, material())
        return found or {}

    def close(self) -> None:
        """End what runs it."""
        if self._executor is not None:
            self._executor.shutdown(wait=False, cancel_futures=True)
            self._executor = None

    async def _patiently(self, name: str, *arguments: object) -> Any:
        try:
            return await asyncio.wait_for(asyncio.shield(self._run(name, *arguments)), self._patience)
        except (ModelError, TimeoutError) as error:
            log.warning("articles are found by their words alone", error=str(error) or "it took too long")
            return None

    async def _run(self, name: str, *arguments: object) -> Any:
        if self._executor is None:
            self._executor = self._make()
        try:
            return await asyncio.get_running_loop().run_in_executor(self._executor, self._call, name, *arguments)
        except BrokenExecutor as error:
            self.close()
            raise ModelError(f"the child process that compares texts ended: {error}") from error


# One for each open database, as long as that is open: sessions know their engine, and nothing else need be passed on.
_attached: WeakKeyDictionary[Any, Understanding] = WeakKeyDictionary()


def attach(store: Store, understanding: Understanding) -> None:
    """Let searches in this store's database go by meaning too."""
    _attached[store.engine] = understanding


def attached_to(uow: UnitOfWork) -> Understanding | None:
    """What searches of this unit of work ask; None: words alone."""
    return _attached.get(uow.session.bind)


async def fill(store: Store, *, wake: bool = False) -> int:
    """Store the vectors of articles that have none at their present version; returns how many articles that were.

    Does nothing while nobody has compared anything yet, unless it is to ``wake`` the encoder for it. Raises
    :class:`ModelError`.
    """
    understanding = _attached.get(store.engine)
    if understanding is None or not (understanding.is_awake or wake):
        return 0
    encoder = await understanding.identity()
    if not encoder:
        return 0
    count = 0
    while True:
        async with store.read() as uow:
            ids = list(await uow.session.scalars(_BARE, {"encoder": encoder, "limit": FILL}))
            found = list(await uow.session.scalars(select(Article).where(col(Article.id).in_(ids)))) if ids else []
        if not found:
            return count
        encoded = await understanding.encode([parts(one.title, one.questions, one.text) for one in found])
        rows = [
            {
                "id": clock.new_id(),
                "article_id": article.id,
                "encoder": encoder,
                "version": article.version,
                "vectors": vectors,
            }
            for article, vectors in zip(found, encoded, strict=True)
        ]
        async with store.transaction() as uow:
            added = insert(ArticleVector)
            fresh = {"version": added.excluded.version, "vectors": added.excluded.vectors}
            await uow.session.execute(
                added.on_conflict_do_update(index_elements=["article_id", "encoder"], set_=fresh), rows
            )
        count += len(rows)


_BARE = sql(
    """
    SELECT a.id::text FROM article a
    LEFT JOIN article_vector v ON v.article_id = a.id AND v.encoder = :encoder
    WHERE v.version IS DISTINCT FROM a.version
    LIMIT :limit
    """
).bindparams(bindparam("encoder", type_=Text), bindparam("limit", type_=Integer))
