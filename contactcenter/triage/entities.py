"""Entities by rule: spaCy's blank ``en`` and ``zh`` pipelines with two components of our own.

``contactcenter_shapes`` finds what has a shape (see :mod:`contactcenter.triage.shapes`), ``contactcenter_days`` what
has a name ("yesterday", "上周五"). Both write spans into ``doc.spans["found"]``, without overlaps;
:class:`EntityFinder` adds the normal forms. All of it is linear in the text.
"""

from __future__ import annotations

import re
import threading
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from datetime import datetime
from typing import Any, NamedTuple

import spacy
from spacy.attrs import LOWER  # type: ignore[import-not-found]
from spacy.language import Language
from spacy.matcher import PhraseMatcher
from spacy.tokens import Doc, Span
from spacy.util import filter_spans
from spacy.vocab import Vocab

from contactcenter.triage import language as languages
from contactcenter.triage import shapes, values
from contactcenter.triage.assessment import Entity, EntityType, TriageInput

FOUND = "found"
HEAD, TAIL = 3_000, 1_000
"""Characters of a longer text that are searched, from its start and its end."""

MOST = 64
"""Entities kept of one message."""

_REGIONS = {languages.EN: ("US", "GB"), languages.ZH: ("CN", "HK")}
_TOKEN = re.compile(r"([^\W\u3400-\u9fff]+|\S|\s)( ?)")
_KEPT_WIDE = (0xFF0C, 0xFF0E)
# Full-width letters, digits and the signs inside numbers; commas and full stops keep ending them.
_PLAIN = {code: code - 0xFEE0 for code in range(0xFF01, 0xFF5F) if code not in _KEPT_WIDE}
_PLAIN |= {0x3000: 0x20, 0xFFE5: 0xA5}
# spaCy cannot take lone surrogates, which broken encodings leave behind.
_PLAIN |= dict.fromkeys(range(0xD800, 0xE000), 0xFFFD)

_DAYS_EN = {"today": 0, "yesterday": -1, "last night": -1, "day before yesterday": -2, "tomorrow": 1}
_DAYS_ZH = {"今天": 0, "今日": 0, "昨天": -1, "昨日": -1, "昨晚": -1, "前天": -2, "大前天": -3}
_DAYS_ZH |= {"明天": 1, "明日": 1, "后天": 2}
_WEEKS_EN = {"last": -1, "this": 0, "next": 1}
_WEEKS_ZH = {"上": -1, "这": 0, "本": 0, "下": 1}

DayReckoner = Callable[[datetime | None], str | None]


class _Place(NamedTuple):
    """A found stretch of a text."""

    type: EntityType
    start: int
    end: int
    text: str


def _days_away(days: int) -> DayReckoner:
    return lambda received: values.days_away(days, received)


def _weekday(number: int, weeks: int) -> DayReckoner:
    return lambda received: values.weekday(number, weeks, received)


def day_names(language: str) -> dict[str, DayReckoner]:
    """Names of days in a language (lower case) and how to reckon each from the message's day."""
    if language == languages.ZH:
        table = {name: _days_away(days) for name, days in _DAYS_ZH.items()}
        for week, weeks in _WEEKS_ZH.items():
            for number, day in (*enumerate("一二三四五六日"), (6, "天")):
                table |= {f"{week}{noun}{day}": _weekday(number, weeks) for noun in ("周", "星期")}
        return table
    table = {name: _days_away(days) for name, days in _DAYS_EN.items()}
    for week, weeks in _WEEKS_EN.items():
        table |= {f"{week} {day}": _weekday(number, weeks) for number, day in enumerate(values.WEEKDAYS)}
    return table


@Language.factory("contactcenter_shapes")
def make_shapes(nlp: Language, name: str) -> Callable[[Doc], Doc]:
    """A component that finds everything recognised by its shape."""
    del name
    regions = _REGIONS[str(nlp.lang)]

    def find_shapes(doc: Doc) -> Doc:
        spans = [
            doc.char_span(found.start, found.end, label=found.type.value, alignment_mode="expand")
            for found in shapes.find(doc.text, regions)
        ]
        doc.spans[FOUND] = [span for span in spans if span is not None]
        return doc

    return find_shapes


@Language.factory("contactcenter_days")
def make_days(nlp: Language, name: str) -> Callable[[Doc], Doc]:
    """A component that finds names of days, after the one for shapes."""
    del name
    matcher = PhraseMatcher(nlp.vocab, attr="LOWER")
    matcher.add(EntityType.DATE.value, [nlp.make_doc(day) for day in day_names(str(nlp.lang))])

    def find_days(doc: Doc) -> Doc:
        spans = [Span(doc, start, end, label=EntityType.DATE.value) for _, start, end in matcher(doc)]
        # The longest wins where names overlap: 大前天 contains 前天.
        doc.spans[FOUND] = filter_spans([*doc.spans[FOUND], *spans])
        return doc

    return find_days


class PlainTokenizer:
    """Words of letters and digits; every Chinese character and every sign is a token of its own.

    Linear on any input: spaCy's own tokenizer peels signs off one by one, which is quadratic on "!!!!…".
    """

    def __init__(self, vocab: Vocab) -> None:
        self._vocab = vocab

    def __call__(self, text: str) -> Doc:
        """The tokens of a text, none of its characters lost."""
        tokens = _TOKEN.findall(text)
        return Doc(self._vocab, words=[word for word, _ in tokens], spaces=[space == " " for _, space in tokens])


def _pipeline(language: str) -> Language:
    """A blank pipeline with our tokenizer and components."""
    nlp = spacy.blank(language)
    nlp.tokenizer = PlainTokenizer(nlp.vocab)
    # Nothing but the lower-case form is asked of a word, and working out the other attributes is most of its cost.
    nlp.vocab.lex_attr_getters = {LOWER: str.lower}  # type: ignore[attr-defined]
    nlp.add_pipe("contactcenter_shapes")
    nlp.add_pipe("contactcenter_days")
    return nlp


class EntityFinder:
    """Finds entities in messages. Safe to share between threads: they take turns."""

    def __init__(self) -> None:
        self._pipelines = {language: _pipeline(language) for language in (languages.EN, languages.ZH)}
        self._days = {language: day_names(language) for language in self._pipelines}
        self._turn = threading.Lock()

    def find(self, messages: Sequence[TriageInput], spoken: Sequence[str]) -> list[tuple[Entity, ...]]:
        """The entities of each message, whose language is in ``spoken``, in the order of its text.

        Those that only the subject has come last, without places.
        """
        # In a memory zone spaCy forgets the words afterwards; without it every new word would stay for ever.
        with self._turn, ExitStack() as zones:
            for nlp in self._pipelines.values():
                zones.enter_context(nlp.memory_zone())
            return [
                self._of_message(message, languages.ZH if language == languages.ZH else languages.EN)
                for message, language in zip(messages, spoken, strict=True)
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
        """Places in order; of a long text its start and its end are searched."""
        if len(text) <= HEAD + TAIL:
            return self._part(text, 0, language) if text else []
        tail = len(text) - TAIL
        return [*self._part(text[:HEAD], 0, language), *self._part(text[tail:], tail, language)]

    def _part(self, text: str, offset: int, language: str) -> list[_Place]:
        doc = self._pipelines[language](text.translate(_PLAIN))
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
                return shapes.phone_number(place.text, _REGIONS[language])
            case EntityType.EMAIL:
                return place.text.lower()
            case _:
                return place.text.upper().lstrip("#")
