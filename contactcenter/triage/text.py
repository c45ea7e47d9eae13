"""Cleaning: from whatever was sent to the plain, lower-case, bounded text that features and languages are read from.

Every step is linear in the text, and a cap comes first, so that a megabyte costs no more than a page.
"""

from __future__ import annotations

import re
import unicodedata

from contactcenter.triage import simplified

HEAD = 4_000
TAIL = 1_000
"""Characters kept of a longer text: the matter stands at the start, the demand often at the end."""

LINK, ADDRESS, DATE = "linktok", "mailtok", "datetok"
"""Words that stand for any link, e-mail address or date in cleaned text."""

_MARKS = "\u0300-\u036f\u0483-\u0489\u1ab0-\u1aff\u1dc0-\u1dff\u20d0-\u20ff\ufe20-\ufe2f"
_MARK_RUN = re.compile(f"(?<=[{_MARKS}]{{4}})[{_MARKS}]+")
_ANY_MARK = re.compile(f"[{_MARKS}]+")
_INVISIBLE = re.compile("[\u00ad\u034f\u061c\u180b-\u180e\u200b-\u200f\u202a-\u202e\u2060-\u206f\ufe00-\ufe0f\ufeff]+")
_LINK = re.compile(r"(?:https?://|www\.)[^\s\u3000-\u9fff\uff00-\uffef]+")
_ADDRESS = re.compile(r"[a-z0-9._%+-]{1,64}+@[a-z0-9.-]{1,255}")
_DATE = re.compile(r"\d{4}-\d{1,2}-\d{1,2}|\d{4}年\d{1,2}月\d{1,2}[日号]|\d{1,2}[/.]\d{1,2}[/.]\d{4}")
_NUMBER = re.compile(r"\d+(?:[.,]\d+)*")
_REPEATED = re.compile(r"(.)\1{2,}")
_LOUD = re.compile("[!?%$€£¥\U0001f300-\U0001faff]")
_REST = re.compile("[^\\w!?%$€£¥\U0001f300-\U0001faff]+|_+")


def cut(text: str, head: int = HEAD, tail: int = TAIL) -> str:
    """The text, or its first ``head`` and last ``tail`` characters as two lines when it is longer than both."""
    if len(text) <= head + tail:
        return text
    return f"{text[:head]}\n{text[-tail:]}"


def plain(text: str) -> str:
    """The text cut, in compatibility form (NFKC), without invisible characters and marks, in simplified Chinese."""
    text = cut(text)
    if text.isascii():
        return text
    # Stacked marks go before normalising: ordering long runs of them is what makes NFKC quadratic.
    text = unicodedata.normalize("NFKC", _MARK_RUN.sub("", _INVISIBLE.sub("", text)))
    return cut(_ANY_MARK.sub("", text)).translate(simplified.TABLE)


def clean(text: str) -> str:
    """What the features see: words and Chinese clauses in lower case, one space between them, numbers as ``0``.

    ``"Refund A-55812 by 2026-05-02!"`` becomes ``"refund a 0 by datetok !"``.
    """
    text = plain(text).lower().replace("'", "").replace("\u2019", "")
    if "://" in text or "www." in text:
        text = _LINK.sub(f" {LINK} ", text)
    if "@" in text:
        text = _ADDRESS.sub(f" {ADDRESS} ", text)
    text = _NUMBER.sub("0", _DATE.sub(f" {DATE} ", text))
    text = _LOUD.sub(r" \g<0> ", _REPEATED.sub(r"\1\1", text))
    return _REST.sub(" ", text).strip()
