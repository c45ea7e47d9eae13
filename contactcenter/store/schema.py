"""Column shorthands every room's ``records.py`` uses, so that a table reads as its meaning."""

from __future__ import annotations

from typing import Any

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Date,
    DateTime,
    ForeignKey,
    Integer,
    LargeBinary,
    MetaData,
    Table,
    Text,
    Uuid,
    text,
)
from sqlalchemy.dialects.postgresql import ARRAY, JSONB, TSVECTOR
from sqlmodel import Field, SQLModel

from contactcenter import clock

SQLModel.metadata.naming_convention = {
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_name)s",
    "pk": "pk_%(table_name)s",
}


def metadata() -> MetaData:
    """The tables of all rooms that were imported so far."""
    return SQLModel.metadata


def primary_id() -> Any:
    """A UUIDv7 primary key, text in Python."""
    return Field(default_factory=clock.new_id, sa_column=Column(Uuid(as_uuid=False), primary_key=True))


def link(target: str, *, nullable: bool = False, cascade: bool = False, index: bool = False, key: bool = False) -> Any:
    """A reference to another row's id. ``cascade``: it dies with its target; ``key``: part of the primary key."""
    column: Column[Any] = Column(
        Uuid(as_uuid=False),
        ForeignKey(target, ondelete="CASCADE" if cascade else None),
        nullable=nullable,
        index=index,
        primary_key=key,
    )
    return Field(default=None, sa_column=column) if nullable else Field(sa_column=column)


def moment(*, nullable: bool = False, index: bool = False) -> Any:
    """A ``timestamptz``; when not nullable it defaults to now."""
    column: Column[Any] = Column(DateTime(timezone=True), nullable=nullable, index=index)
    return Field(default=None, sa_column=column) if nullable else Field(default_factory=clock.now, sa_column=column)


def optional_day() -> Any:
    """A calendar day, or null."""
    return Field(default=None, sa_column=Column(Date, nullable=True))


def words(*, default: str = "", index: bool = False, unique: bool = False, key: bool = False) -> Any:
    """A text column; empty rather than null."""
    column: Column[Any] = Column(
        Text,
        nullable=False,
        index=index,
        unique=unique,
        primary_key=key,
        server_default=text("''") if not key else None,
    )
    return Field(default=default, sa_column=column)


def calendar_day(*, key: bool = False) -> Any:
    """A calendar day, never null."""
    return Field(sa_column=Column(Date, nullable=False, primary_key=key))


def word_list() -> Any:
    """A ``text[]``; empty rather than null."""
    return Field(default_factory=list, sa_column=Column(ARRAY(Text), nullable=False, server_default=text("'{}'")))


def document() -> Any:
    """A ``jsonb`` object; empty rather than null."""
    return Field(default_factory=dict, sa_column=Column(JSONB, nullable=False, server_default=text("'{}'")))


def optional_document() -> Any:
    """A ``jsonb`` object or null."""
    return Field(default=None, sa_column=Column(JSONB(none_as_null=True), nullable=True))


def flag(*, default: bool = False) -> Any:
    """A boolean, never null."""
    return Field(default=default, sa_column=Column(Boolean, nullable=False, server_default=text(str(default).lower())))


def integer(*, default: int = 0, big: bool = False) -> Any:
    """An integer, never null."""
    kind = BigInteger if big else Integer
    return Field(default=default, sa_column=Column(kind, nullable=False, server_default=text(str(default))))


def octets() -> Any:
    """Bytes, never null."""
    return Field(default=b"", sa_column=Column(LargeBinary, nullable=False))


def search_vector() -> Any:
    """A ``tsvector`` of our own tokens (see :mod:`contactcenter.store.search`)."""
    return Field(default=None, sa_column=Column(TSVECTOR, nullable=True))


def table_of(record: type[SQLModel]) -> Table:
    """The table of a record, for plain statements on hot paths."""
    return SQLModel.metadata.tables[str(record.__tablename__)]
