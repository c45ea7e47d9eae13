"""Rich text of Outlook."""

import struct

import pytest

from contactcenter.channels.email.rtf import MAX_NESTING, RtfError, decompress, rtf_body

PACKED = bytes.fromhex(
    "2d0000002b0000004c5a4675f1c5c7a703000a007263706731323542320af32068656c090020627705b06c647d0a800fa0"
)  # the example of MS-OXRTFCP, 3.1.1


def test_the_published_example_is_uncompressed():
    assert decompress(PACKED) == b"{\\rtf1\\ansi\\ansicpg1252\\pard hello world}\r\n"
    assert rtf_body(decompress(PACKED)) == ("hello world", "")


def test_uncompressed_rich_text_is_passed_through_and_cut():
    packed = struct.pack("<II4sI", 0, 20, b"MELA", 0) + b"{\\rtf1 plain}"
    assert decompress(packed) == b"{\\rtf1 plain}"
    assert decompress(packed, 6) == b"{\\rtf1"


def test_chinese_in_a_codepage_and_in_unicode_is_read():
    escaped = "".join(f"\\'{byte:02x}" for byte in "退款".encode("gbk"))
    assert rtf_body(rf"{{\rtf1\ansi\ansicpg936 {escaped}\par\u24744?\u22909?}}".encode()) == ("退款\n您好", "")


def test_the_charset_of_a_font_counts_for_its_text():
    escaped = "".join(f"\\'{byte:02x}" for byte in "メール".encode("cp932"))
    head = r"{\rtf1\ansi\ansicpg1252{\fonttbl{\f0 Arial;}{\f1\fcharset128 MS Gothic;}}"
    assert rtf_body((head + rf"\f1 {escaped}}}").encode())[0] == "メール"


def test_the_html_that_was_wrapped_comes_out_as_it_was():
    wrapped = (
        rb"{\rtf1\ansi\fromhtml1{\fonttbl{\f0 Arial;}}{\*\htmltag64 <p>}\htmlrtf {\b \htmlrtf0 bold"
        rb"\htmlrtf }\htmlrtf0 {\*\htmltag84 &nbsp;}{\*\mhtmltag <x>}{\*\htmltag72 </p>}}"
    )
    assert rtf_body(wrapped) == ("", "<p>bold&nbsp;</p>")


def test_tables_of_fonts_and_pictures_are_no_text():
    assert (
        rtf_body(rb"{\rtf1{\fonttbl{\f0 Arial;}}{\*\generator W;}{\pict 00ff}{\info{\author A}}hi\{\}\\}")[0]
        == "hi{}\\"
    )


@pytest.mark.parametrize("data", [b"", b"hello", b"{\\rtf1" + b"{" * (MAX_NESTING + 2)])
def test_what_is_no_rich_text_or_nested_without_end_is_refused(data):
    with pytest.raises(RtfError):
        rtf_body(data)


def test_bytes_that_are_not_compressed_rich_text_are_refused():
    with pytest.raises(RtfError):
        decompress(b"x" * 40)
