"""Tables of the knowledge room."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import Index
from sqlmodel import SQLModel

from contactcenter.store.schema import integer, moment, primary_id, search_vector, word_list, words


class Article(SQLModel, table=True):
    """An answer to a recurring question, in one language. The same topic in two languages shares its ``key``."""

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
    created_at: datetime = moment()
    updated_at: datetime = moment()
    search: Any = search_vector()
