"""What the ticket page and the customer pane show besides messages: the customer's work, the ticket's events."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import select
from sqlmodel import col

from contactcenter import clock
from contactcenter.staff.access import Actor
from contactcenter.staff.records import Agent
from contactcenter.store.unit_of_work import UnitOfWork
from contactcenter.tickets.listing import TicketRow, rows_of_customer
from contactcenter.tickets.records import Queue, Ticket, TicketEvent, TicketStatus

_SETTLED = {TicketStatus.RESOLVED.value, TicketStatus.CLOSED.value}


@dataclass(frozen=True, slots=True)
class CustomerWork:
    """A customer's tickets the actor may see, youngest first."""

    open: list[TicketRow]
    settled: list[TicketRow]


@dataclass(frozen=True, slots=True)
class EventLine:
    """A ticket event as it is shown.

    ``agent`` is empty for the machine; ``names`` are the agents and queues that ``event.data`` speaks of, by id.
    """

    event: TicketEvent
    agent: str
    names: dict[str, str]


async def customer_work(uow: UnitOfWork, actor: Actor, customer_id: str, *, limit: int = 50) -> CustomerWork:
    """The customer's open and latest settled tickets. One statement."""
    rows = await rows_of_customer(uow, actor, customer_id, limit=limit)
    return CustomerWork(
        open=[row for row in rows if row.status not in _SETTLED],
        settled=[row for row in rows if row.status in _SETTLED],
    )


async def list_events(uow: UnitOfWork, ticket: Ticket, *, limit: int = 500) -> list[EventLine]:
    """What happened to a ticket, oldest first. Three statements."""
    newest = await uow.session.scalars(
        select(TicketEvent)
        .where(col(TicketEvent.ticket_id) == ticket.id)
        .order_by(col(TicketEvent.id).desc())
        .limit(limit)
    )
    events = list(newest)[::-1]
    names = await _names(uow, events)
    return [EventLine(event, names.get(event.agent_id, ""), _spoken_of(event, names)) for event in events]


def _ids(event: TicketEvent) -> list[str]:
    """Ids of agents and queues in an event's data."""
    found = (event.data.get(key) for key in ("was", "now", "queue"))
    return [value for value in found if isinstance(value, str) and clock.is_id(value)]


def _spoken_of(event: TicketEvent, names: dict[str, str]) -> dict[str, str]:
    return {value: names[value] for value in _ids(event) if value in names}


async def _names(uow: UnitOfWork, events: Sequence[TicketEvent]) -> dict[str, str]:
    ids = {value for event in events for value in (*_ids(event), event.agent_id) if value}
    if not ids:
        return {}
    agents = await uow.session.execute(select(col(Agent.id), col(Agent.name)).where(col(Agent.id).in_(ids)))
    queues = await uow.session.execute(select(col(Queue.id), col(Queue.name)).where(col(Queue.id).in_(ids)))
    return {str(row[0]): str(row[1]) for row in (*agents, *queues)}
