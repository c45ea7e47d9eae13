"""Lists of tickets: keyset pages of light rows, one statement a page whatever its size."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Row,
    Select,
    Subquery,
    and_,
    func,
    literal,
    select,
    tuple_,
    union_all,
)
from sqlmodel import SQLModel

from contactcenter import clock
from contactcenter.customers.records import Customer, CustomerIdentity
from contactcenter.errors import InvalidInput, NotFound
from contactcenter.staff.access import Actor
from contactcenter.staff.records import Agent
from contactcenter.store.pages import Page, decode_cursor, encode_cursor
from contactcenter.store.unit_of_work import UnitOfWork
from contactcenter.tickets.access import visible_to
from contactcenter.tickets.conditions import conditions
from contactcenter.tickets.query import TicketQuery
from contactcenter.tickets.records import Queue, Ticket

__all__ = [
    "COUNT_CAP",
    "MAX_LIMIT",
    "AgentRef",
    "CustomerRef",
    "QueueRef",
    "TicketQuery",
    "TicketRow",
    "count_views",
    "list_tickets",
    "one_row",
    "page_statement",
    "rows_by_number",
    "rows_of_customer",
]

MAX_LIMIT = 200
"""Rows of one page."""
COUNT_CAP = 1000
"""Counts stop here: "999+" is all a view's badge says, and counting a million rows for it would cost a second."""

_tables = SQLModel.metadata.tables
_ticket = _tables[str(Ticket.__tablename__)]
_queue = _tables[str(Queue.__tablename__)]
_agent = _tables[str(Agent.__tablename__)]
_customer = _tables[str(Customer.__tablename__)]
_identity = _tables[str(CustomerIdentity.__tablename__)]


@dataclass(frozen=True, slots=True)
class QueueRef:
    """A queue, as far as a row shows it."""

    id: str
    key: str
    name: str
    name_zh: str


@dataclass(frozen=True, slots=True)
class AgentRef:
    """An agent, as far as a row shows him."""

    id: str
    name: str
    email: str


@dataclass(frozen=True, slots=True)
class CustomerRef:
    """A customer, as far as a row shows him. ``identity`` is his oldest address or number, for want of a name."""

    id: str
    name: str
    identity: str = ""

    @property
    def label(self) -> str:
        """What to call him."""
        return self.name or self.identity


@dataclass(frozen=True, slots=True)
class TicketRow:
    """Everything a list row and the API's ticket show. Times are aware, UTC.

    ``waiting_since``: the customer waits for us since; ``answered_by``: ``""``, ``machine`` or ``agent``;
    ``merged_into``: number of the ticket this one went into, or None.
    """

    id: str
    number: int
    conversation_id: str
    subject: str
    preview: str
    status: str
    priority: str
    queue: QueueRef
    assignee: AgentRef | None
    customer: CustomerRef | None
    category: str
    category_probability: float
    language: str
    sentiment: str
    complaint: bool
    channel: str
    tags: tuple[str, ...]
    unread: bool
    answered_by: str
    messages_count: int
    version: int
    merged_into: int | None
    snoozed_until: datetime | None
    waiting_since: datetime | None
    first_reply_at: datetime | None
    resolved_at: datetime | None
    closed_at: datetime | None
    due_at: datetime | None
    created_at: datetime
    updated_at: datetime

    @property
    def urgency(self) -> str:
        """Another word for the priority."""
        return self.priority


async def list_tickets(
    uow: UnitOfWork, actor: Actor, query: TicketQuery, *, cursor: str = "", limit: int = 50
) -> Page[TicketRow]:
    """A page of the tickets the actor may see, newest change first. One statement; two when queues are named.

    Raises :class:`InvalidInput` for a cursor that is not ours.
    """
    limit = max(1, min(limit, MAX_LIMIT))
    (query,) = await _with_queue_ids(uow, [query])
    wanted = [*conditions(query, actor), *_after(cursor)]
    keys = _keys(query, wanted, limit + 1)
    rows = (await uow.session.execute(_rows(keys))).all()
    items = [_row(row) for row in rows[:limit]]
    more = len(rows) > limit
    last = items[-1] if items else None
    return Page(items, encode_cursor(last.updated_at.isoformat(), last.id) if more and last else None)


async def one_row(uow: UnitOfWork, actor: Actor, number: int) -> TicketRow:
    """The row of one ticket, merged ones too. Raises :class:`NotFound` when it is missing or foreign."""
    found = await rows_by_number(uow, actor, [number])
    if not found:
        raise NotFound(f"there is no ticket {number}")
    return found[0]


async def rows_by_number(uow: UnitOfWork, actor: Actor, numbers: Collection[int]) -> list[TicketRow]:
    """The rows of some tickets, newest change first; those missing or foreign are left out. One statement."""
    wanted = sorted({number for number in numbers if 0 < number < 2**62})[:MAX_LIMIT]
    if not wanted:
        return []
    condition = and_(_ticket.c.number.in_(wanted), visible_to(actor))
    keys = select(_ticket.c.id, _ticket.c.updated_at).where(condition).subquery()
    return [_row(row) for row in await uow.session.execute(_rows(keys))]


async def rows_of_customer(uow: UnitOfWork, actor: Actor, customer_id: str, *, limit: int = 50) -> list[TicketRow]:
    """The customer's tickets the actor may see, youngest first. One statement."""
    if not clock.is_id(customer_id):
        return []
    keys = (
        select(_ticket.c.id, _ticket.c.created_at.label("updated_at"))
        .where(_ticket.c.customer_id == customer_id, _ticket.c.merged_into_id.is_(None), visible_to(actor))
        .order_by(_ticket.c.id.desc())
        .limit(limit)
        .subquery()
    )
    return [_row(row) for row in await uow.session.execute(_rows(keys))]


async def count_views(uow: UnitOfWork, actor: Actor, queries: Sequence[TicketQuery]) -> list[int]:
    """How many tickets each query finds, up to :data:`COUNT_CAP`. One statement for all; two when queues are named."""
    if not queries:
        return []
    counts = []
    for query in await _with_queue_ids(uow, queries):
        found = select(literal(1)).select_from(_ticket).where(*conditions(query, actor)).limit(COUNT_CAP).subquery()
        counts.append(select(func.count()).select_from(found).scalar_subquery())
    row = (await uow.session.execute(select(*counts))).one()
    return [int(count) for count in row]


async def _with_queue_ids(uow: UnitOfWork, queries: Sequence[TicketQuery]) -> list[TicketQuery]:
    """The queries with the ids of their queues: the planner knows how rare an id is, of a key it can only guess."""
    keys = {key for query in queries for key in query.queues}
    if not keys:
        return list(queries)
    rows = await uow.session.execute(select(_queue.c.key, _queue.c.id).where(_queue.c.key.in_(sorted(keys))))
    ids = {row.key: row.id for row in rows}
    return [replace(query, queue_ids=tuple(ids[key] for key in query.queues if key in ids)) for query in queries]


def page_statement(actor: Actor, query: TicketQuery, limit: int = 50) -> Select[Any]:
    """The statement of a first page, for looking at its plan."""
    return _rows(_keys(query, conditions(query, actor), limit + 1))


def _keys(query: TicketQuery, wanted: list[ColumnElement[bool]], limit: int) -> Subquery:
    """Ids of a page's tickets.

    With several states named, each is read from its own end of the ordered index and the few rows merged, so that a
    rare state is not looked for among a million others.
    """
    columns = (_ticket.c.id, _ticket.c.updated_at)
    newest = (_ticket.c.updated_at.desc(), _ticket.c.id.desc())
    if len(query.statuses) < 2:
        return select(*columns).where(*wanted).order_by(*newest).limit(limit).subquery()
    parts = [
        select(*columns).where(_ticket.c.status == status.value, *wanted).order_by(*newest).limit(limit).subquery()
        for status in dict.fromkeys(query.statuses)
    ]
    every = union_all(*(select(part.c.id, part.c.updated_at) for part in parts)).subquery()
    return select(every).order_by(every.c.updated_at.desc(), every.c.id.desc()).limit(limit).subquery()


def _after(cursor: str) -> list[ColumnElement[bool]]:
    if not cursor:
        return []
    moment, last_id = decode_cursor(cursor, 2)
    try:
        updated_at = datetime.fromisoformat(moment)
    except ValueError as error:
        raise InvalidInput("the cursor is not one of ours", field="cursor") from error
    if not clock.is_id(last_id) or updated_at.tzinfo is None:
        raise InvalidInput("the cursor is not one of ours", field="cursor")
    key = tuple_(_ticket.c.updated_at, _ticket.c.id)
    return [key < tuple_(literal(updated_at, _ticket.c.updated_at.type), literal(last_id, _ticket.c.id.type))]


_target = _ticket.alias("target")
_first_identity = (
    select(_identity.c.value)
    .where(_identity.c.customer_id == _customer.c.id)
    .order_by(_identity.c.id)
    .limit(1)
    .scalar_subquery()
)
_OWN = (
    "id", "number", "conversation_id", "subject", "preview", "status", "priority", "category", "category_probability",
    "language", "sentiment", "complaint", "channel", "tags", "unread", "answered_by", "messages_count", "version",
    "snoozed_until", "waiting_since", "first_reply_at", "resolved_at", "closed_at", "due_at", "created_at",
    "updated_at",
)  # fmt: skip


def _rows(keys: Subquery) -> Select[Any]:
    """Rows for the ids found, joined to queue, assignee and customer, in the order of the keys."""
    return (
        select(
            *(_ticket.c[name] for name in _OWN),
            _queue.c.id.label("queue_id"),
            _queue.c.key.label("queue_key"),
            _queue.c.name.label("queue_name"),
            _queue.c.name_zh.label("queue_name_zh"),
            _agent.c.id.label("agent_id"),
            _agent.c.name.label("agent_name"),
            _agent.c.email.label("agent_email"),
            _customer.c.id.label("customer_id"),
            _customer.c.name.label("customer_name"),
            _first_identity.label("customer_identity"),
            _target.c.number.label("merged_into"),
        )
        .select_from(keys)
        .join(_ticket, _ticket.c.id == keys.c.id)
        .join(_queue, _queue.c.id == _ticket.c.queue_id)
        .outerjoin(_agent, _agent.c.id == _ticket.c.assignee_id)
        .outerjoin(_customer, _customer.c.id == _ticket.c.customer_id)
        .outerjoin(_target, _target.c.id == _ticket.c.merged_into_id)
        .order_by(keys.c.updated_at.desc(), keys.c.id.desc())
    )


def _row(row: Row[Any]) -> TicketRow:
    own = {name: getattr(row, name) for name in _OWN}
    own["tags"] = tuple(own["tags"])
    agent = AgentRef(row.agent_id, row.agent_name, row.agent_email) if row.agent_id else None
    customer = None
    if row.customer_id:
        customer = CustomerRef(row.customer_id, row.customer_name, row.customer_identity or "")
    return TicketRow(
        **own,
        queue=QueueRef(row.queue_id, row.queue_key, row.queue_name, row.queue_name_zh),
        assignee=agent,
        customer=customer,
        merged_into=row.merged_into,
    )
