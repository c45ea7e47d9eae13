"""Tables of the knowledge room."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

from sqlalchemy import Index
from sqlmodel import SQLModel

from contactcenter.store.schema import (
    calendar_day,
    document,
    integer,
    link,
    moment,
    octets,
    optional_day,
    primary_id,
    search_vector,
    word_list,
    words,
)


class Article(SQLModel, table=True):
    """An answer to a recurring question, in one language. The same topic in two languages shares its ``key``.

    ``valid_from`` and ``valid_until`` are its first and its last day (UTC), null without a limit. ``queue`` is the key
    of the only queue whose customers it answers, empty for all. ``author_id`` wrote the present version,
    ``approved_by`` let it out to customers at ``approved_at`` (ids of agents; empty: a program did).
    """

    __tablename__ = "article"
    __table_args__ = (
        Index("uq_article_key_language", "key", "language", unique=True),
        Index("ix_article_search", "search", postgresql_using="gin"),
    )

    id: str = primary_id()
    key: str = words()
    language: str = words()
    title: str = words()
    text: str = words()  # Markdown
    questions: list[str] = word_list()
    category: str = words()
    audience: str = words(default="public")  # public | verified
    status: str = words(default="draft")  # draft | published
    version: int = integer(default=1)
    valid_from: date | None = optional_day()
    valid_until: date | None = optional_day()
    queue: str = words()
    author_id: str = words()
    approved_by: str = words()
    approved_at: datetime | None = moment(nullable=True)
    created_at: datetime = moment()
    updated_at: datetime = moment()
    search: Any = search_vector()


class ArticleVersion(SQLModel, table=True):
    """What an article said before it was changed. ``at`` is when that was written, by ``author_id``."""

    __tablename__ = "article_version"
    __table_args__ = (Index("uq_article_version", "article_id", "version", unique=True),)

    id: str = primary_id()
    article_id: str = link("article.id", cascade=True)
    version: int = integer()
    content: dict[str, Any] = document()  # as `knowledge export` writes an article
    author_id: str = words()
    at: datetime = moment()


class ArticleVector(SQLModel, table=True):
    """What an article means to an encoder: the vectors of its parts (float16, one after another), at one version."""

    __tablename__ = "article_vector"
    __table_args__ = (Index("uq_article_vector_article_id_encoder", "article_id", "encoder", unique=True),)

    id: str = primary_id()
    article_id: str = link("article.id", cascade=True)
    encoder: str = words()  # identity of the encoder: changes with its weights
    version: int = integer()
    vectors: bytes = octets()


class ArticleReading(SQLModel, table=True):
    """How often an article was read on the public help pages on a day (UTC), and what its readers said of it.

    Numbers alone: nothing says who read.
    """

    __tablename__ = "article_reading"

    day: date = calendar_day(key=True)
    article_id: str = link("article.id", cascade=True, key=True)
    views: int = integer()
    said_yes: int = integer()
    said_no: int = integer()


class HelpSearch(SQLModel, table=True):
    """How often the public help pages were searched in a language on a day (UTC), and how often in vain."""

    __tablename__ = "help_search"

    day: date = calendar_day(key=True)
    language: str = words(key=True)
    searches: int = integer()
    without_result: int = integer()
