"""Customers' records: the list, the search in it, and what agents write down about somebody."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from sqlalchemy import ColumnElement, Uuid, bindparam, select, text
from sqlalchemy.dialects.postgresql import ARRAY
from sqlmodel import col

from contactcenter import clock
from contactcenter.customers.identity import current_customer, normalise
from contactcenter.customers.records import BusinessRecord, Customer, CustomerIdentity
from contactcenter.envelope import IdentityKind
from contactcenter.errors import InvalidInput
from contactcenter.events import Event, EventKind
from contactcenter.store.pages import Page, decode_cursor, encode_cursor
from contactcenter.store.unit_of_work import UnitOfWork

MAX_LIMIT = 200
MAX_NOTE = 20_000
MAX_QUERY = 200


class Editor(Protocol):
    """Who looks or writes: an agent."""

    @property
    def agent_id(self) -> str:
        """His id."""
        ...


@dataclass(frozen=True, slots=True)
class CustomerRow:
    """A customer for a list. ``identities`` are written ``kind:value``, oldest first."""

    id: str
    name: str
    language: str
    identities: tuple[str, ...]
    created_at: datetime
    last_contact_at: datetime | None

    @property
    def label(self) -> str:
        """What to call him: his name, else his first address or number."""
        return self.name or (self.identities[0].partition(":")[2] if self.identities else "")


async def update_customer(
    uow: UnitOfWork,
    actor: Editor,
    customer_id: str,
    *,
    name: str | None = None,
    language: str | None = None,
    note: str | None = None,
) -> Customer:
    """Change what is not None. Raises :class:`NotFound` and :class:`InvalidInput`."""
    customer = await current_customer(uow, customer_id)
    if name is not None:
        customer.name = " ".join(name.replace("\x00", "").split())[:200]
    if language is not None:
        if language and (len(language) > 10 or not language.replace("-", "").isalnum()):
            raise InvalidInput("a language is a tag such as en or zh", field="language")
        customer.language = language.lower()
    if note is not None:
        if len(note) > MAX_NOTE:
            raise InvalidInput(f"a note has at most {MAX_NOTE} characters", field="note")
        customer.note = note.replace("\x00", "").strip()
    customer.updated_at = clock.now()
    await uow.session.flush()
    uow.publish(Event(EventKind.CUSTOMER_CHANGED, customer=customer.id, agent=actor.agent_id))
    return customer


async def list_customers(
    uow: UnitOfWork,
    actor: Editor,  # noqa: ARG001 - every agent may see every customer; whoever looks is named all the same
    q: str = "",
    *,
    cursor: str = "",
    limit: int = 50,
) -> Page[CustomerRow]:
    """Customers, the newest first, whose name contains ``q``, or who go by it, or whose record has that number.

    Two statements. Merged ones are left out. Raises :class:`InvalidInput` for a cursor that is not ours.
    """
    limit = max(1, min(limit, MAX_LIMIT))
    query = select(Customer).where(col(Customer.merged_into_id).is_(None))
    wanted = " ".join(q.replace("\x00", "").split())
    if len(wanted) > MAX_QUERY:
        raise InvalidInput(f"a search has at most {MAX_QUERY} characters", field="q")
    if wanted:
        query = query.where(_matches(wanted))
    if cursor:
        (last,) = decode_cursor(cursor, 1)
        if not clock.is_id(last):
            raise InvalidInput("the cursor is not one of ours", field="cursor")
        query = query.where(col(Customer.id) < last)
    found = list(await uow.session.scalars(query.order_by(col(Customer.id).desc()).limit(limit + 1)))
    page = found[:limit]
    rows = await _dressed(uow, page)
    return Page(rows, encode_cursor(page[-1].id) if len(found) > limit else None)


async def find_rows(uow: UnitOfWork, customers: list[Customer]) -> list[CustomerRow]:
    """The same rows for customers at hand. One statement."""
    return await _dressed(uow, customers)


def _matches(wanted: str) -> ColumnElement[bool]:
    """By exact identity or record number (indexed), or by a part of the name."""
    values = sorted({normalise(kind, wanted) for kind in IdentityKind})
    identity = select(col(CustomerIdentity.customer_id)).where(
        col(CustomerIdentity.kind).in_([kind.value for kind in IdentityKind]), col(CustomerIdentity.value).in_(values)
    )
    record = select(col(BusinessRecord.customer_id)).where(col(BusinessRecord.number) == wanted.upper())
    known = col(Customer.id).in_(identity.union(record))
    if "@" in wanted or wanted.startswith("+"):
        return known
    escaped = wanted.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
    return known | col(Customer.name).ilike(f"%{escaped}%", escape="\\")


_FACTS = text(
    """
    SELECT c.id::text AS id,
        coalesce((SELECT array_agg(kind || ':' || value ORDER BY i.id) FROM customer_identity i
                  WHERE i.customer_id = c.id), '{}') AS identities,
        (SELECT created_at FROM message m WHERE m.customer_id = c.id ORDER BY m.id DESC LIMIT 1) AS last_contact_at
    FROM unnest(:ids) AS c (id)
    """
).bindparams(bindparam("ids", type_=ARRAY(Uuid(as_uuid=False))))


async def _dressed(uow: UnitOfWork, customers: list[Customer]) -> list[CustomerRow]:
    if not customers:
        return []
    rows = await uow.session.execute(_FACTS, {"ids": [customer.id for customer in customers]})
    facts = {row.id: row for row in rows}
    return [
        CustomerRow(
            id=customer.id,
            name=customer.name,
            language=customer.language,
            identities=tuple(facts[customer.id].identities),
            created_at=customer.created_at,
            last_contact_at=facts[customer.id].last_contact_at,
        )
        for customer in customers
    ]
