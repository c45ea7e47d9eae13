"""The unified view of a customer: who he is, what he has with us, how often and where he wrote.

His open work belongs to the tickets' room: see :mod:`contactcenter.tickets.overview`.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import bindparam, text

from contactcenter.customers.business import records_of
from contactcenter.customers.identity import current_customer, identities_of
from contactcenter.customers.records import BusinessRecord, Customer, CustomerIdentity
from contactcenter.store.unit_of_work import UnitOfWork


@dataclass(frozen=True, slots=True)
class CustomerOverview:
    """One customer on one screen. ``counts``: channel → messages both ways, notes left out."""

    customer: Customer
    identities: list[CustomerIdentity]
    records: list[BusinessRecord]
    first_seen: datetime
    last_seen: datetime | None
    counts: dict[str, int]


# The conversations' room lies above this one; its table is known here by name alone.
_CONTACTS = text(
    """
    SELECT channel, count(*) AS messages, min(created_at) AS first, max(created_at) AS last
    FROM message WHERE customer_id = :id AND kind <> 'note' AND state <> 'duplicate' GROUP BY channel ORDER BY channel
    """
).bindparams(bindparam("id", type_=Customer.__table__.c.id.type))  # type: ignore[attr-defined]


async def overview(uow: UnitOfWork, customer_id: str) -> CustomerOverview:
    """Everything about a customer, merges followed. Four statements. Raises :class:`NotFound`."""
    customer = await current_customer(uow, customer_id)
    contacts = (await uow.session.execute(_CONTACTS, {"id": customer.id})).all()
    return CustomerOverview(
        customer=customer,
        identities=await identities_of(uow, customer.id),
        records=await records_of(uow, customer.id),
        first_seen=min([customer.created_at, *(row.first for row in contacts)]),
        last_seen=max((row.last for row in contacts), default=None),
        counts={row.channel: row.messages for row in contacts},
    )
