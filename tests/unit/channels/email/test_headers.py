"""Header fields, encoded words, parameters, ids and dates."""

from datetime import UTC, datetime

import pytest

from contactcenter.channels.email.headers import (
    Headers,
    decode_words,
    message_id,
    message_ids,
    parse_date,
    parse_headers,
    parse_parameters,
)


def test_folded_and_doubled_fields_are_read_in_order():
    headers, body, warnings = parse_headers(b"Subject: one\r\n two\r\nX: a\r\nX: b\r\n\r\nbody")
    assert headers.raw("subject") == "one two"
    assert headers.all_raw("x") == ["a", "b"]
    assert (body, warnings) == (34, [])


def test_junk_before_and_between_fields_is_left_out():
    raw = b"From mbox Mon Jan 1\n\xff junk\nFrom: a@b.example\nno field\nSubject: s\n\nbody"
    headers, body, warnings = parse_headers(raw)
    assert headers.raw("from") == "a@b.example"
    assert headers.raw("subject") == "s"
    assert raw[body:] == b"body"
    assert warnings


def test_a_header_without_an_empty_line_ends_where_the_text_begins():
    raw = b"Subject: s\nHello there, how are you\nBye\n"
    assert raw[parse_headers(raw)[1] :].startswith(b"Hello")


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ("=?utf-8?B?5L2g5aW9?=", "你好"),
        ("=?utf-8?B?5L2g5a?= =?utf-8?B?W9?=", "你好"),
        ("=?gb2312?Q?=C4=E3=BA=C3?= =?gb2312?Q?=A3=A1?=", "你好！"),
        ("=?utf-8?Q?caf=C3?= =?utf-8?Q?=A9?= bar", "café bar"),
        ("=?iso-8859-1?Q?a_b=20c?=", "a b c"),
        ("=?utf-8*en?Q?hi?=", "hi"),
        ("=?utf-8?Q?unterminated", "unterminated"),
        ("=?utf-8?B?YWJjZ?=", "abc"),
        ("=?x-what?Q?hi?=", "hi"),
        ("plain =? not a word ?=", "plain =? not a word ?="),
        ("=?utf-8?q?one?= and =?utf-8?q?two?=", "one and two"),
    ],
)
def test_encoded_words(value, text):
    assert decode_words(value) == text


def test_a_character_split_between_two_base64_words_is_whole_again():
    assert decode_words("=?utf-8?B?5L2g5Q==?=\r\n =?utf-8?B?pb0=?=") == "你好"


@pytest.mark.parametrize(
    ("value", "name", "text"),
    [
        ('attachment; filename="a b.pdf"', "filename", "a b.pdf"),
        ("attachment; filename=a b.pdf", "filename", "a b.pdf"),
        ("attachment; filename*=utf-8''%E4%BD%A0%E5%A5%BD.pdf", "filename", "你好.pdf"),
        ("attachment; filename*0*=gb2312''%C4%E3; filename*1*=%BA%C3; filename*2=.pdf", "filename", "你好.pdf"),
        ("attachment; filename*1=b; filename*0=a", "filename", "ab"),
        ('attachment; filename="=?utf-8?B?5L2g5aW9?=.pdf"', "filename", "你好.pdf"),
        ('text/plain; charset="utf-8', "charset", "utf-8"),
        (r'x/y; name="a\"b"', "name", 'a"b'),
    ],
)
def test_parameters(value, name, text):
    assert parse_parameters(value)[1][name] == text


def test_a_sound_block_reads_as_one_that_is_read_field_by_field():
    block = b"Subject: a\r\n\tb \r\n  c\r\nX-Y \t: 1\nTo:\r\n a@b.example\nx-y:2: 3 \r\nSubject:\n"
    sound, _, no_warnings = parse_headers(block + b"\r\nbody")
    tolerant, _, warnings = parse_headers(block.replace(b"X-Y", b"junk\nX-Y") + b"\r\nbody")
    assert sound.fields == tolerant.fields
    assert sound.fields[:2] == (("subject", b"a\tb   c"), ("x-y", b"1"))
    assert (len(no_warnings), len(warnings)) == (0, 1)


def test_raw_eight_bit_values_are_read_in_the_charset_of_the_body():
    headers = parse_headers("Subject: 退款\n\n".encode("gb18030"))[0]
    assert Headers(headers.fields, "gb2312").text("subject") == "退款"


def test_message_ids_lose_brackets_space_and_doubles():
    assert message_ids("<a@b> <c@d>\t<a@b> (comment) <e @f>") == ("a@b", "c@d", "e@f")
    assert message_ids("a@b c@d") == ("a@b", "c@d")
    assert message_ids("") == message_ids("<>") == ()
    assert message_id("no-brackets@x") == "no-brackets@x"
    assert message_id("") == ""


def test_of_very_many_references_the_first_and_the_last_are_kept():
    ids = message_ids(" ".join(f"<{n}@x>" for n in range(500)))
    assert (len(ids), ids[0], ids[-1]) == (100, "0@x", "499@x")


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("Tue, 5 Mar 2024 10:12:33 +0800", datetime(2024, 3, 5, 2, 12, 33, tzinfo=UTC)),
        ("5 Mar 2024 10:12:33 GMT (comment)", datetime(2024, 3, 5, 10, 12, 33, tzinfo=UTC)),
        ("2024-03-05T10:12:33+08:00", datetime(2024, 3, 5, 2, 12, 33, tzinfo=UTC)),
        ("Thu, 01 Jan 1970 00:00:00 +0000", datetime(1970, 1, 1, tzinfo=UTC)),
        ("Fri, 31 Dec 9999 23:59:59 -2300", None),
        ("yesterday", None),
        ("", None),
        ("99999999999999999999 Jan 2024 99:99:99", None),
    ],
)
def test_dates(value, expected):
    assert parse_date(value) == expected
