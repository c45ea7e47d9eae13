"""Reads what the SMS door accepted: the text is all there is."""

from __future__ import annotations

import hashlib

from contactcenter.envelope import Content, InboundMessage


def read(message: InboundMessage) -> Content:
    """The message understood as far as its channel goes: pure, never raises."""
    text = message.text.replace("\r\n", "\n").strip()
    return Content(
        sender=message.sender,
        text=text,
        visible_text=text,
        external_id=message.external_id,
        to=message.recipients,
        sent_at=message.received_at,
        authenticated=message.authenticated,
        digest=hashlib.sha256(f"{message.ingest_key}\n{text}".encode()).hexdigest(),
        warnings=("attached media were not fetched",) if message.envelope.get("media") else (),
    )
