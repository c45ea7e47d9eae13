"""The little that a door reads of a mail before it is accepted: the key that names it and who it says it is from."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

from contactcenter import clock
from contactcenter.channels.email.addresses import canonical, parse_addresses
from contactcenter.channels.email.headers import raw_text
from contactcenter.channels.email.ingest_key import ingest_key, scan_headers
from contactcenter.envelope import Channel, Identity, IdentityKind, InboundMessage

HEADER_SCAN = 64 * 1024  # bytes searched for the From field
FIELD_SCAN = 2000  # bytes of it that are read
NOBODY = "mailer-daemon"
"""The identity of mail without any address, which only machines write."""


def inbound_mail(
    raw: bytes,
    *,
    recipients: Iterable[str],
    queue: str,
    envelope: Mapping[str, Any],
    received_at: datetime | None = None,
    may_answer: bool = True,
) -> InboundMessage:
    """A mail as a door hands it to the sink; ``envelope["mail_from"]`` is the SMTP path where one is known."""
    return InboundMessage(
        channel=Channel.EMAIL,
        ingest_key=ingest_key(raw),
        sender=from_identity(raw, str(envelope.get("mail_from", ""))),
        recipients=tuple(dict.fromkeys(recipients)),
        raw=raw,
        received_at=received_at or clock.now(),
        queue=queue,
        may_answer=may_answer,
        envelope=envelope,
    )


def from_identity(raw: bytes, mail_from: str) -> Identity:
    """Who a mail says it is from: the address of its From field, else of the SMTP path, else :data:`NOBODY`."""
    value = scan_headers(raw, (b"from",), HEADER_SCAN).get(b"from", b"")[:FIELD_SCAN]
    for found in parse_addresses(raw_text(value), 1):
        if found.address:
            return Identity(IdentityKind.EMAIL, found.address.lower(), found.name[:200])
    return Identity(IdentityKind.EMAIL, canonical(mail_from).lower() or NOBODY)
