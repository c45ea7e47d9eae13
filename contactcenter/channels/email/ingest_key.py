"""The name of a mail before it is understood: the same mail offered twice has the same key.

Computed before the sender hears "250", so it is a capped linear look at the raw bytes and no parsing: Message-ID, From
and Date, and a hash of the body. What relays write on the way (Received, Return-Path, DKIM-Signature, ARC, X-…)
does not enter, so a copy by another road is the same mail; another body under the same id is another one.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Collection

MAX_SCAN = 256 * 1024  # bytes of header looked at
_NAMES: tuple[bytes, ...] = (b"message-id", b"from", b"date")
_NAMELESS: tuple[bytes, ...] = (b"from", b"date", b"to", b"subject")  # what names a mail that has no Message-ID
_BLANK = re.compile(rb"\r?\n\r?\n")
_SPACE = re.compile(rb"\s+")


def scan_headers(raw: bytes, names: Collection[bytes], cap: int = MAX_SCAN) -> dict[bytes, bytes]:
    """First value of each named field (names in lower case), unfolded, from the first `cap` bytes of a mail."""
    end = header_end(raw, cap)[0]
    found: dict[bytes, bytes] = {}
    pattern = _pattern(tuple(sorted(names)))
    for match in pattern.finditer(raw, 0, end):
        name = match[1].lower()
        if name not in found:
            found[name] = _SPACE.sub(b" ", match[2]).strip()
    return found


_patterns: dict[tuple[bytes, ...], re.Pattern[bytes]] = {}


def _pattern(names: tuple[bytes, ...]) -> re.Pattern[bytes]:
    """Pattern of a field with one of the names, continuation lines included."""
    if names not in _patterns:
        either = b"|".join(re.escape(name) for name in names)
        _patterns[names] = re.compile(
            rb"^(" + either + rb")[ \t]*+:((?:[^\n]*+\n(?=[ \t]))*+[^\n]*+)", re.IGNORECASE | re.MULTILINE
        )
    return _patterns[names]


def header_end(raw: bytes, cap: int = MAX_SCAN) -> tuple[int, int]:
    """Where the header ends and where the body starts; a header longer than `cap` ends there."""
    begin = len(raw) - len(raw[:64].lstrip(b"\r\n")) if raw[:1] in (b"\r", b"\n") and len(raw) <= 64 else 0
    while begin < min(64, len(raw)) and raw[begin] in b"\r\n":
        begin += 1
    match = _BLANK.search(raw, begin, begin + cap)
    if match:
        return match.start(), match.end()
    end = min(len(raw), begin + cap)
    return end, end


def ingest_key(raw: bytes) -> str:
    """Key of a mail: 64 hex digits. Line ends and blank lines at the end of the body make no difference.

    A mail without a Message-ID is named by From, Date, To, Subject and body, which are the same on every road. Where it
    has no sender, date or body to be told by, all of its bytes name it: rather is one taken twice than another one
    lost.
    """
    fields, names = scan_headers(raw, _NAMES), _NAMES
    body = raw[header_end(raw)[1] :]
    if not fields.get(b"message-id"):
        fields, names = scan_headers(raw, _NAMELESS), _NAMELESS
        if not (fields.get(b"from") and fields.get(b"date") and body.strip()):
            body = raw
    digest = hashlib.sha256()
    for name in names:
        digest.update(fields.get(name, b""))
        digest.update(b"\x00")
    if b"\r" in body:
        body = body.replace(b"\r\n", b"\n")
    digest.update(body.rstrip(b"\n\r \t"))
    return digest.hexdigest()
