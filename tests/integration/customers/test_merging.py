"""Two customers become one, and two again."""

import pytest
from sqlalchemy import select
from sqlmodel import col

from contactcenter import clock
from contactcenter.conversations.records import Message
from contactcenter.customers import merging
from contactcenter.customers.business import records_of, upsert_record
from contactcenter.customers.identity import identities_of, resolve
from contactcenter.customers.records import Customer
from contactcenter.envelope import Identity, IdentityKind
from contactcenter.errors import Conflict, InvalidInput, NotFound
from contactcenter.staff.access import MACHINE, access_customer
from contactcenter.store.schema import metadata
from contactcenter.tickets.listing import rows_of_customer
from tests.integration.office import mail, ticket, write

PHONE = Identity(IdentityKind.PHONE, "+12025550199", "C. Smith")


async def two(store) -> tuple[str, str]:
    """A customer with a mail and a ticket, and one with a text, a name and a record."""
    await ticket(store, "by mail")
    async with store.transaction() as uow:
        await write(uow, PHONE, "by text", channel="sms")
        source, target = await resolve(uow, PHONE), await resolve(uow, mail())
        await upsert_record(uow, source.id, kind="order", number="O-7")
        return source.id, target.id


async def texts_of(uow, customer_id) -> set[str]:
    return set(await uow.session.scalars(select(col(Message.text)).where(col(Message.customer_id) == customer_id)))


def test_everything_that_belongs_to_a_customer_is_named():
    owned = {
        (table.name, column.name)
        for table in metadata().tables.values()
        for column in table.c
        for key in column.foreign_keys
        if key.target_fullname == "customer.id" and table.name not in {"customer", "customer_merge"}
    }
    assert owned == set(merging.CUSTOMER_COLUMNS)


async def test_a_merge_moves_everything_and_the_old_id_leads_to_the_new(store):
    source, target = await two(store)
    async with store.transaction() as uow:
        assert (await merging.preview(uow, source))["message"] == 1
        done = await merging.merge(uow, "", source, target)
        assert (await access_customer(uow, MACHINE, source)).id == target
        assert (await resolve(uow, PHONE)).id == target
        assert await texts_of(uow, target) == {"by mail", "by text"}
        assert [record.number for record in await records_of(uow, target)] == ["O-7"]
        assert (await uow.session.get(Customer, target)).name == "C. Smith"
        assert [one.id for one in await merging.merges_of(uow, target)] == [done.id]


async def test_a_merge_taken_back_leaves_both_as_they_were(store):
    source, target = await two(store)
    async with store.transaction() as uow:
        done = await merging.merge(uow, "", source, target)
        await merging.unmerge(uow, "", done.id)
    async with store.read() as uow:
        assert (await texts_of(uow, source), await texts_of(uow, target)) == ({"by text"}, {"by mail"})
        assert [one.kind for one in await identities_of(uow, source)] == ["phone"]
        assert (await access_customer(uow, MACHINE, source)).id == source
        assert (await uow.session.get(Customer, target)).name == ""
        assert len(await rows_of_customer(uow, MACHINE, target)) == 1
        assert await merging.merges_of(uow, target) == []


async def test_what_came_in_meanwhile_goes_along(store):
    source, target = await two(store)
    async with store.transaction() as uow:
        done = await merging.merge(uow, "", source, target)
    number = await ticket(store, "later text", identity=PHONE, channel="sms")
    await ticket(store, "later mail")
    async with store.transaction() as uow:
        await merging.unmerge(uow, "", done.id)
        assert await texts_of(uow, source) == {"by text", "later text"}
        assert await texts_of(uow, target) == {"by mail", "later mail"}
        assert [row.number for row in await rows_of_customer(uow, MACHINE, source)] == [number]


async def test_a_merge_is_taken_back_once_and_the_last_one_first(store):
    source, target = await two(store)
    async with store.transaction() as uow:
        third = await resolve(uow, mail("third@example.org"))
        first = await merging.merge(uow, "", source, target)
        second = await merging.merge(uow, "", target, third.id)
        assert (await access_customer(uow, MACHINE, source)).id == third.id
        with pytest.raises(Conflict):
            await merging.unmerge(uow, "", first.id)
        await merging.unmerge(uow, "", second.id)
        await merging.unmerge(uow, "", first.id)
        with pytest.raises(Conflict):
            await merging.unmerge(uow, "", first.id)
        assert await texts_of(uow, source) == {"by text"}


async def test_what_makes_no_sense_is_refused(store):
    source, target = await two(store)
    async with store.transaction() as uow:
        with pytest.raises(InvalidInput):
            await merging.merge(uow, "", source, source)
        for missing in ("x", clock.new_id()):
            with pytest.raises(NotFound):
                await merging.merge(uow, "", source, missing)
            with pytest.raises(NotFound):
                await merging.unmerge(uow, "", missing)
        await merging.merge(uow, "", source, target)
        with pytest.raises(Conflict):
            await merging.merge(uow, "", source, target)
        with pytest.raises(Conflict):
            await merging.merge(uow, "", target, source)
