"""Customers: who they are, everything they wrote on any channel, and that two of them are one."""

from __future__ import annotations

from typing import Any

from pydantic import Field

from contactcenter.api.messages import MessageJson, message_json
from contactcenter.api.operations import Call, Operation, operation
from contactcenter.api.paging import id_cursor
from contactcenter.api.shapes import Collection, Input, Line, Moment, Output, PageQuery, Words
from contactcenter.conversations.timeline import customer_page
from contactcenter.customers import directory, identity, merging
from contactcenter.customers.directory import CustomerRow
from contactcenter.customers.overview import CustomerOverview, overview
from contactcenter.staff.access import Role, access_customer
from contactcenter.store.unit_of_work import UnitOfWork
from contactcenter.tickets.access import messages_visible_to


class CustomerJson(Output):
    """A customer, as lists show him."""

    id: str
    name: str
    language: str
    identities: list[str] = Field(description="His addresses and numbers as `email:a@b.c`, oldest first.")
    created_at: Moment
    last_contact_at: Moment | None


class Customers(Collection[CustomerJson]):
    """A page of customers."""


class CustomerFilter(PageQuery):
    """Which customers."""

    q: Line = Field("", description="Part of a name, or a whole address, phone, order or policy number.")
    identity: Line = Field("", description="`email:a@b.c`, `phone:+12025550123`: exactly one customer, or none.")


class UndeliverableJson(Output):
    """An address of his that takes no mail."""

    identity: str
    since: Moment
    reason: str = Field(description="Status code and words of the server that refused it.")


class ReachableJson(Input):
    """Which of his addresses to try again."""

    identity: Line = Field(description="As `email:a@b.c`.")


class BusinessRecordJson(Output):
    """A policy, order, invoice or claim of his."""

    kind: str
    number: str
    title: str
    status: str
    details: dict[str, Any]


class CustomerDetailJson(CustomerJson):
    """A customer with everything known about him."""

    note: str
    attributes: dict[str, Any]
    undeliverable: list[UndeliverableJson] = Field(description="Addresses that mail was refused for, for good.")
    records: list[BusinessRecordJson]
    first_seen_at: Moment
    messages: dict[str, int] = Field(description="Channel to number of messages, both ways.")


class CustomerChangeJson(Input):
    """What to change; what is left out stays."""

    name: Line | None = None
    language: Line | None = None
    note: Words | None = None


class CustomerMergeJson(Input):
    """Who he turned out to be."""

    into: Line = Field(description="Id of the customer that stays.")


class Timeline(Collection[MessageJson]):
    """A page of a customer's messages."""


@operation("GET", "/customers", role=Role.AGENT, summary="Customers")
async def list_customers(call: Call, uow: UnitOfWork, query: CustomerFilter) -> Customers:
    """Newest first, those merged into another left out."""
    if query.identity:
        found = await identity.find(uow, identity.parse(query.identity))
        rows = await directory.find_rows(uow, [found]) if found is not None and not query.cursor else []
        return Customers(items=[_row(row) for row in rows], next_cursor=None)
    page = await directory.list_customers(uow, call.actor, query.q, cursor=query.cursor, limit=query.size)
    return Customers(items=[_row(row) for row in page.items], next_cursor=page.next_cursor)


@operation("GET", "/customers/{customer_id}", role=Role.AGENT, summary="One customer")
async def get_customer(call: Call, uow: UnitOfWork, customer_id: str) -> CustomerDetailJson:
    """For one who was merged into another: that other."""
    customer = await access_customer(uow, call.actor, customer_id)
    return _detail(await overview(uow, customer.id))


@operation("PATCH", "/customers/{customer_id}", role=Role.AGENT, summary="Change a customer's record")
async def update_customer(
    call: Call, uow: UnitOfWork, customer_id: str, body: CustomerChangeJson
) -> CustomerDetailJson:
    """Name, language and note."""
    customer = await access_customer(uow, call.actor, customer_id)
    await directory.update_customer(uow, call.actor, customer.id, **body.model_dump())
    return _detail(await overview(uow, customer.id))


@operation("GET", "/customers/{customer_id}/timeline", role=Role.AGENT, summary="Everything said with a customer")
async def customer_timeline(call: Call, uow: UnitOfWork, customer_id: str, query: PageQuery) -> Timeline:
    """Over all channels, newest first; of tickets in queues that are not yours you see nothing."""
    customer = await access_customer(uow, call.actor, customer_id)
    page = await customer_page(
        uow,
        customer.id,
        visible=messages_visible_to(call.actor),
        before=id_cursor(query.cursor),
        limit=query.size,
    )
    return Timeline(items=[message_json(shown) for shown in page.items], next_cursor=page.next_cursor)


@operation("POST", "/customers/{customer_id}/reachable", role=Role.AGENT, summary="An address works again")
async def mark_reachable(call: Call, uow: UnitOfWork, customer_id: str, body: ReachableJson) -> CustomerDetailJson:
    """Takes the mark of an address away that mail was refused for; he writing from it does the same."""
    customer = await access_customer(uow, call.actor, customer_id)
    await identity.mark_reachable(uow, customer.id, identity.parse(body.identity))
    return _detail(await overview(uow, customer.id))


@operation("POST", "/customers/{customer_id}/merge", role=Role.AGENT, summary="Two customers are one")
async def merge_customers(call: Call, uow: UnitOfWork, customer_id: str, body: CustomerMergeJson) -> CustomerDetailJson:
    """Everything of this customer becomes that of `into`, who is answered. It can be taken back in the console."""
    source = await access_customer(uow, call.actor, customer_id)
    target = await access_customer(uow, call.actor, body.into)
    await merging.merge(uow, call.actor.agent_id, source.id, target.id)
    return _detail(await overview(uow, target.id))


def _row(row: CustomerRow) -> CustomerJson:
    return CustomerJson(
        id=row.id,
        name=row.name,
        language=row.language,
        identities=list(row.identities),
        created_at=row.created_at,
        last_contact_at=row.last_contact_at,
    )


def _detail(shown: CustomerOverview) -> CustomerDetailJson:
    customer = shown.customer
    return CustomerDetailJson(
        id=customer.id,
        name=customer.name,
        language=customer.language,
        identities=[f"{one.kind}:{one.value}" for one in shown.identities],
        created_at=customer.created_at,
        last_contact_at=shown.last_seen,
        note=customer.note,
        attributes=customer.attributes,
        undeliverable=[
            UndeliverableJson(
                identity=f"{one.kind}:{one.value}", since=one.undeliverable_at, reason=one.undeliverable_reason
            )
            for one in shown.identities
            if one.undeliverable_at is not None
        ],
        records=[
            BusinessRecordJson(
                kind=record.kind,
                number=record.number,
                title=record.title,
                status=record.status,
                details=record.details,
            )
            for record in shown.records
        ],
        first_seen_at=shown.first_seen,
        messages=shown.counts,
    )


OPERATIONS: tuple[Operation, ...] = (
    list_customers,
    get_customer,
    update_customer,
    customer_timeline,
    mark_reachable,
    merge_customers,
)
