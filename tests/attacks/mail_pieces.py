"""Mails taken apart and put together wrongly: what the fuzzing of the reader is made of.

A mail is drawn from structured pieces (header fields, parts, charsets, encodings, markup, reports) and then damaged:
bytes changed, pieces doubled, cut out or moved. Random bytes alone would never get past the first header.
"""

from __future__ import annotations

import base64
import json
import quopri
from typing import Any

from hypothesis import strategies as st

from contactcenter.channels.email.ingest_key import ingest_key
from contactcenter.channels.email.json_lines import to_json
from contactcenter.channels.email.mime import body_digest, read_mail

CHARSETS = (
    "utf-8", "us-ascii", "iso-8859-1", "gb2312", "gb18030", "big5", "shift_jis", "iso-2022-jp", "euc-kr", "koi8-r",
    "utf-7", "utf-16", "utf-32le", "hz-gb-2312", "unicode_escape", "idna", "x-unknown", "", '"utf-8', "utf-8*en",
)  # fmt: skip
ENCODINGS = (
    "7bit", "8bit", "base64", "quoted-printable", "x-uuencode", "binary", "BASE64 (x)", "", "x-yenc",
)  # fmt: skip
TYPES = (
    "text/plain", "text/html", "text/enriched", "multipart/mixed", "multipart/alternative", "multipart/related",
    "multipart/report; report-type=delivery-status", "multipart/report; report-type=disposition-notification",
    "multipart/digest", "multipart/signed; micalg=sha-256", "multipart/encrypted", "message/rfc822",
    "message/delivery-status", "message/disposition-notification", "message/feedback-report", "message/partial",
    "text/calendar; method=REQUEST", "text/vcard", "application/ms-tnef",
    "application/pkcs7-mime; smime-type=signed-data", "application/octet-stream", "image/png", "text/rfc822-headers",
    "html", "/", "text", "text/plain; format=flowed",
)  # fmt: skip
NAMES = (
    "From", "To", "Cc", "Reply-To", "Subject", "Date", "Message-ID", "In-Reply-To", "References", "Content-Type",
    "Sender", "Content-Transfer-Encoding", "Content-Disposition", "Content-ID", "MIME-Version", "Auto-Submitted",
    "List-Id", "Return-Path", "Precedence", "Authentication-Results", "X-Failed-Recipients", "Received",
    "X-Spam-Flag", "DKIM-Signature",
)  # fmt: skip
TEXTS = (
    "hello", "你好，我的订单还没有到", "写道：", "-----原始邮件-----",
    "On 5 May 2024 at 10:00, Ann <a@b.example> wrote:", "> quoted", "From: a@b.example", "发件人: 张三 <z@qq.com>",
    "Sent from my iPhone", "-- ", "begin 644 a.txt", "#0V%T", "end", "=ybegin line=128 size=3 name=a", "=yend size=3",
    "-----BEGIN PGP SIGNED MESSAGE-----", "BEGIN:VCALENDAR", "SUMMARY;ENCODING=QUOTED-PRINTABLE:=E4", "END:VCALENDAR",
    "BEGIN:VCARD", "FN:Ann", "Final-Recipient: rfc822; a@b.example", "Action: failed", "Status: 5.1.1",
    "Diagnostic-Code: smtp; 550 5.1.1 no such user", "Undelivered Mail Returned to Sender",
    "The following address failed:", "<x@y.example>: mailbox full", '{"notificationType":"Bounce","bounce":{',
    "---------- Forwarded message ---------", "Begin forwarded message:", "=?utf-8?B?5L2g5aW9?=",
    "=?gb2312?Q?=C4=E3?=", "=?utf-8?b?5L2g", "=?x?q?", "😀", "\u202e", "\x00", "\x1b$B", "\x0b", "\u2028",
    "&#x110000;", "&#55296;", "&nbsp;",
)  # fmt: skip
MARKUP = (
    "<p>", "</p>", '<div class="gmail_quote">', "</div>", "<blockquote type=cite>", "<br>",
    "<a href='http://x.example'>", "<img src=cid:a>", '<img src="http://t.example/a.png">', "<table><tr><td>",
    "<ul><li>", "<style>", "</style>", "<script>", "<!--", "-->", "<![CDATA[", "<svg><a>", "<math>", "<o:p>", "<hr>",
    "<pre>", "<meta charset=gb2312>", "<span style='display:none'>", "<", ">", "&", '<a "', "<ol><li>",
    "</b></i></x>", "<title>", "<base href=x>",
)  # fmt: skip
ADDRESSES = (
    "a@b.example", "Ann <a@b.example>", '"Ann" <a@b.example>', "(c) a@b.example", "<>", "MAILER-DAEMON",
    "g: a@b.example;", "a@b@c", "<a@b.example", "=?utf-8?q?a?= <a@b.example>", "张三 <z@例子.cn>",
    "undisclosed-recipients:;", '"', "(", ",,,",
)  # fmt: skip

_words = st.one_of(
    st.sampled_from(TEXTS),
    st.sampled_from(ADDRESSES),
    st.text(max_size=20),
    st.sampled_from(MARKUP),
    st.sampled_from(TYPES),
)
_lines = st.lists(_words, max_size=12).map(lambda words: "\n".join(words))
_markup = st.lists(st.one_of(st.sampled_from(MARKUP), st.sampled_from(TEXTS)), max_size=30).map("".join)


@st.composite
def field(draw: st.DrawFn) -> bytes:
    """A header field; now and then folded, without a value, or in raw 8-bit."""
    name = draw(st.sampled_from(NAMES))
    value = " ".join(draw(st.lists(_words, max_size=4)))
    charset = draw(st.sampled_from(("utf-8", "gb18030", "latin-1", "big5")))
    folded = draw(st.sampled_from(("", "\r\n ", "\n\t", "\r\n")))
    return f"{name}: {value}{folded}".replace("\n\n", "\n").encode(charset, "replace") + b"\r\n"


@st.composite
def part(draw: st.DrawFn, depth: int = 3) -> bytes:
    """A part: header and body, nested as deep as ``depth``."""
    kind = draw(st.sampled_from(TYPES))
    boundary = draw(st.sampled_from(("b", "=_x", "b b", "", "--")))
    charset = draw(st.sampled_from(CHARSETS))
    head = f"Content-Type: {kind}; charset={charset}; boundary=\"{boundary}\"; name*=utf-8''%E4%BD\r\n".encode()
    encoding = draw(st.sampled_from(ENCODINGS))
    head += f"Content-Transfer-Encoding: {encoding}\r\n".encode() + b"".join(draw(st.lists(field(), max_size=2)))
    if depth and kind.startswith(("multipart", "message/rfc822")):
        children = draw(st.lists(part(depth - 1), max_size=3))
        end = draw(st.sampled_from((f"--{boundary}--\r\n", "", f"--{boundary}\r\n")))
        return head + b"\r\n" + b"".join(f"--{boundary}\r\n".encode() + child for child in children) + end.encode()
    text = draw(_markup if "html" in kind else _lines).encode(
        draw(st.sampled_from(("utf-8", "gb18030", "utf-16"))), "replace"
    )
    body = {"base64": base64.encodebytes, "quoted-printable": quopri.encodestring}.get(encoding, bytes)(text)
    return head + b"\r\n" + body + b"\r\n"


@st.composite
def mail(draw: st.DrawFn) -> bytes:
    """A whole mail, damaged in up to six places."""
    raw = bytearray(b"".join(draw(st.lists(field(), max_size=8))) + draw(part()))
    for _ in range(draw(st.integers(0, 6))):
        at, length = draw(st.integers(0, max(len(raw) - 1, 0))), draw(st.integers(0, 40))
        match draw(st.sampled_from(("change", "cut", "double", "insert", "move"))):
            case "change":
                raw[at : at + 1] = draw(st.binary(min_size=1, max_size=4))
            case "cut":
                del raw[at : at + length]
            case "double":
                raw[at:at] = raw[at : at + length] * draw(st.integers(1, 30))
            case "insert":
                raw[at:at] = draw(_words).encode("utf-8", "replace")
            case "move":
                piece = raw[at : at + length]
                del raw[at : at + length]
                raw[draw(st.integers(0, len(raw))) : 0] = piece
    return bytes(raw)


def check(raw: bytes) -> dict[str, Any]:
    """Everything the channel does with a mail, and what must hold of it; the JSON object."""
    read = read_mail(raw)
    ingest_key(raw)
    body_digest(read)
    record = to_json("x.eml", read)
    data = json.dumps(record, ensure_ascii=False).encode("utf-8")  # a lone surrogate anywhere would raise
    assert len(data) < 60 * len(raw) + 20_000, "the answer is out of proportion to the mail"
    for value in (read.subject, read.message_id, read.from_.name, read.from_.address, *read.references):
        assert not set("\r\n\x00") & set(value), "a line end in a header"
    for text in (read.text, read.visible_text, read.html_safe):
        assert "\x00" not in text
    assert all("/" not in file.filename and "\\" not in file.filename for file in read.attachments)
    return record
