"""The MIME tree of a mail (RFC 2045, RFC 2046), cut out of the raw bytes with caps and without recursion into mails.

The standard library's parser is not used here: it walks line by line through a stack of generators, which is slow
on large attachments and takes minutes on deeply nested ones. A mail is cut at its boundaries by substring search
instead, so the work is size times depth, and depth and number of parts are capped. A nested mail (message/rfc822)
is a leaf.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Generic, TypeVar

from contactcenter.channels.email.headers import Headers, parse_headers, parse_parameters
from contactcenter.channels.email.transfer import decode_body

_T = TypeVar("_T")
MAX_PARTS = 500
MAX_DEPTH = 12
NESTED = 60_000  # bytes of a nested mail in which its header is looked for


class _Once(Generic[_T]):
    """A property computed when it is first asked for; unlike functools' before Python 3.12 it takes no lock."""

    def __init__(self, compute: Callable[[Any], _T]) -> None:
        self._compute = compute
        self.__doc__ = compute.__doc__

    def __set_name__(self, owner: type, name: str) -> None:
        self._name = name

    def __get__(self, part: Any, owner: type) -> _T:
        value = part.__dict__[self._name] = self._compute(part)
        return value


@dataclass
class Part:
    """One node of the tree: its header fields, its undecoded body, and the parts inside a multipart.

    Offsets are of `raw`: `start` to `end` is the body, at `begin` the header starts.
    """

    headers: Headers
    raw: bytes
    start: int
    end: int
    default_type: str = "text/plain"
    children: list[Part] = field(default_factory=list)
    begin: int = 0

    @_Once
    def _type(self) -> tuple[str, Mapping[str, str]]:
        """Content-Type and its parameters."""
        return parse_parameters(self.headers.raw("content-type"))

    @_Once
    def content_type(self) -> str:
        """Lower-case type such as ``text/plain``; a malformed type counts as the default."""
        main = self._type[0]
        if main.count("/") != 1 or main.startswith("/") or main.endswith("/"):
            main = {"text": "text/plain", "html": "text/html"}.get(main, self.default_type)
        return main

    @_Once
    def parameters(self) -> Mapping[str, str]:
        """Parameters of the content type; names in lower case."""
        return self._type[1]

    @_Once
    def disposition(self) -> tuple[str, Mapping[str, str]]:
        """Content-Disposition and its parameters (RFC 2183)."""
        return parse_parameters(self.headers.raw("content-disposition"))

    @_Once
    def filename(self) -> str:
        """The name the sender gave the file, as text; not safe as a path."""
        return self.disposition[1].get("filename") or self.parameters.get("name") or ""

    @_Once
    def encoding(self) -> str:
        """Lower-case Content-Transfer-Encoding."""
        return self.headers.raw("content-transfer-encoding").partition(";")[0].partition("(")[0].strip(" \t\"'").lower()

    @property
    def body(self) -> bytes:
        """The body as it was sent."""
        return self.raw[self.start : self.end]

    @property
    def whole(self) -> bytes:
        """Header and body as they were sent: what a signature of a multipart/signed covers (RFC 1847, 2.1)."""
        return self.raw[self.begin : self.end]

    @_Once
    def content(self) -> bytes:
        """The body with its transfer encoding undone."""
        return decode_body(self.body, self.encoding)

    @_Once
    def nested(self) -> Headers:
        """Header of the mail, or of what is left of one, that this part holds."""
        return parse_headers(self.content[:NESTED])[0]

    @property
    def content_id(self) -> str:
        """Content-ID without brackets."""
        return self.headers.text("content-id").strip("<> ")

    def without_type(self) -> None:
        """Read this part as if it had no Content-Type."""
        self.headers = Headers(tuple(named for named in self.headers.fields if named[0] != "content-type"))
        for known in ("_type", "content_type", "parameters"):
            self.__dict__.pop(known, None)

    @_Once
    def all(self) -> list[Part]:
        """This part and all below it, in the order of the mail; for a tree that is complete."""
        found, waiting = [], [self]
        while waiting:
            part = waiting.pop()
            found.append(part)
            waiting.extend(reversed(part.children))
        return found


@dataclass
class _Budget:
    """What may still be read of one mail."""

    parts: int = MAX_PARTS
    warnings: list[str] = field(default_factory=list)

    def warn(self, text: str) -> None:
        """Note a warning once."""
        if text not in self.warnings:
            self.warnings.append(text)


def parse_tree(raw: bytes) -> tuple[Part, list[str]]:
    """Return the tree of a whole mail and what was odd about it."""
    if b"\n" not in raw and b"\r" in raw:
        raw = raw.replace(b"\r", b"\n")
    headers, start, warnings = parse_headers(raw)
    root = Part(headers, raw, start, len(raw))
    budget = _Budget(warnings=list(warnings))
    waiting = [(root, 0)]
    while waiting:
        part, depth = waiting.pop()
        if not part.content_type.startswith("multipart/"):
            continue
        if depth >= MAX_DEPTH:
            budget.warn("parts nested too deep")
            continue
        _split(part, budget)
        waiting.extend((child, depth + 1) for child in reversed(part.children))
    charset = next((part.parameters["charset"] for part in root.all if part.parameters.get("charset")), "")
    if charset and not raw[:start].isascii():
        root.headers = Headers(headers.fields, charset)
    return root, budget.warnings


def _split(part: Part, budget: _Budget) -> None:
    """Fill in the children of a multipart."""
    boundary = part.parameters.get("boundary", "").rstrip().encode("utf-8", "replace")
    if not boundary or not _first_delimiter(part, boundary):
        boundary = _guessed_boundary(part)
    if not boundary:
        budget.warn("multipart without a boundary")
        part.without_type()
        return
    default = "message/rfc822" if part.content_type == "multipart/digest" else "text/plain"
    pieces, closed = _pieces(part, boundary, budget)
    if not closed:
        budget.warn("multipart without its end")
    for start, end in pieces:
        headers, body, _ = parse_headers(part.raw, start, end)
        part.children.append(Part(headers, part.raw, min(body, end), end, default, begin=start))


def _first_delimiter(part: Part, boundary: bytes) -> bool:
    """Whether the boundary occurs in the part at all."""
    return part.raw.find(b"--" + boundary, part.start, part.end) >= 0


def _guessed_boundary(part: Part) -> bytes:
    """Return the boundary a body seems to use: its first line that starts with two hyphens and comes again."""
    position = part.start
    for _ in range(200):
        newline = part.raw.find(b"\n", position, part.end)
        line = part.raw[position : newline if newline >= 0 else part.end].rstrip()
        if line.startswith(b"--") and 4 < len(line) < 100 and part.raw.find(line, position + len(line), part.end) >= 0:
            return line[2:]
        if newline < 0:
            return b""
        position = newline + 1
    return b""


def _pieces(part: Part, boundary: bytes, budget: _Budget) -> tuple[list[tuple[int, int]], bool]:
    """Start and end of each piece between delimiter lines, and whether the closing one was found."""
    raw, delimiter = part.raw, b"--" + boundary
    pieces: list[tuple[int, int]] = []
    opened = -1
    position = part.start
    while (found := raw.find(delimiter, position, part.end)) >= 0:
        position = found + len(delimiter)
        if found > part.start and raw[found - 1] not in b"\n\r":
            continue
        closing = raw.startswith(b"--", position)
        newline = raw.find(b"\n", position, part.end)
        line_end = newline if newline >= 0 else part.end
        tail = raw[position + (2 if closing else 0) : min(line_end, position + 200)].strip()
        if tail:
            continue
        if opened >= 0:
            pieces.append((opened, _before_newline(raw, opened, found)))
        opened = -1
        if closing:
            budget.parts -= len(pieces)
            return pieces, True
        if len(pieces) >= budget.parts:
            budget.warn("more parts than are read")
            break
        opened = newline + 1 if newline >= 0 else part.end
        position = max(position, opened - 1)
    if opened >= 0:
        pieces.append((opened, part.end))
    budget.parts -= len(pieces)
    return pieces, False


def _before_newline(raw: bytes, start: int, found: int) -> int:
    """End of a piece: the line end before a delimiter belongs to the delimiter."""
    if found - 1 >= start and raw[found - 1] == 10:
        found -= 1
        if found - 1 >= start and raw[found - 1] == 13:
            found -= 1
    return found
