"""The same mail has the same key, another one another."""

import pytest

from contactcenter.channels.email.ingest_key import ingest_key, scan_headers
from contactcenter.channels.email.mime import body_digest, read_mail

MAIL = b"Message-ID: <1@x>\r\nFrom: a@b.example\r\nDate: Tue, 5 Mar 2024 10:12:33 +0800\r\nSubject: s\r\n\r\nbody\r\n"


@pytest.mark.parametrize(
    "copy",
    [
        b"Received: by x\r\n\tfor y\r\nReturn-Path: <a@b>\r\nDelivered-To: z\r\nX-Spam: no\r\n" + MAIL,
        b"DKIM-Signature: v=1;\r\n a=b\r\nARC-Seal: i=1\r\n" + MAIL,
        MAIL.replace(b"\r\n", b"\n"),
        MAIL + b"\r\n\r\n",
        MAIL.replace(b"Message-ID: <1@x>", b"message-id:  <1@x>"),
        b"\r\n" + MAIL,
    ],
)
def test_what_relays_change_does_not_count(copy):
    assert ingest_key(copy) == ingest_key(MAIL)


@pytest.mark.parametrize(
    "other",
    [
        MAIL.replace(b"<1@x>", b"<2@x>"),
        MAIL.replace(b"a@b", b"c@d"),
        MAIL.replace(b"10:12", b"10:13"),
        MAIL.replace(b"body", b"another body"),
        b"",
        b"no header at all",
    ],
)
def test_another_mail_has_another_key(other):
    assert ingest_key(other) != ingest_key(MAIL)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (b"no header at all", b"nor here"),
        (b"From: a@b.example\r\nSubject: one", b"From: a@b.example\r\nSubject: another"),
        (b"From: a@b.example\r\nSubject: one\r\n\r\n", b"From: a@b.example\r\nSubject: another\r\n\r\n"),
    ],
)
def test_without_a_message_id_and_a_date_every_difference_counts(one, other):
    assert ingest_key(one) != ingest_key(other)
    assert ingest_key(one) == ingest_key(one.replace(b"\r\n", b"\n"))


NAMELESS = b"From: a@b.example\r\nTo: c@d.example\r\nDate: Tue, 5 Mar 2024 10:12:33 +0800\r\nSubject: s\r\n\r\nbody\r\n"


@pytest.mark.parametrize(
    "copy",
    [
        b"Return-Path: <a@b>\r\nDelivered-To: c@d.example\r\nReceived: by x\r\n\tfor y\r\n" + NAMELESS,
        b"X-Original-To: c@d.example\nX-Spam: no\nDKIM-Signature: v=1;\n a=b\n" + NAMELESS.replace(b"\r\n", b"\n"),
        NAMELESS.replace(b"Subject: s", b"Status: RO\r\nSubject:  s"),
    ],
    ids=["SMTP", "IMAP", "another order"],
)
def test_a_mail_without_a_message_id_is_the_same_by_every_road(copy):
    assert ingest_key(copy) == ingest_key(NAMELESS)


@pytest.mark.parametrize("part", [b"a@b", b"c@d", b"10:12", b"Subject: s", b"body"])
def test_mails_without_a_message_id_differ_by_what_they_say(part):
    assert ingest_key(NAMELESS.replace(part, b"z" + part)) != ingest_key(NAMELESS)


def test_without_id_and_body_every_byte_counts():
    empty = NAMELESS.replace(b"body\r\n", b"")
    assert ingest_key(b"X-Alarm: 1\r\n" + empty) != ingest_key(b"X-Alarm: 2\r\n" + empty)


def test_a_field_in_the_body_is_no_field():
    assert scan_headers(b"Subject: s\r\n\r\nFrom: evil@x.example\r\n", {b"from"}) == {}


def test_scanning_takes_the_first_value_unfolded_and_stops_at_its_cap():
    raw = b"From: a\r\n b\r\nFrom: c\r\n" + b"X: y\r\n" * 1000 + b"Date: d\r\n\r\n"
    assert scan_headers(raw, {b"from", b"date"}, cap=200) == {b"from": b"a b"}


def mail(encoding, body, newline=b"\r\n"):
    lines = (
        b"From: a@b.example",
        b"Content-Type: text/plain; charset=utf-8",
        b"Content-Transfer-Encoding: " + encoding,
        b"",
        body,
    )
    return read_mail(newline.join(lines))


def test_a_copy_encoded_anew_has_the_same_digest():
    plain = mail(b"8bit", "Größe\r\nzwei".encode())
    assert body_digest(mail(b"base64", b"R3LDtsOfZQ0KendlaQ==")) == body_digest(plain)
    assert body_digest(mail(b"quoted-printable", b"Gr=C3=B6=C3=9Fe\nzwei", b"\n")) == body_digest(plain)
    assert body_digest(mail(b"8bit", b"something else")) != body_digest(plain)
