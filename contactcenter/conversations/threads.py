"""Threads: which conversation a message belongs to.

All hints are scored; the best conversation wins, and only if its sender takes part in it. A stranger with a right
guess gets a conversation of his own, linked for the agent. Order does not matter: a reply that overtakes its parent
draws the parent into its thread, because either cites the other (RFC 5322 3.6.4; the idea of shared references is
Jamie Zawinski's).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from sqlalchemy import ARRAY, Text, bindparam, text
from sqlalchemy import Row as SqlRow

from contactcenter import clock
from contactcenter.conversations.tokens import ReplyTokens
from contactcenter.envelope import Channel, Content, Identity
from contactcenter.store.unit_of_work import UnitOfWork

MAX_REFERENCES = 50
SAME_TALK = timedelta(days=3)
"""A text or chat line within this time of the last one goes on with the same conversation."""

_TOKEN, _IN_REPLY_TO, _REFERENCES, _CITES_US, _SHARED = 16, 8, 4, 4, 2

_BY_REFERENCE = text(
    """
    SELECT m.conversation_id::text, m.external_id, m.refs
    FROM message m
    WHERE m.conversation_id IS NOT NULL AND m.channel = 'email'
      AND ((m.external_id = ANY(:cited) AND m.external_id <> '') OR (m.refs && :shared AND m.refs <> '{}'))
    LIMIT 200
    """
).bindparams(bindparam("cited", type_=ARRAY(Text)), bindparam("shared", type_=ARRAY(Text)))

_MEMBERSHIP = text(
    """
    SELECT coalesce(c.merged_into_id, c.id)::text AS id, c.id::text AS named, c.customer_id::text AS customer_id,
           EXISTS (SELECT 1 FROM participant p WHERE p.conversation_id IN (c.id, c.merged_into_id) AND p.identity = :identity)
             AS takes_part
    FROM conversation c WHERE c.id = ANY(CAST(:ids AS uuid[]))
    """
).bindparams(bindparam("ids", type_=ARRAY(Text)))

_LAST_TALK = text(
    """
    SELECT coalesce(c.merged_into_id, c.id)::text FROM message m JOIN conversation c ON c.id = m.conversation_id
    WHERE m.identity = :identity AND m.channel = :channel AND m.created_at > :since
    ORDER BY m.id DESC LIMIT 1
    """
)


@dataclass(frozen=True, slots=True)
class Thread:
    """Where a message belongs: a conversation, or none yet; ``related`` are those it claimed without taking part."""

    conversation_id: str | None
    related: tuple[str, ...] = ()


async def find_thread(
    uow: UnitOfWork, channel: Channel, content: Content, sender: Identity, customer_id: str, tokens: ReplyTokens
) -> Thread:
    """The conversation of a message from ``sender``."""
    if channel not in {Channel.EMAIL, Channel.SMS, Channel.CHAT}:
        return Thread(None)
    if channel is not Channel.EMAIL:
        found = await uow.session.execute(
            _LAST_TALK, {"identity": str(sender), "channel": channel, "since": clock.now() - SAME_TALK}
        )
        return Thread(found.scalar_one_or_none())
    scores = await _scores(uow, content, tokens)
    if not scores:
        return Thread(None)
    members = (await uow.session.execute(_MEMBERSHIP, {"ids": list(scores), "identity": str(sender)})).all()
    own = [row for row in members if row.takes_part or row.customer_id == customer_id]
    if not own:
        return Thread(None, related=tuple(dict.fromkeys(row.id for row in members)))
    return Thread(max(own, key=lambda row: (scores[row.named], row.named)).id)


async def _scores(uow: UnitOfWork, content: Content, tokens: ReplyTokens) -> dict[str, int]:
    """Conversation id → how strongly the message's headers point to it."""
    scores: dict[str, int] = {}
    named = tokens.check(content.reply_token) if content.reply_token else None
    if named is not None:
        scores[named] = _TOKEN
    cited = [ref for ref in (content.in_reply_to, *content.references[-MAX_REFERENCES:]) if ref]
    shared = [*cited, content.external_id] if content.external_id else cited
    if shared:
        rows = (await uow.session.execute(_BY_REFERENCE, {"cited": cited, "shared": shared})).all()
        for row in rows:
            scores[row.conversation_id] = max(scores.get(row.conversation_id, 0), _strength(row, content, cited))
    return scores


def _strength(row: SqlRow[Any], content: Content, cited: list[str]) -> int:
    if row.external_id and row.external_id == content.in_reply_to:
        return _IN_REPLY_TO
    if row.external_id in cited:
        return _REFERENCES
    return _CITES_US if content.external_id in row.refs else _SHARED
