"""winmail.dat: what Outlook wraps."""

import struct

import pytest

from contactcenter.channels.email.mime import read_mail
from contactcenter.channels.email.tnef import MAX_FILES, TnefError, read_tnef

PDF = b"%PDF-1.4 body of the file"
EMBEDDED = bytes.fromhex("0703020000000000c000000000000046")


def attribute(level, identifier, data):
    checksum = struct.pack("<H", sum(data) & 0xFFFF)
    return struct.pack("<BHHI", level, identifier, 6, len(data)) + data + checksum


def stream(*attributes):
    return struct.pack("<IH", 0x223E9F78, 1) + b"".join(attributes)


def text(identifier, value):
    return variable(0x1F, identifier, value.encode("utf-16-le") + b"\x00\x00")


def variable(kind, identifier, value):
    return struct.pack("<HHII", kind, identifier, 1, len(value)) + value + b"\x00" * (-len(value) % 4)


def properties(*values):
    return struct.pack("<I", len(values)) + b"".join(values)


def file(name, content, *more):
    head = attribute(2, 0x9002, b"\x00" * 14)
    return (
        head + attribute(2, 0x800F, content) + attribute(2, 0x9005, properties(text(0x3707, name), *more))
        if content is not None
        else head + attribute(2, 0x9005, properties(text(0x3707, name), *more))
    )


def mail(winmail, body=b"", kind=b"application/ms-tnef"):
    return read_mail(
        b"From: a@b.example\r\nSubject: x\r\nContent-Type: multipart/mixed; boundary=m\r\n\r\n--m\r\n\r\n" + body
        + b"\r\n--m\r\nContent-Type: " + kind + b"; name=winmail.dat\r\nContent-Transfer-Encoding: 8bit\r\n\r\n"
        + winmail + b"\r\n--m--\r\n"
    )  # fmt: skip


def test_the_files_inside_become_the_files_of_the_mail():
    found = mail(stream(file("合同 2024.pdf", PDF, text(0x370E, "application/pdf"))), b"See the contract.")
    assert [(one.filename, one.content_type, one.content) for one in found.attachments] == [
        ("合同 2024.pdf", "application/pdf", PDF)
    ]
    assert (found.text, found.warnings) == ("See the contract.", ())


def test_a_winmail_file_of_an_unnamed_type_is_known_by_its_name():
    found = mail(stream(file("a.pdf", PDF)), kind=b"application/octet-stream")
    assert [one.filename for one in found.attachments] == ["a.pdf"]


def test_the_body_inside_is_the_text_of_a_mail_that_has_no_other():
    inside = stream(attribute(1, 0x9003, properties(text(0x1000, "你好，请退款"))))
    assert mail(inside).text == "你好，请退款"
    assert mail(inside, b"Said outside").text == "Said outside"


def test_html_inside_is_read_in_its_own_codepage_and_made_safe():
    markup = variable(0x102, 0x1013, "<p>退款<script>x()</script></p>".encode("gb18030"))
    page = struct.pack("<HHI", 3, 0x3FDE, 936)
    found = mail(stream(attribute(1, 0x9003, properties(page, markup))))
    assert (found.text, found.html_safe) == ("退款", "<p>退款</p>")


def test_old_attributes_are_read_in_the_codepage_of_the_stream():
    codepage = attribute(1, 0x9007, struct.pack("<II", 936, 0))
    old = attribute(2, 0x9002, b"") + attribute(2, 0x8010, "报价.xls".encode("gbk") + b"\x00")
    found = read_tnef(stream(codepage, attribute(1, 0x800C, "正文\x00".encode("gbk")), old, attribute(2, 0x800F, b"X")))
    assert (found.plain, found.files[0].filename, found.files[0].content) == ("正文", "报价.xls", b"X")


def test_a_mail_inside_gives_its_files_and_its_text_as_a_file():
    inner = stream(attribute(1, 0x9003, properties(text(0x1000, "forwarded words"))), file("in.pdf", PDF))
    outer = stream(file("message", None, variable(0x0D, 0x3701, EMBEDDED + inner)))
    assert [(one.filename, one.content) for one in read_tnef(outer).files] == [
        ("message.txt", b"forwarded words"),
        ("in.pdf", PDF),
    ]


@pytest.mark.parametrize("cut", [5, 20, 60])
def test_a_broken_winmail_is_kept_itself_with_a_warning(cut):
    found = mail(stream(file("a.pdf", PDF))[:cut])
    assert [one.filename for one in found.attachments] == ["winmail.dat"]
    assert found.warnings == ("winmail.dat cannot be read",)


def test_what_could_be_read_of_a_broken_one_is_shown_beside_it():
    found = mail(stream(file("a.pdf", PDF), file("b.pdf", PDF))[:-30])
    assert [one.filename for one in found.attachments] == ["a.pdf", "attachment-2.bin", "winmail.dat"]
    assert found.warnings == ("winmail.dat could only be read in part",)


def test_more_files_than_anybody_sends_are_not_taken_out():
    found = read_tnef(stream(*(file(f"{n}", b"x") for n in range(MAX_FILES + 5))))
    assert (len(found.files), found.complete) == (MAX_FILES, False)


@pytest.mark.parametrize(
    "table",
    [
        struct.pack("<I", 0xFFFFFFFF),
        struct.pack("<IHHI", 1, 0x1003, 0x1234, 0xFFFFFFFF),
        struct.pack("<IHHI", 1, 0x101E, 0x1234, 0xFFFFFFFF),
        struct.pack("<IHHII", 1, 0x1E, 0x1000, 1, 0xFFFFFFFF),
        struct.pack("<IHH", 1, 0x3, 0x8001) + b"\x00" * 16 + struct.pack("<II", 1, 0xFFFFFFFF),
    ],
)
def test_a24_a_table_that_claims_more_than_it_holds_ends_at_once(table):
    with pytest.raises(TnefError):
        read_tnef(stream(attribute(1, 0x9003, table)))
