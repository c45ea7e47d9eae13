"""Business records: policies, orders, invoices and claims, as the company's own systems know them."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from sqlalchemy import select, text
from sqlalchemy.dialects.postgresql import insert as pg_insert
from sqlmodel import col

from contactcenter import clock
from contactcenter.customers.identity import current_customer
from contactcenter.customers.records import BusinessRecord
from contactcenter.errors import InvalidInput
from contactcenter.events import Event, EventKind
from contactcenter.store.unit_of_work import UnitOfWork


class RecordKind(StrEnum):
    """What a business record is about."""

    POLICY = "policy"
    ORDER = "order"
    INVOICE = "invoice"
    CLAIM = "claim"


_KINDS = frozenset(RecordKind)


async def upsert_record(
    uow: UnitOfWork,
    customer_id: str,
    *,
    kind: RecordKind,
    number: str,
    title: str = "",
    status: str = "",
    details: Mapping[str, Any] | None = None,
) -> BusinessRecord:
    """Write a record, or bring the one of that kind and number up to date (its customer too).

    Raises :class:`NotFound` for the customer and :class:`InvalidInput` without a number or for an unknown kind.
    """
    clean = "".join(number.upper().split())[:60]
    if not clean:
        raise InvalidInput("a record has a number", field="number")
    try:
        known_kind = RecordKind(kind)
    except ValueError as error:
        raise InvalidInput(f"the kind is one of {', '.join(RecordKind)}", field="kind") from error
    customer = await current_customer(uow, customer_id)
    values = {
        "customer_id": customer.id,
        "title": title.strip()[:300],
        "status": status.strip()[:60],
        "details": dict(details or {}),
    }
    record_id = await uow.session.scalar(
        pg_insert(BusinessRecord)
        .values(id=clock.new_id(), kind=known_kind.value, number=clean, created_at=clock.now(), **values)
        .on_conflict_do_update(index_elements=["kind", "number"], set_=values)
        .returning(col(BusinessRecord.id))
    )
    uow.publish(Event(EventKind.CUSTOMER_CHANGED, customer=customer.id))
    found = await uow.session.scalars(
        select(BusinessRecord).where(col(BusinessRecord.id) == record_id).execution_options(populate_existing=True)
    )
    return found.one()


async def records_of(uow: UnitOfWork, customer_id: str, *, limit: int = 100) -> list[BusinessRecord]:
    """A customer's records, newest first."""
    found = await uow.session.scalars(
        select(BusinessRecord)
        .where(col(BusinessRecord.customer_id) == customer_id)
        .order_by(col(BusinessRecord.id).desc())
        .limit(limit)
    )
    return list(found)


@dataclass(frozen=True, slots=True)
class NamedRecord:
    """A record that somebody named: whose it is, and what may be shown of it to those who may see him."""

    customer_id: str
    title: str
    status: str


# An array each, so that the statement is the same for one number and for a thousand.
_NAMED = text(
    """
    SELECT record.kind, record.number, record.customer_id::text, record.title, record.status
    FROM unnest(cast(:kinds AS text[]), cast(:numbers AS text[])) AS named (kind, number)
    JOIN business_record record ON record.kind = named.kind AND record.number = named.number
    """
)


async def records_named(uow: UnitOfWork, named: Collection[tuple[str, str]]) -> dict[tuple[str, str], NamedRecord]:
    """Which of the (kind, number) there are records of. One statement; none when nothing is named.

    A number written with hyphens also finds the record without them.
    """
    wanted = {
        (kind, written): (kind, number)
        for kind, number in named
        if kind in _KINDS
        for written in (number, number.replace("-", ""))
    }
    if not wanted:
        return {}
    parameters = {"kinds": [kind for kind, _ in wanted], "numbers": [number for _, number in wanted]}
    rows = await uow.session.execute(_NAMED, parameters)
    return {wanted[row.kind, row.number]: NamedRecord(row.customer_id, row.title, row.status) for row in rows}


async def find_record(uow: UnitOfWork, kind: RecordKind, number: str) -> BusinessRecord | None:
    """The record of that kind and number."""
    return await uow.session.scalar(
        select(BusinessRecord).where(
            col(BusinessRecord.kind) == str(kind), col(BusinessRecord.number) == "".join(number.upper().split())
        )
    )
