"""Charsets as mail really uses them."""

import pytest

from contactcenter.channels.email.charsets import codec, decode

CHINESE = "您好，我想查询一下我的保险理赔进度，请尽快回复，谢谢。"
TRADITIONAL = "您好，我想查詢我的保險理賠進度，請盡快回覆，謝謝。"
JAPANESE = "お世話になっております。注文の件でご連絡いたしました。"
KOREAN = "안녕하세요. 주문한 상품이 아직 도착하지 않았습니다."
RUSSIAN = "Здравствуйте, я хочу узнать о статусе моего заказа."
GERMAN = "Schöne Grüße aus München, die Rechnung fehlt über den Posten."


@pytest.mark.parametrize(
    ("text", "encoding"),
    [
        (CHINESE, "gb18030"),
        (TRADITIONAL, "big5"),
        (JAPANESE, "shift_jis"),
        (JAPANESE, "iso2022_jp"),
        (KOREAN, "euc_kr"),
        (RUSSIAN, "koi8-r"),
        (RUSSIAN, "cp1251"),
        (GERMAN, "latin-1"),
        (CHINESE, "utf-8"),
        (CHINESE, "utf-16"),
        (GERMAN, "utf-16-le"),
    ],
)
def test_text_without_a_named_charset_is_guessed(text, encoding):
    assert decode(text.encode(encoding)) == text


@pytest.mark.parametrize("wrong", ["us-ascii", "iso-8859-1", "x-unknown", ""])
def test_utf8_that_claims_to_be_something_else_is_read_as_utf8(wrong):
    assert decode(CHINESE.encode(), wrong) == CHINESE


def test_gb2312_means_gb18030():
    assert decode("镕㐀😀".encode("gb18030"), "gb2312") == "镕㐀😀"


def test_iso_2022_jp_with_vendor_characters_and_half_width_kana():
    assert decode(b"\x1b$B-!\x1b(B and \x1b(I1\x1b(B", "iso-2022-jp") == "① and ｱ"


@pytest.mark.parametrize("name", ["punycode", "unicode_escape", "zlib", "idna", "rot13", "x" * 500, "\x00", "utf-8\n"])
def test_codecs_that_are_no_mail_charsets_are_never_used(name):
    assert codec(name) in ("", "utf-8")


@pytest.mark.parametrize("charset", ["utf-7", "utf-16", "utf-32-le", "gb18030", "iso-2022-jp", "hz", "nonsense", None])
@pytest.mark.parametrize(
    "data", [b"+2AA-", b"\xff\xfe\x00\xd8", b"\x00\x00", b"\x81", b"\x1b$B", b"~{", bytes(range(256))]
)
def test_no_bytes_give_a_lone_surrogate_or_a_nul(data, charset):
    text = decode(data, charset)
    text.encode("utf-8")
    assert "\x00" not in text
