"""Who is it? Names, races, the list, business records, the unified view."""

import asyncio

import pytest
from sqlalchemy import func, select
from sqlmodel import col

from contactcenter import clock
from contactcenter.customers import directory, identity
from contactcenter.customers.business import find_record, records_of, upsert_record
from contactcenter.customers.overview import overview
from contactcenter.customers.records import Customer, CustomerIdentity
from contactcenter.envelope import Identity, IdentityKind
from contactcenter.errors import Conflict, InvalidInput, NotFound
from contactcenter.staff.access import MACHINE, access_customer
from tests.integration.office import counted, mail, plan, write

PHONE = Identity(IdentityKind.PHONE, "+12025550199")


async def test_the_same_name_in_any_spelling_is_one_customer(store):
    async with store.transaction() as uow:
        first = await identity.resolve(uow, mail("Carol@Example.org", "Carol"))
        again = await identity.resolve(uow, mail("carol@example.ORG", "C. Smith"), language="en")
        assert (again.id, again.name, again.language) == (first.id, "Carol", "en")
        assert await identity.find(uow, mail("nobody@example.org")) is None


async def test_a_batch_is_a_fixed_number_of_statements(store):
    asked = [mail(f"c{index}@example.org") for index in range(30)]
    async with store.transaction() as uow:
        with counted(store) as new:
            made = await identity.resolve_many(uow, asked)
        with counted(store) as known:
            again = await identity.resolve_many(uow, asked)
    assert {key: customer.id for key, customer in made.items()} == {key: one.id for key, one in again.items()}
    assert (len(made), len(new), len(known)) == (30, 2, 1)


async def test_strangers_who_write_twenty_times_at_once_are_one_customer_each(store):
    async def one(turn):
        asked = [mail(f"c{index}@example.org") for index in range(5)]
        async with store.transaction() as uow:
            found = await identity.resolve_many(uow, asked if turn % 2 else asked[::-1])
            return {key: customer.id for key, customer in found.items()}

    answers = await asyncio.gather(*map(one, range(20)))
    assert all(answer == answers[0] for answer in answers)
    async with store.read() as uow:
        assert await uow.session.scalar(select(func.count()).select_from(Customer)) == 5


async def test_a_proven_name_stays_proven(store):
    async with store.transaction() as uow:
        await identity.resolve(uow, mail())
        assert await uow.session.scalar(select(col(CustomerIdentity.verified))) is False
        for verified in (True, False):
            await identity.resolve(uow, mail(), verified=verified)
            assert await uow.session.scalar(select(col(CustomerIdentity.verified))) is True


async def test_the_lookup_reads_the_unique_index(store):
    async with store.read() as uow:
        lines = await plan(uow, identity._LOOKUP.params(kinds=["email"], names=["a@b.c"]))
    assert "uq_customer_identity_kind_value" in lines
    assert "Seq Scan" not in lines


async def test_a_name_is_added_once_and_never_taken_from_another(store):
    async with store.transaction() as uow:
        carol, dora = await identity.resolve(uow, mail()), await identity.resolve(uow, mail("dora@example.org"))
        added = await identity.add_identity(uow, carol.id, PHONE, verified=True)
        assert (await identity.add_identity(uow, carol.id, PHONE)).id == added.id
        with pytest.raises(Conflict):
            await identity.add_identity(uow, dora.id, PHONE)
        assert (await identity.resolve(uow, PHONE)).id == carol.id


async def test_a_dead_address_is_marked(store):
    async with store.transaction() as uow:
        carol = await identity.resolve(uow, mail())
        assert await identity.mark_undeliverable(uow, mail("CAROL@example.org"))
        assert not await identity.mark_undeliverable(uow, mail("nobody@example.org"))
        (own,) = await identity.identities_of(uow, carol.id)
        assert own.undeliverable_at is not None


async def test_the_list_is_two_statements_a_page_and_finds_by_name_address_and_number(store):
    async with store.transaction() as uow:
        for index in range(6):
            await identity.resolve(uow, mail(f"c{index}@example.org", f"Customer {index}"))
        carol = await identity.resolve(uow, mail("carol@example.org", "Carol 100% Smith"))
        await upsert_record(uow, carol.id, kind="policy", number="mt 44710")
    async with store.read() as uow:
        with counted(store) as statements:
            page = await directory.list_customers(uow, MACHINE, limit=4)
        assert (len(page.items), len(statements)) == (4, 2)
        assert page.items[0].identities == ("email:carol@example.org",)
        rest = await directory.list_customers(uow, MACHINE, cursor=page.next_cursor)
        assert (len(rest.items), rest.next_cursor) == (3, None)
        for q in ("smith", "100%", "CAROL@example.org", "MT44710"):
            found = await directory.list_customers(uow, MACHINE, q)
            assert [row.id for row in found.items] == [carol.id], q
        for q in ("%", "_", "' OR 1=1", "+49", "nobody@"):
            found = await directory.list_customers(uow, MACHINE, q)
            assert [row.id for row in found.items] == ([carol.id] if q == "%" else []), q
        with pytest.raises(InvalidInput):
            await directory.list_customers(uow, MACHINE, cursor="WyJ4Il0")


async def test_what_agents_note_is_kept_and_checked(store):
    async with store.transaction() as uow:
        carol = await identity.resolve(uow, mail())
        changed = await directory.update_customer(
            uow, MACHINE, carol.id, name=" Carol  Smith ", note="Calls on Mondays"
        )
        assert (changed.name, changed.note) == ("Carol Smith", "Calls on Mondays")
        with pytest.raises(InvalidInput):
            await directory.update_customer(uow, MACHINE, carol.id, language="not a tag")
        for missing in ("x", clock.new_id()):
            with pytest.raises(NotFound):
                await access_customer(uow, MACHINE, missing)


async def test_a_business_record_is_brought_up_to_date_not_doubled(store):
    async with store.transaction() as uow:
        carol = await identity.resolve(uow, mail())
        await upsert_record(uow, carol.id, kind="order", number="o-7", status="packed")
        await upsert_record(uow, carol.id, kind="order", number="O-7", status="sent", details={"parcel": 1})
        (record,) = await records_of(uow, carol.id)
        assert (record.status, record.details) == ("sent", {"parcel": 1})
        assert (await find_record(uow, "order", "o-7")).id == record.id
        for wrong in ({"kind": "dream", "number": "1"}, {"kind": "order", "number": " "}):
            with pytest.raises(InvalidInput):
                await upsert_record(uow, carol.id, **wrong)


async def test_the_unified_view_is_four_statements(store):
    async with store.transaction() as uow:
        carol = await identity.resolve(uow, mail())
        await identity.add_identity(uow, carol.id, PHONE)
        await upsert_record(uow, carol.id, kind="order", number="O-7")
        await write(uow, mail(), "one")
        await write(uow, PHONE, "two", channel="sms")
        await write(uow, mail(), "note", kind="note")
    async with store.read() as uow:
        with counted(store) as statements:
            seen = await overview(uow, carol.id)
    assert len(statements) == 4
    assert seen.counts == {"email": 1, "sms": 1}
    assert [one.kind for one in seen.identities] == ["email", "phone"]
    assert (seen.records[0].number, seen.last_seen is not None, seen.first_seen) == (
        "O-7",
        True,
        seen.customer.created_at,
    )
