"""Commands on a ticket: who gets it, what happens to it, what is refused."""

import asyncio
from datetime import timedelta

import pytest
from sqlalchemy import func, select
from sqlmodel import col

from contactcenter import clock
from contactcenter.conversations.records import Conversation
from contactcenter.errors import Conflict, InvalidInput, NotFound
from contactcenter.settings import Settings
from contactcenter.staff.access import MACHINE, Role
from contactcenter.tickets import desk
from contactcenter.tickets.access import access_message, access_ticket, merge_target, ticket_of_conversation
from contactcenter.tickets.overview import list_events
from contactcenter.tickets.queues import ensure_queue, get_queue
from contactcenter.tickets.records import Feedback, TicketEvent
from contactcenter.tickets.seeds import seed_defaults
from tests.integration.office import counted, hire, mail, ticket, write


async def kinds(uow, found) -> list[str]:
    return [line.event.kind for line in await list_events(uow, found)]


async def test_a_ticket_opens_with_a_short_number_and_one_statement(store):
    async with store.transaction() as uow:
        message = await write(uow, mail(), "Hello")
        conversation = await uow.session.get(Conversation, message.conversation_id)
        queue = await ensure_queue(uow, "service")
        with counted(store) as statements:
            opened = await desk.open_ticket(
                uow,
                conversation=conversation,
                customer_id=message.customer_id,
                subject="Line one\r\nBcc: x@y.z",
                preview="Hello",
                queue_id=queue.id,
                channel="email",
            )
    assert len(statements) == 1
    assert (opened.number >= 1001, opened.subject, opened.version) == (True, "Line one Bcc: x@y.z", 1)
    async with store.read() as uow:
        again = await access_ticket(uow, MACHINE, opened.number)
        assert (again.status, again.waiting_since, again.unread) == ("new", opened.waiting_since, True)
        assert await kinds(uow, again) == ["opened"]


async def test_what_the_machine_answered_is_resolved_and_nobody_waits(store):
    number = await ticket(store, status="resolved", answered_by="machine", messages_count=2)
    async with store.read() as uow:
        found = await access_ticket(uow, MACHINE, number)
        assert found.waiting_since is None
        assert found.resolved_at is not None
        assert (found.answered_by, found.unread, found.messages_count) == ("machine", False, 2)


async def test_a_reply_of_the_customer_reopens_in_one_statement(store):
    number = await ticket(store)
    ann = await hire(store, queues=["service"])
    async with store.transaction() as uow:
        found = await access_ticket(uow, ann, number)
        await desk.resolve(uow, ann, found)
        with counted(store) as statements:
            await desk.customer_wrote(uow, found, "And   another\nthing")
        assert len(statements) == 1
        assert (found.status, found.resolved_at, found.preview) == ("open", None, "And another thing")
        assert (found.messages_count, found.unread, found.version) == (2, True, 3)
        assert await kinds(uow, found) == ["opened", "resolved", "reopened"]


async def test_a_customer_and_an_agent_at_once_lose_nothing(store):
    number = await ticket(store)
    ann = await hire(store, queues=["service"])

    async def customer():
        async with store.transaction() as uow:
            await desk.customer_wrote(uow, await access_ticket(uow, MACHINE, number), "more")

    async def agent(tag):
        async with store.transaction() as uow:
            found = await access_ticket(uow, ann, number)
            await desk.set_tags(uow, ann, found, [*found.tags, tag])

    await asyncio.gather(customer(), agent("a"), customer(), customer())
    async with store.read() as uow:
        found = await access_ticket(uow, ann, number)
        assert (found.messages_count, found.tags, found.version) == (4, ["a"], 5)


async def test_of_fifty_who_claim_at_once_one_gets_it(store):
    number = await ticket(store)
    people = [await hire(store, f"agent{index}", queues=["service"]) for index in range(50)]

    async def claim(actor):
        try:
            async with store.transaction() as uow:
                await desk.assign(uow, actor, await access_ticket(uow, actor, number), actor.agent_id)
        except Conflict:
            return None
        return actor.agent_id

    owners = [owner for owner in await asyncio.gather(*map(claim, people)) if owner]
    async with store.read() as uow:
        found = await access_ticket(uow, MACHINE, number)
        assert owners == [found.assignee_id]
        assert found.status == "open"


async def test_who_shows_that_he_knows_may_take_it_from_another(store):
    number = await ticket(store)
    ann, bob = await hire(store, "ann", queues=["service"]), await hire(store, "bob", queues=["service"])
    async with store.transaction() as uow:
        found = await access_ticket(uow, ann, number)
        await desk.assign(uow, ann, found, ann.agent_id)
        with pytest.raises(Conflict):
            await desk.assign(uow, bob, found, bob.agent_id)
        await desk.assign(uow, bob, found, bob.agent_id, expected_version=found.version)
        assert found.assignee_id == bob.agent_id
        await desk.assign(uow, ann, found, None, force=True)
        assert found.assignee_id is None


@pytest.mark.parametrize("agent_id", ["nobody", "01890000-0000-7000-8000-000000000000"])
async def test_an_unknown_agent_gets_nothing(store, agent_id):
    number = await ticket(store)
    async with store.transaction() as uow:
        found = await access_ticket(uow, MACHINE, number)
        with pytest.raises(InvalidInput):
            await desk.assign(uow, MACHINE, found, agent_id)


async def test_a_stale_version_is_refused_and_overwrites_nothing(store):
    number = await ticket(store)
    ann = await hire(store, queues=["service"])
    async with store.transaction() as uow:
        await desk.set_priority(uow, ann, await access_ticket(uow, ann, number), "high", expected_version=1)
    async with store.transaction() as uow:
        found = await access_ticket(uow, ann, number)
        with pytest.raises(Conflict):
            await desk.set_priority(uow, ann, found, "low", expected_version=1)
    async with store.read() as uow:
        assert (await access_ticket(uow, ann, number)).priority == "high"


@pytest.mark.parametrize("number", [0, -1, 4711, 2**70])
async def test_a_missing_ticket_is_not_found(store, number):
    async with store.read() as uow:
        with pytest.raises(NotFound):
            await access_ticket(uow, MACHINE, number)


async def test_a_foreign_ticket_does_not_exist_until_it_is_ones_own(store):
    number = await ticket(store, queue="claims")
    ann, boss = await hire(store, queues=["service"]), await hire(store, "boss", Role.SUPERVISOR)
    async with store.transaction() as uow:
        with pytest.raises(NotFound):
            await access_ticket(uow, ann, number)
        found = await access_ticket(uow, boss, number)
        await desk.assign(uow, boss, found, ann.agent_id)
        assert (await access_ticket(uow, ann, number)).id == found.id


async def test_a_message_is_seen_by_who_sees_its_ticket(store):
    ann, boss = await hire(store, queues=["service"]), await hire(store, "boss", Role.SUPERVISOR)
    number = await ticket(store, queue="claims")
    async with store.transaction() as uow:
        foreign = await access_ticket(uow, boss, number)
        conversation = await uow.session.get(Conversation, foreign.conversation_id)
        message = await write(uow, mail(), "secret", conversation=conversation)
        loose = await write(uow, mail("z@example.org"), "no ticket yet")
    async with store.read() as uow:
        assert (await access_message(uow, boss, message.id))[1].number == number
        assert (await access_message(uow, boss, loose.id))[1] is None
        for hidden in (message.id, loose.id, "x"):
            with pytest.raises(NotFound):
                await access_message(uow, ann, hidden)


async def test_the_states_follow_each_other_and_leave_their_marks(store):
    number = await ticket(store)
    async with store.transaction() as uow:
        found = await access_ticket(uow, MACHINE, number)
        for command in (desk.pend, desk.reopen, desk.resolve, desk.resolve, desk.close, desk.reopen):
            await command(uow, MACHINE, found)
        assert (found.status, found.resolved_at, found.closed_at) == ("open", None, None)
        assert await kinds(uow, found) == ["opened", "pending", "reopened", "resolved", "closed", "reopened"]


async def test_moving_takes_it_from_who_does_not_work_there(store):
    number = await ticket(store)
    ann = await hire(store, "ann", queues=["service", "claims"])
    bob = await hire(store, "bob", queues=["service"])
    async with store.transaction() as uow:
        claims = await get_queue(uow, "claims")
        found = await access_ticket(uow, ann, number)
        await desk.assign(uow, ann, found, bob.agent_id)
        await desk.move(uow, ann, found, claims.id)
        assert (found.queue_id, found.assignee_id) == (claims.id, None)
        with pytest.raises(InvalidInput):
            await desk.move(uow, ann, found, clock.new_id())


async def test_a_corrected_category_is_kept_for_training_and_moves_the_ticket(store):
    number = await ticket(store, category="other", category_probability=0.4)
    ann = await hire(store, role=Role.ADMIN)
    async with store.transaction() as uow:
        await seed_defaults(uow, Settings())
        found = await access_ticket(uow, MACHINE, number)
        conversation = await uow.session.get(Conversation, found.conversation_id)
        said = {"category": {"label": "other"}, "model": "m@1"}
        message = await write(uow, mail(), "more", conversation=conversation, assessment=said)
        await desk.correct_category(uow, ann, found, "claim_report")
        assert found.queue_id == (await get_queue(uow, "claims")).id
        assert (found.category, found.category_probability) == ("claim_report", 1.0)
        kept = (await uow.session.scalars(select(Feedback))).one()
        assert (kept.message_id, kept.was, kept.label) == (message.id, "other", "claim_report")
        assert (kept.head, kept.agent_id, kept.model) == ("category", ann.agent_id, "m@1")
        with pytest.raises(InvalidInput):
            await desk.correct_category(uow, MACHINE, found, "nonsense")


async def test_a_complaint_goes_to_its_queue_and_stays_there(store):
    number = await ticket(store)
    async with store.transaction() as uow:
        await seed_defaults(uow, Settings())
        found = await access_ticket(uow, MACHINE, number)
        await desk.mark_complaint(uow, MACHINE, found)
        await desk.correct_category(uow, MACHINE, found, "refund")
        assert found.complaint
        assert found.queue_id == (await get_queue(uow, "complaints")).id


async def test_tags_are_cleaned_and_counted(store):
    number = await ticket(store)
    async with store.transaction() as uow:
        found = await access_ticket(uow, MACHINE, number)
        await desk.set_tags(uow, MACHINE, found, ["VIP", " call back ", "vip", ""])
        assert found.tags == ["vip", "call-back"]
        with pytest.raises(InvalidInput):
            await desk.set_tags(uow, MACHINE, found, [f"tag{index}" for index in range(21)])


async def test_a_snooze_lies_in_the_future_and_ends_when_the_customer_writes(store):
    number = await ticket(store)
    async with store.transaction() as uow:
        found = await access_ticket(uow, MACHINE, number)
        with pytest.raises(InvalidInput):
            await desk.snooze(uow, MACHINE, found, clock.now() - timedelta(seconds=1))
        await desk.snooze(uow, MACHINE, found, clock.now() + timedelta(days=1))
        assert found.snoozed_until is not None
        await desk.customer_wrote(uow, found, "hello?")
        assert found.snoozed_until is None


async def test_reading_decides_nothing(store):
    number = await ticket(store)
    async with store.transaction() as uow:
        found = await access_ticket(uow, MACHINE, number)
        await desk.mark_read(uow, MACHINE, found)
        assert (found.unread, found.version) == (False, 1)


async def test_merging_moves_what_was_said_and_later_replies_follow(store):
    first, second = await ticket(store, "one"), await ticket(store, "two")
    async with store.transaction() as uow:
        source, target = await access_ticket(uow, MACHINE, second), await access_ticket(uow, MACHINE, first)
        await desk.merge(uow, MACHINE, source, target)
        assert (target.messages_count, source.messages_count, source.status) == (2, 0, "closed")
        assert (await merge_target(uow, source)).number == first
        landed = await ticket_of_conversation(uow, source.conversation_id)
        assert landed is not None
        assert landed.number == first
        with pytest.raises(Conflict):
            await desk.resolve(uow, MACHINE, source)


async def test_tickets_of_two_customers_are_not_merged(store):
    first = await ticket(store)
    second = await ticket(store, identity=mail("other@example.org"))
    async with store.transaction() as uow:
        source, target = await access_ticket(uow, MACHINE, second), await access_ticket(uow, MACHINE, first)
        with pytest.raises(Conflict):
            await desk.merge(uow, MACHINE, source, target)
        with pytest.raises(InvalidInput):
            await desk.merge(uow, MACHINE, source, source)


async def test_doing_what_is_done_writes_no_event(store):
    number = await ticket(store)
    async with store.transaction() as uow:
        found = await access_ticket(uow, MACHINE, number)
        await desk.set_priority(uow, MACHINE, found, "normal")
        await desk.set_tags(uow, MACHINE, found, [])
        await desk.reopen(uow, MACHINE, found)
        events = await uow.session.scalar(select(func.count()).where(col(TicketEvent.ticket_id) == found.id))
        assert (events, found.version) == (1, 1)
