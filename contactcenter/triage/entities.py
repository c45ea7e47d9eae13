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

from contactcenter.patterns import NumberPattern
from contactcenter.triage import dates, masking, shapes, values
from contactcenter.triage import language as languages
from contactcenter.triage.assessment import Entity, EntityType, TriageInput
from contactcenter.triage.numbers import Numbers

FOUND = "found"
HEAD, TAIL = 3_000, 1_000
"""Characters of a longer text that are searched, from its start and its end."""

MOST = 64
"""Entities kept of one message."""

_REGIONS = {languages.EN: ("US", "GB"), languages.ZH: ("CN", "HK")}
_TOKEN = re.compile(r"([^\W\u3400-\u9fff]+|\S|\s)( ?)")
_TEXT = "contactcenter_text"
_VALUES = "contactcenter_values"
"""Where a document keeps the normal forms that came to light with its spans, by (start, end) in characters."""


class _Place(NamedTuple):
    """A found stretch of a text, and its normal form where that is known already."""

    type: str
    start: int
    end: int
    text: str
    value: str | None = None


@Language.factory("contactcenter_shapes", default_config={"numbers": []})
def make_shapes(nlp: Language, name: str, numbers: list[dict[str, Any]]) -> Callable[[Doc], Doc]:
    """A component that finds everything recognised by its shape; ``numbers`` are the company's own, as set."""
    del name
    regions = _REGIONS[str(nlp.lang)]
    own = Numbers([NumberPattern(**number) for number in numbers])

    def find_shapes(doc: Doc) -> Doc:
        spans, known = [], {}
        for found in shapes.find(doc.user_data[_TEXT], regions, own):
            span = doc.char_span(found.start, found.end, label=str(found.type), alignment_mode="expand")
            if span is not None:
                spans.append(span)
                known[span.start_char, span.end_char] = found.value
        doc.user_data[_VALUES] = known
        doc.spans[FOUND] = spans
        return doc

    return find_shapes


@Language.factory("contactcenter_days")
def make_days(nlp: Language, name: str) -> Callable[[Doc], Doc]:
    """A component that finds names of days, after the one for shapes."""
    del name
    matcher = PhraseMatcher(nlp.vocab, attr="LOWER")
    matcher.add(EntityType.DATE.value, [nlp.make_doc(day) for day in dates.day_names(str(nlp.lang))])

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
        words, spaces = [word for word, _ in tokens], [space == " " for _, space in tokens]
        # Putting the text together again from its words takes longer than searching it.
        return Doc(self._vocab, words=words, spaces=spaces, user_data={_TEXT: text})


def _pipeline(language: str, numbers: Sequence[NumberPattern]) -> Language:
    """A blank pipeline with our tokenizer and components."""
    nlp = spacy.blank(language)
    nlp.tokenizer = PlainTokenizer(nlp.vocab)
    # Nothing but the lower-case form is asked of a word, and working out the other attributes is most of its cost.
    nlp.vocab.lex_attr_getters = {LOWER: str.lower}  # type: ignore[attr-defined]
    nlp.add_pipe("contactcenter_shapes", config={"numbers": [number.model_dump(mode="json") for number in numbers]})
    nlp.add_pipe("contactcenter_days")
    return nlp


class EntityFinder:
    """Finds entities in messages. Safe to share between threads: they take turns."""

    def __init__(self, numbers: Sequence[NumberPattern] = ()) -> None:
        """``numbers``: what the company's own look like."""
        self._pipelines = {language: _pipeline(language, numbers) for language in (languages.EN, languages.ZH)}
        self._days = {language: dates.day_names(language) for language in self._pipelines}
        self._always = bool(numbers)
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
        typed = text.translate(masking.TYPED)
        if not self._always and not shapes.promising(typed):
            return []  # most of what people write names nothing
        doc = self._pipelines[language](typed)
        known = doc.user_data[_VALUES]
        places = [
            _Place(
                span.label_,
                span.start_char + offset,
                span.end_char + offset,
                typed[span.start_char : span.end_char],
                known.get((span.start_char, span.end_char)),
            )
            for span in doc.spans[FOUND]
        ]
        return sorted(places, key=lambda place: place.start)

    def _entity(self, place: _Place, language: str, received_at: datetime | None) -> Entity:
        hidden = place.type in masking.MASKED
        value = place.value if place.value is not None else self._value(place, language, received_at)
        return Entity(place.type, str(value) if hidden else place.text, place.start, place.end, value)

    def _value(self, place: _Place, language: str, received_at: datetime | None) -> Any:
        """The normal form of what was found."""
        match place.type:
            case EntityType.AMOUNT:
                return values.money(place.text)
            case EntityType.DATE:
                named = self._days[language].get(place.text.lower())
                return named(received_at) if named else dates.calendar_date(place.text, received_at)
            case EntityType.EMAIL:
                return place.text.lower()
            case EntityType.ADDRESS:
                return " ".join(place.text.split())
            case _:
                return place.text.upper().lstrip("#")
