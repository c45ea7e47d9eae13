"""Reads what was written down: the text is the content."""

from __future__ import annotations

from contactcenter.envelope import Content, InboundMessage


def read(message: InboundMessage) -> Content:
    """The content of a logged contact or an API message."""
    text = message.text.strip()
    return Content(
        sender=message.sender,
        text=text,
        visible_text=text,
        subject=message.subject.strip(),
        external_id=message.external_id,
        to=message.recipients,
        sent_at=message.received_at,
        authenticated=message.authenticated,
        files=message.files,
    )
