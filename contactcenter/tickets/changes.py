"""How a ticket changes: lock, check, write the event, raise the version, tell who listens.

Every command of the desk begins with :func:`begin` and ends with :func:`finish`.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Any

from sqlalchemy import insert

from contactcenter import clock
from contactcenter.errors import Conflict
from contactcenter.events import Event, EventKind
from contactcenter.staff.access import Actor
from contactcenter.store.unit_of_work import UnitOfWork
from contactcenter.tickets.records import Ticket, TicketEvent


class Happening(StrEnum):
    """Kinds of ticket events, with what their ``data`` holds."""

    OPENED = "opened"  # status, queue, answered_by
    REOPENED = "reopened"  # was; by the customer when agent_id is empty
    ASSIGNED = "assigned"  # was, now: agent ids or null
    RESOLVED = "resolved"  # was
    PENDING = "pending"  # was
    CLOSED = "closed"  # was
    PRIORITY = "priority"  # was, now
    TAGS = "tags"  # added, removed
    MOVED = "moved"  # was, now: queue ids
    CATEGORY = "category"  # was, now
    COMPLAINT = "complaint"  # now
    SNOOZED = "snoozed"  # until, or null when woken
    REPLIED = "replied"  # message, status, before (what an undo restores)
    TAKEN_BACK = "taken-back"  # message
    NOTED = "noted"  # message
    FORWARDED = "forwarded"  # message, to
    DELAYED = "delayed"  # message, address, said
    UNDELIVERED = "undelivered"  # was, message, address, code, said
    UNMASKED = "unmasked"  # message, now: the reason
    BLOCKED = "blocked"  # now: the address or domain that is blocked
    MERGED = "merged"  # into, or from: ticket numbers; messages


async def begin(uow: UnitOfWork, ticket: Ticket, expected_version: int | None = None) -> None:
    """Lock the ticket's row and read it anew; nobody else changes it until this transaction ends.

    Raises :class:`Conflict` when ``expected_version`` is given and not the present one, or the ticket was merged.
    """
    await uow.session.refresh(ticket, with_for_update=True)
    if ticket.merged_into_id is not None:
        raise Conflict(f"ticket {ticket.number} was merged into another")
    if expected_version is not None and ticket.version != expected_version:
        raise Conflict(f"ticket {ticket.number} has changed since you last saw it")


async def finish(uow: UnitOfWork, actor: Actor, ticket: Ticket, kind: Happening, **data: Any) -> None:
    """Note what happened and who did it, raise the version, publish."""
    ticket.version += 1
    ticket.updated_at = clock.now()
    await uow.session.flush()
    event = {
        "id": clock.new_id(),
        "ticket_id": ticket.id,
        "agent_id": actor.agent_id,
        "kind": kind.value,
        "data": data,
        "at": ticket.updated_at,
    }
    await uow.session.execute(insert(TicketEvent), [event])
    uow.publish(changed(ticket))


def changed(ticket: Ticket, kind: EventKind = EventKind.TICKET_CHANGED) -> Event:
    """The hint that a ticket is worth another look."""
    return Event(
        kind,
        id=ticket.id,
        ticket=ticket.number,
        queue=ticket.queue_id,
        customer=ticket.customer_id or "",
        conversation=ticket.conversation_id,
        agent=ticket.assignee_id or "",
    )
