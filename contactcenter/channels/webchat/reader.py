"""Reads what a visitor wrote: it came as text, so there is little to understand."""

from __future__ import annotations

from contactcenter.envelope import Content, InboundMessage


def read(message: InboundMessage) -> Content:
    """The content of a chat message. A visitor proves nothing about himself, so it is never authenticated.

    There is no digest: two visitors' or one visitor's equal words are two messages, told apart by their client ids.
    """
    return Content(
        sender=message.sender,
        text=message.text,
        visible_text=message.text,
        external_id=message.external_id,
        sent_at=message.received_at,
        authenticated=message.authenticated,
    )
