"""Hostile mails against the reader. Named by attack; a CVE in a name tells which peer fell for it.

Work is measured in CPU time of this process, never in wall time, and only orders of growth are asserted: what must
be linear is compared with an eighth of it (quadratic work would take 64 times), and everything must stay below a bound
that only super-linear work can reach (an ordinary run takes a tenth of it). Exact figures are for the benchmarks.
"""

import base64
import time

import pytest

from contactcenter.channels.email.ingest_key import ingest_key
from contactcenter.channels.email.json_lines import to_json
from contactcenter.channels.email.mime import body_digest, read_mail

HEAD = b"From: a@b.example\r\nTo: c@d.example\r\nSubject: x\r\n"
MEGABYTE = 1_000_000
BOUND = 5.0  # CPU seconds; the peers that fell for these took from 14 seconds to minutes


def cpu(raw):
    """CPU seconds of everything the channel does with a mail."""
    start = time.process_time()
    mail = read_mail(raw)
    ingest_key(raw)
    body_digest(mail)
    str(to_json("x", mail)).encode("utf-8")  # a lone surrogate anywhere would raise
    return time.process_time() - start


def text(body, content_type=b"text/plain"):
    return HEAD + b"Content-Type: " + content_type + b"\r\n\r\n" + body


def html(body):
    return text(body, b"text/html")


@pytest.mark.parametrize(
    "value",
    [
        '"a@good.example"@evil.example',
        "a@good.example@evil.example",
        "a@good.example\x00@evil.example",
        "<a@good.example@evil.example>",
        "a@good.example b@evil.example",
        '"a@good.example', "@good.example", "a@good.example,",
    ],
)  # fmt: skip
def test_a8_cve_2023_27043_an_address_has_one_reading_or_none(value):
    mail = read_mail(f"From: {value}\r\n\r\nhi".encode())
    assert mail.from_.address in ("", "a@good.example")
    assert mail.from_.address == "" or "evil" not in value


@pytest.mark.parametrize(
    "value",
    [
        "a@good.example <b@evil.example>",
        '"a@good.example" <b@evil.example>',
        "=?utf-8?q?a=40good.example_=3Ca=40good.example=3E?= <b@evil.example>",
        "=?utf-8?q?a=40good.example=2C?= <b@evil.example>",
        "(a@good.example) b@evil.example",
        "(a@good.example <a@good.example>,) <b@evil.example>",
    ],
)
def test_a8_cve_2019_16056_a_display_name_is_never_the_address(value):
    assert read_mail(f"From: {value}\r\n\r\nhi".encode()).from_.address == "b@evil.example"


def test_a8_two_senders_are_an_ambiguous_one():
    assert read_mail(b"From: a@good.example\r\nFrom: b@evil.example\r\n\r\nhi").ambiguous_sender


@pytest.mark.parametrize("bad", ["\r\n", "\n", "\r", "\x00", "\u2028", "\x0b", "\x85"])
def test_a12_cve_2024_6923_no_line_end_comes_out_of_a_header(bad):
    word = "=?utf-8?B?" + base64.b64encode(f"a{bad}Bcc: v@x.example".encode()).decode() + "?="
    raw = (
        f"From: {word} <a@b.example>\r\nSubject: {word}\r\nMessage-ID: <{word}@x>\r\nReferences: <{word}>\r\n"
        f"Content-Type: application/pdf; name*=utf-8''a%0D%0ABcc:%20x; name=\"{word}\"\r\n"
        f'Content-ID: <{word}>\r\nContent-Disposition: attachment; filename="{word}"\r\n\r\nx'
    ).encode()
    mail = read_mail(raw)
    file = mail.attachments[0]
    for value in (mail.subject, mail.from_.name, mail.message_id, *mail.references, file.filename, file.content_id):
        assert not set("\r\n\x00") & set(value)
        assert len(value.splitlines()) <= 1


SLOW = {
    "a19_parentheses": b"From: " + b"(" * MEGABYTE + b"\r\n\r\nhi",
    "a19_parentheses_1k": b"From: " + b"(" * 1000 + b"\r\n\r\nhi",
    "a19_quotes": b"From: " + b'"\\' * (MEGABYTE // 2) + b"\r\n\r\nhi",
    "a19_at_signs": b"From: " + b"@" * MEGABYTE + b"\r\n\r\nhi",
    "a19_addresses": b"To: " + b"a@b.example, " * 75_000 + b"\r\n\r\nhi",
    "a19_to_lines": b"To: a@b.example\r\n" * 60_000 + b"\r\nhi",
    "a19_encoded_words": b"Subject: " + b"=?utf-8?q?a?= " * 70_000 + b"\r\n\r\nhi",
    "a19_open_words": b"Subject: " + b"=?utf-8?q?" * 100_000 + b"\r\n\r\nhi",
    "a19_references": b"References: " + b"<a@b> " * 160_000 + b"\r\n\r\nhi",
    "a19_fields": b"X: y\r\n" * 160_000 + b"\r\nhi",
    "a20_parameters": text(b"hi", b"text/plain" + b"".join(b"; p%d=v" % n for n in range(8_000))),
    "a20_rfc2231": text(b"hi", b"text/plain" + b"".join(b"; name*%d*=%%41" % n for n in range(8_000))),
    "a20_open_quotes": text(b"hi", b"text/plain;" + b'a="\\' * 200_000),
    "a22_multiparts": HEAD
    + b"".join(b"Content-Type: multipart/mixed; boundary=b%d\n\n--b%d\n" % (n, n) for n in range(15_000)),
    "a22_same_boundary": HEAD + b"Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\n" * 15_000,
    "a22_siblings": HEAD + b"Content-Type: multipart/mixed; boundary=b\r\n\r\n" + b"--b\r\n\r\nx\r\n" * 50_000,
    "a22_nested_mails": HEAD + b"Content-Type: message/rfc822\r\n\r\n" * 30_000,
    "a22_no_boundary": HEAD + b"Content-Type: multipart/mixed\r\n\r\n" + b"--abcdef\r\n" * 90_000,
    "a24_base64": HEAD + b"Content-Transfer-Encoding: base64\r\n\r\n" + b"QQ==" * 250_000,
    "a24_uuencode": text(b"begin 644 a\n" * 80_000 + b"end\n"),
    "a26_open_tags": html(b"<a " * 330_000),
    "a26_open_quotes": html(b'<a "' * 250_000),
    "a26_nested_divisions": html(b"<div>" * 200_000),
    "a26_references": html(b"&" * MEGABYTE),
    "a26_attributes": html(b"<a " + b" ".join(b"a%d" % n for n in range(140_000)) + b">"),
    "a26_comments": html(b"<!--" * 250_000),
    "a26_formatting": html(b"<p><b>" * 100_000),
    "a26_blockquotes": html(b"<blockquote>" * 80_000),
    "a26_word": html(b"<p class=MsoNormal><span style='font-size:11pt'>Hi&nbsp;<o:p></o:p></span></p>\n" * 12_000),
    "a27_quote_marks": text(b"hello\n" + b"> " * 500_000),
    "a27_quoted_lines": text(b"hello\n" + b"> x\n" * 250_000),
    "a27_on_wrote": text(b"On Mon, Jan 1, 2024 at 1:00 PM x <a@b.example> wrote:\n" * 18_000),
    "a27_on_on_on": text(b"On " * 330_000),
    "a27_spaces": text(b"hi" + b" " * MEGABYTE + b"x"),
    "a27_header_lines": text(b"hi\n" + b"From: a\n" * 120_000),
    "a27_rules": text(b"hi\n" + b"---\n" * 250_000),
    "a27_sign_offs": text(b"Thanks,\n" * 120_000),
    "bounce_phrases": b"From: MAILER-DAEMON@x\r\nSubject: Undelivered mail\r\n\r\n" + b"mailbox user host " * 50_000,
    "bounce_recipients": b"From: MAILER-DAEMON@x\r\nSubject: Undelivered mail\r\n\r\n"
    + b"<a@b.example>: 550 x\n" * 40_000,
    "notice_json": text(b'{"notificationType":"Bounce","bounce":' + b"[" * 800_000),
}


@pytest.mark.parametrize("name", SLOW)
def test_a_megabyte_made_to_hurt_is_read_in_bounded_work(name):
    assert cpu(SLOW[name]) < BOUND


@pytest.mark.parametrize(
    "unit", [b"> ", b"On 5 May 2024 x <a@b> wrote:\n", b" ", b"From: a\n", b"<a ", b"-\n", b"a:\n", b"(", b"=?"]
)
def test_a27_work_grows_with_the_input_not_with_its_square(unit):
    small, large = (text(b"hi\n" + unit * (size // len(unit))) for size in (100_000, 800_000))
    read_mail(small)
    once = min(cpu(small) for _ in range(3))
    assert min(cpu(large) for _ in range(3)) < 24 * once + 0.1


def test_a22_what_lies_beyond_the_caps_is_told_in_a_warning():
    assert "parts nested too deep" in read_mail(SLOW["a22_multiparts"]).warnings
    assert "more parts than are read" in read_mail(SLOW["a22_siblings"]).warnings
    assert "HTML too complex to show" in read_mail(SLOW["a26_nested_divisions"]).warnings


@pytest.mark.parametrize(
    ("charset", "body", "seen"),
    [
        ("utf-32le", "hello".encode("utf-32-le"), "hello"),
        ("utf-7", b"+2AA- hello", "hello"),
        ("x-made-up", "hello 你好".encode(), "你好"),
        ("gb18030", "你好".encode("gb18030") + b"\x81 hello", "你好"),
        ("iso-2022-jp", b"\x1b$B\x1b(B\x1b$Bhello", ""),
        ("us-ascii", b"he\x00llo", "hello"),
        ("unicode_escape", b"\\ud800 hello", "\\ud800 hello"),
        ("utf-8", b"\xed\xa0\x80 hello", "hello"),
    ],
)
def test_a23_cve_2014_9472_any_charset_gives_readable_text(charset, body, seen):
    found = read_mail(text(body, b"text/plain; charset=" + charset.encode()))
    assert seen in found.text
    found.text.encode("utf-8")
    assert "\x00" not in found.text


@pytest.mark.parametrize(
    "date", ["", "Date: Thu, 1 Jan 1970 00:00:00 +0000", "Date: 31 Dec 9999 23:59:59 -9999", "Date: x"]
)
def test_a30_without_ids_and_with_odd_dates_a_mail_is_read(date):
    mail = read_mail(f"From: a@b.example\r\n{date}\r\n\r\nhi".encode())
    assert (mail.message_id, mail.text) == ("", "hi")
