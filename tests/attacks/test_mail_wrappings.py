"""A24: what comes wrapped in a mail (TNEF, yEnc, S/MIME, calendars) costs no more than reading it once.

CPU time of this process, as for the other hostile mails: the bound is one that only super-linear work can reach.
"""

import struct
import time

import pytest

from contactcenter.channels.email.json_lines import to_json
from contactcenter.channels.email.mime import read_mail

HEAD = b"From: a@b.example\r\nSubject: x\r\n"
BOUND = 5.0  # CPU seconds for a megabyte
EMBEDDED = bytes.fromhex("0703020000000000c000000000000046")


def part(kind, body, head=HEAD):
    return head + b"Content-Type: " + kind + b"\r\nContent-Transfer-Encoding: 8bit\r\n\r\n" + body


def attribute(level, identifier, data):
    return struct.pack("<BHHI", level, identifier, 6, len(data)) + data + b"\x00\x00"


def tnef(*attributes):
    return struct.pack("<IH", 0x223E9F78, 1) + b"".join(attributes)


def properties(kind, identifier, value, count=1):
    return struct.pack("<IHHII", 1, kind, identifier, count, len(value)) + value + b"\x00" * (-len(value) % 4)


def nested(depth):
    inside = tnef(attribute(2, 0x9002, b""), attribute(2, 0x800F, b"x"))
    for _ in range(depth):
        inside = tnef(attribute(2, 0x9002, b""), attribute(2, 0x9005, properties(0x0D, 0x3701, EMBEDDED + inside)))
    return inside


def rich_text(body):
    packed = struct.pack("<II4sI", len(body) + 12, len(body), b"MELA", 0) + body
    return tnef(attribute(1, 0x9003, properties(0x102, 0x1009, packed)))


def packed_rich_text():
    runs = b"\xff" + b"\x00\x0f" * 8  # eight references of seventeen bytes each
    packed = struct.pack("<II4sI", 1_000_000, 0xFFFFFFFF, b"LZFu", 0) + b"\x00{\\rtf1{{" + runs * 55_000
    return tnef(attribute(1, 0x9003, properties(0x102, 0x1009, packed)))


def many(kind, body, number):
    return (
        HEAD + b"Content-Type: multipart/mixed; boundary=m\r\n\r\n"
        + b"".join(part(kind, body, b"--m\r\n") + b"\r\n" for _ in range(number)) + b"--m--"
    )  # fmt: skip


WRAPPED = {
    "tnef_entries_claimed": part(b"application/ms-tnef", tnef(attribute(1, 0x9003, b"\xff" * 8))),
    "tnef_values_claimed": part(
        b"application/ms-tnef", tnef(attribute(1, 0x9003, struct.pack("<IHHI", 1, 0x1003, 0x1234, 0xFFFFFFFF)))
    ),
    "tnef_small_attributes": part(b"application/ms-tnef", tnef(attribute(1, 1, b"") * 90_000)),
    "tnef_small_properties": part(
        b"application/ms-tnef",
        tnef(attribute(1, 0x9003, struct.pack("<I", 125_000) + b"\x03\x00\x01\x00abcd" * 125_000)),
    ),
    "tnef_nested": part(b"application/ms-tnef", nested(8_000)),
    "tnef_many_files": part(
        b"application/ms-tnef", tnef((attribute(2, 0x9002, b"") + attribute(2, 0x800F, b"x")) * 40_000)
    ),
    "tnef_many": many(b"application/ms-tnef", rich_text(b"{\\rtf1" + b"{}" * 100_000), 5),
    "rtf_groups": part(b"application/ms-tnef", rich_text(b"{\\rtf1" + b"{}" * 500_000)),
    "rtf_controls": part(b"application/ms-tnef", rich_text(b"{\\rtf1" + b"\\b" * 500_000)),
    "rtf_bytes": part(b"application/ms-tnef", rich_text(b"{\\rtf1" + b"\\'c4" * 250_000)),
    "rtf_fonts": part(b"application/ms-tnef", rich_text(b"{\\rtf1{\\fonttbl" + b"{\\f1\\fcharset134 a}" * 50_000)),
    "rtf_packed": part(b"application/ms-tnef", packed_rich_text()),
    "yenc_escapes": part(b"text/plain", b"=ybegin size=1 name=x\r\n" + b"=}" * 500_000 + b"\r\n=yend size=1\r\n"),
    "yenc_begins": part(b"text/plain", b"=ybegin size=1 name=x\r\n" * 45_000),
    "yenc_ends": part(b"text/plain", b"=ybegin size=1 name=x\r\n" + b"=yend" * 200_000),
    "smime_junk": part(b"application/pkcs7-mime", b"\x30\x80" * 500_000),
    "smime_nested_octets": part(b"application/pkcs7-mime", b"\x24\x80" * 500_000),
    "smime_signed_junk": HEAD + b"Content-Type: multipart/signed; boundary=s\r\n\r\n--s\r\n\r\n" + b"x\r\n" * 300_000
    + b"--s\r\nContent-Type: application/pkcs7-signature\r\n\r\n" + b"0\x80" * 50_000 + b"\r\n--s--",
    "calendar_lines": part(b"text/calendar", b"BEGIN:VEVENT\r\n" * 70_000),
    "calendar_folds": part(b"text/calendar", b"BEGIN:VEVENT\r\nSUMMARY:x" + b"\r\n x" * 250_000),
    "calendar_parameters": part(b"text/calendar", b"BEGIN:VEVENT\r\nX" + b';a="b"' * 170_000),
    "cards": part(b"text/vcard", b"BEGIN:VCARD\r\nFN:x\r\nEND:VCARD\r\n" * 30_000),
    "pgp_armour": part(b"text/plain", b"-----BEGIN PGP SIGNED MESSAGE-----\n-----BEGIN PGP SIGNATURE-----\n" * 13_000),
    "uuencode_part": HEAD + b"Content-Transfer-Encoding: x-uuencode\r\nContent-Type: image/png\r\n\r\n"
    + b"begin 644 a\n" * 80_000 + b"end\n",
}  # fmt: skip


@pytest.mark.parametrize("name", WRAPPED)
def test_a24_a_megabyte_wrapped_to_hurt_is_read_in_bounded_work(name):
    start = time.process_time()
    mail = read_mail(WRAPPED[name])
    str(to_json("x", mail)).encode("utf-8")
    assert time.process_time() - start < BOUND
    assert sum(file.size for file in mail.attachments) <= 2 * len(WRAPPED[name])


def test_a24_only_a_few_wrappings_of_a_mail_are_opened():
    found = read_mail(many(b"application/ms-tnef", nested(0), 5))
    assert [file.content for file in found.attachments] == [b"x"] * 3 + [nested(0)] * 2


def test_a24_mails_nested_in_mails_are_opened_a_few_levels_deep_and_kept_below():
    found = read_mail(part(b"application/ms-tnef", nested(5)))
    assert len(found.attachments) == 1
    assert found.attachments[0].content == nested(1)
