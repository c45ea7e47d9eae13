"""The way of a message: from the inbox through the stages to ticket and outbox, on a real database."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from email.message import EmailMessage

import pytest
from sqlalchemy import func, select, text
from sqlmodel import col

from contactcenter.channels.email.ingest_key import ingest_key
from contactcenter.channels.email.reader import MailReader, Ours
from contactcenter.channels.registry import readers
from contactcenter.conversations import processing
from contactcenter.conversations.inbox import SLOW_LANE, Inbox, lane_of
from contactcenter.conversations.records import Delivery, Message, MessageState
from contactcenter.conversations.tokens import ReplyTokens
from contactcenter.envelope import Channel, Content, Identity, IdentityKind, InboundMessage, TakesLong
from contactcenter.pipeline.pipeline import Pipeline
from contactcenter.pipeline.work import Batch
from contactcenter.settings import Mailbox, Settings
from contactcenter.store.store import Store
from contactcenter.tickets.answering import AnsweringPolicy
from contactcenter.tickets.records import Ticket
from contactcenter.tickets.seeds import seed_defaults
from contactcenter.triage.assessment import Assessment, TriageInput

SETTINGS = Settings(mailboxes=(Mailbox(address="support@desk.example", queue="service"),))


def mail(sender: str, subject: str, body: str, *, message_id: str, refs: Sequence[str] = ()) -> InboundMessage:
    """A mail as the door would hand it over."""
    message = EmailMessage()
    message["From"], message["To"], message["Subject"] = sender, "support@desk.example", subject
    message["Message-ID"] = f"<{message_id}>"
    message["Date"] = "Mon, 02 Nov 2026 10:00:00 +0000"
    if refs:
        message["In-Reply-To"] = f"<{refs[-1]}>"
        message["References"] = " ".join(f"<{ref}>" for ref in refs)
    message.set_content(body)
    raw = message.as_bytes()
    return InboundMessage(
        channel=Channel.EMAIL,
        ingest_key=ingest_key(raw),
        sender=Identity(IdentityKind.EMAIL, sender),
        recipients=("support@desk.example",),
        raw=raw,
        envelope={"door": "smtp", "assumed": True, "mail_from": sender},
    )


class Desk:
    """A store with its pipeline, and short ways to put mail in and look at what came of it."""

    def __init__(self, store: Store, assessor: object = None, reader: object = None) -> None:
        self.store = store
        self.inbox = Inbox(store)
        self.pipeline = Pipeline(
            store,
            {Channel.EMAIL: reader} if reader else readers(SETTINGS),
            assessor,
            ReplyTokens(store.secrets.derive("reply-token")),
            AnsweringPolicy(auto_answer=True, acknowledge=True, threshold=0.9),
        )

    async def take(self, *messages: InboundMessage) -> None:
        for message in messages:
            await self.inbox.accept(message)
        for lane in {lane_of(message.sender) for message in messages}:
            await self.pipeline.understand(lane)

    async def count(self, table: type, *where: object) -> int:
        async with self.store.read() as uow:
            return int((await uow.session.execute(select(func.count()).select_from(table).where(*where))).scalar_one())

    async def tickets(self) -> list[Ticket]:
        async with self.store.read() as uow:
            return list(await uow.session.scalars(select(Ticket).order_by(col(Ticket.number))))


@pytest.fixture
async def desk(store: Store) -> Desk:
    async with store.transaction() as uow:
        await seed_defaults(uow, SETTINGS)
    return Desk(store)


async def test_a_mail_becomes_a_ticket_and_gets_its_receipt(desk: Desk) -> None:
    await desk.take(mail("ann@customer.example", "My boat", "The mast broke.", message_id="1@c"))
    tickets = await desk.tickets()
    assert [(ticket.subject, ticket.status, ticket.messages_count) for ticket in tickets] == [("My boat", "new", 2)]
    assert await desk.count(Delivery) == 1


async def test_the_same_mail_twice_is_one(desk: Desk) -> None:
    message = mail("ann@customer.example", "My boat", "The mast broke.", message_id="1@c")
    first, second = await desk.inbox.accept(message), await desk.inbox.accept(message)
    assert second.duplicate
    assert second.message_id == first.message_id


async def test_the_same_id_with_other_content_is_another_message(desk: Desk) -> None:
    await desk.take(
        mail("ann@customer.example", "My boat", "The mast broke.", message_id="1@c"),
        mail("ann@customer.example", "My boat", "It sank, too.", message_id="1@c"),
    )
    assert await desk.count(Message, col(Message.direction) == "in", col(Message.state) == MessageState.DONE) == 2


async def test_a_reply_that_overtakes_its_parent_shares_its_ticket(desk: Desk) -> None:
    await desk.take(mail("ann@customer.example", "Re: My boat", "Any news?", message_id="2@c", refs=["1@c"]))
    await desk.take(mail("ann@customer.example", "My boat", "The mast broke.", message_id="1@c"))
    assert len(await desk.tickets()) == 1


async def test_two_replies_that_share_an_unknown_parent_share_a_ticket(desk: Desk) -> None:
    await desk.take(mail("ann@customer.example", "Re: My boat", "One", message_id="2@c", refs=["1@c"]))
    await desk.take(mail("ann@customer.example", "Re: My boat", "Two", message_id="3@c", refs=["1@c"]))
    assert len(await desk.tickets()) == 1


async def test_a_stranger_citing_our_thread_gets_his_own_ticket_linked_to_it(desk: Desk) -> None:
    await desk.take(mail("ann@customer.example", "My boat", "The mast broke.", message_id="1@c"))
    await desk.take(mail("eve@elsewhere.example", "Re: My boat", "Tell me more", message_id="9@e", refs=["1@c"]))
    first, second = await desk.tickets()
    assert second.customer_id != first.customer_id
    assert second.related == [first.id]


async def test_only_one_receipt_a_conversation(desk: Desk) -> None:
    await desk.take(mail("ann@customer.example", "My boat", "The mast broke.", message_id="1@c"))
    await desk.take(mail("ann@customer.example", "Re: My boat", "Any news?", message_id="2@c", refs=["1@c"]))
    assert await desk.count(Delivery) == 1


async def test_a_sender_nobody_vouches_for_gets_nothing(desk: Desk) -> None:
    message = mail("ann@customer.example", "My boat", "The mast broke.", message_id="1@c")
    await desk.take(replace(message, envelope={"door": "smtp", "mail_from": "ann@customer.example"}))
    assert len(await desk.tickets()) == 1
    assert await desk.count(Delivery) == 0


async def test_batches_remove_the_jobs_they_covered(desk: Desk) -> None:
    for number in range(5):
        await desk.inbox.accept(mail("ann@customer.example", f"Matter {number}", "Hello", message_id=f"{number}@c"))
    await desk.pipeline.understand(lane_of(Identity(IdentityKind.EMAIL, "ann@customer.example")))
    async with desk.store.read() as uow:
        left = await uow.session.execute(text("SELECT count(*) FROM procrastinate_jobs WHERE task_name = 'understand'"))
        assert left.scalar_one() == 0
    assert await desk.count(Ticket) == 5


class _Poison:
    """An assessor that fails on one word, as a bug would."""

    def assess(self, items: Sequence[TriageInput]) -> list[Assessment]:
        raise RuntimeError("cannot think")


async def test_when_triage_fails_people_get_the_message(store: Store) -> None:
    async with store.transaction() as uow:
        await seed_defaults(uow, SETTINGS)
    desk = Desk(store, _Poison())
    await desk.take(mail("ann@customer.example", "My boat", "The mast broke.", message_id="1@c"))
    assert [ticket.status for ticket in await desk.tickets()] == ["new"]


async def test_a_message_that_fails_three_times_is_quarantined_and_takes_nobody_along(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    good = desk.pipeline.stages
    original = next(stage for stage in good if stage.name == "keep")

    async def fail_on_poison(batch: Batch) -> None:
        if any("poison" in work.content.subject for work in batch.works):
            raise ValueError("indigestible")
        await original.run(batch)

    desk.pipeline.stages = tuple(replace(s, run=fail_on_poison) if s.name == "keep" else s for s in good)
    await desk.take(
        mail("ann@customer.example", "First", "Hello", message_id="1@c"),
        mail("ann@customer.example", "poison", "Hello", message_id="2@c"),
        mail("ann@customer.example", "Last", "Hello", message_id="3@c"),
    )
    assert [ticket.subject for ticket in await desk.tickets()] == ["First", "Last"]
    async with desk.store.read() as uow:
        failed = (
            await uow.session.scalars(select(Message).where(col(Message.state) == MessageState.QUARANTINED))
        ).one()
    assert failed.attempts == 3
    assert "indigestible" in failed.failure


async def test_a_lane_that_is_worked_off_keeps_no_second_job_waiting_and_is_looked_at_again(desk: Desk) -> None:
    ann = Identity(IdentityKind.EMAIL, "ann@customer.example")
    batch, seen = desk.pipeline._batch, []

    async def meanwhile_one_more(lane: int) -> bool:
        if not seen:
            seen.append(await batch(lane))
            await desk.inbox.accept(mail(ann.value, "Late", "Hello", message_id="2@c"))
            await desk.pipeline.understand(lane)  # the second job: it must not wait for the first
            return False
        return await batch(lane)

    desk.pipeline._batch = meanwhile_one_more  # type: ignore[method-assign]
    await desk.take(mail(ann.value, "Early", "Hello", message_id="1@c"))
    assert [ticket.subject for ticket in await desk.tickets()] == ["Early", "Late"]


async def test_a_suspect_lets_other_senders_pass_and_keeps_his_own_later_mail_behind_it(desk: Desk) -> None:
    lane = lane_of(Identity(IdentityKind.EMAIL, "ann@customer.example"))
    other = next(
        f"x{n}@c.example" for n in range(99) if lane_of(Identity(IdentityKind.EMAIL, f"x{n}@c.example")) == lane
    )
    for number, sender in enumerate(("ann@customer.example", "ann@customer.example", other)):
        await desk.inbox.accept(mail(sender, f"Matter {number}", "Hello", message_id=f"{number}@c"))
    async with desk.store.transaction() as uow:
        rows = await processing.waiting(uow, lane)
        await processing.count_tries(uow, rows[:1])
        assert [row.identity for row in await processing.waiting(uow, lane)] == [f"email:{other}"]
        await uow.session.execute(text("UPDATE message SET created_at = created_at - interval '2 minutes'"))
        assert [row.id for row in await processing.waiting(uow, lane)] == [rows[0].id]


class Hasty:
    """A reader that takes long over some mails."""

    def __init__(self) -> None:
        self.read = MailReader(Ours.of(SETTINGS))

    def __call__(self, message: InboundMessage) -> Content:
        return self.read(message)

    def read_many(self, messages: Sequence[InboundMessage]) -> list[Content | Exception]:
        return [TakesLong() if b"slow" in (one.raw or b"") else self.read(one) for one in messages]


async def test_a_mail_that_takes_long_waits_where_nobody_waits_behind_it(store: Store) -> None:
    async with store.transaction() as uow:
        await seed_defaults(uow, SETTINGS)
    desk = Desk(store, reader=Hasty())
    mails = [mail("ann@c.example", f"m{n}", body, message_id=f"{n}@c.example") for n, body in enumerate(["slow", "ok"])]
    await desk.take(*mails)
    assert [ticket.subject for ticket in await desk.tickets()] == ["m1"]
    await desk.pipeline.understand(SLOW_LANE)
    assert [ticket.subject for ticket in await desk.tickets()] == ["m1", "m0"]


async def test_that_it_takes_long_is_no_try_and_defers_a_job(store: Store) -> None:
    async with store.transaction() as uow:
        await seed_defaults(uow, SETTINGS)
    desk = Desk(store, reader=Hasty())
    await desk.take(mail("ann@c.example", "m", "slow", message_id="1@c.example"))
    assert await desk.count(Message, col(Message.lane) == SLOW_LANE, col(Message.attempts) == 0) == 1
    async with store.read() as uow:
        query = text("SELECT args FROM procrastinate_jobs WHERE status = 'todo'")
        assert list(await uow.session.scalars(query)) == [{"lane": SLOW_LANE}]
