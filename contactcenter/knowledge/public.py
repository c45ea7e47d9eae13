"""What everybody may read: articles that are published, for the public, and valid today. Nothing else is shown here."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import ColumnElement, FromClause, and_, func, or_, select

from contactcenter import clock
from contactcenter.errors import NotFound
from contactcenter.knowledge.articles import ArticleStatus, Audience
from contactcenter.knowledge.records import Article
from contactcenter.store.schema import table_of
from contactcenter.store.unit_of_work import UnitOfWork

MAX_LISTED = 1000
"""Articles one list shows; more are found by searching."""

_article = table_of(Article)


@dataclass(frozen=True, slots=True)
class Heading:
    """An article as a list names it."""

    id: str
    language: str
    title: str
    category: str


@dataclass(frozen=True, slots=True)
class PublicArticle:
    """An article with the same topic in other languages."""

    article: Article
    twins: tuple[Heading, ...]


async def listed(uow: UnitOfWork, language: str) -> list[Heading]:
    """All public articles of a language, by title. One statement."""
    query = select(*_heading(_article)).where(_is_public(_article), _article.c.language == language)
    by_title = query.order_by(func.lower(_article.c.title), _article.c.id).limit(MAX_LISTED)
    return [_as_heading(row) for row in await uow.session.execute(by_title)]


async def read(uow: UnitOfWork, article_id: str) -> PublicArticle:
    """A public article and its public twins. One statement.

    Raises the same :class:`NotFound` for one that does not exist and for one that is not shown.
    """
    if not clock.is_id(article_id):
        raise NotFound("there is no such article")
    twin = _article.alias("twin")
    same_topic = and_(twin.c.key == _article.c.key, twin.c.language != _article.c.language, _is_public(twin))
    query = (
        select(Article, *_heading(twin))
        .join(twin, same_topic, isouter=True)
        .where(_is_public(_article), _article.c.id == article_id)
        .order_by(twin.c.language)
    )
    rows = (await uow.session.execute(query)).all()
    if not rows:
        raise NotFound("there is no such article")
    return PublicArticle(rows[0][0], tuple(_as_heading(row[1:]) for row in rows if row[1]))


def _heading(article: FromClause) -> tuple[ColumnElement[str], ...]:
    return (article.c.id, article.c.language, article.c.title, article.c.category)


def _as_heading(row: Sequence[str]) -> Heading:
    identity, language, title, category = row
    return Heading(identity, language, title, category)


def _is_public(article: FromClause) -> ColumnElement[bool]:
    """Published, for everybody, and neither before its first nor after its last day (UTC)."""
    today = clock.now().date()
    first, last = article.c.valid_from, article.c.valid_until
    return and_(
        article.c.status == ArticleStatus.PUBLISHED.value,
        article.c.audience == Audience.PUBLIC.value,
        or_(first.is_(None), first <= today),
        or_(last.is_(None), last >= today),
    )
