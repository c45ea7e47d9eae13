"""The inbox and the ticket's page, whole and in the pieces that live updates fetch."""

from __future__ import annotations

from typing import Any

from aiohttp import web

from contactcenter.agent_ui.ticket_list import (
    Place,
    categories_by_key,
    list_pane,
    named_counts,
    page_of_rows,
    place_of,
    query_of,
    row_values,
)
from contactcenter.agent_ui.ticket_page import TicketPage, ticket_page
from contactcenter.agent_ui.visit import Doors, Visit, get, post
from contactcenter.errors import NotFound
from contactcenter.store.unit_of_work import UnitOfWork
from contactcenter.tickets import desk
from contactcenter.tickets.access import access_ticket, merge_target
from contactcenter.tickets.listing import one_row
from contactcenter.tickets.records import Ticket

PATH = "/tickets/{number:[0-9]{1,18}}"
"""Address of a ticket; commands stand behind it."""


def doors() -> Doors:
    """Reading tickets. Commands on them are in :mod:`.commands` and :mod:`.composer`."""
    return (
        get("/inbox", inbox),
        get("/inbox/rows", rows),
        get("/inbox/views", view_counts),
        get(PATH, ticket),
        get(f"{PATH}/row", row),
        get(f"{PATH}/live", live),
        post(f"{PATH}/read", mark_read),
    )


async def inbox(visit: Visit) -> web.StreamResponse:
    """The inbox with nothing opened."""
    async with visit.store.read() as uow:
        pane = await list_pane(uow, visit.actor, place_of(visit))
    return visit.page("inbox.html", **row_values(pane, page=None))


async def rows(visit: Visit) -> web.StreamResponse:
    """The rows after a cursor (or the first ones), without anything around them."""
    place = place_of(visit)
    async with visit.store.read() as uow:
        query = await query_of(uow, visit.actor, place)
        found = await page_of_rows(uow, visit.actor, place, query, visit.query.get("cursor", ""))
        categories = await categories_by_key(uow)
    return visit.page("fragments/rows.html", rows=found, place=place, categories=categories)


async def view_counts(visit: Visit) -> web.StreamResponse:
    """The views with fresh counts."""
    async with visit.store.read() as uow:
        counts = await named_counts(uow, visit.actor)
    return visit.page("fragments/views.html", views=counts, place=place_of(visit), swap=True)


async def row(visit: Visit) -> web.StreamResponse:
    """One row of the list as it is now."""
    async with visit.store.read() as uow:
        found = await one_row(uow, visit.actor, number_of(visit))
        categories = await categories_by_key(uow)
    return visit.page("fragments/row.html", row=found, place=place_of(visit), categories=categories)


async def ticket(visit: Visit) -> web.StreamResponse:
    """A ticket: the whole page, or for htmx the work and customer panes alone. A merged one leads to its target."""
    place = place_of(visit)
    async with visit.store.read() as uow:
        found = await access_ticket(uow, visit.actor, number_of(visit))
        if found.merged_into_id is not None:
            target = await merge_target(uow, found)
            return visit.go(f"/tickets/{target.number}{place.suffix}")
        page = await ticket_page(uow, visit, found)
        if visit.is_fragment:
            return visit.page("fragments/desk.html", **page_values(page, place))
        pane = await list_pane(uow, visit.actor, place)
    return visit.page("inbox.html", **row_values(pane, **page_values(page, pane.place)))


async def live(visit: Visit) -> web.StreamResponse:
    """The parts of an open ticket's page that change by themselves, each finding its place."""
    async with visit.store.read() as uow:
        found = await access_ticket(uow, visit.actor, number_of(visit))
        if found.merged_into_id is not None:
            raise NotFound("this ticket was merged into another")
        page = await ticket_page(uow, visit, found)
    return visit.fragments(refreshed(visit, page))


async def mark_read(visit: Visit) -> web.StreamResponse:
    """Somebody has opened the ticket."""
    async with visit.store.transaction() as uow:
        await desk.mark_read(uow, visit.actor, await access_ticket(uow, visit.actor, number_of(visit)))
    return web.Response(status=204)


def number_of(visit: Visit) -> int:
    """The ticket number in the path."""
    return int(visit.path["number"])


def page_values(page: TicketPage, place: Place) -> dict[str, Any]:
    """What the ticket's templates get."""
    return {"page": page, "row": page.row, "place": place, "categories": page.categories}


def refreshed(visit: Visit, page: TicketPage) -> str:
    """Head, timeline, triage strip, customer pane and list row, each as a fragment that replaces its old self."""
    return visit.render("fragments/refreshed.html", **page_values(page, place_of(visit)))


async def answer(visit: Visit, uow: UnitOfWork, ticket: Ticket, *notices: str) -> web.Response:
    """What a command answers: the changed parts of the page, and notices."""
    await uow.session.flush()
    page = await ticket_page(uow, visit, ticket)
    return visit.fragments(refreshed(visit, page), *notices)
