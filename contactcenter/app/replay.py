"""Replay: what the tickets of the last weeks would have become under another model, before it is switched on."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any, Protocol

from sqlalchemy import Row, select
from sqlmodel import col

from contactcenter import clock
from contactcenter.conversations.records import Message
from contactcenter.store.store import Store
from contactcenter.store.unit_of_work import UnitOfWork
from contactcenter.tickets.feedback import labelled_of, machine_said
from contactcenter.tickets.openings import opening_of
from contactcenter.tickets.records import Ticket
from contactcenter.tickets.routing import RoutingTable, routing_table
from contactcenter.triage.assessment import Assessment, TriageInput

MOST_TICKETS = 20_000
"""The newest so many are replayed."""
SHOWN = 100
_PAGE = 256


class Assess(Protocol):
    """Who assesses: a model at work or a candidate."""

    def assess(self, items: Sequence[TriageInput]) -> list[Assessment]:
        """One assessment for each message, in order."""
        ...


@dataclass(frozen=True, slots=True)
class Moved:
    """A ticket that would be sorted elsewhere. Queues by key; ``corrected``: the category people say is right."""

    ticket: int
    category: str
    would_be: str
    queue: str
    would_go: str
    probability: float
    corrected: str

    def to_json(self) -> dict[str, Any]:
        """The values by name."""
        return {
            "ticket": self.ticket,
            "category": self.category,
            "would_be": self.would_be,
            "queue": self.queue,
            "would_go": self.would_go,
            "probability": self.probability,
            "corrected": self.corrected,
        }


@dataclass(slots=True)
class Replay:
    """What became of the tickets then against what they would become.

    ``corrected`` counts tickets whose category people set right or confirmed, ``agreed`` those of them that the other
    model sorts as they say, and ``agreed_before`` those that were sorted so then.
    """

    days: int
    tickets: int = 0
    other_category: int = 0
    other_queue: int = 0
    complaints_found: int = 0
    complaints_missed: int = 0
    corrected: int = 0
    agreed: int = 0
    agreed_before: int = 0
    uncorrected_moved: int = 0
    ways: Counter[tuple[str, str]] = field(default_factory=Counter)
    moved: list[Moved] = field(default_factory=list)

    @property
    def moved_share(self) -> float:
        """Of the tickets that nobody corrected, the share that would get another category."""
        uncorrected = self.tickets - self.corrected
        return self.uncorrected_moved / uncorrected if uncorrected else 0.0

    def to_json(self) -> dict[str, Any]:
        """The figures as plain JSON values; ``ways`` names the commonest changes of category."""
        ways = [{"category": a, "would_be": b, "tickets": count} for (a, b), count in self.ways.most_common(20)]
        return {
            "days": self.days,
            "tickets": self.tickets,
            "other_category": self.other_category,
            "other_queue": self.other_queue,
            "complaints_found": self.complaints_found,
            "complaints_missed": self.complaints_missed,
            "corrected": self.corrected,
            "agreed": self.agreed,
            "agreed_before": self.agreed_before,
            "moved_share": round(self.moved_share, 4),
            "ways": ways,
            "moved": [one.to_json() for one in self.moved],
        }


async def replay(store: Store, model: Assess, days: int) -> Replay:
    """Assess anew what opened the tickets of the last ``days`` days; where they would go follows today's routing.

    Each is compared with what was said of it then. Nothing is changed. Three statements for 256 tickets.
    """
    found = Replay(days)
    async with store.read() as uow:
        table = await routing_table(uow)
        async for rows in _openings(uow, days):
            items = [TriageInput(row.visible_text or row.text, row.subject, row.received_at) for row in rows]
            said = await asyncio.to_thread(model.assess, items)
            held = await labelled_of(uow, [row.id for row in rows])
            for row, assessment in zip(rows, said, strict=True):
                _compare(found, table, row, assessment, held.get(row.id, ""))
    return found


def _compare(found: Replay, table: RoutingTable, row: Row[Any], now: Assessment, corrected: str) -> None:
    then = row.assessment
    was, label = machine_said(then, "category"), now.category.label
    complained = machine_said(then, "complaint") == "yes"
    hint = str((row.envelope or {}).get("queue", ""))
    before = table.queue_for(
        hint=hint,
        category=was,
        probability=float((then.get("category") or {}).get("probability", 0.0)),
        complaint=complained,
    )
    after = table.queue_for(
        hint=hint, category=label, probability=now.category.probability, complaint=now.complaint.is_complaint
    )
    found.tickets += 1
    found.complaints_found += now.complaint.is_complaint and not complained
    found.complaints_missed += complained and not now.complaint.is_complaint
    if corrected:
        found.corrected += 1
        found.agreed += label == corrected
        found.agreed_before += was == corrected
    if label != was:
        found.other_category += 1
        found.ways[was, label] += 1
        found.uncorrected_moved += not corrected
    found.other_queue += before != after
    if (label != was or before != after) and len(found.moved) < SHOWN:
        found.moved.append(
            Moved(
                row.number, was, label, table.key_of(before), table.key_of(after), now.category.probability, corrected
            )
        )


async def _openings(uow: UnitOfWork, days: int) -> AsyncIterator[Sequence[Row[Any]]]:
    """The messages that tickets were sorted by, the newest tickets first, in pages."""
    since = clock.id_at(clock.now() - timedelta(days=days))
    before: str | None = None
    for _ in range(0, MOST_TICKETS, _PAGE):
        conditions = [col(Ticket.id) >= since, *([col(Ticket.id) < before] if before else [])]
        page = select(col(Ticket.id)).where(*conditions).order_by(col(Ticket.id).desc()).limit(_PAGE)
        tickets = list(await uow.session.scalars(page))
        if not tickets:
            return
        before = tickets[-1]
        yield (await uow.session.execute(_first_assessed(tickets))).all()


def _first_assessed(tickets: Sequence[str]) -> Any:
    return (
        select(
            col(Message.id),
            col(Ticket.number),
            col(Message.subject),
            col(Message.visible_text),
            col(Message.text),
            col(Message.received_at),
            col(Message.assessment),
            col(Message.envelope),
        )
        .select_from(Ticket)
        .join(Message, col(Message.id) == opening_of(col(Ticket.conversation_id)))
        .where(col(Ticket.id).in_(tickets))
        .order_by(col(Ticket.id).desc())
    )
