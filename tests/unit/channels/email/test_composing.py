"""Mails as bytes: read back by the standard library's parser."""

from datetime import UTC, datetime
from email import message_from_bytes, policy

import pytest

from contactcenter.channels.email.composing import compose
from contactcenter.channels.email.mime import read_mail
from contactcenter.envelope import Channel, FileContent, Identity, IdentityKind, OutboundMessage
from contactcenter.errors import PermanentDelivery


def body(read):
    return read.get_content().replace("\r\n", "\n")


TOKEN = "r" + "a2b3" * 10


def outbound(**more):
    values = {
        "id": "m1",
        "channel": Channel.EMAIL,
        "to": Identity(IdentityKind.EMAIL, "ann@customer.example", "Ann Example"),
        "text": "Hello Ann,\nit is on its way.",
        "subject": "Re: Where is my parcel?",
        "sender": "support@desk.example",
        "sender_name": "Desk service",
        "external_id": "0190-1@desk.example",
        "created_at": datetime(2025, 3, 4, 5, 6, 7, tzinfo=UTC),
    }
    return OutboundMessage(**{**values, **more})


def parsed(message, envelope_from=""):
    mail = compose(message, envelope_from)
    assert mail.content.count(b"\n") == mail.content.count(b"\r\n")
    assert max(map(len, mail.content.split(b"\r\n"))) <= 998
    return mail, message_from_bytes(mail.content, policy=policy.default)


def test_a_reply_carries_its_thread_and_the_way_back():
    message = outbound(
        in_reply_to="2@customer.example", references=("1@c.example", "2@customer.example"), reply_token=TOKEN
    )
    mail, read = parsed(message)
    assert (mail.mail_from, mail.recipients, mail.utf8) == ("support@desk.example", ("ann@customer.example",), False)
    assert read["From"] == "Desk service <support@desk.example>"
    assert read["To"] == "Ann Example <ann@customer.example>"
    assert read["Reply-To"] == f"Desk service <support+{TOKEN}@desk.example>"
    assert (read["Message-ID"], read["In-Reply-To"]) == ("<0190-1@desk.example>", "<2@customer.example>")
    assert read["References"].split() == ["<1@c.example>", "<2@customer.example>"]
    assert read["Date"] == "Tue, 04 Mar 2025 05:06:07 +0000"
    assert body(read) == "Hello Ann,\nit is on its way.\n"
    assert not {"Auto-Submitted", "Precedence", "X-Auto-Response-Suppress"} & set(read.keys())


def test_automatic_mail_says_so_and_has_no_sender_to_answer():
    mail, read = parsed(outbound(automatic=True), "bounces@desk.example")
    assert mail.mail_from == ""
    assert (read["Auto-Submitted"], read["X-Auto-Response-Suppress"]) == ("auto-replied", "All")
    assert read_mail(mail.content).automatic


def test_agents_mail_comes_from_the_bounce_address_of_the_settings():
    assert compose(outbound(), "bounces@desk.example").mail_from == "bounces@desk.example"


def test_blind_copies_are_only_in_the_envelope():
    mail, read = parsed(outbound(cc=("bob@customer.example",), bcc=("boss@desk.example", "ann@customer.example")))
    assert mail.recipients == ("ann@customer.example", "bob@customer.example", "boss@desk.example")
    assert read["Cc"] == "bob@customer.example"
    assert b"boss" not in mail.content


def test_chinese_goes_out_readable():
    to = Identity(IdentityKind.EMAIL, "zhang@客户.example", "张伟")
    subject = "关于您的保单:" + "理赔进度通知" * 20
    mail, read = parsed(
        outbound(to=to, subject=subject, text="您好!\n您的包裹已发出。", sender_name="客户服务中心" * 8)
    )
    assert read["Subject"] == subject
    assert read_mail(mail.content).from_.name == "客户服务中心" * 8
    assert body(read) == "您好!\n您的包裹已发出。\n"
    assert mail.recipients[0].startswith("zhang@xn--")
    assert mail.content.isascii()
    assert not mail.utf8


def test_an_international_local_part_asks_for_the_extension():
    mail, _ = parsed(outbound(to=Identity(IdentityKind.EMAIL, "张伟@客户.example", "张伟")))
    assert mail.utf8
    assert mail.recipients[0].startswith("张伟@xn--")


def test_html_and_files_nest_as_mail_programs_expect():
    files = (
        FileContent("保单.pdf", "application/pdf", b"%PDF", content_id=""),
        FileContent("logo.png", "image/png", b"\x89PNG", inline=True, content_id="logo@desk"),
        FileContent("mail.eml", "message/rfc822", b"Subject: x\r\n\r\ny"),
    )
    _, read = parsed(outbound(html="<p>Hello Ann <img src='cid:logo@desk'></p>", files=files))
    assert [part.get_content_type() for part in read.walk()] == [
        "multipart/mixed",
        "multipart/alternative",
        "text/plain",
        "multipart/related",
        "text/html",
        "image/png",
        "application/pdf",
        "application/octet-stream",
    ]
    assert [part.get_filename() for part in read.iter_attachments()] == ["保单.pdf", "mail.eml"]
    assert [part.get_payload(decode=True) for part in read.iter_attachments()] == [b"%PDF", b"Subject: x\r\n\r\ny"]


EVIL = "x\r\nBcc: victim@evil.example\r\n\r\nbody\x00\u2028Evil: 1\x85Evil: 2"


@pytest.mark.parametrize(
    "more",
    [
        {"subject": EVIL},
        {"subject": "张" + EVIL},
        {"sender_name": EVIL},
        {"sender_name": "张" + EVIL},
        {"to": Identity(IdentityKind.EMAIL, "ann@customer.example", EVIL)},
        {"external_id": "a@b>" + EVIL},
        {"in_reply_to": EVIL + "@b"},
        {"references": (EVIL, "<" + EVIL + ">")},
        {"reply_token": EVIL},
        {"files": (FileContent(EVIL, EVIL, b"x", content_id=EVIL),)},
    ],
)
def test_no_value_can_start_a_header_of_its_own(more):
    mail, read = parsed(outbound(**more))
    names = {name.lower() for part in read.walk() for name, _ in part.items()}
    assert not {"bcc", "evil"} & names
    assert mail.recipients == ("ann@customer.example",)


@pytest.mark.parametrize(
    "address", [EVIL, "ann", "a@b\r\nRCPT TO:<x@y.z>", "a@b, c@d", "<a@b>", "a b@c.d", "a@" + "é" * 300]
)
def test_what_is_no_address_is_refused_for_good(address):
    for more in ({"to": Identity(IdentityKind.EMAIL, address)}, {"cc": (address,)}, {"sender": address}):
        with pytest.raises(PermanentDelivery):
            compose(outbound(**more))


@pytest.mark.parametrize("subject", ["=?utf-8?q?fake?=", "a" * 900, "word " * 150, "", "  ", 'quote " and \\'])
def test_odd_subjects_arrive_as_written(subject):
    _, read = parsed(outbound(subject=subject))
    assert "".join(read["Subject"].split()) == "".join(subject.split())


@pytest.mark.parametrize(
    "text", ["", ".\n..\n.dot", "x" * 5000, "à" * 3000, "tail  \nFrom me", "\ud800", "a\x00b", "=20"]
)
def test_odd_texts_arrive_as_written(text):
    _, read = parsed(outbound(text=text))
    wanted = text.replace("\x00", "").encode("utf-8", "replace").decode()
    assert body(read).rstrip("\n") == wanted.rstrip("\n")


def test_a_long_thread_keeps_its_first_and_newest_ids():
    references = tuple(f"{number}@c.example" for number in range(50))
    _, read = parsed(outbound(references=references, in_reply_to="49@c.example"))
    kept = read["References"].split()
    assert (len(kept), kept[0], kept[-1]) == (20, "<0@c.example>", "<49@c.example>")
