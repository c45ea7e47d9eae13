"""From the MIME tree to what people read: the plain body, the HTML body, and the files.

multipart/alternative offers the same content several times, everything else one thing after the other (RFC 2046, 5.1).
A nested mail is a file, not text.
"""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass, field
from functools import cached_property
from html import escape

from contactcenter.channels.email import charsets
from contactcenter.channels.email.parts import Part
from contactcenter.channels.email.transfer import uuencoded_files

MAX_TEXT = 1_000_000  # characters of one text part

_META_CHARSET = re.compile(rb"<meta[^>]{0,200}charset\s*=\s*[\"']?\s*([A-Za-z0-9_.:-]{1,40})", re.IGNORECASE)
_UNSAFE_NAME = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029/\\:*?\"<>|\u202a-\u202e\u2066-\u2069]+")
_EXTENSIONS = {
    "message/rfc822": ".eml", "text/calendar": ".ics", "text/vcard": ".vcf", "text/x-vcard": ".vcf",
    "text/plain": ".txt", "text/html": ".html", "image/jpeg": ".jpg", "image/png": ".png", "image/gif": ".gif",
    "application/pdf": ".pdf", "text/rfc822-headers": ".txt", "message/delivery-status": ".txt", "text/csv": ".csv",
    "application/pkcs7-signature": ".p7s", "application/pgp-signature": ".asc", "application/zip": ".zip",
}  # fmt: skip
_TEXT_FILES = frozenset(
    ("text/calendar", "text/vcard", "text/x-vcard", "text/rfc822-headers", "text/csv", "text/x-moz-deleted")
)
_REPORT_TEXTS = frozenset(("message/delivery-status", "message/disposition-notification", "message/feedback-report"))


@dataclass(frozen=True)
class ReadAttachment:
    """A file of a mail. `filename` is safe as the last part of a path; `inline` ones are shown by the HTML body."""

    filename: str
    content_type: str
    content: bytes = field(repr=False)
    inline: bool = False
    content_id: str = ""

    @cached_property
    def sha256(self) -> str:
        """Hex digest of the content."""
        return hashlib.sha256(self.content).hexdigest()

    @property
    def size(self) -> int:
        """Bytes."""
        return len(self.content)


@dataclass
class Bodies:
    """The readable bodies of a mail and its files."""

    plain: list[str] = field(default_factory=list)
    html: list[str] = field(default_factory=list)
    attachments: list[ReadAttachment] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)


def safe_filename(name: str, content_type: str, number: int) -> str:
    """Return a file name without folders, control and direction characters; made up where the mail gives none."""
    name = _UNSAFE_NAME.sub("_", name).strip(" .")
    if len(name) > 150:
        stem, dot, extension = name.rpartition(".")
        name = f"{stem[:140]}{dot}{extension}" if dot and len(extension) <= 8 else name[:150]
    return name or f"attachment-{number}{_EXTENSIONS.get(content_type, '.bin')}"


def part_text(part: Part) -> str:
    """Text of a text part: charset of the part, or of the HTML itself, or guessed; format=flowed undone (RFC 3676)."""
    data = part.content
    charset = part.parameters.get("charset", "")
    if part.content_type == "text/html" and not charsets.codec(charset) and (meta := _META_CHARSET.search(data[:2048])):
        charset = meta[1].decode("ascii")
    text = charsets.decode(data, charset)[:MAX_TEXT]
    if part.parameters.get("format", "").lower() == "flowed" and part.content_type == "text/plain":
        return unflow(text, part.parameters.get("delsp", "").lower() == "yes")
    return text


def unflow(text: str, delete_space: bool) -> str:
    """Join the soft-broken lines of format=flowed; quoted lines keep their depth, signature separators stay."""
    out: list[list[str]] = []
    open_depth = -1
    for raw in text.replace("\r\n", "\n").split("\n"):
        stripped = raw.lstrip(">")
        depth = len(raw) - len(stripped)
        line = stripped.removeprefix(" ")
        flowed = line.endswith(" ") and line != "-- "
        content = line[:-1] if flowed and delete_space else line
        if open_depth == depth and line != "-- ":
            out[-1].append(content)
        else:
            out.append([">" * depth + (" " if depth and line else "") + content])
        open_depth = depth if flowed else -1
    return "\n".join("".join(pieces) for pieces in out)


def read_bodies(root: Part) -> Bodies:
    """Bodies and files of a tree."""
    bodies = Bodies()
    _read(root, bodies, None)
    return bodies


def _read(part: Part, bodies: Bodies, parent: Part | None) -> None:
    """Sorts one part into bodies or files; a multipart by its kind. The depth is capped by the tree."""
    if part.children:
        if part.content_type == "multipart/alternative":
            _read_alternative(part, bodies)
        else:
            for child in part.children:
                _read(child, bodies, part)
        return
    if part.content_type.startswith("multipart/"):
        if part.body.strip():
            bodies.plain.append(charsets.decode(part.content)[:MAX_TEXT])
        return
    if not _is_body(part, parent):
        _attach(part, bodies, parent)
    elif part.content_type == "text/html":
        _add_html(part_text(part), bodies)
    else:
        _add_plain(part_text(part), bodies)


def _is_body(part: Part, parent: Part | None) -> bool:
    """Whether a leaf is text to read rather than a file."""
    kind = part.content_type
    if part.disposition[0] == "attachment" or not kind.startswith("text/") or kind in _TEXT_FILES:
        return False
    if parent is None:
        return True
    if kind not in ("text/plain", "text/html"):
        return False
    named = part.filename and part.disposition[0] != "inline"
    return not named and not (part.filename and kind == "text/plain")


def _add_plain(text: str, bodies: Bodies) -> None:
    """Add a plain text and the files uuencoded in it; where earlier text came as HTML it is added there too."""
    _, files = uuencoded_files(text)
    for name, content in files:
        number = len(bodies.attachments) + 1
        kind = "application/octet-stream"
        bodies.attachments.append(ReadAttachment(safe_filename(name, kind, number), kind, content))
    bodies.plain.append(text)
    if bodies.html and text.strip():
        bodies.html.append(f"<pre>{escape(text)}</pre>")


def _add_html(markup: str, bodies: Bodies) -> None:
    """Add an HTML text; plain text that came before it alone is put in front."""
    if bodies.plain and not bodies.html:
        bodies.html.extend(f"<pre>{escape(text)}</pre>" for text in bodies.plain if text.strip())
    bodies.html.append(markup)


def _read_alternative(part: Part, bodies: Bodies) -> None:
    """Take the plain and the HTML form of one content; files inside the alternatives stay files."""
    plain: Bodies | None = None
    rich: Bodies | None = None
    for child in part.children:
        found = Bodies()
        _read(child, found, part)
        bodies.attachments.extend(found.attachments)
        if found.html:
            rich = found
        elif found.plain:
            plain = plain or found
    if plain and not rich and bodies.html:
        bodies.html.extend(f"<pre>{escape(text)}</pre>" for text in plain.plain if text.strip())
    if rich and not bodies.html:
        bodies.html.extend(f"<pre>{escape(text)}</pre>" for text in bodies.plain if text.strip())
    if rich:
        bodies.html.extend(rich.html)
    if plain:
        bodies.plain.extend(plain.plain)
    elif rich:
        bodies.plain.extend(rich.plain)


def _attach(part: Part, bodies: Bodies, parent: Part | None) -> None:
    """Add a leaf as a file."""
    content = part.content
    if not content and not part.filename:
        return
    name = part.filename
    if part.content_type == "message/rfc822" and not name:
        name = nested_subject(content)
        name = f"{name}.eml" if name else ""
    inline = part.disposition[0] == "inline" or (
        part.disposition[0] != "attachment"
        and bool(part.content_id)
        and parent is not None
        and parent.content_type == "multipart/related"
    )
    filename = safe_filename(name, part.content_type, len(bodies.attachments) + 1)
    bodies.attachments.append(ReadAttachment(filename, part.content_type, content, inline, part.content_id))


def nested_subject(content: bytes) -> str:
    """Subject of a nested mail, to name its file; "" when it has none."""
    from contactcenter.channels.email.headers import parse_headers

    return parse_headers(content[:20_000])[0].text("subject")[:100]
