"""A12 to A18: what a mail brings in must not come out as a header, a program, a template, or a flood."""

import asyncio
import os
import random
import subprocess
from dataclasses import replace
from email import message_from_bytes, policy

import pytest

from contactcenter.channels.email.composing import compose
from contactcenter.channels.email.first_look import inbound_mail
from contactcenter.envelope import Channel, FileContent, Identity, IdentityKind, OutboundMessage
from contactcenter.staff.access import Role
from contactcenter.tickets import desk
from contactcenter.tickets.canned import render_canned
from contactcenter.tickets.letterheads import set_letterhead
from contactcenter.tickets.records import Queue
from tests.attacks.house import OURS, header_names, mail
from tests.integration.office import hire

EVIL = "x\r\nBcc: victim@x.example\r\n\r\n<b>body</b>\n\rX-Evil: 1\x00\x0b\x0c\x85\u2028Y-Evil: 1"
WORDS = "=?utf-8?B?eA0KQmNjOiB2aWN0aW1AeC5leGFtcGxlDQoNCnkAWC1FdmlsOiAx?="
"""An encoded word with CR, LF and NUL in it."""


async def reply_to_first(room, text="Hello", **more):
    actor = await hire(room.store, "agent", Role.ADMIN)
    ticket = (await room.tickets())[0]
    async with room.store.transaction() as uow:
        return await desk.reply(uow, actor, await uow.session.merge(ticket), text=text, **more)


async def test_a12_cve_2012_4730_no_line_end_of_a_mail_starts_a_header_of_the_answer(room):
    raw = (
        f"From: {WORDS} <ann@customer.example>\r\nTo: {OURS}\r\nSubject: {WORDS}\r\nMessage-ID: <{WORDS}@c>\r\n"
        f"References: <1@c\x00> <{WORDS}@c>\r\nReply-To: {WORDS} <ann@customer.example>\r\n"
        "Content-Type: text/plain; name*=utf-8''a%0D%0ABcc:%20x\r\n\r\nhi\x00\r\n"
    ).encode()
    await room.take(raw)
    await reply_to_first(room, text="Hi\x00\r\nBcc: victim@x.example")
    receipt, answer = await room.deliver()
    for sent in (receipt, answer):
        assert not {"bcc", "x-evil", "y-evil"} & set(header_names(sent.content))
        assert b"\x00" not in sent.content
        assert sent.recipients == ("ann@customer.example",)


@pytest.mark.parametrize("field", ["subject", "sender_name", "external_id", "in_reply_to", "reply_token"])
def test_a12_cve_2025_48388_whatever_a_message_says_its_fields_are_ours(field):
    to = Identity(IdentityKind.EMAIL, "ann@customer.example", EVIL)
    message = OutboundMessage("1", Channel.EMAIL, to, "hi", sender=OURS, external_id="1@desk.example")
    known = set(header_names(compose(replace(message, **{field: "y"})).content))
    file = FileContent(EVIL, EVIL, b"x", content_id=EVIL)
    made = compose(replace(message, references=(EVIL,), files=(file,), **{field: EVIL})).content
    assert set(header_names(made)) <= known | {"references"}
    assert b"\r\nBcc" not in made
    assert b"\r\nX-Evil" not in made
    assert message_from_bytes(made, policy=policy.default).get_body(("plain",)).get_content().strip() == "hi"


async def test_a12_nothing_of_a_letterhead_a_picture_or_a_quoted_mail_starts_a_header(room):
    head = f"From: {WORDS} <ann@customer.example>\r\nTo: {OURS}\r\nSubject: x\r\nMessage-ID: <1@c>\r\n\r\n"
    await room.take((head + f"{EVIL}\r\n-- \r\n{EVIL}").encode())
    boss = await hire(room.store, "boss", Role.ADMIN)
    async with room.store.transaction() as uow:
        queue = await uow.session.get(Queue, (await room.tickets())[0].queue_id)
        queue.name = EVIL.replace("\x00", "")
        await set_letterhead(
            uow,
            boss,
            queue.id,
            sender_address="",
            sender_name=f"{EVIL} {{{{ queue.name }}}}",
            signature=EVIL,
            signature_zh="",
            ours=(),
        )
    png = FileContent("a.png", EVIL, b"\x89PNG\r\n\x1a\n", content_id=EVIL)
    await room.store.blobs.put(png.content)
    await reply_to_first(room, text=f"![{EVIL}](attached:a.png) ![x](attached:a.png)", files=[png])
    _, answer = await room.deliver()
    assert not {"bcc", "x-evil", "y-evil"} & set(header_names(answer.content))
    assert b"\x00" not in answer.content
    assert answer.recipients == ("ann@customer.example",)
    shown = message_from_bytes(answer.content, policy=policy.default)
    assert {part["content-id"] for part in shown.walk() if part.get_content_maintype() == "image"} != {None}
    assert "<b>body</b>" not in shown.get_body(("html",)).get_content()


TEMPLATES = "{{7*7}} ${7*7} {0.__class__} %(number)d {{ config }} {% for x in y %} #{7*7} {{ agent.name.__class__ }}"


async def test_a14_cve_2026_34724_what_looks_like_a_template_is_printed(room):
    await room.take(mail(subject=TEMPLATES, body=TEMPLATES, sender=f'"{TEMPLATES}" <ann@customer.example>'))
    canned = render_canned(
        f"{TEMPLATES} {{{{ customer.name }}}}", {"customer.name": "{{ agent.name }}", "agent.name": "X"}
    )
    await reply_to_first(room, text=canned)
    receipt, answer = await room.deliver()
    assert canned == f"{TEMPLATES} {{{{ agent.name }}}}"
    for part in ("plain", "html"):
        shown = message_from_bytes(answer.content, policy=policy.default).get_body((part,)).get_content()
        assert "{{7*7}} ${7*7} {0.__class__}" in " ".join(shown.split())
        assert "49" not in shown
    assert "{{7*7}}" in message_from_bytes(receipt.content, policy=policy.default).get_body(("plain",)).get_content()


async def test_a15_cve_2011_4458_no_address_or_name_meets_a_shell(room, monkeypatch):
    def started(*arguments, **options):
        raise AssertionError(f"a program was started: {arguments}")

    for owner, name in ((subprocess, "Popen"), (os, "system"), (os, "popen"), (asyncio, "create_subprocess_exec")):
        monkeypatch.setattr(owner, name, started)
    for number, local in enumerate(("`id`", "$USER", "$(id)", "|id", "-oQ/tmp", "a;id", "a&&id")):
        raw = mail(message_id=f"{number}@c").replace(b"ann@customer.example", f"{local}@customer.example".encode(), 1)
        await room.take(raw)
    await reply_to_first(room)
    assert len(await room.tickets()) == 7
    assert len(await room.deliver()) > 1


MACHINES = {
    "autoresponder": {"Auto_Submitted": "auto-replied"},
    "generated": {"Auto_Submitted": "auto-generated; owner-email=x"},
    "list": {"List_Id": "<news.x.example>"},
    "unsubscribe": {
        "List_Unsubscribe": "<https://evil.example/u>",
        "List_Unsubscribe_Post": "List-Unsubscribe=One-Click",
    },
    "bulk": {"Precedence": "bulk"},
    "outlook": {"X_Auto_Response_Suppress": "All"},
    "vacation": {"X_Autoreply": "yes"},
    "loop": {"X_Loop": OURS},
    "null path header": {"Return_Path": "<>"},
    "feedback": {"Feedback_ID": "1:2:3"},
}


async def test_a17_no_machine_gets_an_answer_from_our_machine(room):
    for number, headers in enumerate(MACHINES.values()):
        await room.take(mail(f"robot{number}@x.example", message_id=f"{number}@x", **headers))
    await room.take(mail("nobody@x.example", message_id="null@x"), mail_from="")
    for number, sender in enumerate(
        ("MAILER-DAEMON@x.example", OURS, "support+x@desk.example", "postmaster@x.example")
    ):
        await room.take(
            mail(sender, "Undelivered Mail Returned to Sender", "was not delivered", message_id=f"d{number}@x")
        )
    assert len(await room.messages("in")) == len(MACHINES) + 5
    assert await room.written() == []


async def test_a17_a_wish_for_a_receipt_sends_nothing_to_whom_it_names(room):
    named = dict.fromkeys(("Disposition_Notification_To", "Return_Receipt_To", "Errors_To"), "victim@x.example")
    await room.take(mail(**named, X_Confirm_Reading_To="victim@x.example", Reply_To="victim@x.example"))
    assert [sent.recipients for sent in await room.deliver()] == [("ann@customer.example",)]


async def test_a17_two_who_answer_each_other_stop_at_once(room):
    await room.take(mail())
    (receipt,) = await room.deliver()
    for number in range(3):  # a robot that says nothing of itself, in the same thread
        await room.take(mail(subject="Re: My boat", message_id=f"r{number}@c", References="<1@c>"))
    assert len(await room.written()) == 1
    assert (receipt.mail_from, b"Auto-Submitted: auto-replied" in receipt.content) == ("", True)


async def test_a18_forged_senders_bomb_nobody(room):
    mails = [mail(f"victim{number}@x.example", message_id=f"{number}@x") for number in range(60)]
    for raw in mails:
        await room.inbox.accept(
            inbound_mail(
                raw, recipients=(OURS,), queue="service", envelope={"door": "smtp", "mail_from": "e@evil.example"}
            )
        )
    for lane in range(8):
        await room.pipeline.understand(lane)
    assert len(await room.tickets()) == 60
    assert await room.deliver() == []


async def test_a18_even_a_proven_sender_gets_three_receipts_an_hour(room):
    for number in range(8):
        await room.take(mail("Ann@Customer.example", f"Matter {number}", message_id=f"{number}@c"))
    assert len(await room.tickets()) == 8
    assert len(await room.deliver()) == 3


DATES = ("", "Date: Thu, 1 Jan 1970 00:00:00 +0000\r\n", "Date: Fri, 31 Dec 9999 23:59:59 -1200\r\n")


async def test_a30_without_id_and_out_of_time_a_mail_is_taken_once_and_can_be_read(room, house):
    boss = await house.person("boss", Role.ADMIN)
    for date in DATES:
        raw = f"From: ann@customer.example\r\nTo: {OURS}\r\nSubject: odd\r\n{date}\r\nhi".encode()
        await room.take(raw, raw)
        assert (await boss.get(f"/tickets/{(await room.tickets())[-1].number}")).status == 200
    assert [message.state for message in await room.messages("in")] == ["done"] * len(DATES)


_random = random.Random(1)
ROOMY = "".join(chr(_random.randrange(0x4E00, 0x9F00)) for _ in range(900))
"""Characters of three bytes each that do not compress: more than an index of the database takes."""
ODD = {
    "long ids": f"Message-ID: <{ROOMY}@c>\r\nReferences: <{ROOMY[::-1]}@c>\r\nIn-Reply-To: <x{ROOMY}@c>",
    "spam score in odd digits": "Message-ID: <2@c>\r\nX-MS-Exchange-Organization-SCL: ²",
    "long names": f"Message-ID: <3@c>\r\nReply-To: {ROOMY} <{ROOMY[:60]}@{ROOMY[:60]}>\r\nCc: {ROOMY}@x",
    "NULs": "Message-ID: <\x001@c>\r\nReply-To: a\x00@b.example\r\nCc: \x00@x\r\nReferences: <\x00@c>",
    "a long file name": f'Message-ID: <4@c>\r\nContent-Type: {"a" * 400}/b; name="{ROOMY}"\r\nContent-ID: <{ROOMY}>',
}


async def test_a30_a_mail_with_odd_headers_is_a_ticket_and_is_answered(room):
    for number, headers in enumerate(ODD.values()):
        raw = f"From: u{number}@customer.example\r\nTo: {OURS}\r\nSubject: {ROOMY}\r\n{headers}\r\n\r\nhi".encode()
        await room.take(raw)
    assert {(message.state, message.failure) for message in await room.messages("in")} == {("done", "")}
    await reply_to_first(room)
    receipts = [sent.recipients for sent in await room.deliver()]
    assert receipts.count(("u0@customer.example",)) == 2
    assert len(receipts) == len(ODD) + 1
