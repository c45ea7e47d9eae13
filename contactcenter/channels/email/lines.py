"""Lines of a body with what the markup told about them: the common ground of text and HTML bodies."""

from __future__ import annotations

from enum import IntEnum
from functools import partial
from itertools import repeat
from typing import NamedTuple


class Mark(IntEnum):
    """What the structure of a body says of a line."""

    NONE = 0
    QUOTE = 1  # inside a container that a mail program makes for quotations
    BLOCK = 2  # inside a bare blockquote: a quotation when an introduction stands before it
    SIGNATURE = 3  # inside a container that a mail program makes for signatures
    CUT = 4  # from here on everything is the mail answered to
    UNSEEN = 5  # written so that its reader does not see it


class Line(NamedTuple):
    """One line without its end, and its mark."""

    text: str
    mark: Mark = Mark.NONE


_made = partial(tuple.__new__, Line)  # a third of the time that calling the class takes
_INVISIBLE = dict.fromkeys(
    map(ord, "\u200b\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069\ufeff\u00ad")
)


def bare(text: str) -> str:
    """Return the text without characters that cannot be seen: mail programs put them around dates and names.

    Some Chinese ones leave ``&nbsp;`` in plain text.
    """
    if "&nbsp;" in text:
        text = text.replace("&nbsp;", " ")
    return text if text.isascii() else text.translate(_INVISIBLE)


def text_lines(text: str) -> list[Line]:
    """Lines of a plain body."""
    lines = text.replace("\r\n", "\n").replace("\r", "\n").split("\n")
    return [*map(_made, zip(lines, repeat(Mark.NONE)))]


def join_lines(lines: list[Line]) -> str:
    """Return the text of lines without blank ends and with at most two empty lines in a row."""
    out: list[str] = []
    blank = 0
    for line in lines:
        text = line.text.rstrip()
        blank = 0 if text else blank + 1
        if blank <= 2:
            out.append(text)
    return "\n".join(out).strip("\n")
