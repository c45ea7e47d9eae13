"""A tolerant header layer: blocks of header fields, encoded words, parameters, message ids and dates.

Follows RFC 5322 (fields), RFC 2047 (encoded words), RFC 2231 (parameters) and forgives what real mail does to them:
raw 8-bit text in any charset, encoded words split inside a character, junk lines between fields, missing quotes.
Everything here is linear in the size of its input; nothing raises on garbage.
"""

from __future__ import annotations

import binascii
import re
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_tz
from functools import lru_cache
from typing import NamedTuple
from urllib.parse import unquote_to_bytes

from contactcenter.channels.email import charsets
from contactcenter.channels.email.transfer import base64_bytes

MAX_BLOCK = 256 * 1024  # bytes of one header block that are looked at
MAX_FIELDS = 1000  # fields of one block
MAX_VALUE = 64 * 1024  # bytes of one field
MAX_WORD = 2000  # characters of an encoded word that a neighbour may complete
MAX_PARAMETERS = 100
_USUAL = 60  # characters of a name or field that is worth remembering: "text/plain; charset=utf-8"
_MOST_NAMES = 2000
MAX_IDS = 100
MAX_ID_BYTES = 998  # in UTF-8: what a line holds (RFC 5322, 2.1.1), and a database's index too

_FIELD = re.compile(rb"([!-9;-~]{1,200})[ \t]*+:((?:[^\n]*+\n(?=[ \t]))*+[^\n]*+)\n?")
_NAME = re.compile(rb"([!-9;-~]{1,200})[ \t]*+")
_BLANK = re.compile(rb"\n\r?\n")
_names: dict[bytes, str] = {}  # of fields, as they were written: the same few come with every mail
_KNOWN = re.compile(
    rb"(?:from|to|cc|subject|date|message-id|received|return-path|mime-version|content-[a-z-]+|reply-to|sender"
    rb"|in-reply-to|references|delivered-to|x-[a-z0-9-]+|dkim-signature|auto-submitted|list-[a-z-]+)[ \t]*:",
    re.IGNORECASE,
)
_WORD_START = re.compile(r"=\?([A-Za-z0-9_.:()+*-]{1,60})\?([bBqQ])\?")
_CHARSET_NAMED = re.compile(rb"=\?([A-Za-z0-9_.:()+-]{1,60})(?:\*[A-Za-z-]{1,20})?\?[bBqQ]\?")
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]+")
_ASCII = bytes(range(0x80))
_TURNING = re.compile(r"[\u202a-\u202e\u2066-\u2069]+")  # make what stands around them read backwards
_PARAMETER = re.compile(r';[\s;]*+([^\s=;]{1,200})\s*+=\s*+(?:"((?:[^"\\]++|\\.)*+)"|([^;]*+))', re.DOTALL)
_CONTINUED = re.compile(r"([^*]+)(?:\*(\d{1,3}))?(\*)?$")
_MONTHS = {name: number for number, name in enumerate(re.findall("...", "JanFebMarAprMayJunJulAugSepOctNovDec"), 1)}
# RFC 5322, 3.3, as nearly every program writes it: the standard library takes ten times as long.
_USUAL_DATE = re.compile(
    rf"(?:[A-Z][a-z]{{2}}, )?(\d\d?) ({'|'.join(_MONTHS)}) (\d{{4}}) (\d\d):(\d\d):(\d\d) ([+-])([01]\d)(\d\d)"
    r"(?: \([^()]{0,40}\))?",
    re.ASCII,
)
_ID = re.compile(r"<([^<>]{1,998})>")
_BARE_ID = re.compile(r"[^\s<>,;\"()]{1,400}@[^\s<>,;\"()]{1,400}")


class Headers:
    """The fields of one header block in their order: lower-case name and raw unfolded value.

    Raw 8-bit values are read in the charset `hint`, where one is known: the body's is the best guess.
    """

    __slots__ = ("_first", "_hint", "fields")

    def __init__(self, fields: tuple[tuple[str, bytes], ...], hint: str = "") -> None:
        self.fields = fields
        self._hint = hint
        self._first = dict(reversed(fields))  # first value of each name

    def __contains__(self, name: str) -> bool:
        """Whether a field of that lower-case name is there."""
        return name in self._first

    def has_any(self, names: frozenset[str]) -> bool:
        """Whether a field of one of those lower-case names is there."""
        return not names.isdisjoint(self._first)

    def raw(self, name: str) -> str:
        """First value as text, without decoding encoded words; "" when the field is missing."""
        value = self._first.get(name)
        return "" if value is None else raw_text(value, self._hint)

    def all_raw(self, name: str) -> list[str]:
        """Every value of a name as text."""
        if name not in self._first:
            return []
        return [raw_text(value, self._hint) for key, value in self.fields if key == name]

    def text(self, name: str) -> str:
        """First value for people to read: encoded words decoded, control characters out."""
        return one_line(decode_words(self.raw(name)))


def parse_headers(raw: bytes, start: int = 0, end: int | None = None) -> tuple[Headers, int, list[str]]:
    """Fields of the block at `start`, offset of the body behind it, and warnings."""
    stop = len(raw) if end is None else end
    position = _skip_leading_junk(raw, start, stop)
    limit = min(stop, position + MAX_BLOCK)
    blank = _BLANK.search(raw, position, limit)
    if blank and (found := _sound_fields(raw[position : blank.start()])) is not None:
        return Headers(found), blank.end(), []
    fields: list[tuple[str, bytes]] = []
    warnings: list[str] = []
    while position < limit:
        if raw[position : position + 1] == b"\n" or raw[position : position + 2] == b"\r\n":
            position += 1 if raw[position : position + 1] == b"\n" else 2
            break
        match = _FIELD.match(raw, position, limit)
        if match and len(fields) < MAX_FIELDS:
            fields.append((match[1].decode("ascii").lower(), unfold(match[2][:MAX_VALUE])))
            position = match.end()
            continue
        if match:
            warnings = ["more header fields than are read"]
            position = match.end()
            continue
        following = raw.find(b"\n", position, limit) + 1
        if following and (raw.startswith((b">From ", b"From "), position) or _KNOWN.match(raw, following, limit)):
            warnings = ["a line between the header fields was left out"]
            position = following
            continue
        warnings = ["no empty line behind the header"]
        break
    if position >= limit < stop:
        warnings = ["header too long"]
        blank = _BLANK.search(raw, position, stop)
        position = blank.end() if blank else stop
    return Headers(tuple(fields)), position, warnings


def _sound_fields(block: bytes) -> tuple[tuple[str, bytes], ...] | None:
    """The fields of a block that holds nothing else, as nearly every one does; None where it does, or holds too many.

    Splitting takes half the time of a pattern that is tried field by field.
    """
    block = block.replace(b"\r\n", b"\n").replace(b"\n ", b" ").replace(b"\n\t", b"\t")
    lines = block.split(b"\n", MAX_FIELDS)
    if len(lines) > MAX_FIELDS or len(block) > MAX_VALUE:
        return None
    fields = []
    for line in lines:
        written, colon, value = line.partition(b":")
        name = _names.get(written) or _new_name(written)
        if not (colon and name):
            return None
        fields.append((name, value.strip()))
    return tuple(fields)


def _new_name(written: bytes) -> str:
    """A field's name in lower case, remembered where it may well come again; "" for what is none."""
    found = _NAME.fullmatch(written)
    if not found:
        return ""
    name = found[1].decode("ascii").lower()
    if len(written) < _USUAL and len(_names) < _MOST_NAMES:
        _names[written] = name
    return name


def _skip_leading_junk(raw: bytes, start: int, stop: int) -> int:
    """Offset of the first field: a byte order mark, empty lines and an mbox line are passed over."""
    position = start
    if raw.startswith(b"\xef\xbb\xbf", position):
        position += 3
    if start == 0:
        while position < stop and raw[position] in b"\r\n":
            position += 1
    for mbox in (b"From ", b">From "):
        if raw.startswith(mbox, position):
            newline = raw.find(b"\n", position, min(stop, position + 1000))
            position = newline + 1 if newline >= 0 else position
    return position


def unfold(value: bytes) -> bytes:
    """Return a field's value on one line (RFC 5322, 2.2.3), stripped."""
    if b"\n" in value:
        value = value.replace(b"\r\n", b"").replace(b"\n", b"")
    return value.strip()


def raw_text(value: bytes, hint: str = "") -> str:
    """Text of a raw value; 8-bit bytes are UTF-8 or guessed.

    A header is ASCII (RFC 5322, 2.2) and a body's charset does not declare it, so a guess needs evidence: a single
    high byte shows no pattern that one charset has and another has not, and becomes U+FFFD.
    """
    if value.isascii():
        return value.decode("ascii") if b"\x1b$" not in value else charsets.decode(value, "iso-2022-jp")
    try:
        return charsets.clean(value.decode("utf-8"))
    except UnicodeDecodeError:
        if len(value.translate(None, _ASCII)) == 1:
            word = _CHARSET_NAMED.search(value)
            if word is None:
                return charsets.clean(value.decode("ascii", "replace"))
            hint = word[1].decode("ascii")
        return charsets.decode(value, hint or None)


def one_line(text: str) -> str:
    """Return the text with control characters and line ends as single spaces: nothing of it can start a header.

    Characters that turn the reading direction are left out: a name or subject must not rearrange what stands beside it.
    """
    if text.isprintable():
        return text.strip()
    return charsets.clean(_CONTROL.sub(" ", _TURNING.sub("", text))).strip()


class _Word(NamedTuple):
    """An encoded word: charset in lower case, encoding in upper case, and its undecoded payload."""

    charset: str
    encoding: str
    payload: str


def decode_words(text: str) -> str:
    """Decode RFC 2047 encoded words; neighbours in the same charset are joined before decoding.

    Unterminated words and unknown charsets are read as far as they go; white space between encoded words disappears.
    """
    if "=?" not in text:
        return text
    pieces: list[str | _Word] = []
    position, closing = 0, 0
    while (begin := text.find("=?", position)) >= 0:
        match = _WORD_START.match(text, begin)
        if not match:
            pieces.append(text[position : begin + 2])
            position = begin + 2
            continue
        if closing < match.end():
            closing = text.find("?=", match.end())
            closing = len(text) if closing < 0 else closing
        inner = text.find("=?", match.end(), closing)
        broken = inner >= 0 and _WORD_START.match(text, inner)
        stop = inner if broken else closing
        if begin > position:
            pieces.append(text[position:begin])
        pieces.append(_Word(match[1].partition("*")[0].lower(), match[2].upper(), text[match.end() : stop]))
        position = stop if broken else min(stop + 2, len(text))
    if position < len(text):
        pieces.append(text[position:])
    return _join(pieces)


def _join(pieces: list[str | _Word]) -> str:
    """Decoded words and plain text put together; words of one charset are decoded in one go."""
    out: list[str] = []
    run: list[_Word] = []
    for index, piece in enumerate(pieces):
        if isinstance(piece, str):
            inside = run and index + 1 < len(pieces) and isinstance(pieces[index + 1], _Word)
            if inside and not piece.strip():
                continue
            out.append(_decode_run(run))
            run = []
            out.append(piece)
        else:
            if run and run[0].charset != piece.charset:
                out.append(_decode_run(run))
                run = []
            run.append(piece)
    out.append(_decode_run(run))
    return "".join(out)


def _decode_run(run: list[_Word]) -> str:
    """Text of neighbouring words of one charset; base64 that was cut inside a group of four is put together again."""
    if not run:
        return ""
    data: list[bytes] = []
    carried = ""
    for index, word in enumerate(run):
        if word.encoding == "Q":
            data.append(binascii.a2b_qp(word.payload.encode("utf-8", "replace").replace(b" ", b"=20"), header=True))
            continue
        payload = carried + word.payload
        follows = index + 1 < len(run) and run[index + 1].encoding == "B"
        carried = (
            payload if follows and len(payload) % 4 and not payload.endswith("=") and len(payload) < MAX_WORD else ""
        )
        if not carried:
            data.append(base64_bytes(payload.encode("utf-8", "replace")))
    return charsets.decode(b"".join(data), run[0].charset)


def parse_parameters(value: str) -> tuple[str, Mapping[str, str]]:
    """Return main value and parameters of a Content-Type or Content-Disposition field (RFC 2045, RFC 2231)."""
    return _usual_parameters(value) if len(value) < _USUAL else _parameters(value)


@lru_cache(maxsize=512)
def _usual_parameters(value: str) -> tuple[str, Mapping[str, str]]:
    """:func:`parse_parameters` of a short field: the same few come with nearly every mail."""
    return _parameters(value)


def _parameters(value: str) -> tuple[str, Mapping[str, str]]:
    main, semicolon, rest = value.partition(";")
    parameters: dict[str, str] = {}
    if not semicolon:
        return _token(main), parameters
    parts: dict[str, list[tuple[int, bool, str]]] = {}
    for count, match in enumerate(_PARAMETER.finditer(semicolon + rest)):
        if count == MAX_PARAMETERS:
            break
        quoted, bare = match[2], match[3]
        text = re.sub(r"\\(.)", r"\1", quoted) if quoted is not None else bare.strip().strip('"')
        name = _CONTINUED.match(match[1].lower())
        if not name:
            continue
        if name[2] is None and not name[3]:
            parameters.setdefault(name[1], one_line(decode_words(text)))
        else:
            parts.setdefault(name[1], []).append((int(name[2] or 0), bool(name[3]), text))
    for key, sections in parts.items():
        parameters[key] = one_line(_continued(sections))
    return _token(main), parameters


def _token(text: str) -> str:
    """Return a type or disposition in lower case, without comments, quotes and white space."""
    return text.partition("(")[0].strip().strip('"').lower().replace(" ", "")


def _continued(sections: list[tuple[int, bool, str]]) -> str:
    """Value of an RFC 2231 parameter: sections in order, percent encoding and charset resolved."""
    sections.sort(key=lambda section: section[0])
    charset = ""
    if sections[0][1] and sections[0][2].count("'") >= 2:
        charset, _, first = sections[0][2].split("'", 2)
        sections[0] = (sections[0][0], True, first)
    if not any(encoded for _, encoded, _ in sections):
        return decode_words("".join(text for _, _, text in sections))
    joined = b"".join(unquote_to_bytes(text) if encoded else text.encode("utf-8") for _, encoded, text in sections)
    return charsets.decode(joined, charset or None)


def message_ids(value: str) -> tuple[str, ...]:
    """Message ids without brackets, white space and doubles; the first and the last ones where there are too many."""
    found = _ID.findall(value) or _BARE_ID.findall(value[:4000])
    ids = dict.fromkeys(name for name in map(_one_id, found) if name)
    names = tuple(ids)
    return names if len(names) <= MAX_IDS else names[:1] + names[1 - MAX_IDS :]


def message_id(value: str) -> str:
    """Return the one id of a Message-ID field without brackets; "" where there is none."""
    found = message_ids(value[:4000])
    return found[0] if found else _one_id(value).strip("<>")


def _one_id(text: str) -> str:
    """The text without white space, cut to what an id may have."""
    return "".join(one_line(text[:MAX_ID_BYTES]).split()).encode()[:MAX_ID_BYTES].decode("utf-8", "ignore")


def parse_date(value: str) -> datetime | None:
    """Point in time in UTC of a Date field; None where it cannot be told or lies outside the years 1 to 9999."""
    text = value[:200].strip()
    try:
        if usual := _USUAL_DATE.fullmatch(text):
            day, month, year, hour, minute, second, sign, hours, minutes = usual.groups()
            ahead = timedelta(hours=int(hours), minutes=int(minutes))
            local = datetime(int(year), _MONTHS[month], int(day), int(hour), int(minute), int(second), tzinfo=UTC)
            return local - ahead if sign == "+" else local + ahead
        parts = parsedate_tz(text)
        if parts is not None:
            naive = datetime(*parts[:6], tzinfo=UTC)
            offset = parts[9] or 0
            if abs(offset) > 24 * 3600:
                offset = 0
            return datetime.fromtimestamp(naive.timestamp() - offset, UTC)
        found = datetime.fromisoformat(text)
    except (ValueError, OverflowError, OSError, TypeError, IndexError):
        return None
    return found.replace(tzinfo=UTC) if found.tzinfo is None else found.astimezone(UTC)
