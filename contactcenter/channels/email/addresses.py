"""Mailboxes of From, To, Cc and Reply-To: one canonical address each, or none, never two readings.

The grammar is RFC 5322, 3.4 with its obsolete forms, read in one linear pass without recursion. An address that two
readers could understand differently (two at-signs, an at-sign inside a quoted local part, text glued to the angle
brackets) gives an empty address; its text is kept as the name, so that people see it and no machine acts on it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import NamedTuple

from contactcenter.channels.email.headers import decode_words, one_line

MAX_ADDRESSES = 1000

_TOKEN = re.compile(r'"(?:[^"\\]++|\\.)*+"|[^"()<>,;:\s]++|\s++|.', re.DOTALL)
_UNQUOTED = re.compile(r"[^(<>,;:\s)]++|\s++|.", re.DOTALL)
_SPEC = re.compile(
    r"[^\s@<>()\[\],;:\"\\\x00-\x1f]{1,128}@(?:[^\s@<>()\[\],;:\"\\\x00-\x1f]{1,255}|\[[0-9A-Fa-f.:xIPv]{2,60}\])"
)
_QUOTED_SPEC = re.compile(r'"([^"@\\<>,;:\x00-\x1f]{1,128})"@([^\s@<>()\[\],;:"\\]{1,255})')
_SIMPLE = re.compile(  # what nearly every field is: one mailbox whose reading is beyond doubt
    r'(?:"([A-Za-z0-9 .,_()\'-]*)"|([A-Za-z0-9 ._\'-]*))[ \t]*<([A-Za-z0-9._+=-]+)@([A-Za-z0-9-]+(?:\.[A-Za-z0-9-]+)*)>'
    r"|([A-Za-z0-9._+=-]{1,64})@([A-Za-z0-9-]{1,63}(?:\.[A-Za-z0-9-]{1,63})*)"
)
_LOCAL = re.compile(r"[A-Za-z][A-Za-z0-9._-]{1,63}")  # `MAILER-DAEMON (Mail System)`: a local sender of old
_SHORT = 200  # characters of a field that is tried as one simple mailbox
_BRACKETS = frozenset("<>")
_SEPARATORS = frozenset(",;")
_AROUND = re.compile(r"\s*([@.])\s*")  # white space that the obsolete grammar allows inside an address
_ESCAPED = re.compile(r"\\(.)", re.DOTALL)


class Address(NamedTuple):
    """A mailbox: display name and canonical address (domain in lower case); either may be empty."""

    name: str
    address: str

    @property
    def domain(self) -> str:
        """The part behind the at-sign, or ""."""
        return self.address.rpartition("@")[2]


def canonical(text: str) -> str:
    """Return the one address that `text` is, domain in lower case; "" where it is none or can be read in two ways."""
    spec = _AROUND.sub(r"\1", text.strip()) if "@" in text else ""
    spec = spec.removeprefix("mailto:").strip("'`")
    if quoted := _QUOTED_SPEC.fullmatch(spec):
        spec = f"{quoted[1]}@{quoted[2]}" if _SPEC.fullmatch(f"{quoted[1]}@{quoted[2]}") else ""
    if not _SPEC.fullmatch(spec):
        return ""
    local, _, domain = spec.rpartition("@")
    domain = domain.rstrip(".").lower()
    return f"{local}@{domain}" if domain and ".." not in domain else ""


def parse_addresses(value: str, limit: int = MAX_ADDRESSES) -> tuple[Address, ...]:
    """Mailboxes of a field in order, groups opened; names decoded. At most `limit` are read."""
    if not value:
        return ()
    if len(value) < _SHORT and (simple := _SIMPLE.fullmatch(value)):
        quoted, plain, local, domain, bare, host = simple.groups()
        name = " ".join((quoted or plain or "").split()).strip(" ,'")
        return (Address(name, f"{local or bare}@{(domain or host).lower()}"),)
    found: list[Address] = []
    for entry in _entries(value):
        address = _mailbox(entry)
        if address.name or address.address:
            found.append(address)
            if len(found) == limit:
                break
    return tuple(found)


@dataclass(slots=True)
class _Entry:
    """The pieces of one mailbox: text outside of brackets, comments, and what stood in angle brackets."""

    words: list[str]
    comments: list[str]
    angle: str | None = None


def _entries(value: str) -> list[_Entry]:
    """Split a field at commas, semicolons and group names; one pass, comments counted instead of nested."""
    entries = [_Entry([], [])]
    depth, inside_angle = 0, False
    angle: list[str] = []
    for piece in _tokens(value):
        entry = entries[-1]
        if depth:
            depth = _comment(entry, piece, depth)
        elif inside_angle and piece not in _BRACKETS:
            angle.append(piece)
        elif inside_angle:
            inside_angle = piece == "<"
            entry.angle = entry.angle or "".join(angle)
            angle = []
        elif piece == "(":
            depth = 1
            entry.comments.append("")
        elif piece == "<":
            inside_angle = True
        elif piece in _SEPARATORS:
            entries.append(_Entry([], []))
            if len(entries) > 4 * MAX_ADDRESSES:
                break
        elif piece == ":" and not _looks_like_mailto(entry):
            entries[-1] = _Entry([], [])
        else:
            entry.words.append(piece)
    if inside_angle and entries[-1].angle is None:
        entries[-1].angle = "".join(angle)
    return _rejoin(entries)


def _comment(entry: _Entry, piece: str, depth: int) -> int:
    """Take a piece of a comment; returns how many comments are open behind it."""
    left = max(depth + (piece == "(") - piece.count(")"), 0)
    if left:
        entry.comments.append(piece)
    return left


def _tokens(value: str) -> Iterator[str]:
    """Quoted strings, words, white space and single special characters; behind a quote that never closes, none."""
    position = 0
    for match in _TOKEN.finditer(value):
        if match[0] == '"':
            position = match.end()
            break
        yield match[0]
    else:
        return
    for match in _UNQUOTED.finditer(value, position):
        yield match[0]


def _looks_like_mailto(entry: _Entry) -> bool:
    """Whether the colon belongs to `mailto:` or to a name that is not a group's."""
    return bool(entry.words) and (entry.words[-1].lower() == "mailto" or "@" in entry.words[-1])


def _rejoin(entries: list[_Entry]) -> list[_Entry]:
    """Put `Last, First <a@b>` together again: words without an address in front of an entry that has brackets."""
    joined: list[_Entry] = []
    for entry in entries:
        before = joined[-1] if joined else None
        bare = before is not None and before.angle is None and before.words and not any("@" in w for w in before.words)
        if before is not None and bare and entry.angle is not None and not before.comments:
            entry.words = [*before.words, ",", *(entry.words or [])]
            joined[-1] = entry
        else:
            joined.append(entry)
    return joined


def _mailbox(entry: _Entry) -> Address:
    """Name and canonical address of one entry."""
    comment = one_line(decode_words("".join(entry.comments))).strip()
    if entry.angle is not None:
        address = canonical(entry.angle.rpartition(":")[2] if entry.angle.startswith("@") else entry.angle)
        name = _name(entry.words)
        inner = _name([entry.angle]) if not address and entry.angle.strip() else ""
        if not address and (bare := _only_address(entry.words)):
            return Address(comment, bare)
        glued = bool(entry.words) and "@" in entry.words[-1] and not entry.words[-1].startswith('"')
        if address and glued and canonical(entry.words[-1]) not in ("", address):
            return Address(name, address)
        return Address(name or comment or inner, address)
    text = "".join(entry.words).strip()
    if address := canonical(decode_words(text) if "=?" in text else text) if "@" in text else "":
        return Address(comment, address)
    if bare := _only_address(entry.words):
        words = [w for w in entry.words if canonical(w) != bare]
        return Address(_name(words) or comment, bare)
    local = comment and _LOCAL.fullmatch(text)
    return Address(comment, text) if local else Address(_name(entry.words) or comment, "")


def _only_address(words: list[str]) -> str:
    """Return the address among unbracketed words when exactly one of them is one."""
    found = {a for a in (canonical(w) for w in words if "@" in w and not w.startswith('"')) if a}
    return found.pop() if len(found) == 1 and sum("@" in w for w in words) == 1 else ""


def _name(words: list[str]) -> str:
    """Display name of words and quoted strings: quotes off, encoded words decoded, one line."""
    if not words:
        return ""
    pieces = [_ESCAPED.sub(r"\1", w[1:-1]) if len(w) > 1 and w[0] == w[-1] == '"' else w for w in words]
    name = one_line(decode_words("".join(pieces)))
    name = " ".join(name.split()).strip(" ,")
    if len(name) > 1 and name[0] == name[-1] and name[0] in "\"'":
        name = name[1:-1].strip()
    return name
