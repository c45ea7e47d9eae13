"""What the pipeline does to tickets: opens one, or notes that the customer wrote again. One statement each."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import bindparam, insert, select, text
from sqlalchemy.orm import make_transient_to_detached
from sqlalchemy.orm.attributes import set_committed_value
from sqlmodel import SQLModel

from contactcenter import clock
from contactcenter.conversations.records import Conversation
from contactcenter.events import EventKind
from contactcenter.staff.access import MACHINE, Actor
from contactcenter.store.unit_of_work import UnitOfWork
from contactcenter.tickets.changes import Happening, changed
from contactcenter.tickets.records import Priority, Ticket, TicketEvent, TicketStatus
from contactcenter.triage.masking import mask

PREVIEW = 200
"""Characters of a message that a list shows."""

_MASKED_FROM = 20 * PREVIEW
"""Characters that are masked before they are cut: no list shows half a number that would be masked whole."""

_ticket = SQLModel.metadata.tables[str(Ticket.__tablename__)]
_event = SQLModel.metadata.tables[str(TicketEvent.__tablename__)]

_GIVEN = [name for name in _ticket.c.keys() if name != "number"]  # noqa: SIM118 - a column collection, not a dict
_opened = (
    insert(_ticket)
    .values({name: bindparam(name, type_=_ticket.c[name].type) for name in _GIVEN})
    .returning(_ticket.c.id, _ticket.c.number)
    .cte("opened")
)
_OPEN = (
    insert(_event)
    .from_select(
        ["id", "ticket_id", "agent_id", "kind", "data", "at"],
        select(
            bindparam("event_id", type_=_event.c.id.type),
            _opened.c.id,
            bindparam("event_agent", type_=_event.c.agent_id.type),
            bindparam("event_kind", Happening.OPENED.value, type_=_event.c.kind.type),
            bindparam("event_data", type_=_event.c.data.type),
            bindparam("created_at", type_=_event.c.at.type),
        ),
    )
    .returning(select(_opened.c.number).scalar_subquery())
)


async def open_ticket(
    uow: UnitOfWork,
    *,
    conversation: Conversation,
    customer_id: str | None,
    subject: str,
    preview: str,
    queue_id: str,
    category: str = "",
    category_probability: float = 0.0,
    language: str = "",
    sentiment: str = "",
    complaint: bool = False,
    priority: str = Priority.NORMAL,
    channel: str,
    status: str = TicketStatus.NEW,
    answered_by: str = "",
    related: Sequence[str] = (),
    messages_count: int = 1,
    assignee_id: str | None = None,
    tags: Sequence[str] = (),
    actor: Actor = MACHINE,
    at: datetime | None = None,
) -> Ticket:
    """Open a ticket for a conversation that has none. One statement writes it and its first event.

    ``status`` and ``answered_by`` say what became of it at once: resolved by the machine, pending for the customer's
    answer to an agent, or new. ``messages_count`` counts what was said so far, notes left out. ``related`` are ids of
    tickets it may belong to. ``at`` is when the conversation began, now by default. The ticket is attached to the
    session. Publishes ``ticket.created``.
    """
    if uow.session.new:  # the conversation may not be written yet, and core statements do not flush
        await uow.session.flush()
    now = at or clock.now()
    waits = status in {TicketStatus.NEW, TicketStatus.OPEN} and not answered_by
    ticket = Ticket(
        conversation_id=conversation.id,
        customer_id=customer_id,
        subject=one_line(subject),
        preview=one_line(preview),
        status=str(status),
        priority=str(priority),
        queue_id=queue_id,
        assignee_id=assignee_id,
        category=category,
        category_probability=category_probability,
        language=language,
        sentiment=sentiment,
        complaint=complaint,
        channel=str(channel),
        unread=not answered_by and status != TicketStatus.CLOSED,
        answered_by=answered_by,
        messages_count=messages_count,
        related=list(related),
        tags=list(tags),
        waiting_since=now if waits else None,
        first_reply_at=now if answered_by else None,
        resolved_at=now if status in {TicketStatus.RESOLVED, TicketStatus.CLOSED} else None,
        closed_at=now if status == TicketStatus.CLOSED else None,
        created_at=now,
        updated_at=now,
    )
    parameters: dict[str, Any] = {name: getattr(ticket, name) for name in _GIVEN}
    parameters["event_id"] = clock.new_id()
    parameters["event_agent"] = actor.agent_id
    parameters["event_data"] = {"status": ticket.status, "queue": queue_id, "answered_by": answered_by}
    ticket.number = (await uow.session.execute(_OPEN, parameters)).scalar_one()
    make_transient_to_detached(ticket)
    uow.session.add(ticket)
    uow.publish(changed(ticket, EventKind.TICKET_CREATED))
    return ticket


_WROTE = text(
    """
    WITH before AS (SELECT id, status AS was FROM ticket WHERE id = :id FOR UPDATE),
    after AS (
        UPDATE ticket SET
            status = CASE WHEN was = 'new' THEN 'new' ELSE 'open' END,
            preview = :preview, unread = true, messages_count = messages_count + 1, version = version + 1,
            waiting_since = coalesce(waiting_since, :now), snoozed_until = NULL, resolved_at = NULL, closed_at = NULL,
            updated_at = :now
        FROM before WHERE ticket.id = before.id
        RETURNING was, status, preview, unread, messages_count, version, waiting_since, snoozed_until, resolved_at,
            closed_at, updated_at, queue_id::text, assignee_id::text
    ),
    told AS (
        INSERT INTO ticket_event (id, ticket_id, agent_id, kind, data, at)
        SELECT :event, :id, '', 'reopened', jsonb_build_object('was', was), :now
        FROM after WHERE was IN ('resolved', 'closed')
    )
    SELECT * FROM after
    """
).bindparams(
    bindparam("id", type_=_ticket.c.id.type),
    bindparam("event", type_=_event.c.id.type),
    bindparam("now", type_=_ticket.c.updated_at.type),
)


async def customer_wrote(uow: UnitOfWork, ticket: Ticket, preview: str) -> Ticket:
    """The customer wrote again: what was pending, resolved or closed opens, a snooze ends, the wait begins.

    One statement, right against whatever an agent does at the same moment; ``ticket`` is brought up to date.
    """
    if uow.session.dirty:
        await uow.session.flush()
    parameters = {"id": ticket.id, "preview": one_line(preview), "now": clock.now(), "event": clock.new_id()}
    row = (await uow.session.execute(_WROTE, parameters)).mappings().one()
    for name, value in row.items():
        if name != "was":
            set_committed_value(ticket, name, value)
    uow.publish(changed(ticket))
    return ticket


_COUNT = text("UPDATE ticket SET messages_count = messages_count + :more WHERE id = :id").bindparams(
    bindparam("id", type_=_ticket.c.id.type)
)


async def count_messages(uow: UnitOfWork, ticket: Ticket, more: int = 1) -> None:
    """Count messages that change nothing else: a receipt, a bounce."""
    await uow.session.execute(_COUNT, {"id": ticket.id, "more": more})
    set_committed_value(ticket, "messages_count", ticket.messages_count + more)


async def tickets_of(uow: UnitOfWork, conversation_ids: Collection[str]) -> dict[str, Ticket]:
    """The tickets that work on these conversations, by conversation id."""
    if not conversation_ids:
        return {}
    query = (
        select(Ticket).where(_ticket.c.conversation_id.in_(list(conversation_ids))).order_by(_ticket.c.number.desc())
    )
    return {ticket.conversation_id: ticket for ticket in await uow.session.scalars(query)}


async def conversations_of(uow: UnitOfWork, numbers: Collection[int]) -> dict[int, str]:
    """The conversations of tickets, by their numbers."""
    rows = await uow.session.execute(
        select(_ticket.c.number, _ticket.c.conversation_id).where(_ticket.c.number.in_(list(numbers)))
    )
    return {row.number: row.conversation_id for row in rows}


async def relate(uow: UnitOfWork, conversation_ids: Sequence[str]) -> list[str]:
    """Ids of the tickets that work on these conversations: for ``related``."""
    if not conversation_ids:
        return []
    wanted = _ticket.c.conversation_id.in_(list(conversation_ids)[:20])
    return list(await uow.session.scalars(select(_ticket.c.id).where(wanted).limit(20)))


def one_line(written: str) -> str:
    """The text as one line for a list: no line breaks, no control characters, cut at :data:`PREVIEW`.

    Card and identity numbers are masked.
    """
    return mask(" ".join(written[:_MASKED_FROM].replace("\x00", " ").split()))[:PREVIEW]
