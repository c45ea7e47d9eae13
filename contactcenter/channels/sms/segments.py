"""How many segments a text costs (3GPP TS 23.038 for the alphabet, TS 23.040 for the joining).

A text of the GSM alphabet has 160 characters in one segment and 153 in each of several; one character outside of it
makes the whole text UCS-2: 70 and 67 UTF-16 units.
"""

from __future__ import annotations

from dataclasses import dataclass

_BASIC = frozenset(
    "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?"
    "¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà"
)
_EXTENDED = frozenset("^{}\\[~]|€\f")


@dataclass(frozen=True, slots=True)
class Segments:
    """``encoding`` is ``GSM-7`` or ``UCS-2``; ``units`` are septets or UTF-16 units; ``left`` fit the last segment."""

    encoding: str
    units: int
    count: int
    left: int


def segments(text: str) -> Segments:
    """What a text costs; the empty text costs nothing."""
    if all(char in _BASIC or char in _EXTENDED for char in text):
        sizes = [2 if char in _EXTENDED else 1 for char in text]
        return _pack("GSM-7", sizes, 160, 153)
    return _pack("UCS-2", [2 if char > "\uffff" else 1 for char in text], 70, 67)


def _pack(encoding: str, sizes: list[int], single: int, joined: int) -> Segments:
    """Fill segments in order; a character of two units is never split."""
    units = sum(sizes)
    if units <= single:
        return Segments(encoding, units, 1 if units else 0, single - units)
    count, used = 1, 0
    for size in sizes:
        if used + size > joined:
            count, used = count + 1, 0
        used += size
    return Segments(encoding, units, count, joined - used)
