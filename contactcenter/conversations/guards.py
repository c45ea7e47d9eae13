"""Guards: what keeps automatic mail from loops, floods and strangers (RFC 3834).

A message passes when none of the rules holds; the first that does is the reason, kept in the message's trace.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import ARRAY, Text, bindparam, text

from contactcenter import clock
from contactcenter.envelope import Channel, Content, Identity, IdentityKind, InboundMessage, MessageKind
from contactcenter.settings import Limits
from contactcenter.store.unit_of_work import UnitOfWork

ONCE_PER = timedelta(hours=24)
"""At most one automatic message a conversation and sender within this time."""

ANSWERS_PER_HOUR = 10
"""A robot that answers our answers with new subjects is no customer."""

RECEIPTS_PER_HOUR = 3
"""At most this many receipts an hour and person, whatever he writes."""

BRAKE = timedelta(minutes=1)
"""All automatic mail is counted over this time; above the limit of the settings receipts stop."""

_DOTLESS = frozenset({"gmail.com", "googlemail.com"})
_RECENT = text(
    """
    SELECT recipient, conversation_id::text AS conversation, kind, at FROM automatic_mail
    WHERE recipient = ANY(:recipients) AND at > :since
    UNION ALL
    SELECT '', '', 'all', at FROM (SELECT at FROM automatic_mail WHERE at > :minute LIMIT :brake) lately
    """
).bindparams(bindparam("recipients", type_=ARRAY(Text)))


@dataclass(frozen=True, slots=True)
class Automatic:
    """Whether the machine may write to this sender now; an empty reason means yes."""

    answer: str = ""
    receipt: str = ""


_LATELY = text("SELECT count(*) FROM (SELECT 1 FROM automatic_mail WHERE at > :minute LIMIT :brake) lately")


def recipient_key(identity: Identity) -> str:
    """The identity as limits count it: every spelling that reaches one mailbox is one.

    Case never matters; a plus-tag is taken off, and of Google's addresses the dots, which mean nothing there.
    """
    if identity.kind is not IdentityKind.EMAIL:
        return str(identity)
    local, at, domain = identity.value.lower().strip().rpartition("@")
    local = local.strip('"').partition("+")[0] or local
    if domain in _DOTLESS:
        local, domain = local.replace(".", ""), "gmail.com"
    return f"email:{local}{at}{domain}"


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


async def receipts_paused(uow: UnitOfWork, limits: Limits) -> bool:
    """Whether so much automatic mail went out within a minute that receipts stand still."""
    parameters = {"minute": clock.now() - BRAKE, "brake": limits.automatic_per_minute}
    return int(await uow.session.scalar(_LATELY, parameters) or 0) >= limits.automatic_per_minute


class AutomaticMemory:
    """Which automatic messages these senders had lately; those of the batch at hand are noted too."""

    def __init__(
        self,
        sent: Iterable[tuple[str, str, str, datetime]],
        *,
        lately: int = 0,
        brake: int = Limits().automatic_per_minute,
        flooding: Collection[str] = (),
    ) -> None:
        """``lately`` automatic mails went to anybody within a minute, ``brake`` may; ``flooding`` write too much."""
        self._sent: defaultdict[str, list[tuple[str, str, datetime]]] = defaultdict(list)
        for recipient, conversation_id, kind, at in sent:
            self._sent[recipient].append((conversation_id, kind, at))
        self._lately = lately
        self._brake = brake
        self._flooding = frozenset(flooding)

    @classmethod
    async def load(
        cls, uow: UnitOfWork, senders: Iterable[Identity], limits: Limits, flooding: Collection[str] = ()
    ) -> AutomaticMemory:
        """Read the memory of these senders, and how much went out to all, in one statement."""
        now, brake = clock.now(), limits.automatic_per_minute
        recipients = sorted({recipient_key(sender) for sender in senders})
        parameters = {"recipients": recipients, "since": now - ONCE_PER, "minute": now - BRAKE, "brake": brake}
        rows = (await uow.session.execute(_RECENT, parameters)).all()
        sent = [(row.recipient, row.conversation, row.kind, row.at) for row in rows if row.recipient]
        return cls(sent, lately=len(rows) - len(sent), brake=brake, flooding=flooding)

    def note(self, sender: Identity, conversation_id: str, kind: str) -> None:
        """Remember one that is being written now."""
        self._sent[recipient_key(sender)].append((conversation_id, kind, clock.now()))
        self._lately += 1

    def allowed(self, sender: Identity, conversation_id: str) -> Automatic:
        """Whether the limits leave room: no flood, once a conversation and day, so many an hour, so many to all."""
        if str(sender) in self._flooding:
            reason = "its sender writes more mails than a person does"
            return Automatic(reason, reason)
        lately = self._sent[recipient_key(sender)]
        if any(conversation == conversation_id for conversation, _, _ in lately):
            reason = "this conversation already had an automatic message within 24 hours"
            return Automatic(reason, reason)
        hour = clock.now() - timedelta(hours=1)
        kinds = [kind for _, kind, at in lately if at > hour]
        answer = "this person already had ten answers within the hour"
        receipt = "this person already had three receipts within the hour"
        if kinds.count("receipt") < RECEIPTS_PER_HOUR:
            receipt = "receipts are paused: too many automatic mails went out within a minute"
            receipt = receipt if self._lately >= self._brake else ""
        return Automatic(answer if kinds.count("answer") >= ANSWERS_PER_HOUR else "", receipt)
