"""Routing: which queue a new ticket waits in."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from sqlalchemy import select
from sqlmodel import col

from contactcenter.errors import SettingsError
from contactcenter.store.unit_of_work import UnitOfWork
from contactcenter.tickets.records import Category, Queue

COMPLAINTS = "complaints"
SURE_ENOUGH = 0.5
"""Below this probability the category does not choose the queue; the door's own queue does."""


@dataclass(frozen=True, slots=True)
class RoutingTable:
    """Queues by key, the queue of each category, and the categories the machine may answer."""

    queues: Mapping[str, str]
    category_queues: Mapping[str, str]
    answerable: frozenset[str]
    default: str

    def queue_for(self, *, hint: str, category: str, probability: float, complaint: bool) -> str:
        """Queue id: complaints first, then the category's own queue, then the door's, then the first."""
        if complaint and COMPLAINTS in self.queues:
            return self.queues[COMPLAINTS]
        if probability >= SURE_ENOUGH and category in self.category_queues:
            return self.category_queues[category]
        return self.queues.get(hint, self.default)


async def routing_table(uow: UnitOfWork) -> RoutingTable:
    """The table as it stands; two small queries, read once a batch."""
    rows = await uow.session.execute(select(col(Queue.key), col(Queue.id)).order_by("position"))
    queues = {row[0]: row[1] for row in rows}
    if not queues:
        raise SettingsError("there is no queue: run `contactcenter init`")
    categories = list(await uow.session.scalars(select(Category)))
    return RoutingTable(
        queues=queues,
        category_queues={row.key: row.queue_id for row in categories if row.queue_id},
        answerable=frozenset(row.key for row in categories if row.auto_answer),
        default=queues.get("service") or next(iter(queues.values())),
    )
