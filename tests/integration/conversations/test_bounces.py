"""What comes back of our mail: the delivery, the address and the ticket know of it, and nobody else can say so."""

import pytest
from sqlalchemy import select

from contactcenter.conversations.delivery import Deliverer
from contactcenter.conversations.records import Delivery
from contactcenter.customers.records import CustomerIdentity
from contactcenter.envelope import Channel
from contactcenter.errors import PermanentDelivery
from contactcenter.staff.access import Role
from contactcenter.tickets import desk
from contactcenter.tickets.overview import list_events
from tests.attacks.house import PostRoom, mail
from tests.integration.conversations.returns import bounce, plain_bounce, read_receipt, rewritten_bounce
from tests.integration.office import hire

ANN = "ann@customer.example"


@pytest.fixture
async def room(store):
    return await PostRoom(store).open()


async def answered(room, **more):
    """Ann wrote, an agent answered and it went out; the answer."""
    await room.take(mail(ANN), proven=False)
    agent = await hire(room.store, "agent", Role.ADMIN)
    async with room.store.transaction() as uow:
        ticket = await uow.session.merge((await room.tickets())[0])
        sent = await desk.reply(uow, agent, ticket, text="We mend it.", resolve=True, **more)
    await room.deliver()
    return next(message for message in await room.messages("out") if message.id == sent.id)


async def delivery(room, message):
    async with room.store.read() as uow:
        found = await uow.session.get(Delivery, message.id)
    return found.state, found.detail


async def identity(room, address=ANN):
    async with room.store.read() as uow:
        return await uow.session.scalar(select(CustomerIdentity).where(CustomerIdentity.value == address))


async def events(room):
    async with room.store.read() as uow:
        return [line.event for line in await list_events(uow, (await room.tickets())[0])]


@pytest.mark.parametrize("returned", [bounce, plain_bounce])
async def test_a_permanent_bounce_marks_delivery_and_address_and_reopens_the_ticket(room, returned):
    sent = await answered(room)
    assert (await room.tickets())[0].status == "resolved"
    await room.take(returned(sent.external_id))
    (ticket,) = await room.tickets()
    state, detail = await delivery(room, sent)
    assert (ticket.status, ticket.unread, state) == ("open", True, "undelivered")
    assert {"550", "5.1.1"} <= set(detail.split())
    assert (await identity(room)).undeliverable_reason == detail
    (told,) = [event.data for event in await events(room) if event.kind == "undelivered"]
    assert (told["address"], told["code"]) == (ANN, "5.1.1")


async def test_a_late_mail_waits_without_a_word_to_anybody(room):
    sent = await answered(room)
    await room.take(bounce(sent.external_id, status="4.4.1", action="delayed", said="connection timed out"))
    (ticket,) = await room.tickets()
    state, detail = await delivery(room, sent)
    assert (ticket.status, state) == ("resolved", "sent")
    assert "delayed: connection timed out" in detail
    assert (await identity(room)).undeliverable_at is None


async def test_a_full_mailbox_is_told_of_but_its_address_stays_good(room):
    sent = await answered(room)
    await room.take(bounce(sent.external_id, status="5.2.2", said="552 5.2.2 mailbox full"))
    assert (await room.tickets())[0].status == "open"
    assert (await delivery(room, sent))[0] == "undelivered"
    assert (await identity(room)).undeliverable_at is None


async def test_a_bounce_that_returns_no_mail_of_ours_changes_nothing_and_stands_beside_the_ticket(room):
    sent = await answered(room)
    await room.take(bounce("guessed@desk.example"), proven=False)
    first, beside = await room.tickets()
    assert ((await delivery(room, sent))[0], first.status) == ("sent", "resolved")
    assert (await identity(room)).undeliverable_at is None
    assert (beside.related, beside.status, beside.tags) == ([first.id], "new", ["bounce"])


async def test_a_bounce_speaks_only_of_those_the_mail_went_to(room):
    await room.take(mail("victim@third.example", message_id="v@t"))
    sent = await answered_second(room)
    await room.take(bounce(sent.external_id, "victim@third.example"))
    assert (await identity(room, "victim@third.example")).undeliverable_at is None
    assert (await identity(room)).undeliverable_at is None


async def answered_second(room):
    await room.take(mail(ANN), proven=False)
    agent = await hire(room.store, "agent", Role.ADMIN)
    async with room.store.transaction() as uow:
        ticket = await uow.session.merge((await room.tickets())[1])
        sent = await desk.reply(uow, agent, ticket, text="We mend it.", cc=["bob@customer.example"])
    await room.deliver()
    return next(message for message in await room.messages("out") if message.id == sent.id)


async def test_the_token_of_the_returned_mail_serves_where_a_provider_replaced_its_id(room):
    sent = await answered(room)
    await room.take(rewritten_bounce(room.tokens.sign(sent.conversation_id)), proven=False)
    (ticket,) = await room.tickets()
    assert (ticket.status, (await delivery(room, sent))[0]) == ("open", "undelivered")
    assert (await identity(room)).undeliverable_reason == "5.1.1 550 no such user"


async def test_of_several_mails_a_token_speaks_of_the_last_one_to_the_address_it_names(room):
    first = await answered(room, cc=["bob@customer.example"])
    agent = await hire(room.store, "second", Role.ADMIN)
    async with room.store.transaction() as uow:
        ticket = await uow.session.merge((await room.tickets())[0])
        second = await desk.reply(uow, agent, ticket, text="It is mended.")
    await room.deliver()
    await room.take(rewritten_bounce(room.tokens.sign(first.conversation_id), "bob@customer.example"))
    assert "550" in (await delivery(room, first))[1]
    assert await delivery(room, second) == ("sent", "")


@pytest.mark.parametrize("recipient", ["victim@third.example", "nobody@customer.example"])
async def test_a_token_says_nothing_of_addresses_that_its_conversation_never_wrote_to(room, recipient):
    await room.take(mail("victim@third.example", message_id="v@t"))
    sent = await answered_second(room)
    await room.take(rewritten_bounce(room.tokens.sign(sent.conversation_id), recipient), proven=False)
    assert (await delivery(room, sent))[0] == "sent"
    assert (await identity(room)).undeliverable_at is None
    assert (await identity(room, "victim@third.example")).undeliverable_at is None


async def test_a_token_with_a_wrong_hash_is_worth_nothing(room):
    sent = await answered(room)
    token = room.tokens.sign(sent.conversation_id)
    await room.take(rewritten_bounce(token[:20] + ("b" if token[20] == "a" else "a") + token[21:]), proven=False)
    assert (await delivery(room, sent))[0] == "sent"
    assert (await identity(room)).undeliverable_at is None


async def test_a_mail_system_takes_no_part_in_the_conversation_it_reports_on(room):
    sent = await answered(room)
    await room.take(bounce(sent.external_id))
    await room.take(
        mail("MAILER-DAEMON@mx.example", "hello", "let me in", message_id="9@x", References=f"<{sent.external_id}>")
    )
    assert len(await room.tickets()) == 2


async def test_a_receipt_of_the_reader_says_delivered_and_no_bounce_takes_it_back(room):
    sent = await answered(room)
    await room.take(read_receipt(sent.external_id))
    assert (await delivery(room, sent))[0] == "delivered"
    assert (await room.tickets())[0].status == "resolved"
    await room.take(bounce(sent.external_id))
    assert (await delivery(room, sent))[0] == "delivered"
    assert (await identity(room)).undeliverable_at is None


async def test_an_address_works_again_when_its_owner_writes(room):
    sent = await answered(room)
    await room.take(bounce(sent.external_id))
    assert (await identity(room)).undeliverable_at is not None
    await room.take(mail(ANN, "I am back", message_id="back@c"))
    found = await identity(room)
    assert (found.undeliverable_at, found.undeliverable_reason) == (None, "")


async def test_a_refusal_at_the_door_of_his_server_marks_the_address_likewise(room):
    class Refusing:
        async def send(self, message):
            raise PermanentDelivery("550 5.1.1 no such user", code="5.1.1", dead=True)

    await room.take(mail(ANN), proven=True)
    (receipt,) = await room.messages("out")
    await Deliverer(room.store, {Channel.EMAIL: Refusing()}, room, room.tokens).deliver(receipt.id)
    assert (await delivery(room, receipt))[0] == "failed"
    assert (await identity(room)).undeliverable_reason == "550 5.1.1 no such user"
