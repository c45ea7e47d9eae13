"""Guards: what keeps automatic mail from loops, floods and strangers (RFC 3834).

A message passes when none of the rules holds; the first that does is the reason, kept in the message's trace.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import ARRAY, Text, bindparam, text

from contactcenter import clock
from contactcenter.envelope import Channel, Content, Identity, InboundMessage, MessageKind
from contactcenter.store.unit_of_work import UnitOfWork

ONCE_PER = timedelta(hours=24)
"""At most one automatic message a conversation and sender within this time."""

ANSWERS_PER_HOUR = 10
"""A robot that answers our answers with new subjects is no customer."""

RECEIPTS_PER_HOUR = 3
"""At most this many receipts an hour and person, whatever he writes."""

_RECENT = text(
    "SELECT identity, conversation_id::text AS conversation, kind, at FROM automatic_mail "
    "WHERE identity = ANY(:identities) AND at > :since"
).bindparams(bindparam("identities", type_=ARRAY(Text)))


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


class AutomaticMemory:
    """Which automatic messages these senders had lately; those of the batch at hand are noted too."""

    def __init__(self, sent: Iterable[tuple[str, str, str, datetime]]) -> None:
        self._sent: defaultdict[str, list[tuple[str, str, datetime]]] = defaultdict(list)
        for identity, conversation_id, kind, at in sent:
            self._sent[identity].append((conversation_id, kind, at))

    @classmethod
    async def load(cls, uow: UnitOfWork, senders: Iterable[Identity]) -> AutomaticMemory:
        """Read the memory of these senders in one statement."""
        identities = sorted({str(sender) for sender in senders})
        rows = await uow.session.execute(_RECENT, {"identities": identities, "since": clock.now() - ONCE_PER})
        return cls((row.identity, row.conversation, row.kind, row.at) for row in rows)

    def note(self, sender: Identity, conversation_id: str, kind: str) -> None:
        """Remember one that is being written now."""
        self._sent[str(sender)].append((conversation_id, kind, clock.now()))

    def allowed(self, sender: Identity, conversation_id: str) -> Automatic:
        """Whether the limits leave room: once a conversation and day, three receipts an hour."""
        lately = self._sent[str(sender)]
        if any(conversation == conversation_id for conversation, _, _ in lately):
            reason = "this conversation already had an automatic message within 24 hours"
            return Automatic(reason, reason)
        hour = clock.now() - timedelta(hours=1)
        kinds = [kind for _, kind, at in lately if at > hour]
        return Automatic(
            "this person already had ten answers within the hour" if kinds.count("answer") >= ANSWERS_PER_HOUR else "",
            "this person already had three receipts within the hour"
            if kinds.count("receipt") >= RECEIPTS_PER_HOUR
            else "",
        )
