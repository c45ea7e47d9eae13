"""The list pane: views with their counts, a search, a page of rows."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from contactcenter.agent_ui.visit import Visit
from contactcenter.errors import InvalidInput
from contactcenter.staff.access import Actor
from contactcenter.store.pages import Page
from contactcenter.store.unit_of_work import UnitOfWork
from contactcenter.tickets.listing import COUNT_CAP, TicketQuery, TicketRow, count_views, list_tickets
from contactcenter.tickets.queues import list_categories
from contactcenter.tickets.records import Category
from contactcenter.tickets.views import View, find_view, list_views

DEFAULT_VIEW = "open"
PAGE = 40
"""Rows of one page; the next is loaded when its end comes into sight."""


@dataclass(frozen=True, slots=True)
class Place:
    """Where in the inbox somebody is: a view, or a search over everything (``q`` given)."""

    view: str = DEFAULT_VIEW
    q: str = ""

    @property
    def suffix(self) -> str:
        """The part of an address that says it."""
        return "?" + urlencode({"q": self.q} if self.q else {"view": self.view})

    def more(self, cursor: str) -> str:
        """Address of the rows after a cursor."""
        return f"/inbox/rows{self.suffix}&{urlencode({'cursor': cursor})}"


@dataclass(frozen=True, slots=True)
class NamedCount:
    """A view with the number of its tickets (None: not counted here)."""

    view: View
    count: int | None

    @property
    def label(self) -> str:
        """The number as a badge shows it."""
        if self.count is None or self.count == 0:
            return ""
        return f"{COUNT_CAP - 1}+" if self.count >= COUNT_CAP else str(self.count)


@dataclass(frozen=True, slots=True)
class ListPane:
    """Everything the list pane shows."""

    place: Place
    views: list[NamedCount]
    current: View | None
    rows: Page[TicketRow]
    categories: Mapping[str, Category]
    fault: str = ""


def place_of(visit: Visit) -> Place:
    """Where the address of a request says one is."""
    return Place(visit.query.get("view", DEFAULT_VIEW), visit.query.get("q", "").strip())


async def named_counts(uow: UnitOfWork, actor: Actor) -> list[NamedCount]:
    """The actor's views with their counts; the last one, which holds everything, is not worth counting."""
    known = await list_views(uow, actor)
    counted = [view for view in known if view.query]
    numbers = await count_views(uow, actor, [TicketQuery.parse(view.query) for view in counted])
    by_key = dict(zip((view.key for view in counted), numbers, strict=True))
    return [NamedCount(view, by_key.get(view.key)) for view in known]


async def list_pane(uow: UnitOfWork, actor: Actor, place: Place) -> ListPane:
    """The whole list pane. A search that cannot be read gives its fault and no rows."""
    counts = await named_counts(uow, actor)
    current = None if place.q else next((entry.view for entry in counts if entry.view.key == place.view), None)
    if current is None and not place.q:
        place = Place()
        current = next(entry.view for entry in counts if entry.view.key == DEFAULT_VIEW)
    fault = ""
    try:
        rows = await page_of_rows(uow, actor, place, current.query if current is not None else place.q)
    except InvalidInput as error:
        rows, fault = Page([]), str(error)
    return ListPane(place, counts, current, rows, await categories_by_key(uow), fault)


async def page_of_rows(uow: UnitOfWork, actor: Actor, place: Place, query: str, cursor: str = "") -> Page[TicketRow]:
    """A page of the rows of a view's query or a search. Raises :class:`InvalidInput`."""
    parsed = TicketQuery.parse(query, hide_snoozed=not place.q)
    return await list_tickets(uow, actor, parsed, cursor=cursor, limit=PAGE)


async def query_of(uow: UnitOfWork, actor: Actor, place: Place) -> str:
    """The query of a place. Raises :class:`NotFound` for an unknown view."""
    return place.q or (await find_view(uow, actor, place.view)).query


async def categories_by_key(uow: UnitOfWork) -> dict[str, Category]:
    """Category key → category."""
    return {category.key: category for category in await list_categories(uow)}


def row_values(pane: ListPane, **more: Any) -> dict[str, Any]:
    """What the list's templates get."""
    return {"pane": pane, "place": pane.place, "categories": pane.categories, **more}
