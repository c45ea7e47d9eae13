"""Sender, signature and quotation of what agents write: whose they are, and who may see what is quoted."""

import pytest
from sqlalchemy import select, update
from sqlmodel import col

from contactcenter.conversations.outbox import cancel_queued
from contactcenter.conversations.records import Attachment, Conversation, Delivery, Message
from contactcenter.envelope import Channel, FileContent, Identity, IdentityKind
from contactcenter.errors import Forbidden, InvalidInput
from contactcenter.settings import Settings
from contactcenter.staff import agents
from contactcenter.staff.access import MACHINE, Role
from contactcenter.tickets import desk
from contactcenter.tickets.access import access_ticket
from contactcenter.tickets.letterheads import SignatureChoice, letterhead, set_letterhead
from contactcenter.tickets.mailboxes import create_mailbox, delete_mailbox
from contactcenter.tickets.queues import ensure_queue
from tests.integration.office import counted, hire, mail, ticket, write

OURS = {"support@desk.example", "claims@desk.example"}
PNG = b"\x89PNG\r\n\x1a\nrest"


async def head(store, *, ours=OURS, queue="service", **fields):
    values = {"sender_address": "", "sender_name": "", "signature": "", "signature_zh": "", **fields}
    async with store.transaction() as uow:
        found = await ensure_queue(uow, queue)
        found.name, found.name_zh = "Service", "客服"
        return await set_letterhead(uow, MACHINE, found.id, **values, ours=ours)


async def reply(store, ann, number, text="Here you are.", **more):
    async with store.transaction() as uow:
        return await desk.reply(uow, ann, await access_ticket(uow, ann, number), text=text, **more)


async def test_a_queues_mail_goes_out_in_its_name(store):
    number, ann = await ticket(store), await hire(store, queues=["service"])
    await head(store, sender_address="Claims@desk.example", sender_name="{{ agent.name }} · {{ queue.name }}")
    sent = await reply(store, ann, number)
    assert (sent.addresses["from"], sent.addresses["from_name"]) == ("claims@desk.example", "ann · Service")
    assert sent.external_id.endswith("@desk.example")


async def test_the_signature_is_the_queues_in_the_customers_language(store):
    number, ann = await ticket(store, language="zh"), await hire(store, queues=["service"])
    await head(store, signature="{{ agent.name }}", signature_zh="**{{ queue.name }}** {{ agent.name }}")
    sent = await reply(store, ann, number)
    assert sent.signature == "客服 ann"
    assert "<strong>客服</strong> ann</p></div>" in sent.html
    assert sent.text == "Here you are."


@pytest.mark.parametrize(
    ("choice", "shown"),
    [("auto", "Desk"), ("queue", "Desk"), ("own", "Own ann"), ("none", "")],
)
async def test_the_writer_chooses_his_signature(store, choice, shown):
    number, ann = await ticket(store), await hire(store, queues=["service"])
    await head(store, signature="Desk")
    async with store.transaction() as uow:
        await agents.set_preferences(uow, ann, signature="Own {{ agent.name }}")
    assert (await reply(store, ann, number, signature=SignatureChoice(choice))).signature == shown


async def test_without_a_signature_of_the_queue_the_agents_own_goes_without_saying(store):
    number, ann = await ticket(store), await hire(store, queues=["service"])
    async with store.transaction() as uow:
        await agents.set_preferences(uow, ann, signature="Own")
    assert (await reply(store, ann, number)).signature == "Own"


async def test_names_in_a_signature_are_text_and_nothing_else_is_evaluated(store):
    async with store.transaction() as uow:
        queue = await ensure_queue(uow, "service", "*<b>x</b>* {{ agent.name }}")
        queue.signature = "{{ queue.name }} {{7*7}}"
        found = await letterhead(uow, MACHINE, queue.id, "en")
    assert found.queue.text == "*<b>x</b>* {{ agent.name }} {{7*7}}"
    assert "<b>" not in found.queue.html
    assert "<em>" not in found.queue.html


@pytest.mark.parametrize(
    ("field", "value"),
    [("sender_address", "ceo@bank.example"), ("signature", "{{ config.key }}"), ("signature_zh", "x" * 4001),
     ("sender_name", "{{ agent.password }}")],
)  # fmt: skip
async def test_a_letterhead_that_cannot_be_is_refused(store, field, value):
    with pytest.raises(InvalidInput) as refused:
        await head(store, **{field: value})
    assert refused.value.field == field


async def test_a_letterhead_is_for_administrators(store):
    boss = await hire(store, "boss", Role.SUPERVISOR)
    async with store.transaction() as uow:
        queue = await ensure_queue(uow, "service")
        with pytest.raises(Forbidden):
            await set_letterhead(
                uow, boss, queue.id, sender_address="", sender_name="", signature="", signature_zh="", ours=OURS
            )


async def test_a_mailbox_that_goes_is_no_sender_any_more(store, tmp_path):
    async with store.transaction() as uow:
        await ensure_queue(uow, "service")
        box = await create_mailbox(
            uow, MACHINE, Settings(data=tmp_path), address="claims@desk.example", name="", queue="service"
        )
    await head(store, sender_address="claims@desk.example")
    async with store.transaction() as uow:
        await delete_mailbox(uow, MACHINE, box.id)
        assert (await ensure_queue(uow, "service")).sender_address == ""


async def conversation_of(uow, number):
    found = await access_ticket(uow, MACHINE, number)
    return await uow.session.get(Conversation, found.conversation_id)


async def delivered(store):
    async with store.transaction() as uow:
        await uow.session.execute(update(Delivery).values(state="sent"))


async def test_a_reply_quotes_what_its_recipient_wrote_and_was_sent(store):
    number, ann = await ticket(store, "Where is it?"), await hire(store, queues=["service"])
    await reply(store, ann, number, "On its way.")
    await delivered(store)
    async with store.transaction() as uow:
        await write(uow, mail(), "Still nothing.", conversation=await conversation_of(uow, number))
    quoted = (await reply(store, ann, number, "Sorry.")).quoted_text
    assert [words in quoted for words in ("> Still nothing.", ">> On its way.", ">>> Where is it?")] == [True] * 3


async def test_a_reply_never_quotes_notes_other_peoples_mail_or_what_has_not_gone_out(store):
    number, ann = await ticket(store, "Where is it?"), await hire(store, queues=["service"])
    async with store.transaction() as uow:
        found = await access_ticket(uow, ann, number)
        await desk.note(uow, ann, found, "SECRET note")
        asked = await uow.session.scalar(select(Message).where(col(Message.direction) == "in"))
        await desk.forward(uow, ann, found, asked.id, "expert@lab.example", "SECRET question")
        await write(uow, mail("expert@lab.example"), "SECRET view", conversation=await conversation_of(uow, number))
        await write(
            uow, mail(), "SECRET text", conversation=await conversation_of(uow, number), channel=Channel.SMS,
        )  # fmt: skip
    await delivered(store)
    await reply(store, ann, number, "SECRET haste", to=mail())
    quoted = await reply(store, ann, number, "Sorry.", to=mail())
    assert "SECRET" not in quoted.quoted_text + quoted.html
    assert "Where is it?" in quoted.quoted_text
    assert quoted.in_reply_to == asked.external_id


async def test_somebody_else_is_quoted_only_what_he_has_seen(store):
    number, ann = await ticket(store, "My card is 4711"), await hire(store, queues=["service"])
    async with store.transaction() as uow:
        found = await access_ticket(uow, ann, number)
        await write(uow, mail("expert@lab.example"), "Tell me more", conversation=await conversation_of(uow, number))
        sent = await desk.reply(uow, ann, found, text="Soon.")
    assert sent.identity == "email:expert@lab.example"
    assert "4711" not in sent.html
    assert "> Tell me more" in sent.quoted_text


async def test_who_was_in_copy_has_seen_it(store):
    number, ann = await ticket(store), await hire(store, queues=["service"])
    await reply(store, ann, number, "For both of you.", cc=["boss@example.org"])
    await delivered(store)
    async with store.transaction() as uow:
        await write(uow, mail("boss@example.org"), "And?", conversation=await conversation_of(uow, number))
    assert ">> For both of you." in (await reply(store, ann, number, "Soon.")).quoted_text


async def test_a_quotation_is_left_out_on_wish(store):
    number, ann = await ticket(store), await hire(store, queues=["service"])
    sent = await reply(store, ann, number, quote=False)
    assert sent.quoted_text == ""
    assert "gmail_quote" not in sent.html


async def test_letterhead_and_quotation_cost_one_statement_each(store):
    number, ann = await ticket(store), await hire(store, queues=["service"])
    await head(store, signature="Desk")
    with counted(store) as without:
        await reply(store, ann, number, quote=False)
    for _ in range(4):
        await reply(store, ann, number)
        await delivered(store)
    with counted(store) as quoting:
        await reply(store, ann, number)
    assert len(quoting) - len(without) == 1
    assert sum("signature" in one and "FROM queue" in one for one in quoting) == 1


async def test_a_picture_in_the_text_is_sent_inside_of_it(store):
    number, ann = await ticket(store), await hire(store, queues=["service"])
    files = [FileContent("roof.png", "image/png", PNG), FileContent("plan.pdf", "application/pdf", b"%PDF")]
    sent = await reply(store, ann, number, "Look: ![roof](attached:roof.png)", files=files)
    async with store.read() as uow:
        rows = list(await uow.session.scalars(select(Attachment).order_by(col(Attachment.position))))
    assert [(row.filename, row.inline) for row in rows] == [("roof.png", True), ("plan.pdf", False)]
    assert f'src="cid:{rows[0].content_id}"' in sent.html
    assert rows[0].content_id.endswith("@desk.example")


async def test_a_first_mail_goes_out_in_the_queues_name_with_its_signature(store):
    ann = await hire(store, queues=["service"])
    queue = await head(store, sender_address="claims@desk.example", signature="Desk")
    who = Identity(IdentityKind.EMAIL, "new@example.org")
    async with store.transaction() as uow:
        await desk.compose(uow, ann, identity=who, subject="Hello", text="Hi", channel=Channel.EMAIL, queue_id=queue.id)
        sent = await uow.session.scalar(select(Message).where(col(Message.direction) == "out"))
    assert (sent.addresses["from"], sent.signature, sent.quoted_text) == ("claims@desk.example", "Desk", "")


async def test_a_forwarded_mail_can_be_taken_back(store):
    number, ann = await ticket(store, files=1), await hire(store, queues=["service"])
    async with store.transaction() as uow:
        found = await access_ticket(uow, ann, number)
        asked = await uow.session.scalar(select(Message))
        sent = await desk.forward(uow, ann, found, asked.id, "x@lab.example", "See below", delay_seconds=10)
        assert await desk.undo_reply(uow, ann, sent.id) == "See below"
        assert (found.messages_count, await cancel_queued(uow, sent.id)) == (1, False)
