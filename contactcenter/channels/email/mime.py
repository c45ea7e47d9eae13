"""A whole mail read: `read_mail` takes raw bytes and gives a value, whatever the bytes are.

It never raises: a broken mail gives warnings and the readable rest. Caps on header size, parts, depth, text and HTML
bound the work to a small multiple of the mail's size.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple

from contactcenter.channels.email.addresses import Address, parse_addresses
from contactcenter.channels.email.bodies import Bodies, ReadAttachment, read_bodies
from contactcenter.channels.email.bounce import bounced_recipients, report_text
from contactcenter.channels.email.headers import Headers, message_id, message_ids, parse_date
from contactcenter.channels.email.html_safe import safe_html
from contactcenter.channels.email.html_text import html_lines
from contactcenter.channels.email.kind import Traits, classify, is_automatic
from contactcenter.channels.email.lines import Line, join_lines, text_lines
from contactcenter.channels.email.parts import parse_tree
from contactcenter.channels.email.returned import arrived, returned_ids, returned_reply_to
from contactcenter.channels.email.transfer import uuencoded_files
from contactcenter.channels.email.visible_reply import Reply, split_reply
from contactcenter.envelope import BouncedRecipient, MessageKind

MAX_RAW = 64 * 1024 * 1024  # bytes read; doors accept less
MAX_TEXT = 2_000_000  # characters of the readable text
MAX_SUBJECT = 2000

_SPAM_HEADERS = ("x-spam-flag", "x-spam-status", "x-spam", "x-rspamd-action", "x-ms-exchange-organization-scl")
_STRUCTURE = re.compile(
    r"gmail_quote|<blockquote|divRplyFwdMsg|appendonsend|moz-cite|yahoo_quoted|stopSpelling|isReplyContent|原始邮件",
    re.IGNORECASE,
)
_WHITE_SPACE = b" \t\r\n\v\f"
_REPORTS = frozenset((MessageKind.BOUNCE, MessageKind.DELIVERY_RECEIPT))
_STUB = re.compile(r"html|browser|浏览器|mail (?:client|reader|program)|view this (?:e-?mail|message)", re.IGNORECASE)


class ReadMail(NamedTuple):
    """A mail as people and later stages need it.

    `from_` may have an empty address; `ambiguous_sender` says that From was missing, doubled or named several people,
    so that nothing may be decided by it. `text` is the whole readable body, `visible_text` what was newly written.
    `returned` are the Message-IDs that a bounce or a receipt speaks of, `arrived` what a receipt says of them.
    `html_safe` may be shown in a sandboxed frame. `auth_results` are the raw Authentication-Results, newest first.
    `spam_marked` is what the headers claim: believe it only of a trusted relay. `seals` says what S/MIME and PGP
    signatures and encryption are worth; empty for mail without.
    """

    message_id: str
    in_reply_to: tuple[str, ...]
    references: tuple[str, ...]
    date: datetime | None
    from_: Address
    reply_to: tuple[Address, ...]
    to: tuple[Address, ...]
    cc: tuple[Address, ...]
    subject: str
    text: str
    html_safe: str
    visible_text: str
    quoted_text: str
    signature: str
    attachments: tuple[ReadAttachment, ...]
    kind: MessageKind
    bounce: tuple[BouncedRecipient, ...]
    returned: tuple[str, ...]
    returned_reply_to: tuple[str, ...]
    arrived: bool
    automatic: bool
    ambiguous_sender: bool
    auth_results: tuple[str, ...]
    spam_marked: bool
    seals: Mapping[str, str]
    warnings: tuple[str, ...]


def read_mail(raw: bytes) -> ReadMail:
    """Everything the product needs of a mail. Pure; does not raise on any input."""
    warnings = ["mail too long to read in full"] if len(raw) > MAX_RAW else []
    root, odd = parse_tree(raw[:MAX_RAW])
    bodies = read_bodies(root)
    body = _readable(bodies, warnings)
    text = join_lines(body.lines)
    headers = root.headers
    sender, ambiguous = _sender(headers, warnings)
    subject = headers.text("subject")[:MAX_SUBJECT]
    kind = classify(root, Traits(sender, subject, text[:8000]))
    report = report_text(text) if kind in _REPORTS else ""
    bounce = bounced_recipients(root, subject, text, report) if kind is MessageKind.BOUNCE else ()
    reply = Reply(report.strip(), text[len(report) :].strip(), "") if kind in _REPORTS else _reply(body)
    return ReadMail(
        message_id=message_id(headers.raw("message-id")),
        in_reply_to=message_ids(headers.raw("in-reply-to")),
        references=message_ids(headers.raw("references")),
        date=parse_date(headers.raw("date")),
        from_=sender,
        reply_to=parse_addresses(headers.raw("reply-to")),
        to=_people(headers, "to"),
        cc=_people(headers, "cc"),
        subject=subject,
        text=text,
        html_safe=body.html,
        visible_text=reply.visible,
        quoted_text=reply.quoted,
        signature=reply.signature,
        attachments=tuple(bodies.attachments),
        kind=kind,
        bounce=bounce,
        returned=returned_ids(root, text) if kind in _REPORTS else (),
        returned_reply_to=returned_reply_to(root, text) if kind in _REPORTS else (),
        arrived=arrived(root, kind),
        automatic=is_automatic(headers, kind),
        ambiguous_sender=ambiguous,
        auth_results=tuple(headers.all_raw("authentication-results")[:20]),
        spam_marked=_spam_marked(headers),
        seals=_seals(bodies, sender, ambiguous),
        warnings=tuple(dict.fromkeys([*odd, *bodies.warnings, *warnings])),
    )


def _people(headers: Headers, name: str) -> tuple[Address, ...]:
    """Mailboxes of every field of a name: some programs write a line for each recipient."""
    return parse_addresses(", ".join(headers.all_raw(name)[:50]))


def _sender(headers: Headers, warnings: list[str]) -> tuple[Address, bool]:
    """Return the one sender and whether there is doubt about him. Without From, Reply-To and Sender are asked."""
    fields = headers.all_raw("from")
    people = tuple(person for value in fields[:10] for person in parse_addresses(value))
    if len(fields) > 1:
        warnings.append("several From fields")
    elif len(people) > 1:
        warnings.append("several senders")
    first = next((person for person in people if person.address), people[0] if people else Address("", ""))
    if first.address:
        return first, len(people) > 1 or len(fields) > 1 or "@" not in first.address
    warnings.append("no valid From address")
    for name in ("reply-to", "sender"):
        for other in parse_addresses(headers.raw(name)):
            if other.address:
                return Address(first.name or other.name, other.address), True
    return first, True


def _seals(bodies: Bodies, sender: Address, ambiguous: bool) -> Mapping[str, str]:
    """What the mail's signatures are worth; nobody is named by a From that can be read in two ways."""
    notes = bodies.notes
    if not notes.seals and not notes.pgp:
        return {}
    found = {"pgp": "encrypted" if "encrypted" in notes.pgp else "signed"} if notes.pgp else {}
    if notes.seals:
        found |= notes.seals[0].of_sender("" if ambiguous else sender.address).facts()
    return found


def _spam_marked(headers: Headers) -> bool:
    """Whether a filter's header calls the mail spam."""
    for name in _SPAM_HEADERS:
        value = headers.raw(name).strip().lower()
        if value.startswith(("yes", "true", "reject", "add header", "rewrite subject")):
            return True
        if name.endswith("-scl") and value.isdecimal() and int(value[:3]) >= 5:
            return True
    return False


@dataclass(slots=True)
class _Body:
    """The readable lines of a mail, its safe HTML, and what both were made of."""

    lines: list[Line]
    html: str
    markup: str
    plain: str  # "" where the lines are those of the HTML


def _readable(bodies: Bodies, warnings: list[str]) -> _Body:
    """What people read of a mail: the plain body, or HTML where that is missing or only says that HTML is needed."""
    markup = "\n".join(bodies.html)
    plain = "\n\n".join(text.strip("\r\n") for text in bodies.plain if text.strip())
    html, odd = safe_html(markup) if markup else ("", [])
    warnings.extend(odd)
    plain = plain[:MAX_TEXT]
    lines = text_lines(plain)
    if markup and (not plain or _is_stub(plain, markup)):
        lines, odd = html_lines(markup)
        warnings.extend(odd)
        plain = ""
    return _Body(lines, html, markup, plain)


def _reply(body: _Body) -> Reply:
    """The parts of the reply; by the HTML where its structure shows a quotation that the plain text does not."""
    if not body.plain:
        return split_reply(body.lines)
    bare, files = uuencoded_files(body.plain)
    reply = split_reply(text_lines(bare) if files else body.lines)
    if body.markup and not reply.quoted and _STRUCTURE.search(body.markup):
        other = split_reply(html_lines(body.markup)[0])
        if other.quoted and other.visible:
            return other
    return reply


def _is_stub(plain: str, markup: str) -> bool:
    """Whether the plain body only stands in for the HTML one."""
    return len(plain) < 400 and len(markup) > 4 * len(plain) + 400 and bool(_STUB.search(plain))


def body_digest(mail: ReadMail) -> str:
    """Digest of what a mail says: bodies and files decoded, so a copy re-encoded by a relay has the same one.

    White space makes no difference. Who it is from does: nobody can make another's mail a copy of his own.
    """
    digest = hashlib.blake2b(mail.from_.address.lower().encode("utf-8", "replace") + b"\x00", digest_size=32)
    for text in (mail.text, mail.html_safe):
        digest.update(text.encode("utf-8", "replace").translate(None, _WHITE_SPACE) + b"\x00")
    for file in mail.attachments:
        digest.update(file.filename.encode("utf-8", "replace"))
        content = file.content
        if file.content_type.startswith(("text/", "message/")):
            content = content.replace(b"\r\n", b"\n").rstrip()
        digest.update(hashlib.blake2b(content).digest())
    return digest.hexdigest()
