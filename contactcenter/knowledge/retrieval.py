"""Finding the articles that may answer a message, by its words and by what it means.

PostgreSQL's full text picks articles that share words with it, vectors in memory those that mean the same
(:mod:`.meaning`, where a process has an encoder attached), and :mod:`.fusion` weighs both into one score. A message may
find an article in the other language where there is none in its own.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any
from weakref import WeakKeyDictionary

from sqlalchemy import ARRAY, Boolean, Date, Text, and_, bindparam, select
from sqlalchemy import text as sql
from sqlmodel import SQLModel

from contactcenter import clock
from contactcenter.knowledge import scoring, understanding
from contactcenter.knowledge.articles import ArticleStatus
from contactcenter.knowledge.fusion import Nearness, fused, is_chinese, nearness_of, pairing
from contactcenter.knowledge.records import Article, ArticleVector
from contactcenter.knowledge.scoring import Index, telling
from contactcenter.knowledge.understanding import Material, parts
from contactcenter.store.schema import table_of
from contactcenter.store.search import query_literal
from contactcenter.store.unit_of_work import UnitOfWork

CANDIDATES = 50
"""Articles that full text hands to the scoring, best first."""

WORDS_IN_COMMON = 0.15
SOMETHING_IN_COMMON = 0.25
"""Scores by words alone, and by words and meaning, from which an article is worth an agent's glance: half of the
questions that no article answers find none, 19 in 20 of the others one."""

_article = SQLModel.metadata.tables[str(Article.__tablename__)]
_vector = table_of(ArticleVector)
_CONTENT = [column for column in _article.c if column.name != "search"]

Fingerprint = tuple[Any, ...]


@dataclass(frozen=True, slots=True)
class Hit:
    """An article and how well it fits (0 to 1, comparable over messages).

    The article is a copy that belongs to no session: changes to it go nowhere. ``nearness`` is None where only words
    were compared.
    """

    article: Article
    score: float
    nearness: Nearness | None = None

    @property
    def is_worth_a_glance(self) -> bool:
        """Whether it fits well enough not to distract; something always means a little of the same."""
        return self.score >= (WORDS_IN_COMMON if self.nearness is None else SOMETHING_IN_COMMON)


@dataclass(frozen=True, slots=True)
class Scope:
    """Which articles a message may find."""

    language: str  # empty: any
    others: bool  # also those in another language that have no twin in this one
    audience: frozenset[str]
    queue: str | None  # None: any
    published_only: bool
    today: date

    def admits(self, article: Article) -> bool:
        """Whether the article may be found, whatever its language."""
        begun = article.valid_from is None or article.valid_from <= self.today
        over = article.valid_until is not None and article.valid_until < self.today
        in_force = article.status == ArticleStatus.PUBLISHED and begun and not over
        here = self.queue is None or article.queue in {"", self.queue}
        return article.audience in self.audience and here and (in_force or not self.published_only)


@dataclass(frozen=True, slots=True)
class _Base:
    """The knowledge base as it was at one fingerprint: its articles by place, and their words by language."""

    fingerprint: Fingerprint
    articles: list[Article]
    places: Mapping[str, int]  # by id
    indexes: Mapping[str, Index]  # by language
    vectors: list[bytes | None]

    def within(self, scope: Scope) -> list[int]:
        """The places of the articles that a message may find."""
        admitted = [place for place, article in enumerate(self.articles) if scope.admits(article)]
        if not scope.language:
            return admitted
        own = [place for place in admitted if self.articles[place].language == scope.language]
        if not scope.others:
            return own
        keys = {self.articles[place].key for place in own}
        return own + [
            place
            for place in admitted
            if self.articles[place].language != scope.language and self.articles[place].key not in keys
        ]


# Knowledge bases as they were read, kept as long as the database they were read from is open. They are a cache of
# nothing but committed or own rows under their fingerprint, so two readers of one database never disagree.
_bases: WeakKeyDictionary[Any, dict[bool, _Base]] = WeakKeyDictionary()


async def search(
    uow: UnitOfWork,
    text: str,
    *,
    language: str | None = None,
    audience: Sequence[str] = ("public",),
    limit: int = 5,
    published_only: bool = True,
    queue: str | None = None,
    others: bool = False,
    by_meaning: bool = True,
) -> list[Hit]:
    """The articles that fit a message best, best first. One statement, and one more after an article has changed.

    ``language`` None means any; ``others`` lets articles of another language stand in where the topic has none in this
    one. ``audience`` are those an answer may be meant for (a draft or one for another audience is never found, whatever
    the message says, nor one before its first or after its last day). ``queue`` is the key of the queue that the
    message is for: articles of other queues are left out; None means any. Without ``by_meaning`` words alone
    decide, and nobody waits for an encoder.
    """
    wanted = query_literal(telling(text), any_of=True)
    if not wanted:
        return []
    scope = Scope(language or "", others, frozenset(audience), queue, published_only, clock.now().date())
    sense = understanding.attached_to(uow)
    encoder = await sense.identity() if sense and (by_meaning or sense.is_awake) else ""
    row = (await uow.session.execute(_CANDIDATES, _parameters(scope, wanted, encoder))).one()
    if not row.articles:
        return []
    base = await _base(uow, published_only, encoder, tuple(row[1:]))
    within = base.within(scope)
    among = frozenset(within)
    sharing = [place for place in map(base.places.get, row.found) if place in among]
    near: Mapping[int, Nearness] = {}
    if sense and encoder and within and by_meaning:
        key = (str(uow.session.bind), published_only, base.fingerprint)
        near = await sense.nearness(key, text, within, sharing, lambda: _material(base))
    return _ranked(base, text, {*sharing, *near}, near)[:limit]


def _ranked(base: _Base, text: str, places: Iterable[int], near: Mapping[int, Nearness]) -> list[Hit]:
    """The hits of these places, best first."""
    ids = {base.articles[place].id for place in places}
    words = {key: score for index in base.indexes.values() for key, score in index.scores(text, ids).items()}
    chinese = is_chinese(text)
    hits = []
    for key in ids:
        place = base.places[key]
        article, nearness = base.articles[place], nearness_of(place, near)
        hits.append(Hit(article, fused(words.get(key, 0.0), nearness, pairing(chinese, article.language)), nearness))
    return sorted((hit for hit in hits if hit.score > 0), key=lambda hit: (-hit.score, hit.article.id))


def _parameters(scope: Scope, wanted: str, encoder: str) -> dict[str, Any]:
    return {
        "wanted": wanted,
        "encoder": encoder,
        "audience": sorted(scope.audience),
        "language": "" if scope.others else scope.language,
        "drafts": not scope.published_only,
        "today": scope.today,
        "any_queue": scope.queue is None,
        "queue": scope.queue or "",
        "limit": CANDIDATES,
    }


# What is found, and a fingerprint of all that could be.
_CANDIDATES = sql(
    """
    SELECT
        ARRAY(
            SELECT id::text FROM article
            WHERE search @@ CAST(:wanted AS tsquery) AND audience = ANY(:audience)
                AND (:language = '' OR language = :language) AND (:drafts OR status = 'published')
                AND (:drafts OR (coalesce(valid_from <= :today, true) AND coalesce(valid_until >= :today, true)))
                AND (:any_queue OR queue IN ('', :queue))
            ORDER BY ts_rank(search, CAST(:wanted AS tsquery)) DESC, id
            LIMIT :limit
        ) AS found,
        count(*) AS articles, max(updated_at) AS changed, sum(version) AS versions,
        (SELECT count(*) FROM article_vector WHERE encoder = :encoder) AS vectors
    FROM article WHERE :drafts OR status = 'published'
    """
).bindparams(
    bindparam("language", type_=Text),
    bindparam("wanted", type_=Text),
    bindparam("encoder", type_=Text),
    bindparam("audience", type_=ARRAY(Text)),
    bindparam("drafts", type_=Boolean),
    bindparam("today", type_=Date),
    bindparam("any_queue", type_=Boolean),
    bindparam("queue", type_=Text),
)


async def _base(uow: UnitOfWork, published_only: bool, encoder: str, fingerprint: Fingerprint) -> _Base:
    kept = _bases.setdefault(uow.session.bind, {})
    base = kept.get(published_only)
    if base is not None and base.fingerprint == (encoder, *fingerprint):
        return base
    stored = and_(
        _vector.c.article_id == _article.c.id,
        _vector.c.encoder == encoder,
        _vector.c.version == _article.c.version,
    )
    query = select(*_CONTENT, _vector.c.vectors).select_from(_article.outerjoin(_vector, stored))
    if published_only:
        query = query.where(_article.c.status == ArticleStatus.PUBLISHED.value)
    rows = [dict(row) for row in (await uow.session.execute(query)).mappings()]
    vectors = [row.pop("vectors") for row in rows]
    articles = [Article(**row) for row in rows]
    base = await asyncio.to_thread(_made, (encoder, *fingerprint), articles, vectors)
    kept[published_only] = base
    return base


def _made(fingerprint: Fingerprint, articles: list[Article], vectors: list[bytes | None]) -> _Base:
    indexes = {
        language: Index(
            scoring.Text(one.id, one.title, one.questions, one.text) for one in articles if one.language == language
        )
        for language in {article.language for article in articles}
    }
    return _Base(fingerprint, articles, {one.id: place for place, one in enumerate(articles)}, indexes, vectors)


def _material(base: _Base) -> list[Material]:
    """What vectors are made of, place by place."""
    return [
        Material(parts(one.title, one.questions, one.text), vectors)
        for one, vectors in zip(base.articles, base.vectors, strict=True)
    ]
