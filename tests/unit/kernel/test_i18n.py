"""Languages: what a browser asks for, and what we speak."""

import pytest

from contactcenter.i18n import negotiate, translations


@pytest.mark.parametrize(
    ("header", "locale"),
    [
        ("zh-CN,zh;q=0.9,en;q=0.8", "zh"),
        ("en-GB,en;q=0.9,zh;q=0.1", "en"),
        ("fr, zh;q=0.3", "zh"),
        ("", "en"),
        ("*;q=oops", "en"),
    ],
)
def test_the_best_language_we_speak_is_chosen(header: str, locale: str) -> None:
    assert negotiate(header) == locale


def test_automatic_mail_speaks_chinese() -> None:
    text = translations("zh").gettext("Hello,")
    assert text != "Hello,"


def test_an_unknown_language_falls_back_to_the_source_text() -> None:
    assert translations("xx").gettext("Hello,") == "Hello,"
