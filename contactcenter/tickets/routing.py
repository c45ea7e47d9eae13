"""Routing: which queue a new ticket waits in."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import Row, select
from sqlmodel import col

from contactcenter.errors import SettingsError
from contactcenter.store.unit_of_work import UnitOfWork
from contactcenter.tickets.automation.records import AnswerPolicy, State
from contactcenter.tickets.automation.ruling import Standing
from contactcenter.tickets.records import Category, Queue

COMPLAINTS = "complaints"
SURE_ENOUGH = 0.5
"""Below this probability the category does not choose the queue; the door's own queue does."""


@dataclass(frozen=True, slots=True)
class RoutingTable:
    """Queues by key, the queue of each category, and the categories the machine may answer.

    ``policies``: how, by category and language, where that was ever set or measured.
    """

    queues: Mapping[str, str]
    category_queues: Mapping[str, str]
    answerable: frozenset[str]
    default: str
    policies: Mapping[tuple[str, str], Standing] = field(default_factory=dict)

    def queue_for(self, *, hint: str, category: str, probability: float, complaint: bool) -> str:
        """Queue id: complaints first, then the category's own queue, then the door's, then the first."""
        if complaint and COMPLAINTS in self.queues:
            return self.queues[COMPLAINTS]
        if probability >= SURE_ENOUGH and category in self.category_queues:
            return self.category_queues[category]
        return self.queues.get(hint, self.default)

    def key_of(self, queue_id: str) -> str:
        """The key of a queue; empty for one that is not there."""
        return next((key for key, known in self.queues.items() if known == queue_id), "")


_CATEGORIES = select(
    col(Category.key),
    col(Category.queue_id),
    col(Category.auto_answer),
    *(
        getattr(AnswerPolicy, name)
        for name in ("language", "state", "threshold", "audit_rate", "shadow_rate", "epoch", "model")
    ),
).outerjoin(AnswerPolicy, col(AnswerPolicy.category) == col(Category.key))


async def routing_table(uow: UnitOfWork) -> RoutingTable:
    """The table as it stands; two small queries, read once a batch."""
    found = await uow.session.execute(select(col(Queue.key), col(Queue.id)).order_by("position"))
    queues = {row[0]: row[1] for row in found}
    if not queues:
        raise SettingsError("there is no queue: run `contactcenter init`")
    rows = (await uow.session.execute(_CATEGORIES)).all()
    return RoutingTable(
        queues=queues,
        category_queues={row.key: row.queue_id for row in rows if row.queue_id},
        answerable=frozenset(row.key for row in rows if row.auto_answer),
        default=queues.get("service") or next(iter(queues.values())),
        policies={(row.key, row.language): _standing(row) for row in rows if row.language is not None},
    )


def _standing(row: Row[Any]) -> Standing:
    return Standing(State(row.state), row.threshold, row.audit_rate, row.shadow_rate, row.epoch, row.model)
