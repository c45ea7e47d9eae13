"""The shapes JSON takes on its way in and out, as pydantic models.

What comes in is strict: a field we do not know is refused (nobody raises his own rights by adding one), and ``"5"`` is
not ``5``. What goes out always has all its keys; moments are RFC 3339 in UTC.
"""

from __future__ import annotations

import unicodedata
from datetime import date, datetime
from typing import Annotated, Generic, TypeVar

from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Field,
    PlainSerializer,
    Strict,
    StringConstraints,
    WithJsonSchema,
)

from contactcenter import clock

T = TypeVar("T")

MAX_TEXT = 1_000_000
"""Characters of one text; the size of the whole body is limited before."""


class Input(BaseModel):
    """Base of request bodies."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)


class Query(BaseModel):
    """Base of what follows the question mark. Values arrive as text and are read leniently; names are not."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class Output(BaseModel):
    """Base of what is answered."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class Collection(Output, Generic[T]):
    """A page of a collection."""

    items: list[T]
    next_cursor: str | None = Field(description="Pass it as `cursor` to continue; null at the end.")


def _storable(text: str) -> str:
    if "\x00" in text:
        raise ValueError("must not contain a NUL character")
    if any("\ud800" <= character <= "\udfff" for character in text):
        raise ValueError("must be valid Unicode")
    return text


def _one_line(text: str) -> str:
    if any(unicodedata.category(character) == "Cc" for character in text):
        raise ValueError("must be one line without control characters")
    return _storable(text)


Words = Annotated[str, StringConstraints(max_length=MAX_TEXT), AfterValidator(_storable)]
"""Text of any lines."""

Line = Annotated[str, StringConstraints(max_length=1000, strip_whitespace=True), AfterValidator(_one_line)]
"""Text that may become a header, a name or a file name: one line, whatever is in it."""

Moment = Annotated[
    datetime,
    PlainSerializer(clock.iso, return_type=str),
    WithJsonSchema({"type": "string", "format": "date-time"}),
]
"""A moment, RFC 3339 in UTC."""


Day = Annotated[date, Strict(strict=False)]
"""A calendar day in UTC, ``2026-12-31``."""


class PageQuery(Query):
    """Which page of a collection."""

    cursor: Annotated[Line, StringConstraints(max_length=500)] = Field(
        "", description="`next_cursor` of the page before; empty for the first page."
    )
    limit: int = Field(50, ge=1, le=1_000_000, description="Items a page; at most 200 are given.")

    @property
    def size(self) -> int:
        """The number of items to give."""
        return min(self.limit, 200)
