"""Finding the articles that may answer a message: PostgreSQL's full text picks them, :mod:`.scoring` weighs them."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from weakref import WeakKeyDictionary

from sqlalchemy import ARRAY, Boolean, ColumnElement, Text, bindparam, select
from sqlalchemy import text as sql
from sqlmodel import SQLModel

from contactcenter.knowledge import scoring
from contactcenter.knowledge.articles import ArticleStatus
from contactcenter.knowledge.records import Article
from contactcenter.knowledge.scoring import MAX_CHARACTERS, Index, is_common
from contactcenter.store.search import query_literal, tokens
from contactcenter.store.unit_of_work import UnitOfWork

CANDIDATES = 50
"""Articles that full text hands to the scoring, best first."""

_article = SQLModel.metadata.tables[str(Article.__tablename__)]
_CONTENT = [column for column in _article.c if column.name != "search"]

Fingerprint = tuple[Any, ...]


@dataclass(frozen=True, slots=True)
class Hit:
    """An article and how well it fits (0 to 1, comparable over messages).

    The article is a copy that belongs to no session: changes to it go nowhere.
    """

    article: Article
    score: float


@dataclass(frozen=True, slots=True)
class _Base:
    """The knowledge base as it was at one fingerprint."""

    fingerprint: Fingerprint
    index: Index
    articles: dict[str, Article]


# Vectors of articles, kept as long as the database they were read from is open. They are a cache of nothing but
# committed or own rows under their fingerprint, so two readers of one database never disagree.
_bases: WeakKeyDictionary[Any, dict[tuple[str, bool], _Base]] = WeakKeyDictionary()


async def search(
    uow: UnitOfWork,
    text: str,
    *,
    language: str | None = None,
    audience: Sequence[str] = ("public",),
    limit: int = 5,
    published_only: bool = True,
) -> list[Hit]:
    """The articles that fit a message best, best first. One statement, and one more after an article has changed.

    ``language`` None means any; ``audience`` are those an answer may be meant for (a draft or one for another
    audience is never found, whatever the message says).
    """
    wanted = query_literal(_telling(text), any_of=True)
    if not wanted:
        return []
    parameters = {
        "wanted": wanted,
        "audience": list(audience),
        "language": language or "",
        "drafts": not published_only,
        "limit": CANDIDATES,
    }
    rows = (await uow.session.execute(_CANDIDATES, parameters)).all()
    if not rows:
        return []
    base = await _base(uow, language, published_only, tuple(rows[0][1:]))
    scores = base.index.scores(text, {row[0] for row in rows})
    best = sorted(scores, key=lambda article_id: (-scores[article_id], article_id))[:limit]
    return [Hit(base.articles[article_id], min(1.0, scores[article_id])) for article_id in best]


_CANDIDATES = sql(
    """
    WITH base AS MATERIALIZED (
        SELECT count(*) AS articles, max(updated_at) AS changed, sum(version) AS versions
        FROM article WHERE (:language = '' OR language = :language) AND (:drafts OR status = 'published')
    )
    SELECT id::text, base.articles, base.changed, base.versions
    FROM article, base
    WHERE search @@ CAST(:wanted AS tsquery) AND audience = ANY(:audience)
        AND (:language = '' OR language = :language) AND (:drafts OR status = 'published')
    ORDER BY ts_rank(search, CAST(:wanted AS tsquery)) DESC, id
    LIMIT :limit
    """
).bindparams(
    bindparam("language", type_=Text),
    bindparam("wanted", type_=Text),
    bindparam("audience", type_=ARRAY(Text)),
    bindparam("drafts", type_=Boolean),
)


async def _base(uow: UnitOfWork, language: str | None, published_only: bool, fingerprint: Fingerprint) -> _Base:
    kept = _bases.setdefault(uow.session.bind, {})
    base = kept.get((language or "", published_only))
    if base is not None and base.fingerprint == fingerprint:
        return base
    rows = (await uow.session.execute(select(*_CONTENT).where(*_scope(language, published_only)))).mappings().all()
    articles = {str(row["id"]): Article(**row) for row in rows}
    texts = [scoring.Text(key, article.title, article.questions, article.text) for key, article in articles.items()]
    base = _Base(fingerprint, await asyncio.to_thread(Index, texts), articles)
    kept[language or "", published_only] = base
    return base


def _scope(language: str | None, published_only: bool) -> list[ColumnElement[bool]]:
    scope = [_article.c.language == language] if language else []
    return [*scope, _article.c.status == ArticleStatus.PUBLISHED.value] if published_only else scope


def _telling(text: str) -> list[str]:
    """The words worth looking up, longest first among Latin ones: the rare ones are long."""
    found = dict.fromkeys(token for token in tokens(text[:MAX_CHARACTERS], query=True) if not is_common(token))
    return sorted(found, key=len, reverse=True)
