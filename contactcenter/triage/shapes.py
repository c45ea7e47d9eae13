"""What numbers, sums, dates, phones and addresses look like: one table, searched in time linear in the text."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import NamedTuple

import phonenumbers

from contactcenter.triage import values
from contactcenter.triage.assessment import EntityType


class Shape(NamedTuple):
    """A row of the table: what a match is, how it looks, and small strings one of which must be there at all."""

    type: EntityType
    pattern: re.Pattern[str]
    needs: tuple[str, ...] = ()


class Found(NamedTuple):
    """A match and where it stands."""

    type: EntityType
    start: int
    end: int


_CURRENCY_AFTER = (
    r"(?:美元|美金|欧元|英镑|人民币|港币|港元|日元|块钱|元|块|"
    r"(?i:dollars?|bucks|euros?|pounds?|yuan|yen|USD|EUR|GBP|CNY|RMB|HKD|JPY)(?![A-Za-z])|[€£])"
)
_MONTH = "(?:" + "|".join(sorted(values.MONTHS, key=len, reverse=True)) + r")\b\.?"
_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_MONEY_BEFORE = ("$", "€", "£", "¥", "usd", "eur", "gbp", "cny", "rmb", "hkd", "jpy", "人民币")
_SUM = r"\d[\d.,]{0,17}+(?<![.,])"


def _shape(kind: EntityType, pattern: str, needs: tuple[str, ...] = ()) -> Shape:
    return Shape(kind, re.compile(pattern), needs)


# A pattern begins with the characters it may begin with and looks behind them afterwards: that is what lets the
# regular expression engine skip through the rest of a text quickly.
SHAPES: tuple[Shape, ...] = (
    _shape(EntityType.EMAIL, r"[A-Za-z0-9._%+-]{1,64}+@[A-Za-z0-9-]{1,63}(?:\.[A-Za-z0-9-]{1,63})+(?<![-.])", ("@",)),
    _shape(EntityType.POLICY, r"[Pp](?<![A-Za-z0-9-].)(?:\d{6,10}|(?:OL|ol)-?\d{4,12})(?![A-Za-z0-9])"),
    _shape(EntityType.INVOICE, r"[Ii](?<![A-Za-z0-9-].)(?:NV|nv)-?\d[\d-]{2,14}+(?![A-Za-z0-9])"),
    _shape(EntityType.CLAIM, r"[Cc](?<![A-Za-z0-9-].)(?:-|L[AM]?-?|l[am]?-?)\d{4,12}(?![A-Za-z0-9])"),
    _shape(EntityType.ORDER, r"[Aa#](?<![A-Za-z0-9-].)(?:(?<=#)|-)\d{4,12}(?![A-Za-z0-9])"),
    _shape(EntityType.ORDER, r"[Oo](?<![A-Za-z0-9-].)(?:RD|rd)-?\d{4,12}(?![A-Za-z0-9])"),
    _shape(EntityType.DATE, r"\d(?<![\d-].)\d{3}[-/.]\d{1,2}[-/.]\d{1,2}(?![\d-])"),
    _shape(EntityType.DATE, r"\d{4}\s?年\s?\d{1,2}\s?月\s?\d{1,2}\s?[日号]?", ("年",)),
    _shape(EntityType.DATE, r"\d(?<!\d\d)\d?\s?月\s?\d{1,2}\s?[日号]?", ("月",)),
    _shape(EntityType.DATE, rf"(?i)\d(?<!\d\d)\d?(?:st|nd|rd|th)?\s(?:of\s)?{_MONTH}(?:,?\s\d{{4}}\b)?", _MONTHS),
    _shape(EntityType.DATE, rf"(?i)\b{_MONTH}\s\d{{1,2}}(?:st|nd|rd|th)?\b(?:,?\s\d{{4}}\b)?", _MONTHS),
    _shape(EntityType.DATE, r"\d(?<![\d./].)\d?([/.])\d{1,2}\1(?:\d{4}|\d{2})(?![\d./])"),
    _shape(
        EntityType.DATE,
        r"(?i)\b(?:\d{1,3}|an?|one|two|three|four|five|six|seven|ten)\s(?:day|week|month)s?\sago\b",
        (" ago",),
    ),
    _shape(
        EntityType.DATE,
        r"(?:\d{1,3}|[一二两三四五六七八九十]{1,3})\s?(?:天|日|周|个?星期|个?礼拜|个月)之?前",
        ("前",),
    ),
    _shape(
        EntityType.AMOUNT,
        rf"(?i)(?:(?:US|HK)?\$|€|£|¥|\b(?:USD|EUR|GBP|CNY|RMB|HKD|JPY)|人民币)\s?{_SUM}(?:\s?[万亿]|k\b)?元?",
        _MONEY_BEFORE,
    ),
    _shape(
        EntityType.AMOUNT,
        rf"\d(?<![\d.,A-Za-z-].)[\d.,]{{0,17}}+(?<![.,])\s?(?:[万亿千百]|k(?=\s))?\s?{_CURRENCY_AFTER}",
    ),
    _shape(EntityType.AMOUNT, r"[一二两三四五六七八九十百千万亿零〇]{1,12}(?:元|块钱|美元|欧元|英镑|港币)"),
)
"""What each type looks like, surest first: where two overlap, the earlier row wins."""

_CUES = {
    "policy": EntityType.POLICY,
    "保单": EntityType.POLICY,
    "order": EntityType.ORDER,
    "订单": EntityType.ORDER,
    "invoice": EntityType.INVOICE,
    "bill": EntityType.INVOICE,
    "发票": EntityType.INVOICE,
    "账单": EntityType.INVOICE,
    "claim": EntityType.CLAIM,
    "理赔": EntityType.CLAIM,
    "报案": EntityType.CLAIM,
    "赔案": EntityType.CLAIM,
}
_CUED = re.compile(
    rf"(?i)({'|'.join(_CUES)})"
    r"\s?(?:number|num|no|nr|id|ref(?:erence)?|申请|编号|单号|号码|号)?"
    r"[.:#\s]{0,4}(?:(?:is|为|是)\s?)?[:#\s]{0,3}"
    r"(?!\d{4}[-/.]\d)([A-Z]{0,4}-?\d[\d-]{3,19}+)(?![A-Za-z0-9.,]?\d|[年月日元天])"
)
"""A word that says what the number after it is: "policy no. 1234567"."""

_PHONE = re.compile(r"[+(\d](?<![A-Za-z0-9_.+(-].)\(?[\d ().-]{6,18}\d(?![A-Za-z0-9_-])")
_FEWEST_PHONE_DIGITS = 8
_MOST_PHONES = 16
"""Candidates looked up in the numbering plans; each costs as much as the rest of a message."""


def find(text: str, regions: tuple[str, ...]) -> Iterator[Found]:
    """Every match that overlaps no earlier one, surest kinds first; phones as dialled in ``regions`` (ISO 3166)."""
    taken = bytearray(len(text))
    for match in _matches(text):
        if not any(taken[match.start : match.end]):
            taken[match.start : match.end] = b"\1" * (match.end - match.start)
            yield match
    yield from _phones(text, regions, taken)


def _matches(text: str) -> Iterator[Found]:
    """All matches, numbers that a word announces first."""
    for match in _CUED.finditer(text):
        number = match[2]
        # Four bare digits after "order" are as likely a year or a street number.
        if len(number.strip("-")) >= (4 if number[0].isalpha() else 5):
            yield Found(_CUES[match[1].lower()], match.start(2), match.start(2) + len(number.rstrip("-")))
    lower = text.lower()
    for shape in SHAPES:
        if not shape.needs or any(need in lower for need in shape.needs):
            for match in shape.pattern.finditer(text):
                yield Found(shape.type, match.start(), match.end())


def _phones(text: str, regions: tuple[str, ...], taken: bytearray) -> Iterator[Found]:
    """Numbers that a telephone network could connect, where nothing else was found."""
    tried = 0
    for match in _PHONE.finditer(text):
        start, end = match.span()
        if sum(map(str.isdigit, match.group())) < _FEWEST_PHONE_DIGITS or any(taken[start:end]):
            continue
        tried += 1
        if tried > _MOST_PHONES:
            return
        if phone_number(match.group(), regions) is not None:
            yield Found(EntityType.PHONE, start, end)


def phone_number(text: str, regions: tuple[str, ...]) -> str | None:
    """E.164 of a number that is valid as it stands (with +) or in one of the regions; None otherwise."""
    for region in (None,) if text.startswith("+") else regions:
        try:
            number = phonenumbers.parse(text, region)
        except phonenumbers.NumberParseException:
            continue
        if phonenumbers.is_valid_number(number):
            return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)
    return None
