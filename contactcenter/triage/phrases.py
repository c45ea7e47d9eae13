"""Phrase files: typical ways to say a thing, as patterns that expand into short training texts.

A linear model over n-grams knows only the words it has seen; a page of patterns shows it the usual ones. Format::

    == category refund, complaint no
    I (want|need) [all of] my money back

``(a|b)`` is one of the alternatives, ``[a|b]`` one of them or nothing; both nest. Lines that begin with ``#`` are
comments. Each section names heads and the labels its lines stand for; other heads learn nothing from them.
"""

from __future__ import annotations

import random
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from contactcenter.errors import InvalidInput

MOST = 12
"""Texts made of one pattern."""

_CLOSERS = {"(": ")", "[": "]"}


@dataclass(frozen=True, slots=True)
class Phrase:
    """A short text and what some heads should say of it."""

    text: str
    labels: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class _Choice:
    """One of several sequences of strings and further choices."""

    options: tuple[tuple[str | _Choice, ...], ...]

    def draw(self, chance: random.Random) -> str:
        """A text, each alternative as likely as the next."""
        option = chance.choice(self.options)
        return "".join(part if isinstance(part, str) else part.draw(chance) for part in option)

    def size(self) -> int:
        """How many texts there are at most."""
        total = 0
        for option in self.options:
            product = 1
            for part in option:
                product *= 1 if isinstance(part, str) else part.size()
            total += product
        return total


def read(path: Path, *, most: int = MOST) -> list[Phrase]:
    """All phrases of a file, the same ones every time; raises :class:`InvalidInput` naming the line at fault."""
    phrases: list[Phrase] = []
    labels: dict[str, str] = {}
    for number, raw in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
        line = raw.strip()
        if line.startswith("=="):
            pairs = (part.split(maxsplit=1) for part in line.removeprefix("==").split(","))
            labels = {pair[0]: pair[1].strip() for pair in pairs if len(pair) == 2}
        if not line or line.startswith(("#", "==")):
            continue
        if not labels:
            raise InvalidInput(f"{path}:{number}: a pattern before the first section")
        try:
            phrases += [Phrase(text, labels) for text in expand(line, most)]
        except ValueError as error:
            raise InvalidInput(f"{path}:{number}: {error}") from error
    return phrases


def expand(pattern: str, most: int = MOST) -> list[str]:
    """Up to ``most`` different texts of a pattern, the same ones every time; raises :class:`ValueError`."""
    choice, end = _parse(pattern, 0, "")
    if end != len(pattern):
        raise ValueError(f"{pattern[end]!r} closes nothing")
    chance = random.Random(pattern)  # noqa: S311
    texts = dict.fromkeys(_draws(choice, chance, min(most, choice.size())))
    return [text for text in texts if text]


def _draws(choice: _Choice, chance: random.Random, wanted: int) -> Iterator[str]:
    """Random texts, more tries than wanted because some come twice."""
    seen: set[str] = set()
    for _ in range(4 * wanted):
        if len(seen) == wanted:
            return
        text = " ".join(choice.draw(chance).split())
        seen.add(text)
        yield text


def _parse(pattern: str, start: int, closer: str) -> tuple[_Choice, int]:
    """The alternatives from ``start`` up to the closing bracket (or the end), and where that is."""
    options: list[list[str | _Choice]] = [[]]
    place = start
    while place < len(pattern) and pattern[place] not in ")]":
        character = pattern[place]
        if character == "|" and closer:
            options.append([])
        elif character in _CLOSERS:
            inner, place = _parse(pattern, place + 1, _CLOSERS[character])
            if place >= len(pattern) or pattern[place] != _CLOSERS[character]:
                raise ValueError(f"{character!r} is never closed")
            options[-1].append(_Choice((*inner.options, ())) if character == "[" else inner)
        else:
            options[-1].append(character)
        place += 1
    return _Choice(tuple(tuple(option) for option in options)), place
