"""Delivery: leases, retries, receipts, and the difference between a machine's and an agent's message."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from itertools import permutations

import pytest
from sqlalchemy import text, update

from contactcenter import clock
from contactcenter.conversations.delivery import Deliverer
from contactcenter.conversations.outbox import Outgoing, cancel_queued, queue_message
from contactcenter.conversations.records import Conversation, Delivery, Message
from contactcenter.conversations.tokens import ReplyTokens
from contactcenter.customers.records import Customer
from contactcenter.envelope import (
    Channel,
    DeliveryState,
    Identity,
    IdentityKind,
    OutboundMessage,
    Receipt,
    RefusedRecipient,
    SendResult,
)
from contactcenter.errors import DeliveryError, NotOffered, PermanentDelivery, TemporaryDelivery, UncertainDelivery
from contactcenter.store.store import Store
from contactcenter.store.unit_of_work import UnitOfWork

ANN = Identity(IdentityKind.EMAIL, "ann@customer.example")


class Own:
    """We are support@desk.example."""

    def default_sender(self, channel: Channel) -> str:
        return "support@desk.example"

    def sender_name(self, address: str) -> str:
        return "Desk"


class Wire:
    """A sender whose outcome the test chooses; remembers what it was handed."""

    def __init__(self) -> None:
        self.sent: list[OutboundMessage] = []
        self.outcome: Callable[[], SendResult] = lambda: SendResult("x1")
        self.found: SendResult | None = None

    async def send(self, message: OutboundMessage) -> SendResult:
        self.sent.append(message)
        return self.outcome()

    async def find(self, message: OutboundMessage) -> SendResult | None:
        return self.found

    async def close(self) -> None:
        return


def failing(error: DeliveryError) -> Callable[[], SendResult]:
    def raise_it() -> SendResult:
        raise error

    return raise_it


class Post:
    """One queued message, its deliverer, and a look at its state."""

    def __init__(self, store: Store) -> None:
        self.store = store
        self.wire = Wire()
        self.deliverer = Deliverer(
            store, {Channel.EMAIL: self.wire, Channel.SMS: self.wire}, Own(), ReplyTokens(b"k" * 32)
        )

    async def queue(self, automatic: str = "", channel: Channel = Channel.EMAIL, delay: int = 0) -> str:
        async with self.store.transaction() as uow:
            customer, conversation = Customer(name="Ann"), Conversation()
            uow.session.add_all([customer, conversation])
            await uow.session.flush()
            outgoing = Outgoing(
                conversation.id,
                customer.id,
                channel,
                ANN,
                "Hello",
                automatic=automatic,
                sender="support@desk.example",
                delay_seconds=delay,
            )
            return (await queue_message(uow, outgoing)).id

    async def row(self, message_id: str) -> Delivery:
        async with self.store.read() as uow:
            return await uow.session.get_one(Delivery, message_id)

    async def state(self, message_id: str) -> str:
        return (await self.row(message_id)).state

    async def crash_while_sending(self, message_id: str) -> None:
        async with self.store.transaction() as uow:
            delivery = await uow.session.get_one(Delivery, message_id)
            delivery.state, delivery.attempts = DeliveryState.SENDING, 1
            delivery.leased_until = clock.now() - timedelta(seconds=1)

    async def due_now(self, message_id: str) -> None:
        async with self.store.transaction() as uow:
            due = text("UPDATE delivery SET due_at = now() WHERE message_id = :id")
            await uow.session.execute(due, {"id": message_id})


@pytest.fixture
def post(store: Store) -> Post:
    return Post(store)


async def test_a_message_goes_out_once(post: Post) -> None:
    message = await post.queue()
    await post.deliverer.deliver(message)
    await post.deliverer.deliver(message)
    assert len(post.wire.sent) == 1
    assert await post.state(message) == "sent"


async def test_an_interrupted_machine_answer_is_uncertain_and_never_sent_again(post: Post) -> None:
    message = await post.queue(automatic="answer")
    await post.crash_while_sending(message)
    await post.deliverer.deliver(message)
    assert post.wire.sent == []
    assert await post.state(message) == "uncertain"


async def test_an_interrupted_agent_reply_goes_out_again_with_the_same_id(post: Post) -> None:
    message = await post.queue()
    async with post.store.read() as uow:
        before = (await uow.session.get_one(Message, message)).external_id
    await post.crash_while_sending(message)
    await post.deliverer.deliver(message)
    assert [sent.external_id for sent in post.wire.sent] == [before]
    assert await post.state(message) == "sent"


async def test_an_interrupted_text_is_looked_up_before_it_is_sent_again(post: Post) -> None:
    message = await post.queue(channel=Channel.SMS)
    await post.crash_while_sending(message)
    post.wire.found = SendResult("SM1", DeliveryState.DELIVERED)
    await post.deliverer.deliver(message)
    assert post.wire.sent == []
    assert await post.state(message) == "delivered"


async def test_an_uncertain_text_is_looked_up_before_it_is_sent_again(post: Post) -> None:
    message = await post.queue(channel=Channel.SMS)
    post.wire.outcome = failing(UncertainDelivery("gone"))
    await post.deliverer.deliver(message)
    await post.due_now(message)
    post.wire.found = SendResult("SM1")
    await post.deliverer.deliver(message)
    assert len(post.wire.sent) == 1
    assert await post.state(message) == "sent"


async def test_later_means_another_try_with_back_off(post: Post) -> None:
    message = await post.queue()
    post.wire.outcome = failing(TemporaryDelivery("451 later"))
    await post.deliverer.deliver(message)
    row = await post.row(message)
    assert (row.state, row.detail) == ("queued", "451 later")
    assert row.due_at > clock.now()


async def test_never_means_failed_with_the_reason(post: Post) -> None:
    message = await post.queue()
    post.wire.outcome = failing(PermanentDelivery("550 no such user"))
    await post.deliverer.deliver(message)
    row = await post.row(message)
    assert (row.state, row.detail) == ("failed", "550 no such user")


async def test_an_uncertain_machine_answer_stays_uncertain(post: Post) -> None:
    message = await post.queue(automatic="receipt")
    post.wire.outcome = failing(UncertainDelivery("connection lost"))
    await post.deliverer.deliver(message)
    assert await post.state(message) == "uncertain"


async def test_receipts_in_any_order_end_in_the_same_state(post: Post) -> None:
    states = [DeliveryState.QUEUED, DeliveryState.SENDING, DeliveryState.SENT, DeliveryState.DELIVERED]
    for order in permutations(states):
        message = await post.queue(channel=Channel.SMS)
        post.wire.outcome = lambda name=message: SendResult(f"SM{name}")
        await post.deliverer.deliver(message)
        for state in order:
            await post.deliverer.record(Receipt(Channel.SMS, f"SM{message}", state))
        assert await post.state(message) == "delivered"


async def test_a_reply_can_be_taken_back_until_its_delivery_began(post: Post) -> None:
    waiting, gone = await post.queue(delay=60), await post.queue()
    await post.deliverer.deliver(waiting)  # not due yet
    await post.deliverer.deliver(gone)
    async with post.store.transaction() as uow:
        assert await cancel_queued(uow, waiting)
        assert not await cancel_queued(uow, gone)
    assert len(post.wire.sent) == 1


async def test_what_a_crash_left_unfinished_gets_a_job_again(post: Post) -> None:
    message = await post.queue()
    async with post.store.transaction() as uow:
        await uow.session.execute(text("DELETE FROM procrastinate_jobs"))
        await uow.session.execute(
            text("UPDATE delivery SET (updated_at, due_at) = (now() - interval '5 min', now() - interval '5 min')")
        )
    await post.deliverer.unfinished()
    async with post.store.read() as uow:
        jobs = (await uow.session.execute(text("SELECT args->>'message_id' FROM procrastinate_jobs"))).scalars().all()
    assert jobs == [message]


BOB = "bob@customer.example"


async def copied(post: Post) -> str:
    """A message to Ann with a copy to Bob, queued."""
    message = await post.queue()
    async with post.store.transaction() as uow:
        addresses = {"from": "support@desk.example", "to": [ANN.value], "cc": [BOB]}
        await uow.session.execute(update(Message).values(addresses=addresses))
    return message


def put_off(*, final: bool = False) -> SendResult:
    return SendResult("x1", refused=(RefusedRecipient(BOB, "4.2.0", "450 4.2.0 greylisted", final),))


async def test_a_copy_that_was_put_off_is_tried_again_alone(post: Post) -> None:
    message = await copied(post)
    post.wire.outcome = put_off
    await post.deliverer.deliver(message)
    row = await post.row(message)
    assert (row.state, row.refused[BOB]["final"]) == ("queued", False)
    await post.due_now(message)
    post.wire.outcome = lambda: SendResult("x1")
    await post.deliverer.deliver(message)
    assert [sent.only for sent in post.wire.sent] == [(), (BOB,)]
    row = await post.row(message)
    assert (row.state, row.refused) == ("sent", {})


async def test_a_copy_refused_for_good_is_told_on_the_message_that_others_have(post: Post) -> None:
    message = await copied(post)
    post.wire.outcome = put_off
    await post.deliverer.deliver(message)
    await post.due_now(message)
    post.wire.outcome = failing(PermanentDelivery("550 unknown", code="5.1.1"))
    await post.deliverer.deliver(message)
    row = await post.row(message)
    assert (row.state, row.refused[BOB]) == ("sent", {"code": "5.1.1", "detail": "550 unknown", "final": True})


async def test_a_refused_copy_does_not_come_again_while_another_is_tried(post: Post) -> None:
    message = await copied(post)
    eve = RefusedRecipient("eve@customer.example", "5.1.1", "550", final=True)
    post.wire.outcome = lambda: SendResult("x1", refused=(*put_off().refused, eve))
    await post.deliverer.deliver(message)
    await post.due_now(message)
    post.wire.outcome = lambda: SendResult("x1")
    await post.deliverer.deliver(message)
    assert post.wire.sent[1].only == (BOB,)
    assert list((await post.row(message)).refused) == ["eve@customer.example"]


async def test_a_host_that_is_away_uses_up_no_try(post: Post) -> None:
    message = await post.queue()
    post.wire.outcome = failing(NotOffered("connection refused"))
    for _ in range(20):
        await post.deliverer.deliver(message)
        await post.due_now(message)
    row = await post.row(message)
    assert (row.state, row.attempts, row.detail) == ("queued", 0, "connection refused")
    assert len(post.wire.sent) == 20


async def test_a_mail_whose_lane_is_full_comes_again_in_silence(post: Post) -> None:
    message = await post.queue()
    post.wire.outcome = failing(NotOffered("full", retry_after=30))
    await post.deliverer.deliver(message)
    row = await post.row(message)
    assert (row.state, row.attempts, row.detail) == ("queued", 0, "")
    assert timedelta(seconds=20) < row.due_at - clock.now() <= timedelta(seconds=30)


class News:
    """Remembers what it was told."""

    def __init__(self) -> None:
        self.told: list[tuple[str, str]] = []

    async def delayed(self, uow: UnitOfWork, message: Message, reason: str) -> None:
        self.told.append(("delayed", reason))

    async def failed(self, uow: UnitOfWork, message: Message, reason: str) -> None:
        self.told.append(("failed", reason))


async def test_a_message_that_takes_hours_is_told_of_once_and_its_end_too(post: Post) -> None:
    news = News()
    post.deliverer._news = news
    message = await post.queue()
    post.wire.outcome = failing(TemporaryDelivery("450 greylisted"))
    await post.deliverer.deliver(message)
    assert news.told == []
    async with post.store.transaction() as uow:
        await uow.session.execute(update(Message).values(created_at=clock.now() - timedelta(hours=5)))
    for _ in range(2):
        await post.due_now(message)
        await post.deliverer.deliver(message)
    await post.due_now(message)
    post.wire.outcome = failing(PermanentDelivery("550 unknown"))
    await post.deliverer.deliver(message)
    assert news.told == [("delayed", "450 greylisted"), ("failed", "550 unknown")]


async def test_signature_and_quotation_go_with_the_text(post: Post) -> None:
    message = await post.queue()
    async with post.store.transaction() as uow:
        values = {"signature": "Ann", "quoted_text": "> Hello?", "addresses": {"from_name": "Harbour", "to": []}}
        await uow.session.execute(update(Message).values(**values))
    await post.deliverer.deliver(message)
    (sent,) = post.wire.sent
    assert (sent.signature, sent.quotation, sent.sender_name) == ("Ann", "> Hello?", "Harbour")
