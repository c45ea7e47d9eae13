r"""Rich Text Format as Outlook puts it into mail: uncompressed (MS-OXRTFCP), and read as text or as the HTML inside.

Outlook wraps HTML and plain text into RTF (MS-OXRTFEX): what was text stands in ``htmltag`` groups and between them,
what RTF needs beside it stands between ``\htmlrtf`` and ``\htmlrtf0``. Other RTF is read for its words. One pass,
capped.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from contactcenter.channels.email import charsets

MAX_RTF = 600_000  # bytes uncompressed
MAX_NESTING = 500
_DICTIONARY = (
    rb"{\rtf1\ansi\mac\deff0\deftab720{\fonttbl;}{\f0\fnil \froman \fswiss \fmodern \fscript \fdecor "
    rb"MS Sans SerifSymbolArialTimes New RomanCourier{\colortbl\red0\green0\blue0"
    b"\r\n"
    rb"\par \pard\plain\f0\fs20\b\i\u\tab\tx"
)
_TOKEN = re.compile(
    rb"\\([a-zA-Z]{1,32})(-?[0-9]{1,10})? ?|\\'([0-9a-fA-F]{2})|\\(.)|([{}])|[\r\n]+|([^\\{}\r\n]+)", re.DOTALL
)
_SKIPPED = frozenset(
    b"fonttbl colortbl stylesheet info pict object header footer headerl headerr footerl footerr mhtmltag listtable"
    b" listoverridetable generator themedata datastore latentstyles fldinst bkmkstart bkmkend".split()
)
_SPOKEN = {
    b"par": "\n", b"line": "\n", b"tab": "\t", b"cell": "\t", b"row": "\n", b"lquote": "‘", b"rquote": "’",
    b"ldblquote": "“", b"rdblquote": "”", b"bullet": "•", b"endash": "–", b"emdash": "—",
}  # fmt: skip
_FONT_CHARSETS = {128: "cp932", 129: "cp949", 134: "gb18030", 136: "big5", 204: "cp1251", 161: "cp1253", 162: "cp1254"}


class RtfError(ValueError):
    """The bytes are no RTF that can be read."""


def decompress(data: bytes, limit: int = MAX_RTF) -> bytes:
    """RTF of a compressed RTF property (LZFu), at most `limit` bytes of it. Raises :class:`RtfError`."""
    if len(data) < 16 or data[8:12] not in (b"LZFu", b"MELA"):
        raise RtfError("no compressed RTF")
    if data[8:12] == b"MELA":
        return data[16 : 16 + limit]
    wanted = min(int.from_bytes(data[4:8], "little"), limit)
    ring = bytearray(_DICTIONARY.ljust(4096, b"\x00"))
    write, out, position = len(_DICTIONARY), bytearray(), 16
    while position < len(data) and len(out) < wanted:
        flags = data[position]
        position += 1
        for bit in range(8):
            if position >= len(data):
                break
            if not flags >> bit & 1:
                ring[write] = data[position]
                out.append(data[position])
                write = (write + 1) % 4096
                position += 1
                continue
            pair = int.from_bytes(data[position : position + 2], "big")
            position += 2
            offset, length = pair >> 4, (pair & 15) + 2
            if offset == write:
                return bytes(out[:wanted])
            for step in range(length):
                byte = ring[(offset + step) % 4096]
                ring[write] = byte
                out.append(byte)
                write = (write + 1) % 4096
    return bytes(out[:wanted])


@dataclass
class _Group:
    """State inside a pair of braces."""

    skipped: bool = False
    outside: bool = False  # RTF beside the wrapped HTML
    tag: bool = False
    charset: str = ""
    after_unicode: int = 1  # characters that stand in for one \u


@dataclass
class _Reader:
    """What has been read."""

    wrapped: bool
    charset: str = "cp1252"
    fonts: dict[int, str] = field(default_factory=dict)
    font: int = 0
    out: list[str] = field(default_factory=list)
    pending: bytearray = field(default_factory=bytearray)
    group: _Group = field(default_factory=_Group)
    stack: list[_Group] = field(default_factory=list)
    in_fonts: int = 0  # depth of the font table; 0 outside
    to_skip: int = 0

    def flush(self) -> None:
        """Decode the bytes that have gathered: several make one character."""
        if self.pending:
            self.out.append(charsets.decode(bytes(self.pending), self.group.charset or self.charset))
            self.pending.clear()

    def say(self, text: str) -> None:
        """Add text where text is wanted."""
        if not (self.group.skipped or self.group.outside):
            self.flush()
            self.out.append(text)

    def bytes_in(self, data: bytes) -> None:
        """Add bytes of the document's charset, less those that stand in for a Unicode character."""
        if self.to_skip:
            skipped = min(self.to_skip, len(data))
            self.to_skip -= skipped
            data = data[skipped:]
        if data and not (self.group.skipped or self.group.outside):
            self.pending += data


def rtf_body(data: bytes) -> tuple[str, str]:
    """Plain text and HTML of RTF, one of them empty. Raises :class:`RtfError` for other bytes."""
    if not data.lstrip()[:5] == b"{\\rtf":
        raise RtfError("no RTF")
    head = data[:1000]
    as_html = b"\\fromhtml" in head
    reader = _Reader(wrapped=as_html)
    for match in _TOKEN.finditer(data[:MAX_RTF]):
        word, number, code, symbol, brace, text = match.groups()
        if word is not None:
            _control(reader, word, int(number) if number else None)
        elif code is not None:
            reader.bytes_in(bytes.fromhex(code.decode("ascii")))
        elif brace is not None:
            _brace(reader, brace)
        elif symbol is not None:
            _symbol(reader, symbol)
        elif text is not None:
            reader.bytes_in(text)
    reader.flush()
    said = charsets.clean("".join(reader.out))
    return ("", said) if as_html else (said.strip(), "")


def _brace(reader: _Reader, brace: bytes) -> None:
    """Open or close a group."""
    reader.flush()
    reader.to_skip = 0
    group = reader.group
    if brace == b"{":
        if len(reader.stack) >= MAX_NESTING:
            raise RtfError("nested too deep")
        reader.stack.append(group)
        reader.group = _Group(group.skipped, group.outside, group.tag, group.charset, group.after_unicode)
    elif reader.stack:
        reader.group = reader.stack.pop()
        if len(reader.stack) < reader.in_fonts:
            reader.in_fonts = 0


def _symbol(reader: _Reader, symbol: bytes) -> None:
    """A control symbol: an escaped character, a hard space, or the mark of a group that may be passed over."""
    if symbol == b"*":
        reader.group.skipped = True  # until a known destination follows
    elif symbol in b"\\{}":
        reader.bytes_in(symbol)
    elif symbol == b"~":
        reader.say("&nbsp;" if reader.wrapped else "\xa0")
    elif symbol == b"_":
        reader.say("-")


def _control(reader: _Reader, word: bytes, number: int | None) -> None:
    """A control word."""
    group = reader.group
    if word == b"htmltag":
        group.skipped, group.tag = False, True
    elif word == b"htmlrtf":
        reader.flush()
        group.outside = number != 0
    elif word in _SKIPPED:
        group.skipped = True
        if word == b"fonttbl":
            reader.in_fonts = len(reader.stack)
    elif word in (b"f", b"fcharset", b"ansicpg"):
        _charset(reader, word, number or 0)
    elif word == b"uc":
        group.after_unicode = max(0, min(number or 0, 8))
    elif word == b"u" and number is not None:
        reader.say(_character(reader, number & 0xFFFF))
        reader.to_skip = group.after_unicode
    elif word in _SPOKEN and not (reader.wrapped and group.tag and word == b"row"):
        reader.say("\r\n" if reader.wrapped and word in (b"par", b"line") else _SPOKEN[word])


def _character(reader: _Reader, unit: int) -> str:
    """A UTF-16 unit as text; the second half of a pair is joined to the first, which came right before."""
    out = reader.out
    if 0xDC00 <= unit < 0xE000 and out and len(out[-1]) == 1 and 0xD800 <= ord(out[-1]) < 0xDC00:
        return chr(0x10000 + ((ord(out.pop()) - 0xD800) << 10) + unit - 0xDC00)
    return chr(unit)


def _charset(reader: _Reader, word: bytes, number: int) -> None:
    """The charset of the document or of a font."""
    if word == b"ansicpg":
        reader.charset = charsets.codec(f"cp{number}") or reader.charset
    elif word == b"f":
        reader.font = number
        if not reader.in_fonts:
            reader.flush()
            reader.group.charset = reader.fonts.get(number, "")
    elif reader.in_fonts and number in _FONT_CHARSETS and len(reader.fonts) < 1000:
        reader.fonts[reader.font] = _FONT_CHARSETS[number]
