"""Blocked senders, floods, and the limits of automatic mail over all spellings of an address."""

import pytest
from sqlalchemy import select

from contactcenter.conversations import quarantine
from contactcenter.conversations.blocking import block, list_blocked, unblock
from contactcenter.conversations.records import BlockedSender
from contactcenter.errors import Forbidden, InvalidInput
from contactcenter.pipeline.pipeline import Pipeline
from contactcenter.settings import Limits
from contactcenter.staff.access import Role
from contactcenter.tickets.answering import AnsweringPolicy
from contactcenter.tickets.blocking import block_sender
from contactcenter.tickets.overview import list_events
from tests.attacks.house import PostRoom, mail
from tests.integration.office import counted, hire

EVE, BY = "eve@evil.example", ("1", "sue")


@pytest.fixture
async def room(store):
    return await PostRoom(store).open()


def limited(room, **limits):
    """The room's pipeline with other limits."""
    readers = room.pipeline._reading._readers
    policy = AnsweringPolicy(auto_answer=True, acknowledge=True, threshold=0.5)
    room.pipeline = Pipeline(room.store, readers, None, room.tokens, policy, Limits(**limits))
    return room


async def blocked(room, sender):
    async with room.store.transaction() as uow:
        return await block(uow, BY, sender)


@pytest.mark.parametrize("pattern", [EVE, "Eve@EVIL.example", "evil.example", "@evil.example", "evil.example."])
async def test_mail_of_a_blocked_sender_is_kept_but_makes_no_ticket_and_gets_no_answer(room, pattern):
    await blocked(room, pattern)
    await room.take(mail(EVE), mail("eve+x@evil.example", message_id="2@c"))
    assert [message.state for message in await room.messages("in")] == ["blocked", "blocked"]
    assert (await room.tickets(), await room.written()) == ([], [])
    async with room.store.read() as uow:
        assert len((await quarantine.list_held(uow)).items) == 2
        assert await quarantine.count_quarantined(uow) == 0


async def test_a_domain_blocks_those_below_it_and_nobody_beside_it(room):
    await blocked(room, "evil.example")
    await room.take(mail("a@mail.evil.example"), mail("b@notevil.example", message_id="2@c"), mail(message_id="3@c"))
    assert [message.state for message in await room.messages("in")] == ["blocked", "done", "done"]


async def test_mail_let_through_is_a_ticket_while_its_sender_stays_blocked(room):
    await blocked(room, EVE)
    await room.take(mail(EVE), mail(EVE, message_id="2@c"))
    first, _ = await room.messages("in")
    async with room.store.transaction() as uow:
        await quarantine.run_again(uow, first.id)
    await room.pipeline.understand(first.lane)
    assert [message.state for message in await room.messages("in")] == ["done", "blocked"]
    assert len(await room.tickets()) == 1


async def test_who_blocked_and_unblocked_is_on_record(room):
    made = await blocked(room, EVE)
    async with room.store.transaction() as uow:
        await unblock(uow, ("2", "tom"), made.id)
        assert (await list_blocked(uow)).items == []
    await room.take(mail(EVE))
    async with room.store.read() as uow:
        kept = await uow.session.scalar(select(BlockedSender))
    assert (kept.pattern, kept.by_name, kept.removed_by_name) == (EVE, "sue", "tom")
    assert len(await room.tickets()) == 1


async def test_blocking_twice_is_once_and_nonsense_is_refused(room):
    assert (await blocked(room, EVE)).id == (await blocked(room, f" {EVE.upper()} ")).id
    for nonsense in ("", "@", "eve", "a b@c.example", "a@b", "*", "evil..example", "com"):
        with pytest.raises(InvalidInput):
            await blocked(room, nonsense)


async def test_an_agent_blocks_an_address_from_a_ticket_and_a_supervisor_a_domain(room):
    await room.take(mail(EVE))
    agent = await hire(room.store, "ann", queues=("service",))
    boss = await hire(room.store, "sue", Role.SUPERVISOR)
    async with room.store.transaction() as uow:
        ticket = await uow.session.merge((await room.tickets())[0])
        await block_sender(uow, agent, EVE, ticket=ticket)
        with pytest.raises(Forbidden):
            await block_sender(uow, agent, "evil.example")
        await block_sender(uow, boss, "evil.example")
        assert [line.event.kind for line in await list_events(uow, ticket)][-1] == "blocked"


async def test_a_flood_gathers_in_one_ticket_and_gets_no_automatic_mail(room):
    limited(room, flood_mails=5)
    mails = [mail(EVE, f"Matter {number}", message_id=f"{number}@e") for number in range(12)]
    await room.take(*mails, proven=False)
    (ticket,) = await room.tickets()
    assert (ticket.tags, ticket.messages_count) == (["flood"], 12)
    await room.take(mail(EVE, "Matter 13", message_id="13@e"), mail(message_id="other@c"), proven=False)
    assert [found.tags for found in await room.tickets()] == [["flood"], []]
    assert {message.state for message in await room.messages("in")} == {"done"}


async def test_a_flood_gets_no_receipts_even_from_a_proven_sender(room):
    limited(room, flood_mails=5)
    mails = [mail(EVE, f"Matter {number}", message_id=f"{number}@e") for number in range(8)]
    for raw in mails:
        await room.take(raw, proven=False)
    async with room.store.read() as uow:
        assert len(await room.tickets()) == 6
        assert await uow.session.scalar(select(BlockedSender)) is None


async def test_those_who_may_write_often_and_old_mail_make_no_flood(room):
    limited(room, flood_mails=2, flood_exempt=("shop.example",))
    forms = [mail("forms@shop.example", f"Form {number}", message_id=f"{number}@s") for number in range(6)]
    await room.take(*forms, proven=False)
    assert len(await room.tickets()) == 6


async def test_all_spellings_of_an_address_share_its_three_receipts_an_hour(room):
    spellings = (
        "ann.lee@gmail.com",
        "Ann.Lee@GMAIL.com",
        "annlee+1@gmail.com",
        "a.n.n.lee@googlemail.com",
        "annlee@gmail.com",
    )
    for number, sender in enumerate(spellings):
        await room.take(mail(sender, f"Matter {number}", message_id=f"{number}@g"))
    assert len(await room.tickets()) == 5
    assert len(await room.written()) == 3


async def test_above_so_many_automatic_mails_a_minute_receipts_stop_and_say_why(room):
    limited(room, automatic_per_minute=4)
    for number in range(7):
        await room.take(mail(f"p{number}@customer.example", message_id=f"{number}@c"))
    assert len(await room.tickets()) == 7
    assert len(await room.written()) == 4


async def test_a_batch_costs_two_statements_more_than_before_whatever_its_size(room):
    numbers = []
    for size in (2, 20):
        raws = [mail(f"p{size}.{number}@x.example", message_id=f"{size}.{number}@x") for number in range(size)]
        for raw in raws:
            await room.take(raw, proven=False)
        with counted(room.store) as statements:
            await room.take(mail(f"q{size}@x.example", message_id=f"q{size}@x"), proven=False)
        numbers.append(sum("blocked_sender" in statement for statement in statements))
    assert numbers == [1, 1]
