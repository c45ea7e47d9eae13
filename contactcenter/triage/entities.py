"""Entities by rule: spaCy's blank ``en`` and ``zh`` pipelines with two components of our own.

``contactcenter_shapes`` finds what has a shape (numbers of policies, orders, invoices and claims, sums, dates,
phones, addresses), ``contactcenter_days`` what has a name ("yesterday", "上周五"). Both write spans into
``doc.spans["found"]``, without overlaps; :class:`EntityFinder` adds the normal forms. All of it is linear.
"""

from __future__ import annotations

import re
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from datetime import datetime
from itertools import chain
from typing import Any, NamedTuple

import phonenumbers
import spacy
from spacy.attrs import LOWER  # type: ignore[import-untyped]
from spacy.language import Language
from spacy.matcher import PhraseMatcher
from spacy.tokenizer import Tokenizer
from spacy.tokens import Doc, Span
from spacy.util import filter_spans

from contactcenter.triage import language as languages
from contactcenter.triage import values
from contactcenter.triage.assessment import Entity, EntityType, TriageInput

FOUND = "found"
HEAD, TAIL = 3_000, 1_000
"""Characters of a longer text that are searched, from its start and its end."""

MOST = 64
"""Entities kept of one message."""

_MOST_PHONES = 16
_CURRENCY_AFTER = (
    r"(?:美元|美金|欧元|英镑|人民币|港币|港元|日元|块钱|元|块|"
    r"(?i:dollars?|bucks|euros?|pounds?|yuan|yen|USD|EUR|GBP|CNY|RMB|HKD|JPY)(?![A-Za-z])|[€£])"
)
_MONTH = "(?:" + "|".join(sorted(values.MONTHS, key=len, reverse=True)) + r")\b\.?"
_SUM = r"\d[\d.,]{0,17}+(?<![.,])"
_CUES = {
    "policy": EntityType.POLICY, "保单": EntityType.POLICY, "order": EntityType.ORDER, "订单": EntityType.ORDER,
    "invoice": EntityType.INVOICE, "bill": EntityType.INVOICE, "发票": EntityType.INVOICE, "账单": EntityType.INVOICE,
    "claim": EntityType.CLAIM, "理赔": EntityType.CLAIM, "报案": EntityType.CLAIM, "赔案": EntityType.CLAIM,
}  # fmt: skip
_CUED = re.compile(
    r"(?i)(policy|order|invoice|bill|claim|保单|订单|发票|账单|理赔|报案|赔案)"
    r"\s?(?:number|num|no|nr|id|ref(?:erence)?|申请|编号|单号|号码|号)?[.:#\s]{0,4}(?:(?:is|为|是)\s?)?[:#\s]{0,3}"
    r"(?!\d{4}[-/.]\d)([A-Z]{0,4}-?\d[\d-]{3,19}+)(?![A-Za-z0-9.,]?\d|[年月日元天])"
)

class Shape(NamedTuple):
    """A row of the table: what a match is, how it looks, and small strings one of which must be there at all."""

    type: EntityType
    pattern: re.Pattern[str]
    needs: tuple[str, ...] = ()


_MONTH_NAMES = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_MONEY_BEFORE = ("$", "€", "£", "¥", "usd", "eur", "gbp", "cny", "rmb", "hkd", "jpy", "人民币")

# A pattern begins with the characters it may begin with and looks behind them afterwards: that is what lets the
# regular expression engine skip through the rest of a text quickly.
SHAPES: tuple[Shape, ...] = (
    Shape(EntityType.EMAIL, re.compile(r"[A-Za-z0-9._%+-]{1,64}+@[A-Za-z0-9-]{1,63}(?:\.[A-Za-z0-9-]{1,63})+(?<![-.])"), ("@",)),
    Shape(EntityType.POLICY, re.compile(r"[Pp](?<![A-Za-z0-9-].)(?:\d{6,10}|(?:OL|ol)-?\d{4,12})(?![A-Za-z0-9])")),
    Shape(EntityType.INVOICE, re.compile(r"[Ii](?<![A-Za-z0-9-].)(?:NV|nv)-?\d[\d-]{2,14}+(?![A-Za-z0-9])")),
    Shape(EntityType.CLAIM, re.compile(r"[Cc](?<![A-Za-z0-9-].)(?:-|L[AM]?-?|l[am]?-?)\d{4,12}(?![A-Za-z0-9])")),
    Shape(EntityType.ORDER, re.compile(r"[Aa#](?<![A-Za-z0-9-].)(?:(?<=#)|-)\d{4,12}(?![A-Za-z0-9])")),
    Shape(EntityType.ORDER, re.compile(r"[Oo](?<![A-Za-z0-9-].)(?:RD|rd)-?\d{4,12}(?![A-Za-z0-9])")),
    Shape(EntityType.DATE, re.compile(r"\d(?<![\d-].)\d{3}[-/.]\d{1,2}[-/.]\d{1,2}(?![\d-])")),
    Shape(EntityType.DATE, re.compile(r"\d{4}\s?年\s?\d{1,2}\s?月\s?\d{1,2}\s?[日号]?"), ("年",)),
    Shape(EntityType.DATE, re.compile(r"\d(?<!\d\d)\d?\s?月\s?\d{1,2}\s?[日号]?"), ("月",)),
    Shape(EntityType.DATE, re.compile(rf"(?i)\d(?<!\d\d)\d?(?:st|nd|rd|th)?\s(?:of\s)?{_MONTH}(?:,?\s\d{{4}}\b)?"), _MONTH_NAMES),
    Shape(EntityType.DATE, re.compile(rf"(?i)\b{_MONTH}\s\d{{1,2}}(?:st|nd|rd|th)?\b(?:,?\s\d{{4}}\b)?"), _MONTH_NAMES),
    Shape(EntityType.DATE, re.compile(r"\d(?<![\d./].)\d?([/.])\d{1,2}\1(?:\d{4}|\d{2})(?![\d./])")),
    Shape(EntityType.DATE, re.compile(r"(?i)\b(?:\d{1,3}|an?|one|two|three|four|five|six|seven|ten)\s(?:day|week|month)s?\sago\b"), (" ago",)),
    Shape(EntityType.DATE, re.compile(r"(?:\d{1,3}|[一二两三四五六七八九十]{1,3})\s?(?:天|日|周|个?星期|个?礼拜|个月)之?前"), ("前",)),
    Shape(EntityType.AMOUNT, re.compile(rf"(?i)(?:(?:US|HK)?\$|€|£|¥|\b(?:USD|EUR|GBP|CNY|RMB|HKD|JPY)|人民币)\s?{_SUM}(?:\s?[万亿]|k\b)?元?"), _MONEY_BEFORE),
    Shape(EntityType.AMOUNT, re.compile(rf"\d(?<![\d.,A-Za-z-].)[\d.,]{{0,17}}+(?<![.,])\s?(?:[万亿千百]|k(?=\s))?\s?{_CURRENCY_AFTER}")),
    Shape(EntityType.AMOUNT, re.compile(r"[一二两三四五六七八九十百千万亿零〇]{1,12}(?:元|块钱|美元|欧元|英镑|港币)")),
)  # fmt: skip
"""What each type looks like, surest first: where two overlap, the earlier row wins."""

_PHONE = re.compile(r"[+(\d](?<![A-Za-z0-9_.+(-].)\(?[\d ().-]{6,18}\d(?![A-Za-z0-9_-])")
_FEWEST_PHONE_DIGITS = 8
_REGIONS = {languages.EN: ("US", "GB"), languages.ZH: ("CN", "HK")}
# Full-width letters, digits and the signs inside numbers; commas and full stops keep ending them.
_WIDE = {code: code - 0xFEE0 for code in range(0xFF01, 0xFF5F) if code not in (0xFF0C, 0xFF0E)} | {0x3000: 0x20, 0xFFE5: 0xA5}

_DAYS_EN = {"today": 0, "yesterday": -1, "last night": -1, "day before yesterday": -2, "tomorrow": 1}
_DAYS_ZH = {"今天": 0, "今日": 0, "昨天": -1, "昨日": -1, "昨晚": -1, "前天": -2, "明天": 1, "明日": 1, "后天": 2, "大前天": -3}
_WEEKS_EN = {"last": -1, "this": 0, "next": 1}
_WEEKS_ZH = {"上": -1, "这": 0, "本": 0, "下": 1}


class _Place(NamedTuple):
    """A found stretch of a text."""

    type: EntityType
    start: int
    end: int
    text: str


@Language.factory("contactcenter_shapes")
def make_shapes(nlp: Language, name: str) -> Callable[[Doc], Doc]:
    """A component that finds everything recognised by its shape; no two of its spans overlap."""
    del name
    regions = _REGIONS[nlp.lang]

    def shapes(doc: Doc) -> Doc:
        text = doc.text
        taken = bytearray(len(text))
        spans = []
        for label, start, end in chain(_shaped(text), _phones(text, regions, taken)):
            if not any(taken[start:end]) and (span := _span(doc, start, end, label)) is not None:
                taken[start:end] = b"\1" * (end - start)
                spans.append(span)
        doc.spans[FOUND] = spans
        return doc

    return shapes


def _shaped(text: str) -> Iterator[tuple[str, int, int]]:
    """Type and place of every match, numbers that a word announces first."""
    for match in _CUED.finditer(text):
        number = match[2]
        # Four bare digits after "order" are as likely a year or a street number.
        if len(number.strip("-")) >= (4 if number[0].isalpha() else 5):
            yield _CUES[match[1].lower()].value, match.start(2), match.start(2) + len(number.rstrip("-"))
    lower = text.lower()
    for shape in SHAPES:
        if not shape.needs or any(need in lower for need in shape.needs):
            for match in shape.pattern.finditer(text):
                yield shape.type.value, match.start(), match.end()


def _phones(text: str, regions: tuple[str, ...], taken: bytearray) -> Iterator[tuple[str, int, int]]:
    """Numbers that a telephone network could connect, where nothing else was found (``taken`` fills meanwhile)."""
    tried = 0
    for match in _PHONE.finditer(text):
        start, end = match.span()
        if sum(map(str.isdigit, match.group())) < _FEWEST_PHONE_DIGITS or any(taken[start:end]):
            continue
        tried += 1
        if tried > _MOST_PHONES:
            return
        if phone_number(match.group(), regions) is not None:
            yield EntityType.PHONE.value, start, end


def _span(doc: Doc, start: int, end: int, label: str) -> Span | None:
    return doc.char_span(start, end, label=label, alignment_mode="expand")


def day_names(language: str) -> dict[str, Callable[[datetime | None], str | None]]:
    """Names of days in a language (lower case) and how to reckon each from the message's day."""
    named = _DAYS_ZH if language == languages.ZH else _DAYS_EN
    table: dict[str, Callable[[datetime | None], str | None]] = {
        name: lambda received, days=days: values.days_away(days, received)  # type: ignore[misc]
        for name, days in named.items()
    }
    if language == languages.ZH:
        days = [(f"{week}{noun}{day}", number, weeks) for week, weeks in _WEEKS_ZH.items() for noun in ("周", "星期")
                for number, day in (*enumerate("一二三四五六日"), (6, "天"))]  # fmt: skip
    else:
        days = [(f"{week} {day}", number, weeks) for week, weeks in _WEEKS_EN.items()
                for number, day in enumerate(values.WEEKDAYS)]  # fmt: skip
    for name, number, weeks in days:
        table[name] = lambda received, number=number, weeks=weeks: values.weekday(number, weeks, received)  # type: ignore[misc]
    return table


@Language.factory("contactcenter_days")
def make_days(nlp: Language, name: str) -> Callable[[Doc], Doc]:
    """A component that finds names of days."""
    del name
    matcher = PhraseMatcher(nlp.vocab, attr="LOWER")
    matcher.add(EntityType.DATE.value, [nlp.make_doc(day) for day in day_names(nlp.lang)])

    def days(doc: Doc) -> Doc:
        spans = [Span(doc, start, end, label=EntityType.DATE.value) for _, start, end in matcher(doc)]
        # The longest wins where names overlap: 大前天 contains 前天.
        doc.spans[FOUND] = filter_spans([*doc.spans[FOUND], *spans])
        return doc

    return days


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


def _pipeline(language: str) -> Language:
    """A blank pipeline with our components and a tokenizer that is linear on any input."""
    if language == languages.ZH:
        nlp = spacy.blank("zh", config={"nlp": {"tokenizer": {"segmenter": "char"}}})
    else:
        nlp = spacy.blank("en")
        # The stock tokenizer peels punctuation off one by one, which is quadratic on "!!!!…".
        nlp.tokenizer = Tokenizer(nlp.vocab, infix_finditer=re.compile(r"[^\w]|[\u3400-\u9fff]").finditer)
    # Nothing but the lower-case form is asked of a word, and working out the other attributes is most of its cost.
    nlp.vocab.lex_attr_getters = {LOWER: str.lower}
    nlp.add_pipe("contactcenter_shapes")
    nlp.add_pipe("contactcenter_days")
    return nlp


class EntityFinder:
    """Finds entities in messages. Safe to share between threads: they take turns."""

    def __init__(self) -> None:
        self._pipelines = {language: _pipeline(language) for language in (languages.EN, languages.ZH)}
        self._days = {language: day_names(language) for language in self._pipelines}
        self._turn = threading.Lock()

    def find(self, messages: Sequence[TriageInput], message_languages: Sequence[str]) -> list[tuple[Entity, ...]]:
        """The entities of each message in the order of its text; those of the subject alone come last, without places."""
        # In a memory zone spaCy forgets the words afterwards; without it every new word would stay for ever.
        with self._turn, ExitStack() as zones:
            for nlp in self._pipelines.values():
                zones.enter_context(nlp.memory_zone())
            return [
                self._of_message(message, languages.ZH if language == languages.ZH else languages.EN)
                for message, language in zip(messages, message_languages, strict=True)
            ]

    def _of_message(self, message: TriageInput, language: str) -> tuple[Entity, ...]:
        found = [self._entity(place, language, message.received_at) for place in self._search(message.text, language)]
        known = {(entity.type, str(entity.value)) for entity in found}
        for place in self._search(message.subject, language):
            entity = self._entity(place._replace(start=-1, end=-1), language, message.received_at)
            if (entity.type, str(entity.value)) not in known:
                found.append(entity)
        return tuple(found[:MOST])

    def _search(self, text: str, language: str) -> list[_Place]:
        """Places without overlap, in order."""
        if not text:
            return []
        if len(text) <= HEAD + TAIL:
            return self._part(text, 0, language)
        tail = len(text) - TAIL
        return [*self._part(text[:HEAD], 0, language), *self._part(text[tail:], tail, language)]

    def _part(self, text: str, offset: int, language: str) -> list[_Place]:
        doc = self._pipelines[language](text.translate(_WIDE))
        places = [
            _Place(EntityType(span.label_), span.start_char + offset, span.end_char + offset, span.text)
            for span in doc.spans[FOUND]
        ]
        return sorted(places, key=lambda place: place.start)

    def _entity(self, place: _Place, language: str, received_at: datetime | None) -> Entity:
        return Entity(place.type, place.text, place.start, place.end, self._value(place, language, received_at))

    def _value(self, place: _Place, language: str, received_at: datetime | None) -> Any:
        """The normal form of what was found."""
        match place.type:
            case EntityType.AMOUNT:
                return values.money(place.text)
            case EntityType.DATE:
                named = self._days[language].get(place.text.lower())
                return named(received_at) if named else values.calendar_date(place.text, received_at)
            case EntityType.PHONE:
                return phone_number(place.text, _REGIONS[language])
            case EntityType.EMAIL:
                return place.text.lower()
            case _:
                return place.text.upper().lstrip("#")
