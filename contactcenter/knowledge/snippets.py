"""What a list of results shows of an article: the part of its text where the words looked for stand, these marked."""

from __future__ import annotations

import re
from collections.abc import Iterable

from contactcenter.knowledge.fusion import is_chinese
from contactcenter.knowledge.scoring import telling

LENGTH = 220
"""Characters of a snippet, about; half as many of a Chinese one, whose characters are twice as wide."""
_BEFORE = 0.25  # of them before the first word found, at most
_WORDS = 24  # words of a query that are looked for in a text
_SPACE = re.compile(r"\s+")
_LATIN = re.compile(r"[0-9A-Za-z]")

Pieces = list[tuple[str, bool]]
"""A text in pieces; true for those that were looked for. Plain text: whoever shows it escapes it."""


def looked_for(query: str) -> re.Pattern[str] | None:
    """What finds a query's words in a text, common ones left out; None when none is left.

    Words begin where a word begins, so that ``card`` finds ``cards`` and not ``discard``.
    """
    words = telling(query)[:_WORDS]
    if not words:
        return None
    # Overlapping: of three Chinese characters both pairs are found.
    edges = (rf"(?<![^\W_]){re.escape(word)}" if _LATIN.match(word) else re.escape(word) for word in words)
    return re.compile(f"(?=({'|'.join(edges)}))", re.IGNORECASE)


def snippet(text: str, words: re.Pattern[str] | None) -> Pieces:
    """The most telling part of a plain text, with an ellipsis where it is cut, its words marked."""
    flat = _SPACE.sub(" ", text).strip()
    first = words.search(flat) if words else None
    length = LENGTH // 2 if is_chinese(flat) else LENGTH
    begin = max(0, first.start() - int(length * _BEFORE)) if first else 0
    if begin:
        space = flat.find(" ", begin, first.start() if first else None)
        begin = space + 1 if space >= 0 else begin
    pieces = marked(flat[begin : begin + length], words)
    cut_off = begin + length < len(flat)
    return [*([("…", False)] if begin else []), *pieces, *([("…", False)] if cut_off else [])]


def marked(text: str, words: re.Pattern[str] | None) -> Pieces:
    """The whole text, the words looked for marked."""
    pieces: Pieces = []
    end = 0
    for begin, stop in _merged(match.span(1) for match in words.finditer(text)) if words else ():
        pieces += [(text[end:begin], False), (text[begin:stop], True)]
        end = stop
    return [(piece, found) for piece, found in [*pieces, (text[end:], False)] if piece]


def _merged(spans: Iterable[tuple[int, int]]) -> list[tuple[int, int]]:
    """Spans in order, those that touch joined."""
    joined: list[tuple[int, int]] = []
    for begin, stop in spans:
        if joined and begin <= joined[-1][1]:
            joined[-1] = (joined[-1][0], max(stop, joined[-1][1]))
        else:
            joined.append((begin, stop))
    return joined
