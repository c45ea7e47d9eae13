"""From the MIME tree to what people read: the plain body, the HTML body, and the files.

multipart/alternative offers the same content several times, everything else one thing after the other (RFC 2046, 5.1).
A nested mail is a file, not text. What other wrappings hold (TNEF, S/MIME, yEnc) is taken out of them; what an
invitation or a contact card says becomes the text only of a mail that has no other. The libraries for these rare parts
are imported where they are met.
"""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass, field
from functools import cached_property
from html import escape
from typing import TYPE_CHECKING

from contactcenter.channels.email import charsets
from contactcenter.channels.email.parts import Part, parse_tree
from contactcenter.channels.email.transfer import UUENCODE, uuencoded_files

if TYPE_CHECKING:
    from contactcenter.channels.email.smime import Seal

MAX_TEXT = 1_000_000  # characters of one text part
MAX_OPENED = 3  # wrappings of one mail that are opened

_META_CHARSET = re.compile(rb"<meta[^>]{0,200}charset\s*=\s*[\"']?\s*([A-Za-z0-9_.:-]{1,40})", re.IGNORECASE)
_UNSAFE_NAME = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029/\\:*?\"<>|\u202a-\u202e\u2066-\u2069]+")
_EXTENSIONS = {
    "message/rfc822": ".eml", "text/calendar": ".ics", "text/vcard": ".vcf", "text/x-vcard": ".vcf",
    "text/plain": ".txt", "text/html": ".html", "image/jpeg": ".jpg", "image/png": ".png", "image/gif": ".gif",
    "application/pdf": ".pdf", "text/rfc822-headers": ".txt", "message/delivery-status": ".txt", "text/csv": ".csv",
    "application/pkcs7-signature": ".p7s", "application/pgp-signature": ".asc", "application/zip": ".zip",
    "application/x-pkcs7-signature": ".p7s", "application/pkcs7-mime": ".p7m", "application/x-pkcs7-mime": ".p7m",
}  # fmt: skip
_TEXT_FILES = frozenset(
    ("text/calendar", "text/vcard", "text/x-vcard", "text/rfc822-headers", "text/csv", "text/x-moz-deleted")
)
_BINARY = "application/octet-stream"
_CALENDARS = frozenset(("text/calendar", "application/ics"))
_CARDS = frozenset(("text/vcard", "text/x-vcard", "text/directory"))
_TNEF = frozenset(("application/ms-tnef", "application/vnd.ms-tnef"))
_OPAQUE = frozenset(("application/pkcs7-mime", "application/x-pkcs7-mime"))
_CIPHERS = frozenset(("S/MIME", "PGP"))
_HAN = re.compile("[\u4e00-\u9fff]")
_PGP_HEAD = re.compile(
    r"-----BEGIN PGP SIGNED MESSAGE-----[ \t]*\r?\n(?:[A-Za-z]{1,30}: [^\n]{0,200}\n){0,10}(?:\r?\n)?"
)
_PGP_SIGNATURE = ("-----BEGIN PGP SIGNATURE-----", "-----END PGP SIGNATURE-----")
_ENCRYPTED = (
    "This message is encrypted (%s): only the key of its recipient opens it. It is attached as it came.",
    "此邮件已加密（%s），只有收件人的密钥才能打开；加密内容见附件。",
)


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
    notes: Notes = field(default_factory=lambda: Notes())

    def attach(self, name: str, kind: str, content: bytes, inline: bool = False, content_id: str = "") -> None:
        """Add a file under a safe name."""
        filename = safe_filename(name, kind, len(self.attachments) + 1)
        self.attachments.append(ReadAttachment(filename, kind, content, inline, content_id))


@dataclass
class Notes:
    """What is noted of a whole mail while its parts are read.

    `spare` are plain text and HTML for a mail that has no body; `seals` S/MIME signatures, that of the whole mail
    first; `pgp` holds "signed" and "encrypted"; `opened` counts wrappings.
    """

    spare: list[tuple[str, str]] = field(default_factory=list)
    seals: list[Seal] = field(default_factory=list)
    pgp: set[str] = field(default_factory=set)
    opened: int = 0


def safe_filename(name: str, content_type: str, number: int) -> str:
    """Return a file name without folders, control and direction characters; made up where the mail gives none."""
    name = _UNSAFE_NAME.sub("_", name).strip(" .")
    if len(name) > 150:
        stem, dot, extension = name.rpartition(".")
        name = f"{stem[:140]}{dot}{extension}" if dot and len(extension) <= 8 else name[:150]
    return name or f"attachment-{number}{_EXTENSIONS.get(content_type, '.bin')}"


def part_text(part: Part, data: bytes) -> str:
    """Text of a text part: charset of the part, or of the HTML itself, or guessed; format=flowed undone (RFC 3676)."""
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
    if bodies.notes.spare and not any(text.strip() for text in (*bodies.plain, *bodies.html)):
        chinese = bool(_HAN.search(root.headers.text("subject")))
        bodies.plain = [text for text, _ in bodies.notes.spare if text]
        bodies.html = [markup for _, markup in bodies.notes.spare if markup][:1]
        bodies.plain = [_ENCRYPTED[chinese] % text if text in _CIPHERS else text for text in bodies.plain]
    return bodies


def _read(part: Part, bodies: Bodies, parent: Part | None) -> None:
    """Sorts one part into bodies or files; a multipart by its kind. The depth is capped by the tree."""
    kind = part.content_type
    if part.children:
        if kind == "multipart/alternative":
            _read_alternative(part, bodies)
            return
        if kind == "multipart/signed":
            _note_signature(part, bodies, parent)
        elif kind == "multipart/encrypted":
            bodies.notes.pgp.add("encrypted")
            bodies.notes.spare.append(("PGP", ""))
        for child in part.children:
            _read(child, bodies, part)
        return
    if kind.startswith("multipart/"):
        if part.body.strip():
            bodies.plain.append(charsets.decode(part.content)[:MAX_TEXT])
        return
    if _is_body(part, parent):
        data = part.content
        if b"=ybegin " in data:
            data = _take_yenc(data, bodies)
        (_add_html if kind == "text/html" else _add_plain)(part_text(part, data), bodies)
    elif not _opened(part, bodies, parent):
        _attach(part, bodies, parent)


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
        bodies.attach(name, _BINARY, content)
    if "-----BEGIN PGP " in text:
        text = _without_armour(text, bodies)
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
        found = Bodies(warnings=bodies.warnings, notes=bodies.notes)
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
        name = part.nested.text("subject")[:100]
        name = f"{name}.eml" if name else ""
    elif part.content_type in _CALENDARS and not name:
        name = "invite.ics"
    inline = part.disposition[0] == "inline" or (
        part.disposition[0] != "attachment"
        and bool(part.content_id)
        and parent is not None
        and parent.content_type == "multipart/related"
    )
    bodies.attach(name, part.content_type, content, inline, part.content_id)
    if part.encoding in UUENCODE and content != part.body:
        # an encoding outside the standard leaves the part as it is (RFC 2045, 6.4): the decoder may be wrong about it
        bodies.attach(f"{bodies.attachments[-1].filename}.uue", _BINARY, part.body)


def _without_armour(text: str, bodies: Bodies) -> str:
    """Note inline OpenPGP (RFC 9580, 7) and take the armour off a signed text."""
    if "-----BEGIN PGP MESSAGE-----" in text:
        bodies.notes.pgp.add("encrypted")
    if "-----BEGIN PGP SIGNED MESSAGE-----" not in text:
        return text
    bodies.notes.pgp.add("signed")
    text = _PGP_HEAD.sub("", text)
    opening, closing = _PGP_SIGNATURE
    begin = text.find(opening)
    end = text.find(closing, begin)
    if 0 <= begin < end:
        text = text[:begin] + text[end + len(closing) :].lstrip("\r\n")
    return re.sub(r"^- (?=-)", "", text, flags=re.MULTILINE)


def _take_yenc(data: bytes, bodies: Bodies) -> bytes:
    """Attach the yEnc files in a text and return the rest."""
    from contactcenter.channels.email.yenc import yenc_files

    rest, files, sound = yenc_files(data)
    for name, content in files:
        bodies.attach(name, _BINARY, content)
    if not sound:
        bodies.warnings.append("a yEnc file does not match its checksum")
    return rest


def _opened(part: Part, bodies: Bodies, parent: Part | None) -> bool:
    """Read what a wrapping holds; whether the part needs no file of its own any more."""
    kind, name = part.content_type, part.filename.lower()
    if kind in _CALENDARS or kind in _CARDS:
        from contactcenter.channels.email.content_lines import card_text, invitation_text

        text = part_text(part, part.content)
        if said := (invitation_text if kind in _CALENDARS else card_text)(text):
            bodies.notes.spare.append((said, ""))
        return False
    tnef = kind in _TNEF or (kind == _BINARY and name == "winmail.dat")
    opaque = kind in _OPAQUE or (kind == _BINARY and name.endswith(".p7m"))
    if not (tnef or opaque):
        return False
    bodies.notes.opened += 1
    if bodies.notes.opened > MAX_OPENED:
        return False
    return _open_tnef(part, bodies) if tnef else _open_opaque(part, bodies, parent)


def _open_tnef(part: Part, bodies: Bodies) -> bool:
    """Attach the files of a winmail.dat; False where it must be kept itself."""
    from contactcenter.channels.email.tnef import TnefError, read_tnef

    try:
        found = read_tnef(part.content)
    except TnefError:
        bodies.warnings.append("winmail.dat cannot be read")
        return False
    for file in found.files:
        shown = bool(file.content_id) and f"cid:{file.content_id}" in found.html
        bodies.attach(file.filename, file.content_type or _BINARY, file.content, shown, file.content_id)
    if found.plain or found.html:
        bodies.notes.spare.append((found.plain, found.html))
    if not found.complete:
        bodies.warnings.append("winmail.dat could only be read in part")
    return found.complete


def _open_opaque(part: Part, bodies: Bodies, parent: Part | None) -> bool:
    """Read the mail inside an S/MIME signature; False where the part must be kept as a file."""
    from contactcenter.channels.email.smime import SealState, open_opaque

    seal, inner = open_opaque(part.content)
    bodies.notes.seals.append(seal.of_part() if parent is not None else seal)
    if seal.state is SealState.ENCRYPTED:
        bodies.notes.spare.append(("S/MIME", ""))
    if inner is None:
        return False
    root, odd = parse_tree(inner)
    bodies.warnings.extend(odd)
    _read(root, bodies, part)
    return True


def _note_signature(part: Part, bodies: Bodies, parent: Part | None) -> None:
    """Note what the signature of a multipart/signed is worth (RFC 1847, 2.1)."""
    from contactcenter.channels.email.smime import SIGNATURE_TYPES, verify_detached

    kinds = {child.content_type for child in part.children}
    if "application/pgp-signature" in kinds:
        bodies.notes.pgp.add("signed")
    signature = next((child for child in part.children[1:] if child.content_type in SIGNATURE_TYPES), None)
    if signature is None or len(bodies.notes.seals) >= MAX_OPENED:
        return
    seal = verify_detached(part.children[0].whole, signature.content)
    whole = parent is None and len(part.children) == 2
    bodies.notes.seals.append(seal if whole else seal.of_part())
