"""Numbers of the company's own, by the patterns of its settings: policies, orders, or kinds that nobody else has.

RE2 matches them, which is linear in the text whatever the pattern; the settings refuse what it cannot do.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

import re2

from contactcenter.patterns import NumberPattern, compile_pattern
from contactcenter.triage.check_digits import CHECKS

_REACH = 24
"""Characters before a number in which the word that announces it stands."""

MOST = 128
"""Matches of one pattern looked at in a text."""


class Numbered(NamedTuple):
    """A number that fits, its type and where it stands."""

    type: str
    start: int
    end: int


class Numbers:
    """The patterns of the settings, compiled. Raises :class:`ValueError` for one that cannot be."""

    def __init__(self, patterns: Sequence[NumberPattern] = ()) -> None:
        self._patterns = [(pattern, compile_pattern(pattern.pattern)) for pattern in patterns]
        self.types = frozenset(pattern.type for pattern in patterns)
        """Types these decide upon alone: the built-in guesses of the same name are off."""

    def find(self, text: str) -> Iterator[Numbered]:
        """Numbers that stand alone, have a right check digit and come after one of their words, where those are set."""
        for pattern, compiled in self._patterns:
            for count, match in enumerate(compiled.finditer(text), 1):
                if _fits(pattern, text, match):
                    yield Numbered(pattern.type, *match.span())
                if count == MOST:
                    break


def _fits(pattern: NumberPattern, text: str, match: re2._Match) -> bool:
    start, end = match.span()
    if start == end or _goes_on(text[start - 1 : start]) or _goes_on(text[end : end + 1]):
        return False
    before = text[max(0, start - _REACH) : start].lower()
    announced = not pattern.after or any(word.lower() in before for word in pattern.after)
    return announced and CHECKS[pattern.check]("".join(filter(str.isalnum, match.group().upper())))


def _goes_on(character: str) -> bool:
    """Whether a number or a word goes on with it."""
    return character.isascii() and character.isalnum()
