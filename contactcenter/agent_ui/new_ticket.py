"""Writing to a customer first, and writing down a call, a visit, a letter or a fax."""

from __future__ import annotations

from typing import Any

from aiohttp import web

from contactcenter import clock
from contactcenter.agent_ui.composer import UNDO_SECONDS, addresses, chosen_signature, uploaded
from contactcenter.agent_ui.ticket_list import list_pane, place_of, row_values
from contactcenter.agent_ui.visit import Doors, Visit, get, post
from contactcenter.customers.identity import identities_of, parse
from contactcenter.envelope import Channel, Identity, InboundMessage
from contactcenter.errors import ContactCenterError, InvalidInput
from contactcenter.staff.access import access_customer
from contactcenter.store.unit_of_work import UnitOfWork
from contactcenter.tickets import desk
from contactcenter.tickets.access import access_ticket
from contactcenter.tickets.counterpart import CHANNEL_OF
from contactcenter.tickets.queues import list_queues

LOGGED = (Channel.PHONE, Channel.VISIT, Channel.LETTER, Channel.FAX)
"""Contacts an agent writes down."""


def doors() -> Doors:
    """The page and its two forms."""
    return (
        get("/tickets/new", page),
        post("/tickets/new", send),
        post("/tickets/log", log),
    )


async def page(visit: Visit) -> web.StreamResponse:
    """Both forms; ``customer`` fills in whom it is about, ``kind=log`` opens the second."""
    return await _page(visit, {"kind": visit.query.get("kind", "send"), "ticket": visit.query.get("ticket", "")})


async def send(visit: Visit) -> web.StreamResponse:
    """Write to a customer: a ticket of the writer's, and the message, with time to undo."""
    try:
        identity = _identity(visit)
        files = await uploaded(visit)
        async with visit.store.transaction() as uow:
            ticket = await desk.compose(
                uow,
                visit.actor,
                identity=identity,
                subject=visit.text("subject"),
                text=visit.text("text"),
                channel=CHANNEL_OF.get(identity.kind, Channel.EMAIL),
                queue_id=visit.text("queue"),
                cc=addresses(visit.text("cc")),
                files=files,
                delay_seconds=UNDO_SECONDS,
                signature=chosen_signature(visit),
            )
    except ContactCenterError as error:
        return await _page(visit, _written(visit, "send"), error)
    return visit.go(f"/tickets/{ticket.number}?view=mine")


async def log(visit: Visit) -> web.StreamResponse:
    """Write down a contact. It goes the way of every message: recognised, understood, made a ticket."""
    try:
        channel = Channel(visit.text("channel"))
        if channel not in LOGGED:
            raise InvalidInput(visit.gettext("Choose how the customer came"), field="channel")
        if not visit.text("text").strip():
            raise InvalidInput(visit.gettext("Write down what was said"), field="text")
        identity = _identity(visit)
        queue = await _queue_key(visit)
        conversation = await _conversation(visit)
    except (ContactCenterError, ValueError) as error:
        fault = error if isinstance(error, ContactCenterError) else InvalidInput("there is no such channel")
        return await _page(visit, _written(visit, "log"), fault)
    await visit.room.inbox.accept(
        InboundMessage(
            channel=channel,
            ingest_key=visit.text("key") or clock.new_id(),
            sender=identity,
            text=visit.text("text").strip(),
            subject=visit.text("subject").strip(),
            queue=queue,
            may_answer=False,
            authenticated=True,
            logged_by=visit.actor.agent_id,
            envelope={"conversation": conversation} if conversation else {},
        )
    )
    number = visit.text("ticket")
    return visit.go(f"/tickets/{number}" if conversation else "/inbox?view=open")


def _identity(visit: Visit) -> Identity:
    """Whom it is about: ``to`` is a mail address or a phone number. Raises :class:`InvalidInput`."""
    written = visit.text("to").strip()
    if not written:
        raise InvalidInput(visit.gettext("Give an e-mail address or a phone number"), field="to")
    if written.startswith(("chat:", "external:")):
        return parse(written, visit.text("name"))
    return parse(f"{'email' if '@' in written else 'phone'}:{written}", visit.text("name"))


async def _conversation(visit: Visit) -> str:
    """The conversation of the ticket it belongs to (``ticket``: its number); empty when it is a matter of its own."""
    number = visit.text("ticket")
    if not number.isdecimal():
        return ""
    async with visit.store.read() as uow:
        return (await access_ticket(uow, visit.actor, int(number[:18]))).conversation_id


async def _queue_key(visit: Visit) -> str:
    """The key of the chosen queue; empty lets the category decide."""
    wanted = visit.text("queue")
    if not wanted:
        return ""
    async with visit.store.read() as uow:
        return next((queue.key for queue in await list_queues(uow, visit.actor) if queue.id == wanted), "")


def _written(visit: Visit, kind: str) -> dict[str, str]:
    names = ("to", "name", "subject", "text", "cc", "queue", "channel", "ticket", "signature")
    return {"kind": kind, **{name: visit.text(name) for name in names}}


async def _page(visit: Visit, written: dict[str, str], error: ContactCenterError | None = None) -> web.Response:
    async with visit.store.read() as uow:
        values: dict[str, Any] = row_values(await list_pane(uow, visit.actor, place_of(visit)), page=None)
        queues = await list_queues(uow, visit.actor)
        if not written.get("to") and (customer_id := visit.query.get("customer", "")):
            written = {**written, **await _about(uow, visit, customer_id)}
    faults = {getattr(error, "field", None) or "text": visit.gettext(str(error))} if error is not None else {}
    status = error.status if error is not None else 200
    return visit.page(
        "new_ticket.html",
        status=status,
        queues=queues,
        written=written,
        faults=faults,
        channels=LOGGED,
        key=clock.new_id(),
        **values,
    )


async def _about(uow: UnitOfWork, visit: Visit, customer_id: str) -> dict[str, str]:
    """A known customer's name and best address."""
    customer = await access_customer(uow, visit.actor, customer_id)
    known = [row for row in await identities_of(uow, customer.id) if row.kind in {"email", "phone"}]
    known.sort(key=lambda row: (row.undeliverable_at is not None, row.kind))
    return {"name": customer.name, "to": known[0].value if known else ""}
