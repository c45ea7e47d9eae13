"""Replies, notes, forwards and first messages: where they go, and what becomes of the ticket."""

from dataclasses import replace

import pytest
from sqlalchemy import select
from sqlmodel import col

from contactcenter.conversations.records import Attachment, Conversation, Delivery, Message, Participant
from contactcenter.customers.identity import add_identity
from contactcenter.envelope import Channel, Identity, IdentityKind
from contactcenter.errors import Conflict, Forbidden, InvalidInput, NotFound
from contactcenter.staff.access import MACHINE
from contactcenter.tickets import desk
from contactcenter.tickets.access import access_ticket
from contactcenter.tickets.queues import ensure_queue
from contactcenter.tickets.writing import reply_subject
from tests.integration.office import hire, mail, ticket, write


async def test_a_reply_answers_the_last_mail_and_the_ticket_is_pending(store):
    number, ann = await ticket(store, subject="Broken lamp"), await hire(store, queues=["service"])
    async with store.transaction() as uow:
        found = await access_ticket(uow, ann, number)
        message = await desk.reply(uow, ann, found, text="It is **on** its way.", cc=["boss@example.org"])
        asked = (await uow.session.scalars(select(Message).where(col(Message.direction) == "in"))).one()
        assert (message.subject, message.identity, message.in_reply_to) == (
            "Re: Broken lamp",
            "email:carol@example.org",
            asked.external_id,
        )
        assert message.refs == [asked.external_id]
        assert message.addresses["from"] == "support@desk.example"
        assert "It is <strong>on</strong> its way.</p>" in message.html
        assert (found.status, found.answered_by, found.assignee_id) == ("pending", "agent", ann.agent_id)
        assert (found.waiting_since, found.unread, found.messages_count) == (None, False, 2)
        assert found.first_reply_at is not None
        assert await uow.session.scalar(select(col(Delivery.state))) == "queued"


async def test_a_reply_by_program_resolves_and_takes_nothing(store):
    number, ann = await ticket(store), await hire(store, queues=["service"])
    async with store.transaction() as uow:
        found = await access_ticket(uow, ann, number)
        await desk.reply(uow, replace(ann, via="api"), found, text="Done.", resolve=True)
        assert (found.status, found.assignee_id, found.answered_by) == ("resolved", None, "agent")


async def test_a_reply_over_what_its_writer_has_not_seen_is_refused(store):
    number, ann = await ticket(store), await hire(store, queues=["service"])
    async with store.transaction() as uow:
        found = await access_ticket(uow, ann, number)
        await desk.customer_wrote(uow, found, "wait, I found it")
        with pytest.raises(Conflict):
            await desk.reply(uow, ann, found, text="Sorry", expected_version=1)
        assert await uow.session.scalar(select(Delivery)) is None


async def test_a_text_is_answered_by_text_without_subject_or_html(store):
    sms = Identity(IdentityKind.PHONE, "+12025550199")
    async with store.transaction() as uow:
        message = await write(
            uow, sms, "where?", channel=Channel.SMS, addresses={"recipients": ["+12025550100"]}, external_id="SM1"
        )
        opened = await desk.open_ticket(
            uow,
            conversation=await uow.session.get(Conversation, message.conversation_id),
            customer_id=message.customer_id,
            subject="where?",
            preview="where?",
            queue_id=(await ensure_queue(uow, "service")).id,
            channel=Channel.SMS,
        )
        sent = await desk.reply(uow, MACHINE, opened, text="*Here*")
        assert (sent.channel, sent.subject, sent.html, sent.text) == ("sms", "", "", "*Here*")
        assert (sent.identity, sent.addresses["from"], sent.in_reply_to) == (str(sms), "+12025550100", "")


async def test_another_channel_reaches_the_customer_only_if_he_has_a_name_there(store):
    number = await ticket(store)
    async with store.transaction() as uow:
        found = await access_ticket(uow, MACHINE, number)
        with pytest.raises(InvalidInput):
            await desk.reply(uow, MACHINE, found, text="hi", channel=Channel.SMS)
        await add_identity(uow, found.customer_id, Identity(IdentityKind.PHONE, "+12025550199"))
        sent = await desk.reply(uow, MACHINE, found, text="hi", channel=Channel.SMS)
        assert (sent.channel, sent.identity) == ("sms", "phone:+12025550199")


async def test_reply_to_is_honoured(store):
    number = await ticket(store)
    async with store.transaction() as uow:
        found = await access_ticket(uow, MACHINE, number)
        conversation = await uow.session.get(Conversation, found.conversation_id)
        wish = {"reply_to": "Office@Example.org"}
        await write(uow, mail(), "x", conversation=conversation, addresses=wish, authenticated=True)
        sent = await desk.reply(uow, MACHINE, found, text="hi")
        assert sent.addresses["to"] == ["office@example.org"]


@pytest.mark.parametrize("wrong", ["a@b.c\r\nBcc: x@y.z", "nobody", "a@b@c", "<a@b.c>", "a@b.c,d@e.f"])
async def test_an_address_that_is_none_is_refused(store, wrong):
    number = await ticket(store)
    async with store.transaction() as uow:
        found = await access_ticket(uow, MACHINE, number)
        with pytest.raises(InvalidInput) as refused:
            await desk.reply(uow, MACHINE, found, text="hi", bcc=[wrong])
        assert refused.value.field == "bcc"


@pytest.mark.parametrize("empty", ["", " \r\n ", "\x00", "x" * 200_001])
async def test_an_empty_or_endless_text_is_refused(store, empty):
    number = await ticket(store)
    async with store.transaction() as uow:
        with pytest.raises(InvalidInput):
            await desk.note(uow, MACHINE, await access_ticket(uow, MACHINE, number), empty)


async def test_a_reply_taken_back_in_time_leaves_the_ticket_as_it_was(store):
    number, ann = await ticket(store), await hire(store, queues=["service"])
    async with store.transaction() as uow:
        found = await access_ticket(uow, ann, number)
        waiting = found.waiting_since
        sent = await desk.reply(uow, ann, found, text="Oops", delay_seconds=10)
        assert await desk.undo_reply(uow, ann, sent.id) == "Oops"
        assert (found.status, found.waiting_since, found.answered_by, found.messages_count) == ("new", waiting, "", 1)
        assert found.assignee_id is None


async def test_a_reply_already_on_its_way_is_not_taken_back(store):
    number, ann = await ticket(store), await hire(store, queues=["service"])
    async with store.transaction() as uow:
        found = await access_ticket(uow, ann, number)
        sent = await desk.reply(uow, ann, found, text="Oops")
        delivery = await uow.session.get(Delivery, sent.id)
        delivery.state, delivery.attempts = "sending", 1
        await uow.session.flush()
        assert await desk.undo_reply(uow, ann, sent.id) is None
        assert found.status == "pending"


async def test_nobody_takes_back_what_another_wrote(store):
    number = await ticket(store)
    ann, bob = await hire(store, "ann", queues=["service"]), await hire(store, "bob", queues=["service"])
    async with store.transaction() as uow:
        sent = await desk.reply(uow, ann, await access_ticket(uow, ann, number), text="Oops", delay_seconds=10)
        with pytest.raises(Forbidden):
            await desk.undo_reply(uow, bob, sent.id)


async def test_a_note_is_never_sent_and_changes_no_state(store):
    number, ann = await ticket(store), await hire(store, queues=["service"])
    async with store.transaction() as uow:
        found = await access_ticket(uow, ann, number)
        note = await desk.note(uow, ann, found, "He called twice.")
        assert (note.kind, note.author_name, found.status, found.messages_count) == ("note", "ann", "new", 1)
        assert await uow.session.scalar(select(Delivery)) is None


async def test_a_forward_takes_the_files_along_and_lets_the_other_answer(store):
    number, ann = await ticket(store, "See the photo", files=2), await hire(store, queues=["service"])
    async with store.transaction() as uow:
        found = await access_ticket(uow, ann, number)
        asked = (await uow.session.scalars(select(Message))).one()
        sent = await desk.forward(uow, ann, found, asked.id, "expert@lab.example", "Your view?")
        assert sent.subject == "Fwd: A question"
        assert sent.text == "Your view?"
        assert "From: carol@example.org\n" in sent.quoted_text
        assert sent.quoted_text.endswith("\n\nSee the photo")
        files = await uow.session.scalars(select(Attachment).where(col(Attachment.message_id) == sent.id))
        assert len(files.all()) == 2
        names = await uow.session.scalars(select(col(Participant.identity)))
        assert "email:expert@lab.example" in names.all()
        assert found.status == "new"


async def test_a_message_of_another_ticket_is_not_forwarded(store):
    number, ann = await ticket(store), await hire(store, queues=["service"])
    await ticket(store, "private", identity=mail("z@example.org"), queue="claims")
    async with store.transaction() as uow:
        found = await access_ticket(uow, ann, number)
        foreign = await uow.session.scalar(select(col(Message.id)).where(col(Message.text) == "private"))
        with pytest.raises(NotFound):
            await desk.forward(uow, ann, found, foreign, "me@home.example")


async def test_an_agent_writes_first_and_the_ticket_is_pending_and_his(store):
    ann = await hire(store, queues=["service"])
    async with store.transaction() as uow:
        queue = await ensure_queue(uow, "service")
        opened = await desk.compose(
            uow,
            ann,
            identity=mail("New@Example.org"),
            subject="Your policy",
            text="Good news.",
            channel=Channel.EMAIL,
            queue_id=queue.id,
            sender="support@desk.example",
        )
        sent = (await uow.session.scalars(select(Message))).one()
        assert (opened.status, opened.assignee_id, opened.answered_by) == ("pending", ann.agent_id, "agent")
        assert (sent.subject, sent.identity) == ("Your policy", "email:new@example.org")
        again = await desk.reply(uow, ann, opened, text="And more.")
        assert (again.in_reply_to, again.identity) == (sent.external_id, sent.identity)


async def test_nobody_writes_out_of_a_foreign_queue_or_to_the_wrong_kind_of_name(store):
    ann = await hire(store, queues=["service"])
    async with store.transaction() as uow:
        claims, service = await ensure_queue(uow, "claims"), await ensure_queue(uow, "service")
        letter = {"subject": "x", "text": "y", "channel": Channel.EMAIL}
        with pytest.raises(Forbidden):
            await desk.compose(uow, ann, identity=mail(), queue_id=claims.id, **letter)
        phone = Identity(IdentityKind.PHONE, "+12025550199")
        with pytest.raises(InvalidInput):
            await desk.compose(uow, ann, identity=phone, queue_id=service.id, **letter)


@pytest.mark.parametrize(
    ("subject", "answered"),
    [
        ("Lamp", "Re: Lamp"),
        ("RE: Lamp", "RE: Lamp"),
        ("回复：灯", "回复：灯"),
        ("Re[2]: Lamp", "Re[2]: Lamp"),
        ("", "Re:"),
    ],
)
def test_a_subject_gets_one_re(subject, answered):
    assert reply_subject(subject) == answered
