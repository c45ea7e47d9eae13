"""Customers: the list, one customer's whole story over all channels, and joining two who turn out to be one."""

from __future__ import annotations

from dataclasses import dataclass

from aiohttp import web
from sqlalchemy import select
from sqlmodel import col

from contactcenter import clock
from contactcenter.agent_ui.ticket_list import Place
from contactcenter.agent_ui.ticket_page import Side, side_pane
from contactcenter.agent_ui.timeline import Entry, story
from contactcenter.agent_ui.visit import Doors, Visit, get, post
from contactcenter.conversations.timeline import TimelineMessage, customer_timeline
from contactcenter.customers import merging
from contactcenter.customers.business import RecordKind, upsert_record
from contactcenter.customers.directory import find_rows, list_customers, update_customer
from contactcenter.customers.identity import add_identity, mark_reachable, parse
from contactcenter.customers.records import Customer
from contactcenter.envelope import IdentityKind
from contactcenter.errors import InvalidInput
from contactcenter.staff.access import access_customer
from contactcenter.store.unit_of_work import UnitOfWork
from contactcenter.tickets.access import visible_to
from contactcenter.tickets.blocking import block_sender
from contactcenter.tickets.records import Ticket

STORY = 60
"""Messages of the story shown at once."""


def doors() -> Doors:
    """The customers' pages."""
    return (
        get("/customers", customers),
        get("/customers/{id}", customer),
        get("/customers/{id}/story", earlier),
        post("/customers/{id}", change),
        post("/customers/{id}/identities", new_identity),
        post("/customers/{id}/reachable", reachable),
        post("/customers/{id}/block", block),
        post("/customers/{id}/records", new_record),
        get("/customers/{id}/merge", preview),
        post("/customers/{id}/merge", merge),
        post("/customers/{id}/unmerge", unmerge),
    )


@dataclass(frozen=True, slots=True)
class Story:
    """A piece of a customer's story; ``before`` continues into the past, ``hidden`` counts what others may see."""

    entries: list[Entry]
    before: str
    hidden: int


async def customers(visit: Visit) -> web.StreamResponse:
    """The list, or what a search finds; for htmx the rows alone."""
    q, cursor = visit.query.get("q", "").strip(), visit.query.get("cursor", "")
    async with visit.store.read() as uow:
        try:
            page = await list_customers(uow, visit.actor, q, cursor=cursor)
        except InvalidInput as error:
            return visit.fault(error)
    template = "customers/rows.html" if visit.is_fragment else "customers/list.html"
    return visit.page(template, page=page, q=q)


async def customer(visit: Visit) -> web.StreamResponse:
    """One customer: who he is, and everything that was said. One merged into another leads there."""
    async with visit.store.read() as uow:
        found = await access_customer(uow, visit.actor, visit.path["id"])
        if found.id != visit.path["id"]:
            return visit.go(f"/customers/{found.id}")
        side = await side_pane(uow, visit, found.id)
        told = await _story(uow, visit, found.id)
        merged = await _merged_names(uow, side)
    return visit.page("customers/page.html", side=side, customer=found, told=told, merged=merged, place=Place())


async def earlier(visit: Visit) -> web.StreamResponse:
    """The story before a message."""
    async with visit.store.read() as uow:
        found = await access_customer(uow, visit.actor, visit.path["id"])
        told = await _story(uow, visit, found.id, visit.query.get("before", ""))
    return visit.page("customers/story.html", customer=found, told=told)


async def change(visit: Visit) -> web.StreamResponse:
    """Name, language and note."""
    async with visit.store.transaction() as uow:
        found = await access_customer(uow, visit.actor, visit.path["id"])
        await update_customer(
            uow, visit.actor, found.id,
            name=visit.text("name"), language=visit.text("language"), note=visit.text("note"),
        )  # fmt: skip
    return visit.go(f"/customers/{found.id}")


async def new_identity(visit: Visit) -> web.StreamResponse:
    """Another name he goes by; one that is somebody else's leads to joining the two."""
    async with visit.store.transaction() as uow:
        found = await access_customer(uow, visit.actor, visit.path["id"])
        await add_identity(uow, found.id, parse(f"{visit.text('kind')}:{visit.text('value').strip()}"))
    return visit.go(f"/customers/{found.id}")


async def reachable(visit: Visit) -> web.StreamResponse:
    """Try an address again that mail was refused for."""
    async with visit.store.transaction() as uow:
        found = await access_customer(uow, visit.actor, visit.path["id"])
        await mark_reachable(uow, found.id, parse(visit.text("identity")))
    return visit.go(_back(visit) or f"/customers/{found.id}")


async def block(visit: Visit) -> web.StreamResponse:
    """Keep the mail of one of his addresses aside from now on."""
    async with visit.store.transaction() as uow:
        await access_customer(uow, visit.actor, visit.path["id"])
        identity = parse(visit.text("identity"))
        if identity.kind is not IdentityKind.EMAIL:
            raise InvalidInput("only senders of mail can be blocked", field="identity")
        await block_sender(uow, visit.actor, identity.value)
    return visit.go("/quarantine/senders?done=blocked")


def _back(visit: Visit) -> str:
    """The ticket whose page the form stands on, if it does."""
    number = visit.text("ticket")
    return f"/tickets/{number}" if number.isdecimal() else ""


async def new_record(visit: Visit) -> web.StreamResponse:
    """A policy, order, invoice or claim of his."""
    try:
        kind = RecordKind(visit.text("kind"))
    except ValueError as error:
        raise InvalidInput("there is no such kind of record", field="kind") from error
    async with visit.store.transaction() as uow:
        found = await access_customer(uow, visit.actor, visit.path["id"])
        await upsert_record(
            uow,
            found.id,
            kind=kind,
            number=visit.text("number"),
            title=visit.text("title"),
            status=visit.text("status"),
        )
    return visit.go(f"/customers/{found.id}")


async def preview(visit: Visit) -> web.StreamResponse:
    """Whom this customer could be joined with (``q``), and what joining with one (``with``) would move."""
    q, other_id = visit.query.get("q", "").strip(), visit.query.get("with", "")
    async with visit.store.read() as uow:
        found = await access_customer(uow, visit.actor, visit.path["id"])
        rows = (await list_customers(uow, visit.actor, q, limit=8)).items if q and not other_id else []
        other = await access_customer(uow, visit.actor, other_id) if other_id else None
        moved = await merging.preview(uow, other.id) if other is not None else {}
        facts = {row.id: row for row in await find_rows(uow, [one for one in (found, other) if one is not None])}
    return visit.page(
        "customers/merge.html",
        customer=found,
        rows=[row for row in rows if row.id != found.id],
        other=other,
        moved=moved,
        facts=facts,
        q=q,
    )


async def merge(visit: Visit) -> web.StreamResponse:
    """Join another customer (``source``) into this one."""
    async with visit.store.transaction() as uow:
        found = await access_customer(uow, visit.actor, visit.path["id"])
        source = await access_customer(uow, visit.actor, visit.text("source"))
        await merging.merge(uow, visit.actor.agent_id, source.id, found.id)
    return visit.go(f"/customers/{found.id}")


async def unmerge(visit: Visit) -> web.StreamResponse:
    """Take a merge back."""
    async with visit.store.transaction() as uow:
        found = await access_customer(uow, visit.actor, visit.path["id"])
        held = {done.id for done in await merging.merges_of(uow, found.id)}
        if visit.text("merge") not in held:
            raise InvalidInput("there is no such merge", field="merge")
        await merging.unmerge(uow, visit.actor.agent_id, visit.text("merge"))
    return visit.go(f"/customers/{found.id}")


async def _story(uow: UnitOfWork, visit: Visit, customer_id: str, before: str = "") -> Story:
    """Messages of the tickets the actor may see; of the others only how many there are."""
    if before and not clock.is_id(before):
        raise InvalidInput("that is no message", field="before")
    messages = await customer_timeline(uow, customer_id, before=before, limit=STORY)
    tickets = await _tickets_of(uow, visit, messages)
    shown = [item for item in messages if item.message.conversation_id in tickets]
    following = messages[0].message.id if len(messages) == STORY else ""
    entries = story(shown, (), visit.gettext, str, tickets)
    return Story(entries, following, len(messages) - len(shown))


async def _tickets_of(uow: UnitOfWork, visit: Visit, messages: list[TimelineMessage]) -> dict[str, tuple[int, str]]:
    """Conversation id → number and subject of its ticket, where the actor may see it."""
    ids = {item.message.conversation_id for item in messages if item.message.conversation_id}
    if not ids:
        return {}
    found = await uow.session.execute(
        select(col(Ticket.conversation_id), col(Ticket.number), col(Ticket.subject))
        .where(col(Ticket.conversation_id).in_(ids), visible_to(visit.actor))
        .order_by(col(Ticket.id).desc())
    )
    return {str(conversation): (int(number), str(subject)) for conversation, number, subject in found}


async def _merged_names(uow: UnitOfWork, side: Side) -> dict[str, str]:
    """What the customers joined into this one were called."""
    ids = [done.source_id for done in side.merges]
    if not ids:
        return {}
    rows = await uow.session.scalars(select(Customer).where(col(Customer.id).in_(ids)))
    return {row.id: row.name for row in rows}
