"""Makes a message of a contact an agent had: he was there, so nothing is answered by the machine."""

from __future__ import annotations

from datetime import datetime

from contactcenter import clock
from contactcenter.envelope import Channel, Identity, InboundMessage
from contactcenter.errors import InvalidInput

LOGGABLE = (Channel.PHONE, Channel.VISIT, Channel.LETTER, Channel.FAX)


def logged_contact(
    channel: Channel,
    customer: Identity,
    text: str,
    *,
    agent_id: str,
    subject: str = "",
    conversation_id: str = "",
    happened_at: datetime | None = None,
    key: str = "",
) -> InboundMessage:
    """The inbound message for a contact that an agent writes down.

    ``conversation_id`` adds it to a matter at hand; ``key`` makes a form that was sent twice count once. Raises
    :class:`InvalidInput` for a channel that is not logged by hand or an empty text.
    """
    if channel not in LOGGABLE:
        raise InvalidInput(f"{channel} is not written down by hand", field="channel")
    if not text.strip():
        raise InvalidInput("say what was discussed", field="text")
    return InboundMessage(
        channel=channel,
        ingest_key=key or clock.new_id(),
        sender=customer,
        text=text,
        subject=subject,
        received_at=happened_at,
        may_answer=False,
        authenticated=True,
        logged_by=agent_id,
        envelope={"conversation": conversation_id} if conversation_id else {},
    )
