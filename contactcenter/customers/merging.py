"""Two customers turn out to be one person; and the way back."""

from __future__ import annotations

from typing import Any

from sqlalchemy import ARRAY, TextClause, Uuid, bindparam, select, text
from sqlmodel import col

from contactcenter import clock
from contactcenter.customers.records import Customer, CustomerMerge
from contactcenter.errors import Conflict, InvalidInput, NotFound
from contactcenter.events import Event, EventKind
from contactcenter.store.unit_of_work import UnitOfWork

CUSTOMER_COLUMNS: list[tuple[str, str]] = [
    ("customer_identity", "customer_id"),
    ("business_record", "customer_id"),
    ("message", "customer_id"),
    ("conversation", "customer_id"),
    ("ticket", "customer_id"),
]
"""Table and column of everything that belongs to a customer, each with a primary key ``id``. Rooms above are known by
the names of their tables alone; a test holds the list against the schema's foreign keys."""

_UUID = Uuid(as_uuid=False)


async def preview(uow: UnitOfWork, source_id: str) -> dict[str, int]:
    """How much a merge of this customer would move: table → rows. One statement. Raises :class:`NotFound`."""
    if not clock.is_id(source_id):
        raise NotFound("there is no such customer")
    counts = (f"(SELECT count(*) FROM {table} WHERE {column} = :id) AS {table}" for table, column in CUSTOMER_COLUMNS)  # noqa: S608  # nosec
    statement = text("SELECT " + ", ".join(counts)).bindparams(bindparam("id", type_=_UUID))
    return dict((await uow.session.execute(statement, {"id": source_id})).mappings().one())


async def merge(uow: UnitOfWork, actor_id: str, source_id: str, target_id: str) -> CustomerMerge:
    """Everything of ``source`` becomes ``target``'s; the record names each row moved, so that it can be taken back.

    Raises :class:`NotFound`, :class:`InvalidInput` for a customer and himself, :class:`Conflict` when one of the two
    was merged already.
    """
    if source_id == target_id:
        raise InvalidInput("a customer cannot be merged into himself", field="into")
    source, target = await _locked(uow, source_id, target_id)
    moved: dict[str, Any] = {"rows": {}, "filled": []}
    for table, column in CUSTOMER_COLUMNS:
        ids = await uow.session.scalars(_moving(table, column), {"was": source.id, "now": target.id})
        moved["rows"][table] = list(ids)
    for name in ("name", "language", "note"):
        if not getattr(target, name) and getattr(source, name):
            setattr(target, name, getattr(source, name))
            moved["filled"].append(name)
    source.merged_into_id = target.id
    source.updated_at = target.updated_at = clock.now()
    done = CustomerMerge(source_id=source.id, target_id=target.id, moved=moved, by_agent_id=actor_id)
    uow.session.add(done)
    await uow.session.flush()
    _publish(uow, source.id, target.id, actor_id)
    return done


async def unmerge(uow: UnitOfWork, actor_id: str, merge_id: str) -> CustomerMerge:
    """Take a merge back: the rows it moved return, and what came in since under the returned names goes along.

    Raises :class:`NotFound`, and :class:`Conflict` when it was taken back already or the target was merged on since
    (take that back first).
    """
    done = None
    if clock.is_id(merge_id):
        named = select(CustomerMerge).where(col(CustomerMerge.id) == merge_id)
        done = await uow.session.scalar(named.with_for_update())
    if done is None:
        raise NotFound("there is no such merge")
    if done.undone_at is not None:
        raise Conflict("this merge was taken back already")
    source, target = await _locked(uow, done.source_id, done.target_id, merged=True)
    for table, column in CUSTOMER_COLUMNS:
        ids = done.moved["rows"].get(table, [])
        if ids:
            await uow.session.execute(_returning(table, column), {"ids": ids, "was": target.id, "now": source.id})
    await _take_along(uow, done, source.id, target.id)
    for name in done.moved.get("filled", []):
        if getattr(target, name) == getattr(source, name):
            setattr(target, name, "")
    source.merged_into_id = None
    source.updated_at = target.updated_at = done.undone_at = clock.now()
    await uow.session.flush()
    _publish(uow, source.id, target.id, actor_id)
    return done


async def merges_of(uow: UnitOfWork, customer_id: str) -> list[CustomerMerge]:
    """Merges into this customer that still hold, newest first."""
    found = await uow.session.scalars(
        select(CustomerMerge)
        .where(col(CustomerMerge.target_id) == customer_id, col(CustomerMerge.undone_at).is_(None))
        .order_by(col(CustomerMerge.id).desc())
    )
    return list(found)


async def _locked(
    uow: UnitOfWork, source_id: str, target_id: str, *, merged: bool = False
) -> tuple[Customer, Customer]:
    """Both customers, locked in one order so that two merges never block each other for good."""
    if not (clock.is_id(source_id) and clock.is_id(target_id)):
        raise NotFound("there is no such customer")
    rows = await uow.session.scalars(
        select(Customer)
        .where(col(Customer.id).in_([source_id, target_id]))
        .order_by(col(Customer.id))
        .with_for_update()
        .execution_options(populate_existing=True)
    )
    found = {customer.id: customer for customer in rows}
    if len(found) != 2:
        raise NotFound("there is no such customer")
    source, target = found[source_id], found[target_id]
    if target.merged_into_id is not None:
        raise Conflict("that customer was merged into another since")
    if (source.merged_into_id == target.id) is not merged or (source.merged_into_id is not None and not merged):
        raise Conflict("that customer was merged already")
    return source, target


async def _take_along(uow: UnitOfWork, done: CustomerMerge, source_id: str, target_id: str) -> None:
    """Messages that came under a returned name since the merge, and the conversations they opened."""
    parameters = {
        "names": done.moved["rows"].get("customer_identity", []),
        "was": target_id,
        "now": source_id,
        "since": done.created_at,
    }
    for statement in (_LATER_MESSAGES, _LATER_CONVERSATIONS, _LATER_TICKETS):
        wanted = {name: parameters[name] for name in statement.compile().params}
        await uow.session.execute(statement, wanted)


def _typed(sql: str) -> TextClause:
    clause = text(sql)
    types: dict[str, Any] = {"was": _UUID, "now": _UUID, "ids": ARRAY(_UUID), "names": ARRAY(_UUID)}
    return clause.bindparams(*(bindparam(name, type_=types[name]) for name in types if f":{name}" in sql))


def _moving(table: str, column: str) -> TextClause:
    return _typed(f"UPDATE {table} SET {column} = :now WHERE {column} = :was RETURNING id::text")  # noqa: S608  # nosec


def _returning(table: str, column: str) -> TextClause:
    return _typed(f"UPDATE {table} SET {column} = :now WHERE id = ANY(:ids) AND {column} = :was")  # noqa: S608  # nosec


_LATER_MESSAGES = _typed(
    "UPDATE message SET customer_id = :now WHERE customer_id = :was AND created_at >= :since AND identity IN "
    "(SELECT kind || ':' || value FROM customer_identity WHERE id = ANY(:names))"
)
_LATER_CONVERSATIONS = _typed(
    "UPDATE conversation SET customer_id = :now WHERE customer_id = :was AND created_at >= :since AND id IN "
    "(SELECT conversation_id FROM message WHERE customer_id = :now AND created_at >= :since)"
)
_LATER_TICKETS = _typed(
    "UPDATE ticket SET customer_id = :now WHERE customer_id = :was AND created_at >= :since AND conversation_id IN "
    "(SELECT id FROM conversation WHERE customer_id = :now AND created_at >= :since)"
)


def _publish(uow: UnitOfWork, source_id: str, target_id: str, actor_id: str) -> None:
    for customer_id in (source_id, target_id):
        uow.publish(Event(EventKind.CUSTOMER_CHANGED, customer=customer_id, agent=actor_id))
