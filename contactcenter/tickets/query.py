"""The inbox's search language: operators and free words, parsed into one frozen value."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from typing import Literal, TypeVar

from contactcenter import clock
from contactcenter.envelope import Channel
from contactcenter.errors import InvalidInput
from contactcenter.tickets.records import Priority, TicketStatus

MAX_LENGTH = 500
"""Of a query, in characters."""
MAX_WORDS = 20

OPERATORS = (
    "from", "category", "status", "queue", "assignee", "priority", "before", "after", "has", "complaint",
    "channel", "tag", "is", "answered", "customer", "resolved",
)  # fmt: skip
"""What may stand before a colon. A word with any other name before a colon is refused, so that a misspelling shows."""

E = TypeVar("E", TicketStatus, Priority, Channel)

_TERM = re.compile(
    r'(?P<bare>[a-zA-Z_]+):(?=\s|$)|(?:(?P<name>[a-zA-Z_]+):)?(?:"(?P<phrase>[^"]*)"?|(?P<word>[^\s"]+))'
)
_NUMBER = re.compile(r"#(\d{1,18})")
_URL = re.compile(r"(?i)https?://|mailto:")
_YES_NO = {"yes": True, "true": True, "1": True, "no": False, "false": False, "0": False}


@dataclass(frozen=True, slots=True)
class TicketQuery:
    """Which tickets are meant. Everything given must hold; a tuple with several values means any of them.

    ``assignee`` is ``"me"``, ``"none"`` or an agent's address; ``sender`` an address, a phone number or (part of) a
    name; ``before`` and ``after`` bound ``created_at`` (before exclusive, after inclusive, days in UTC);
    ``resolved_since`` is a day on which or after which it was resolved; ``waiting``: new or open, and the customer
    waits for us; ``at_risk``: new or open, and due soon or late. ``answered`` is machine, agent or none.
    ``snoozed``: None both, False awake ones only. ``customer_id`` and ``number`` are exact. Without anything, every
    ticket that was not merged into another.
    """

    statuses: tuple[TicketStatus, ...] = ()
    queues: tuple[str, ...] = ()
    queue_ids: tuple[str, ...] = ()  # of `queues`, filled in by the listing
    categories: tuple[str, ...] = ()
    assignee: str = ""
    priorities: tuple[Priority, ...] = ()
    channels: tuple[Channel, ...] = ()
    tags: tuple[str, ...] = ()
    sender: str = ""
    customer_id: str = ""
    before: datetime | None = None
    after: datetime | None = None
    has_attachment: bool | None = None
    complaint: bool | None = None
    unread: bool | None = None
    snoozed: bool | None = None
    overdue: bool | None = None
    waiting: bool = False
    at_risk: bool = False
    resolved_since: datetime | None = None
    answered: Literal["", "machine", "agent", "none"] = ""
    number: int | None = None
    words: tuple[str, ...] = ()
    phrases: tuple[str, ...] = ()

    @classmethod
    def parse(cls, q: str, *, hide_snoozed: bool = True) -> TicketQuery:
        """Read what was typed. Raises :class:`InvalidInput` (field ``q``) on an unknown operator or value.

        With ``hide_snoozed`` (the console) snoozed tickets are left out unless ``is:snoozed`` or ``is:any`` asks.
        """
        if len(q) > MAX_LENGTH:
            raise _wrong(f"a search has at most {MAX_LENGTH} characters")
        query = cls(snoozed=False if hide_snoozed else None)
        for match in _TERM.finditer(q.replace("\x00", " ")):
            if match["bare"]:
                query = _bare(query, match["bare"])
                continue
            name = match["name"]
            value = match["phrase"] if match["phrase"] is not None else match["word"]
            if name is None or _URL.match(match[0]):
                query = _free(query, match[0] if name else value, phrase=match["phrase"] is not None and not name)
            elif name.lower() in OPERATORS:
                query = _operator(query, name.lower(), value.strip())
            else:
                raise _wrong(f"{name}: is not an operator; there are {', '.join(OPERATORS)}")
        if len(query.words) + len(query.phrases) > MAX_WORDS:
            raise _wrong(f"a search has at most {MAX_WORDS} words")
        return query


def _bare(query: TicketQuery, name: str) -> TicketQuery:
    """A word with a colon and nothing behind it: a pasted ``Re:``, or an operator that lacks its value."""
    if name.lower() in OPERATORS:
        raise _wrong(f"{name}: needs a value")
    return replace(query, words=(*query.words, name))


def _free(query: TicketQuery, value: str, *, phrase: bool) -> TicketQuery:
    if phrase:
        return replace(query, phrases=(*query.phrases, value.strip())) if value.strip() else query
    if (number := _NUMBER.fullmatch(value)) is not None:
        return replace(query, number=int(number[1]))
    return replace(query, words=(*query.words, value))


def _operator(query: TicketQuery, name: str, value: str) -> TicketQuery:
    """The query with one operator applied."""
    if not value:
        raise _wrong(f"{name}: needs a value")
    match name:
        case "status":
            return replace(query, statuses=query.statuses + _members(TicketStatus, name, value))
        case "priority":
            return replace(query, priorities=query.priorities + _members(Priority, name, value))
        case "channel":
            return replace(query, channels=query.channels + _members(Channel, name, value))
        case "queue":
            return replace(query, queues=query.queues + _list(value))
        case "category":
            return replace(query, categories=query.categories + _list(value))
        case "tag":
            return replace(query, tags=(*query.tags, value.lower()))
        case "assignee":
            return replace(query, assignee=value.lower())
        case "from":
            return replace(query, sender=value)
        case "customer":
            return replace(query, customer_id=value.lower())
        case "before":
            return replace(query, before=_day(name, value))
        case "after":
            return replace(query, after=_day(name, value))
        case "resolved":
            return replace(query, resolved_since=_day(name, value))
        case "complaint":
            return replace(query, complaint=_yes_no(name, value))
        case "has":
            if value.lower() not in {"attachment", "attachments"}:
                raise _wrong("has: knows attachment")
            return replace(query, has_attachment=True)
        case "answered":
            return _answered(query, value.lower())
        case _:
            return _is(query, value.lower())


def _is(query: TicketQuery, value: str) -> TicketQuery:
    match value:
        case "unread":
            return replace(query, unread=True)
        case "read":
            return replace(query, unread=False)
        case "snoozed":
            return replace(query, snoozed=True)
        case "any":
            return replace(query, snoozed=None)
        case "overdue":
            return replace(query, overdue=True)
        case "waiting":
            return replace(query, waiting=True)
        case "at-risk":
            return replace(query, at_risk=True)
        case "unassigned":
            return replace(query, assignee="none")
        case _:
            raise _wrong("is: knows unread, read, snoozed, any, overdue, waiting, at-risk, unassigned")


def _answered(query: TicketQuery, value: str) -> TicketQuery:
    match value:
        case "machine" | "agent" | "none":
            return replace(query, answered=value)
        case _:
            raise _wrong("answered: knows machine, agent, none")


def _members(kind: type[E], name: str, value: str) -> tuple[E, ...]:
    try:
        return tuple(kind(part) for part in _list(value))
    except ValueError as error:
        raise _wrong(f"{name}: knows {', '.join(kind)}") from error


def _list(value: str) -> tuple[str, ...]:
    return tuple(part for part in value.lower().split(",") if part)


def _yes_no(name: str, value: str) -> bool:
    if value.lower() not in _YES_NO:
        raise _wrong(f"{name}: is yes or no")
    return _YES_NO[value.lower()]


def _day(name: str, value: str) -> datetime:
    """Midnight (UTC) of ``2025-01-31``, ``today`` or ``yesterday``."""
    today = clock.now().date()
    known = {"today": today, "yesterday": today - timedelta(days=1)}
    try:
        day = known.get(value.lower()) or date.fromisoformat(value)
    except ValueError as error:
        raise _wrong(f"{name}: is a day such as 2025-01-31, today or yesterday") from error
    return datetime(day.year, day.month, day.day, tzinfo=UTC)


def _wrong(message: str) -> InvalidInput:
    return InvalidInput(message, field="q")
