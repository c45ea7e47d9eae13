"""What is known of the senders of a batch before their mail is understood: who is blocked, and who floods us.

A flood is more mails of one sender within a time than a person writes. They are all kept, but nobody gets an automatic
mail for them, and those that belong to no conversation are gathered in one rather than opening hundreds of tickets.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import timedelta

from sqlalchemy import ARRAY, Boolean, Text, Uuid, bindparam, text

from contactcenter import clock
from contactcenter.conversations.blocking import patterns_for
from contactcenter.envelope import Channel, Identity, InboundMessage
from contactcenter.settings import Limits
from contactcenter.store.unit_of_work import UnitOfWork

FLOOD = "flood"
"""Tag of the ticket that gathers a flood."""

GATHERED_FOR = timedelta(hours=24)
"""A flood goes on in the same conversation for so long."""

_SENDERS = text(
    """
    SELECT s.identity,
        EXISTS (SELECT 1 FROM blocked_sender b WHERE b.removed_at IS NULL
                AND b.pattern = ANY(string_to_array(s.patterns, ' '))) AS blocked,
        (SELECT count(*) FROM (SELECT 1 FROM message m WHERE m.identity = s.identity AND m.direction = 'in'
                AND m.id > :since LIMIT CASE WHEN s.watched THEN :cap ELSE 0 END) lately) AS mails,
        (SELECT coalesce(c.merged_into_id, c.id)::text FROM conversation c
            WHERE c.flood_of = s.identity AND c.flood_of <> '' AND c.created_at > :day
            ORDER BY c.id DESC LIMIT 1) AS gathered
    FROM unnest(:identities, :patterns, :watched) AS s(identity, patterns, watched)
    """
).bindparams(
    *(bindparam(name, type_=ARRAY(Text)) for name in ("identities", "patterns")),
    bindparam("watched", type_=ARRAY(Boolean)),
    bindparam("since", type_=Uuid(as_uuid=False)),
)


@dataclass(slots=True)
class Senders:
    """The senders of a batch, by ``str(identity)``. ``gathered``: flooding sender → the conversation of his flood."""

    blocked: set[str] = field(default_factory=set)
    flooding: set[str] = field(default_factory=set)
    gathered: dict[str, str] = field(default_factory=dict)

    @classmethod
    async def load(cls, uow: UnitOfWork, mails: Sequence[tuple[InboundMessage, Identity]], limits: Limits) -> Senders:
        """Look the senders of mails up, in one statement; other channels have limits of their own."""
        watched: dict[str, tuple[str, bool]] = {}
        for message, sender in mails:
            if message.channel is Channel.EMAIL:
                name = str(sender)
                _, before = watched.get(name, ("", False))
                patterns = patterns_for(sender)
                watched[name] = " ".join(patterns), before or _may_flood(message, patterns, limits)
        if not watched:
            return cls()
        now = clock.now()
        rows = await uow.session.execute(
            _SENDERS,
            {
                "identities": list(watched),
                "patterns": [patterns for patterns, _ in watched.values()],
                "watched": [flag for _, flag in watched.values()],
                "since": clock.id_at(now - timedelta(minutes=limits.flood_minutes)),
                "cap": limits.flood_mails + 1,
                "day": now - GATHERED_FOR,
            },
        )
        found = cls()
        for row in rows:
            if row.blocked:
                found.blocked.add(row.identity)
            if row.mails > limits.flood_mails:
                found.flooding.add(row.identity)
                if row.gathered is not None:
                    found.gathered[row.identity] = row.gathered
        return found


def _may_flood(message: InboundMessage, patterns: Sequence[str], limits: Limits) -> bool:
    """Whether a mail counts towards a flood: not what is fetched or imported from the past, nor what is exempt."""
    if not message.may_answer or message.envelope.get("assumed") is True:
        return False
    return not {one.lower() for one in limits.flood_exempt}.intersection(patterns)
