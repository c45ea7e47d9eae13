"""Articles: answers to recurring questions, written, approved, kept searchable, with what they said before."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from datetime import date
from enum import StrEnum
from importlib import resources
from typing import Any

from sqlalchemy import and_, cast, insert, literal, not_, or_, select
from sqlalchemy.dialects.postgresql import TSQUERY, TSVECTOR
from sqlalchemy.dialects.postgresql import insert as pg_insert
from sqlmodel import col

from contactcenter import clock
from contactcenter.errors import Conflict, InvalidInput, NotFound
from contactcenter.i18n import LOCALES
from contactcenter.knowledge.records import Article, ArticleVersion
from contactcenter.store.pages import Page, decode_cursor, encode_cursor
from contactcenter.store.search import query_literal, vector_literal
from contactcenter.store.unit_of_work import UnitOfWork

MAX_TITLE = 300
MAX_TEXT = 50_000
MAX_QUESTIONS = 100
MAX_QUESTION = 1_000
MAX_LIMIT = 200
MAX_VERSIONS = 50
"""Earlier versions that are shown."""

_KEY = re.compile(r"[^a-z0-9]+")


class ArticleStatus(StrEnum):
    """Only a published article answers customers."""

    DRAFT = "draft"
    PUBLISHED = "published"


class Audience(StrEnum):
    """Who may get it as an automatic answer: everybody, or only senders whose identity is proven."""

    PUBLIC = "public"
    VERIFIED = "verified"


async def create_article(
    uow: UnitOfWork,
    *,
    title: str,
    text: str,
    language: str,
    status: str = ArticleStatus.DRAFT,
    questions: Sequence[str] = (),
    category: str = "",
    audience: str = Audience.PUBLIC,
    key: str = "",
    valid_from: date | None = None,
    valid_until: date | None = None,
    queue: str = "",
    by: str = "",
) -> Article:
    """Write an article; it is found (and, published, answers) at once, on the days it is valid.

    ``questions`` are ways to ask it, one each: they decide how well it is recognised. The same topic in two languages
    shares its ``key``; without one it is made of the title. ``queue`` is the key of the only queue it answers in,
    ``by`` the id of the agent who writes it. Raises :class:`InvalidInput` naming the field, and :class:`Conflict` when
    the key is taken in that language.
    """
    article = Article(key=_clean_key(key) or await _free_key(uow, title, language), language=language)
    _apply(article, title=title, text=text, status=status, questions=questions, category=category, audience=audience)
    _limit(article, valid_from, valid_until, queue)
    _sign(article, by)
    added = await uow.session.scalar(
        pg_insert(Article)
        .values(**_values(article))
        .on_conflict_do_nothing(index_elements=["key", "language"])
        .returning(col(Article.id))
    )
    if added is None:
        raise Conflict(f"there is an article {article.key} in {language} already")
    return await get_article(uow, article.id)


async def update_article(
    uow: UnitOfWork,
    article_id: str,
    *,
    title: str | None = None,
    text: str | None = None,
    status: str | None = None,
    questions: Sequence[str] | None = None,
    category: str | None = None,
    audience: str | None = None,
    queue: str | None = None,
    validity: tuple[date | None, date | None] | None = None,
    expected_version: int | None = None,
    by: str = "",
) -> Article:
    """Change what is not None; the version rises and what was there is kept. ``validity``: first and last day.

    Raises :class:`NotFound`, :class:`InvalidInput`, and :class:`Conflict` for a stale ``expected_version``.
    """
    article = await get_article(uow, article_id, lock=True)
    if expected_version is not None and article.version != expected_version:
        raise Conflict("the article has changed since you last saw it")
    before = _as_version(article)
    _apply(
        article,
        title=article.title if title is None else title,
        text=article.text if text is None else text,
        status=article.status if status is None else status,
        questions=article.questions if questions is None else questions,
        category=article.category if category is None else category,
        audience=article.audience if audience is None else audience,
    )
    first, last = validity or (article.valid_from, article.valid_until)
    _limit(article, first, last, article.queue if queue is None else queue)
    await uow.session.execute(insert(ArticleVersion), [before])
    article.version += 1
    article.updated_at = clock.now()
    _sign(article, by)
    article.search = cast(literal(_vector(article)), TSVECTOR)
    await uow.session.flush()
    await uow.session.refresh(article)
    return article


async def publish(uow: UnitOfWork, article_id: str, by: str = "") -> Article:
    """Approve the article: it answers customers."""
    return await update_article(uow, article_id, status=ArticleStatus.PUBLISHED, by=by)


async def withdraw(uow: UnitOfWork, article_id: str, by: str = "") -> Article:
    """Make it a draft again: it no longer answers."""
    return await update_article(uow, article_id, status=ArticleStatus.DRAFT, by=by)


async def versions(uow: UnitOfWork, article_id: str) -> list[ArticleVersion]:
    """What the article said before, the newest first."""
    query = select(ArticleVersion).where(col(ArticleVersion.article_id) == article_id)
    newest_first = query.order_by(col(ArticleVersion.version).desc()).limit(MAX_VERSIONS)
    return list(await uow.session.scalars(newest_first))


def has_expired(article: Article) -> bool:
    """Whether its last day is over."""
    return article.valid_until is not None and article.valid_until < clock.now().date()


async def get_article(uow: UnitOfWork, article_id: str, *, lock: bool = False) -> Article:
    """The article of this id. Raises :class:`NotFound`."""
    article = None
    if clock.is_id(article_id):
        query = select(Article).where(col(Article.id) == article_id).execution_options(populate_existing=True)
        article = await uow.session.scalar(query.with_for_update() if lock else query)
    if article is None:
        raise NotFound("there is no such article")
    return article


async def list_articles(
    uow: UnitOfWork,
    *,
    q: str = "",
    language: str = "",
    status: str = "",
    category: str = "",
    first: str = "",
    cursor: str = "",
    limit: int = 50,
) -> Page[Article]:
    """Articles, the newest first; with ``q`` those that have all its words. One statement.

    ``first`` names a language whose articles come before all others; a cursor goes on with the same.
    """
    limit = max(1, min(limit, MAX_LIMIT))
    query = select(Article)
    preferred = col(Article.language) == first
    for column, value in ((Article.language, language), (Article.status, status), (Article.category, category)):
        if value:
            query = query.where(col(column) == value)
    if q.strip():
        wanted = query_literal(q[:500].split())
        if not wanted:
            return Page([])
        query = query.where(col(Article.search).op("@@")(cast(literal(wanted), TSQUERY)))
    if cursor:
        group, last = decode_cursor(cursor, 2)
        if not clock.is_id(last):
            raise InvalidInput("the cursor is not one of ours", field="cursor")
        older = and_(preferred == (group == "first"), col(Article.id) < last)
        query = query.where(or_(older, not_(preferred)) if group == "first" else older)
    found = list(await uow.session.scalars(query.order_by(preferred.desc(), col(Article.id).desc()).limit(limit + 1)))
    page = found[:limit]
    if len(found) <= limit:
        return Page(page)
    return Page(page, encode_cursor("first" if page[-1].language == first else "other", page[-1].id))


def starter_articles() -> list[dict[str, Any]]:
    """The articles that come with the package: an invented insurer's, as an example of their form."""
    folder = resources.files("contactcenter.knowledge") / "starter"
    lines = [
        line
        for language in LOCALES
        for line in (folder / f"articles.{language}.jsonl").read_text(encoding="utf-8").splitlines()
    ]
    return [json.loads(line) for line in lines if line.strip()]


async def import_articles(uow: UnitOfWork, entries: Sequence[dict[str, Any]], status: str | None = None) -> int:
    """Write articles whose key is free in their language; returns how many.

    An entry has ``key, language, title, text`` and may have ``questions, category, audience, status, queue``, and
    ``valid_from`` and ``valid_until`` (days, ISO 8601); ``status`` given here wins. Raises :class:`InvalidInput` for
    one that is not right, and then writes none.
    """
    rows = []
    for entry in entries:
        article = Article(key=_clean_key(str(entry.get("key", ""))), language=str(entry.get("language", "")))
        _apply(
            article,
            title=str(entry.get("title", "")),
            text=str(entry.get("text", "")),
            status=status or str(entry.get("status", ArticleStatus.DRAFT)),
            questions=entry.get("questions", ()),
            category=str(entry.get("category", "")),
            audience=str(entry.get("audience", Audience.PUBLIC)),
        )
        _limit(article, _day(entry, "valid_from"), _day(entry, "valid_until"), str(entry.get("queue", "")))
        _sign(article)
        if not article.key:
            article.key = clock.new_id()
        rows.append(_values(article))
    if not rows:
        return 0
    added = await uow.session.scalars(
        pg_insert(Article)
        .values(rows)
        .on_conflict_do_nothing(index_elements=["key", "language"])
        .returning(col(Article.id))
    )
    return len(list(added))


async def import_starter(uow: UnitOfWork, status: str = ArticleStatus.DRAFT) -> int:
    """The starter articles: drafts for a real instance, published for the demo. Returns how many were new."""
    return await import_articles(uow, starter_articles(), status)


def as_entry(article: Article) -> dict[str, Any]:
    """The article as :func:`import_articles` reads it."""
    names = ("key", "language", "category", "audience", "status", "queue", "title", "text", "questions")
    days = {"valid_from": article.valid_from, "valid_until": article.valid_until}
    return {name: getattr(article, name) for name in names} | {
        name: day.isoformat() for name, day in days.items() if day is not None
    }


def _apply(
    article: Article, *, title: str, text: str, status: str, questions: Sequence[str], category: str, audience: str
) -> None:
    """Check and set the content. Raises :class:`InvalidInput` naming the field."""
    title = " ".join(title.replace("\x00", "").split())
    text = text.replace("\x00", "").replace("\r\n", "\n").strip()
    asked = [" ".join(str(question).replace("\x00", "").split()) for question in questions]
    asked = list(dict.fromkeys(question for question in asked if question))
    checks = (
        ("language", article.language in LOCALES, f"the language is one of {', '.join(LOCALES)}"),
        ("title", 0 < len(title) <= MAX_TITLE, f"a title has 1 to {MAX_TITLE} characters"),
        ("text", 0 < len(text) <= MAX_TEXT, f"a text has 1 to {MAX_TEXT} characters"),
        ("status", status in set(ArticleStatus), "the status is draft or published"),
        ("audience", audience in set(Audience), "the audience is public or verified"),
        ("questions", len(asked) <= MAX_QUESTIONS, f"at most {MAX_QUESTIONS} questions"),
        (
            "questions",
            all(len(one) <= MAX_QUESTION for one in asked),
            f"at most {MAX_QUESTION} characters a question",
        ),
    )
    for field, holds, message in checks:
        if not holds:
            raise InvalidInput(message, field=field)
    article.title, article.text, article.questions = title, text, asked
    article.status, article.audience, article.category = str(status), str(audience), category.strip()[:60]


def _limit(article: Article, valid_from: date | None, valid_until: date | None, queue: str) -> None:
    """Check and set when and where it answers. Raises :class:`InvalidInput` naming the field."""
    if valid_from is not None and valid_until is not None and valid_until < valid_from:
        raise InvalidInput("its last day is not before its first", field="valid_until")
    article.valid_from, article.valid_until, article.queue = valid_from, valid_until, queue.strip()[:60]


def _sign(article: Article, by: str = "") -> None:
    """Note who wrote it so and, where customers get it, who approved that."""
    article.author_id = by
    published = article.status == ArticleStatus.PUBLISHED
    article.approved_by, article.approved_at = (by, clock.now()) if published else ("", None)


def _day(entry: dict[str, Any], name: str) -> date | None:
    """A day of an entry. Raises :class:`InvalidInput` for what is none."""
    written = str(entry.get(name) or "")
    try:
        return date.fromisoformat(written) if written else None
    except ValueError as error:
        raise InvalidInput("a day is written 2026-12-31", field=name) from error


def _as_version(article: Article) -> dict[str, Any]:
    """The article as it is, to be kept when it changes."""
    row = ArticleVersion(
        article_id=article.id,
        version=article.version,
        content=as_entry(article),
        author_id=article.author_id,
        at=article.updated_at,
    )
    return row.model_dump()


def _values(article: Article) -> dict[str, Any]:
    return article.model_dump(exclude={"search"}) | {"search": cast(literal(_vector(article)), TSVECTOR)}


def _vector(article: Article) -> str:
    return vector_literal(article.title, "\n".join(article.questions), article.text)


def _clean_key(key: str) -> str:
    return _KEY.sub("-", key.lower()).strip("-")[:80]


async def _free_key(uow: UnitOfWork, title: str, language: str) -> str:
    """A key made of the title; with a few letters of an id behind it where it is taken or nothing is left of it."""
    key = _clean_key(title)[:60]
    taken = await uow.session.scalar(
        select(col(Article.id)).where(col(Article.key) == key, col(Article.language) == language)
    )
    return key if key and taken is None else f"{key}-{clock.new_id()[-8:]}".strip("-")
