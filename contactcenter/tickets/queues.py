"""Queues, the categories that lead to them, and the live board."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import DateTime, Row, bindparam, delete, func, select, text
from sqlalchemy.dialects.postgresql import insert as pg_insert
from sqlmodel import col

from contactcenter import clock
from contactcenter.errors import Conflict, InvalidInput, NotFound
from contactcenter.events import Event, EventKind
from contactcenter.staff.access import Actor, Role, require
from contactcenter.staff.agents import Availability, presence
from contactcenter.staff.records import Agent
from contactcenter.store.unit_of_work import UnitOfWork
from contactcenter.tickets.records import Category, Queue, QueueMember, Ticket

AT_RISK = timedelta(minutes=30)
"""A ticket due within this time, or already late, is at risk."""


@dataclass(frozen=True, slots=True)
class Tile:
    """A queue on the board. ``waiting``: tickets whose customer waits for us; ``open``: new, open and pending."""

    queue: Queue
    waiting: int
    longest_wait_seconds: int
    open: int
    unassigned: int
    at_risk: int
    complaints: int
    answered_by_machine_today: int
    resolved_today: int


@dataclass(frozen=True, slots=True)
class AgentTile:
    """An agent on the board, with the tickets he holds that are not settled."""

    agent: Agent
    availability: Availability
    open_tickets: int


@dataclass(frozen=True, slots=True)
class Board:
    """How things stand at ``at``. "Today" began at midnight UTC."""

    at: datetime
    tiles: list[Tile]
    agents: list[AgentTile]


async def list_queues(uow: UnitOfWork, actor: Actor | None = None) -> list[Queue]:
    """All queues in their order; with an actor, those he sees."""
    queues = await uow.session.scalars(select(Queue).order_by(col(Queue.position), col(Queue.key)))
    return [queue for queue in queues if actor is None or actor.sees_queue(queue.id)]


async def get_queue(uow: UnitOfWork, key: str) -> Queue:
    """The queue of this key or id. Raises :class:`NotFound`."""
    condition = col(Queue.id) == key if clock.is_id(key) else col(Queue.key) == key.replace("\x00", "")
    queue = await uow.session.scalar(select(Queue).where(condition))
    if queue is None:
        raise NotFound(f"there is no queue {key}")
    return queue


async def ensure_queue(uow: UnitOfWork, key: str, name: str = "", name_zh: str = "") -> Queue:
    """The queue of this key, made when absent (names only then). Raises :class:`InvalidInput` for an empty key."""
    clean = "-".join(key.lower().split())[:60]
    if not clean or not all(part.isalnum() for part in clean.replace("_", "-").split("-") if part):
        raise InvalidInput("a queue's key is a word of letters, digits and hyphens", field="key")
    known = await uow.session.scalar(select(Queue).where(col(Queue.key) == clean))
    if known is not None:
        return known
    position = await uow.session.scalar(select(func.coalesce(func.max(col(Queue.position)), 0) + 1))
    label = name.strip() or clean.replace("-", " ").capitalize()
    made = Queue(key=clean, name=label, name_zh=name_zh.strip() or label, position=position or 1)
    await uow.session.execute(
        pg_insert(Queue).values(**made.model_dump()).on_conflict_do_nothing(index_elements=["key"])
    )
    uow.publish(Event(EventKind.STAFF_CHANGED))
    return await get_queue(uow, clean)


async def update_queue(
    uow: UnitOfWork,
    actor: Actor,
    queue_id: str,
    *,
    name: str | None = None,
    name_zh: str | None = None,
    position: int | None = None,
) -> Queue:
    """Rename or reorder a queue; None leaves a thing as it is. For administrators."""
    require(actor, Role.ADMIN)
    queue = await get_queue(uow, queue_id)
    queue.name = (name or "").strip()[:100] or queue.name
    queue.name_zh = (name_zh or "").strip()[:100] or queue.name_zh
    if position is not None:
        queue.position = position
    await uow.session.flush()
    uow.publish(Event(EventKind.STAFF_CHANGED))
    return queue


async def delete_queue(uow: UnitOfWork, actor: Actor, queue_id: str) -> None:
    """Remove a queue that no ticket was ever in. For administrators. Raises :class:`Conflict` otherwise."""
    require(actor, Role.ADMIN)
    queue = await get_queue(uow, queue_id)
    used = await uow.session.scalar(select(col(Ticket.id)).where(col(Ticket.queue_id) == queue.id).limit(1))
    led = await uow.session.scalar(select(col(Category.key)).where(col(Category.queue_id) == queue.id).limit(1))
    if used is not None or led is not None:
        raise Conflict("the queue is in use")
    await uow.session.delete(queue)
    await uow.session.flush()
    uow.publish(Event(EventKind.STAFF_CHANGED))


async def set_members(uow: UnitOfWork, actor: Actor, queue_id: str, agent_ids: Collection[str]) -> None:
    """Exactly these agents work the queue from now on. For administrators. Raises :class:`InvalidInput`.

    Disabled agents keep their place whoever is named: nobody is asked about them, and they may come back.
    """
    require(actor, Role.ADMIN)
    queue = await get_queue(uow, queue_id)
    wanted = sorted(set(agent_ids))
    known: list[str] = []
    if wanted and all(map(clock.is_id, wanted)):
        known = list(await uow.session.scalars(select(col(Agent.id)).where(col(Agent.id).in_(wanted))))
    if len(known) != len(wanted):
        raise InvalidInput("there is no such agent", field="agents")
    active = select(col(Agent.id)).where(col(Agent.active))
    await uow.session.execute(
        delete(QueueMember).where(col(QueueMember.queue_id) == queue.id, col(QueueMember.agent_id).in_(active))
    )
    if wanted:
        rows = [{"queue_id": queue.id, "agent_id": agent_id} for agent_id in wanted]
        await uow.session.execute(pg_insert(QueueMember).values(rows).on_conflict_do_nothing())
    uow.publish(Event(EventKind.STAFF_CHANGED))


async def members(uow: UnitOfWork) -> dict[str, list[Agent]]:
    """Queue id → the active agents who work it, by name."""
    rows = await uow.session.execute(
        select(col(QueueMember.queue_id), Agent)
        .join(Agent, col(Agent.id) == col(QueueMember.agent_id))
        .where(col(Agent.active))
        .order_by(col(Agent.name))
    )
    found: dict[str, list[Agent]] = {}
    for queue_id, agent in rows:
        found.setdefault(queue_id, []).append(agent)
    return found


async def list_categories(uow: UnitOfWork) -> list[Category]:
    """The topics triage knows, by name."""
    return list(await uow.session.scalars(select(Category).order_by(col(Category.name))))


async def category_queues(uow: UnitOfWork) -> dict[str, str | None]:
    """Category key → id of the queue it goes to (None: the one the message's door names)."""
    rows = await uow.session.execute(select(col(Category.key), col(Category.queue_id)))
    return {key: queue_id for key, queue_id in rows}  # noqa: C416 - a row is no tuple to mypy


async def set_category_queue(
    uow: UnitOfWork, actor: Actor, key: str, queue_id: str | None, *, auto_answer: bool | None = None
) -> Category:
    """Say where a category goes (None: where the message came in), and whether the machine may answer it.

    For administrators. Raises :class:`NotFound` for an unknown category or queue.
    """
    require(actor, Role.ADMIN)
    category = await uow.session.get(Category, key)
    if category is None:
        raise NotFound(f"there is no category {key}")
    category.queue_id = None if queue_id is None else (await get_queue(uow, queue_id)).id
    if auto_answer is not None:
        category.auto_answer = auto_answer
    await uow.session.flush()
    uow.publish(Event(EventKind.STAFF_CHANGED))
    return category


_TILES = text(
    """
    WITH live AS (
        SELECT queue_id, count(*) AS open,
            count(*) FILTER (WHERE waiting_since IS NOT NULL AND status IN ('new', 'open')) AS waiting,
            min(waiting_since) FILTER (WHERE status IN ('new', 'open')) AS waits_since,
            count(*) FILTER (WHERE assignee_id IS NULL) AS unassigned,
            count(*) FILTER (WHERE due_at < :risk AND status IN ('new', 'open')) AS at_risk,
            count(*) FILTER (WHERE complaint) AS complaints
        FROM ticket WHERE status IN ('new', 'open', 'pending') AND merged_into_id IS NULL GROUP BY queue_id
    ), today AS (
        SELECT queue_id, count(*) AS resolved, count(*) FILTER (WHERE answered_by = 'machine') AS by_machine
        FROM ticket
        WHERE status IN ('resolved', 'closed') AND updated_at >= :midnight AND resolved_at >= :midnight
            AND merged_into_id IS NULL
        GROUP BY queue_id
    )
    SELECT q.id::text AS queue_id, coalesce(live.open, 0) AS open, coalesce(live.waiting, 0) AS waiting,
        live.waits_since, coalesce(live.unassigned, 0) AS unassigned, coalesce(live.at_risk, 0) AS at_risk,
        coalesce(live.complaints, 0) AS complaints, coalesce(today.resolved, 0) AS resolved,
        coalesce(today.by_machine, 0) AS by_machine
    FROM queue q LEFT JOIN live ON live.queue_id = q.id LEFT JOIN today ON today.queue_id = q.id
    """
).bindparams(bindparam("risk", type_=DateTime(timezone=True)), bindparam("midnight", type_=DateTime(timezone=True)))

_HELD = (
    select(func.count())
    .select_from(Ticket)
    .where(
        col(Ticket.assignee_id) == col(Agent.id),
        col(Ticket.status).in_(["new", "open", "pending"]),
        col(Ticket.merged_into_id).is_(None),
    )
    .correlate(Agent)
    .scalar_subquery()
)


async def board(uow: UnitOfWork, actor: Actor) -> Board:
    """How the queues the actor sees stand, and who is there. Three statements."""
    now = clock.now()
    queues = {queue.id: queue for queue in await list_queues(uow, actor)}
    midnight = now.replace(hour=0, minute=0, second=0, microsecond=0)
    rows = (await uow.session.execute(_TILES, {"risk": now + AT_RISK, "midnight": midnight})).all()
    figures = {row.queue_id: row for row in rows}
    tiles = [_tile(queue, figures[queue_id], now) for queue_id, queue in queues.items() if queue_id in figures]
    people = await uow.session.execute(select(Agent, _HELD).where(col(Agent.active)).order_by(col(Agent.name)))
    agents = [AgentTile(agent, presence(agent), held) for agent, held in people]
    return Board(now, tiles, agents)


def _tile(queue: Queue, row: Row[Any], now: datetime) -> Tile:
    wait = int((now - row.waits_since).total_seconds()) if row.waits_since else 0
    return Tile(
        queue=queue,
        waiting=row.waiting,
        longest_wait_seconds=max(0, wait),
        open=row.open,
        unassigned=row.unassigned,
        at_risk=row.at_risk,
        complaints=row.complaints,
        answered_by_machine_today=row.by_machine,
        resolved_today=row.resolved,
    )
