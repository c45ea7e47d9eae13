"""Whole mails."""

import json
from datetime import UTC, datetime

from contactcenter.channels.email.addresses import Address
from contactcenter.channels.email.json_lines import to_json
from contactcenter.channels.email.mime import read_mail

RAW = (
    b"Return-Path: <zhang@qq.example>\r\nMessage-ID: <1@qq.example>\r\nIn-Reply-To: <0@desk.example>\r\n"
    b"References: <0@desk.example>\r\nDate: Tue, 5 Mar 2024 10:12:33 +0800\r\n"
    b"From: =?gb2312?B?1cXOsA==?= <zhang@qq.example>\r\nTo: Service <support@desk.example>, b@c.example\r\n"
    b"Cc: d@e.example\r\nReply-To: other@qq.example\r\nSubject: =?utf-8?B?6YCA5qy+?=\r\n"
    b"Content-Type: text/plain; charset=gb2312\r\n\r\n" + "我要退款。\r\n\r\n谢谢\r\n张伟\r\n".encode("gb18030")
)


def test_every_field_of_an_ordinary_mail():
    mail = read_mail(RAW)
    assert mail.from_ == Address("张伟", "zhang@qq.example")
    assert [a.address for a in mail.to + mail.cc] == ["support@desk.example", "b@c.example", "d@e.example"]
    assert (mail.message_id, mail.in_reply_to, mail.references) == (
        "1@qq.example",
        ("0@desk.example",),
        ("0@desk.example",),
    )
    assert mail.date == datetime(2024, 3, 5, 2, 12, 33, tzinfo=UTC)
    assert (mail.subject, mail.visible_text, mail.signature) == ("退款", "我要退款。", "谢谢\n张伟")
    assert not mail.automatic
    assert not mail.ambiguous_sender
    assert not mail.warnings


def test_a_sender_that_can_be_read_in_two_ways_is_called_ambiguous():
    assert read_mail(b"From: a@b.example\r\nFrom: c@d.example\r\n\r\n").ambiguous_sender
    assert read_mail(b"From: a@b.example, c@d.example\r\n\r\n").ambiguous_sender
    assert read_mail(b"Reply-To: a@b.example\r\n\r\n").ambiguous_sender


def test_without_a_from_the_reply_address_is_the_sender():
    mail = read_mail(b"From: Bob\r\nReply-To: bob@b.example\r\n\r\n")
    assert mail.from_ == Address("Bob", "bob@b.example")


def test_spam_marks_are_read():
    assert read_mail(b"From: a@b.example\r\nX-Spam-Flag: YES\r\n\r\n").spam_marked
    assert not read_mail(b"From: a@b.example\r\nX-Spam-Status: No, score=1\r\n\r\n").spam_marked


def test_the_json_line_has_every_key_and_is_valid():
    record = json.loads(json.dumps(to_json("a.eml", read_mail(RAW), "zh")))
    assert set(record) == {
        "path", "message_id", "in_reply_to", "references", "date", "from", "reply_to", "to", "cc", "subject", "text",
        "html_safe", "visible_text", "quoted_text", "signature", "language", "attachments", "kind", "bounce", "auth",
        "warnings",
    }  # fmt: skip
    assert record["date"] == "2024-03-05T02:12:33Z"
    assert record["auth"] == {"spf": "none", "dkim": "none", "dmarc": "none"}
