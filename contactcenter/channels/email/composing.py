"""An outbound message as the bytes of a mail (RFC 5322, MIME).

Headers are written by hand: every value passes through one function that takes out control characters, so that no
subject, name, file name or id can start a header of its own. Text outside of ASCII becomes encoded words (RFC 2047),
international domains become their ASCII form; only a local part outside of ASCII needs SMTPUTF8 (RFC 6531).

Everything that goes out answers somebody, so nothing carries ``List-Unsubscribe`` (RFC 2369): it would pass for bulk
mail, and who unsubscribed would wait for his answer in vain.
"""

from __future__ import annotations

import binascii
import hashlib
import re
from base64 import encodebytes
from collections.abc import Iterable
from dataclasses import dataclass
from email.header import Header
from email.utils import format_datetime
from urllib.parse import quote

from contactcenter import clock
from contactcenter.channels.email.plus_tags import plus_address
from contactcenter.envelope import FileContent, OutboundMessage
from contactcenter.errors import PermanentDelivery

MAX_REFERENCES = 20  # the first and the newest ones (RFC 5322, 3.6.4 asks for all; 998 characters a line limit them)
MAX_NAME = 200
MAX_SUBJECT = 900
LINE = 76

_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]+")
_ID_JUNK = re.compile(r"[^!-;=?-~]+")  # visible ASCII without brackets
_PHRASE = re.compile(r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~ -]*")
_CONTENT_TYPE = re.compile(r"[A-Za-z0-9][A-Za-z0-9!#$&^_.+-]{0,60}/[A-Za-z0-9][A-Za-z0-9!#$&^_.+-]{0,80}")
_ADDRESS = re.compile(r"[^\s<>@\"\\()\[\],;:]{1,128}@[^\s<>@\"\\()\[\],;:]{1,255}")
_PICTURE = re.compile(r"!\[([^\]\n]{0,300})\]\(cid:[^)\s]{1,300}\)")
_AUTOMATIC = (
    ("Auto-Submitted", "auto-replied"),
    ("X-Auto-Response-Suppress", "All"),
    ("Precedence", "auto_reply"),
)


@dataclass(frozen=True, slots=True)
class Mail:
    """A mail ready to go: ``mail_from`` is empty for the null path; ``utf8`` asks for SMTPUTF8."""

    mail_from: str
    recipients: tuple[str, ...]
    content: bytes
    utf8: bool


def compose(message: OutboundMessage, envelope_from: str = "") -> Mail:
    """The mail of a message; raises :class:`PermanentDelivery` for an address that is none.

    Automatic mail goes out from the null path, so that nothing can answer it (RFC 3834, 3.3).
    """
    sender = wire_address(message.sender)
    to = wire_address(message.to.value)
    cc = [wire_address(address) for address in message.cc]
    bcc = [wire_address(address) for address in message.bcc]
    mail_from = "" if message.automatic else wire_address(envelope_from) if envelope_from else sender
    headers = _headers(message, sender, to, cc)
    content_headers, body = _content(message)
    lines = [f"{name}: {value}" for name, value in [*headers, ("MIME-Version", "1.0"), *content_headers]]
    head = "\r\n".join(lines).encode("utf-8") + b"\r\n\r\n"
    recipients = tuple(dict.fromkeys([to, *cc, *bcc]))
    if message.only:
        wanted = {wire_address(address) for address in message.only}
        recipients = tuple(address for address in recipients if address in wanted)
    return Mail(mail_from, recipients, head + body, not all(map(str.isascii, (mail_from, sender, *recipients))))


def _headers(message: OutboundMessage, sender: str, to: str, cc: list[str]) -> list[tuple[str, str]]:
    """Everything above the MIME headers."""
    identifier = clean_id(message.external_id) or f"{clean_id(message.id)}@{sender.rpartition('@')[2]}"
    headers = [
        ("Date", format_datetime(message.created_at or clock.now())),
        ("From", mailbox(message.sender_name, sender, "From")),
        ("To", mailbox(message.to.name, to, "To")),
    ]
    if cc:
        headers.append(("Cc", ",\r\n ".join(cc)))
    if message.reply_token:
        address = plus_address(sender, clean_id(message.reply_token))
        headers.append(("Reply-To", mailbox(message.sender_name, address, "Reply-To")))
    headers += [("Subject", encoded(message.subject[:MAX_SUBJECT], "Subject")), ("Message-ID", f"<{identifier}>")]
    if parent := clean_id(message.in_reply_to):
        headers.append(("In-Reply-To", f"<{parent}>"))
    if references := _references(message.references, parent):
        headers.append(("References", "\r\n ".join(f"<{one}>" for one in references)))
    return headers + (list(_AUTOMATIC) if message.automatic else [])


def _references(references: Iterable[str], parent: str) -> list[str]:
    """The chain without doubles, its parent last, the middle left out where it is long."""
    chain = list(dict.fromkeys(one for one in map(clean_id, references) if one and one != parent))
    chain += [parent] if parent else []
    return chain if len(chain) <= MAX_REFERENCES else [chain[0], *chain[1 - MAX_REFERENCES :]]


def clean(text: str) -> str:
    """The text on one line, without control characters."""
    return _CONTROL.sub(" ", text).strip()


def clean_id(text: str) -> str:
    """A Message-ID or token without brackets and without anything that could end its header."""
    return _ID_JUNK.sub("", text)[:900]


def wire_address(address: str) -> str:
    """The address as it goes over the wire: domain in ASCII; raises :class:`PermanentDelivery`."""
    if not _ADDRESS.fullmatch(address) or _CONTROL.search(address):
        raise PermanentDelivery(f"{clean(address)[:200]!r} is not an address", code="5.1.3")
    local, _, domain = address.rpartition("@")
    if domain.isascii():
        return address
    try:
        return f"{local}@{domain.encode('idna').decode('ascii')}"
    except UnicodeError as error:
        raise PermanentDelivery(f"{domain[:200]!r} is not a domain", code="5.1.2") from error


def mailbox(name: str, address: str, header: str) -> str:
    """``name <address>`` for a header."""
    name = clean(name)[:MAX_NAME]
    if not name:
        return address
    if not name.isascii() or "=?" in name:
        return f"{encoded(name, header)}\r\n <{address}>"
    if not _PHRASE.fullmatch(name):
        name = '"' + name.replace("\\", "\\\\").replace('"', '\\"') + '"'
    return f"{name} <{address}>" if len(header) + len(name) + len(address) < LINE else f"{name}\r\n <{address}>"


def encoded(text: str, header: str) -> str:
    """Free text for a header, folded, as encoded words where it is not plain ASCII."""
    text = clean(text)
    if text.isascii() and "=?" not in text:
        if len(header) + 2 + len(text) <= LINE:
            return text
        return Header(text, "us-ascii", maxlinelen=LINE, header_name=header).encode(linesep="\r\n")
    return Header(text, "utf-8", maxlinelen=LINE - 1, header_name=header).encode(linesep="\r\n")


Part = tuple[list[tuple[str, str]], bytes]


def _content(message: OutboundMessage) -> Part:
    """Text, HTML and files in the usual nest: mixed (alternative (text, related (html, inline)), files)."""
    root = _text("plain", plain_text(message))
    inline = [file for file in message.files if file.inline and message.html]
    if message.html:
        rich = _text("html", message.html)
        if inline:
            rich = _multipart("related", [rich, *(_file(file) for file in inline)])
        root = _multipart("alternative", [root, rich])
    attached = [file for file in message.files if file not in inline]
    return _multipart("mixed", [root, *(_file(file) for file in attached)]) if attached else root


def plain_text(message: OutboundMessage) -> str:
    """What readers without HTML get: the words, the signature behind its delimiter (RFC 3676, 4.3), the quotation."""
    words = _PICTURE.sub(lambda match: f"[{match[1] or 'image'}]", message.text) if message.html else message.text
    signature = f"-- \n{message.signature}" if message.signature else ""
    return "\n\n".join(part for part in (words, signature, message.quotation) if part)


def _text(subtype: str, text: str) -> Part:
    """A text part in the smallest safe encoding."""
    text = text.encode("utf-8", "replace").decode("utf-8")
    data = "\r\n".join(text.replace("\x00", "").splitlines()).encode("utf-8") + b"\r\n"
    if data.isascii() and max(map(len, data.split(b"\r\n"))) <= LINE + 2:
        encoding, body = "7bit", data
    elif len(data) > 2 * len(text):  # mostly Chinese: three bytes a character, nine in quoted-printable
        encoding, body = "base64", _base64(data)
    else:
        encoding, body = "quoted-printable", binascii.b2a_qp(data, istext=True)
    charset = "us-ascii" if encoding == "7bit" else "utf-8"
    return [("Content-Type", f"text/{subtype}; charset={charset}"), ("Content-Transfer-Encoding", encoding)], body


def _file(file: FileContent) -> Part:
    """A file, always base64; types that may not be encoded so become plain bytes (RFC 2046, 5.2)."""
    kind = file.content_type.lower()
    if not _CONTENT_TYPE.fullmatch(kind) or kind.startswith(("message/", "multipart/")):
        kind = "application/octet-stream"
    name = clean(file.filename).replace("/", "_").replace("\\", "_")[:150] or "file"
    disposition = "inline" if file.inline else "attachment"
    if name.isascii() and '"' not in name:
        parameter = f'filename="{name}"'
    else:
        parameter = "filename*=utf-8''" + quote(name, safe="")
    headers = [
        ("Content-Type", kind),
        ("Content-Transfer-Encoding", "base64"),
        ("Content-Disposition", f"{disposition};\r\n {parameter}"),
    ]
    if identifier := clean_id(file.content_id):
        headers.append(("Content-ID", f"<{identifier}>"))
    return headers, _base64(file.content)


def _multipart(subtype: str, parts: list[Part]) -> Part:
    """Parts behind a boundary that none of them can contain: their own hash, so that a retry is the same bytes."""
    heads = ["".join(f"{name}: {value}\r\n" for name, value in headers).encode() for headers, _ in parts]
    digest = hashlib.sha256(subtype.encode())
    for head, (_, body) in zip(heads, parts, strict=True):
        digest.update(head + b"\r\n")
        digest.update(body)
    boundary = f"=_{digest.hexdigest()[:40]}"
    pieces: list[bytes] = []
    for head, (_, body) in zip(heads, parts, strict=True):
        pieces += [f"--{boundary}\r\n".encode(), head + b"\r\n", body, b"" if body.endswith(b"\r\n") else b"\r\n"]
    pieces.append(f"--{boundary}--\r\n".encode())
    return [("Content-Type", f'multipart/{subtype};\r\n boundary="{boundary}"')], b"".join(pieces)


def _base64(data: bytes) -> bytes:
    """Lines of 76 characters."""
    return encodebytes(data).replace(b"\n", b"\r\n")
