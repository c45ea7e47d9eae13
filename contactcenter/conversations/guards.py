"""Guards: what keeps automatic mail from loops, floods and strangers (RFC 3834).

A message passes when none of the rules holds; the first that does is the reason, kept in the message's trace.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

from sqlalchemy import text

from contactcenter import clock
from contactcenter.envelope import Channel, Content, Identity, InboundMessage, MessageKind
from contactcenter.store.unit_of_work import UnitOfWork

ONCE_PER = timedelta(hours=24)
"""At most one automatic message a conversation and sender within this time."""

RECEIPTS_PER_HOUR = 3
"""At most this many receipts an hour and person, whatever he writes."""

_RECENT = text(
    """
    SELECT count(*) FILTER (WHERE conversation_id = :conversation AND at > :day) AS here,
           count(*) FILTER (WHERE kind = 'receipt' AND at > :hour) AS receipts
    FROM automatic_mail WHERE identity = :identity AND at > :day
    """
)


@dataclass(frozen=True, slots=True)
class Automatic:
    """Whether the machine may write to this sender now; an empty reason means yes."""

    answer: str = ""
    receipt: str = ""


def silent_reason(message: InboundMessage, content: Content) -> str:
    """Why this message must never get an automatic reply; empty when it may. Pure."""
    rules = (
        ("it was imported or logged, not received", not message.may_answer or bool(message.logged_by)),
        ("it was written by a machine", content.automatic or content.kind is not MessageKind.MESSAGE),
        ("a trusted relay marked it as spam", content.spam),
        # A chat answer can only reach the socket that asked; everything else could reach a forged third person.
        (
            "its sender is not authenticated",
            message.channel is not Channel.CHAT and not (content.authenticated or message.authenticated),
        ),
        ("it has no sender to answer", message.channel is Channel.EMAIL and "@" not in content.sender.value),
        ("the sender asked for silence", bool(message.envelope.get("opt_out"))),
    )
    return next((reason for reason, holds in rules if holds), "")


async def automatic_allowed(uow: UnitOfWork, conversation_id: str, sender: Identity) -> Automatic:
    """The limits that need memory: once a conversation and day, three receipts an hour."""
    now = clock.now()
    row = (
        await uow.session.execute(
            _RECENT,
            {
                "conversation": conversation_id,
                "identity": str(sender),
                "day": now - ONCE_PER,
                "hour": now - timedelta(hours=1),
            },
        )
    ).one()
    if row.here:
        reason = "this conversation already had an automatic message within 24 hours"
        return Automatic(reason, reason)
    too_many = row.receipts >= RECEIPTS_PER_HOUR
    return Automatic("", "this person already had three receipts within the hour" if too_many else "")
