"""Cursors of collections whose service gives whole lists, and checks of those that do not."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TypeVar

from contactcenter import clock
from contactcenter.api.shapes import PageQuery
from contactcenter.errors import InvalidInput
from contactcenter.store.pages import Page, decode_cursor, encode_cursor

T = TypeVar("T")


def id_cursor(cursor: str) -> str:
    """The id a cursor of one id continues after, empty for the first page. Raises :class:`InvalidInput`."""
    if not cursor:
        return ""
    (last,) = decode_cursor(cursor, 1)
    if not clock.is_id(last):
        raise InvalidInput("the cursor is not one of ours", field="cursor")
    return last


def page_of(items: Sequence[T], query: PageQuery, key: Callable[[T], str]) -> Page[T]:
    """A page of a short list that is at hand as a whole; ``key`` is unique and its order is the list's own."""
    start = 0
    if query.cursor:
        (last,) = decode_cursor(query.cursor, 1)
        keys = [key(item) for item in items]
        if last not in keys:
            raise InvalidInput("the cursor is not one of ours", field="cursor")
        start = keys.index(last) + 1
    chosen = list(items[start : start + query.size])
    more = start + len(chosen) < len(items)
    return Page(chosen, encode_cursor(key(chosen[-1])) if more and chosen else None)
