"""Which mail of ours a bounce or a receipt speaks of, by the Message-IDs and the Reply-To that it returns.

They stand in the returned mail or its header (RFC 3462), in the fields of a disposition notification (RFC 8098) and, of
systems that answer rather than report, in In-Reply-To and References. Providers that give our mail an id of their own
(Amazon SES) leave the Reply-To alone, which names the conversation. Both are claims: only who knows what we sent to
whom can believe them.
"""

from __future__ import annotations

import re

from contactcenter.channels.email.addresses import parse_addresses
from contactcenter.channels.email.headers import Headers, message_ids
from contactcenter.channels.email.parts import Part
from contactcenter.envelope import MessageKind

MAX_IDS = 20
_HEAD = 60_000  # bytes of a returned mail that are looked at
_REPORTED = re.compile(
    r"^[ \t>]{0,4}(?:x-)?original-message-id[ \t]*:[ \t]*(<[^<>\s]{3,500}>)", re.IGNORECASE | re.MULTILINE
)
_QUOTED = re.compile(r"^[ \t>|]{0,8}message-id[ \t]*:\s{0,4}(<[^<>\s]{3,500}>)", re.IGNORECASE | re.MULTILINE)
_ANSWER_TO = re.compile(
    r"^[ \t>|]{0,8}reply-to[ \t]*:([^\r\n]{1,998}(?:\r?\n[ \t][^\r\n]{1,998}){0,3})", re.IGNORECASE | re.MULTILINE
)
_ARRIVED = re.compile(
    rb"^(?:action:[ \t]*delivered|disposition:[^\r\n]{0,200};[ \t]*(?:displayed|processed|dispatched))",
    re.IGNORECASE | re.MULTILINE,
)
_REPORTS = frozenset(("message/delivery-status", "message/global-delivery-status", "message/disposition-notification"))
_MAILS = frozenset(("message/rfc822", "message/global", "text/rfc822-headers", "message/rfc822-headers"))


def returned_ids(root: Part, text: str) -> tuple[str, ...]:
    """Message-IDs of the mail that a report speaks of, the surest first, without brackets."""
    found: list[str] = []
    for part in root.all:
        if part.content_type in _REPORTS:
            found += _named(_REPORTED, part.content[:_HEAD].decode("latin-1"))
    for part in root.all:
        if part is not root and part.content_type in _MAILS:
            found += message_ids(part.nested.raw("message-id"))[:1]
    found += _named(_QUOTED, text[:_HEAD])
    found += _cited(root.headers)
    return tuple(dict.fromkeys(found))[:MAX_IDS]


def returned_reply_to(root: Part, text: str) -> tuple[str, ...]:
    """Addresses that a returned mail asks to be answered to; not those of the report itself."""
    fields = [part.nested.raw("reply-to") for part in root.all if part is not root and part.content_type in _MAILS]
    fields += _ANSWER_TO.findall(text[:_HEAD]) if "reply-to" in text[:_HEAD].lower() else []
    found = (one.address for field in fields[:MAX_IDS] for one in parse_addresses(field, MAX_IDS))
    return tuple(dict.fromkeys(address for address in found if address))[:MAX_IDS]


def arrived(root: Part, kind: MessageKind) -> bool:
    """Whether a receipt says that the mail is in the recipient's mailbox, not merely further on its way."""
    if kind is not MessageKind.DELIVERY_RECEIPT:
        return False
    return any(part.content_type in _REPORTS and _ARRIVED.search(part.content[:_HEAD]) for part in root.all)


def _named(pattern: re.Pattern[str], text: str) -> list[str]:
    if "message-id" not in text.lower():
        return []
    return [found for written in pattern.findall(text)[:MAX_IDS] for found in message_ids(written)]


def _cited(headers: Headers) -> list[str]:
    return [*message_ids(headers.raw("in-reply-to")), *reversed(message_ids(headers.raw("references")))]
