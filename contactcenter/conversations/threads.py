"""Threads: which conversation a message belongs to.

All hints are scored; the best conversation wins, and only if its sender takes part in it. A stranger with a right
guess gets a conversation of his own, linked for the agent. Order does not matter: a reply that overtakes its parent
draws the parent into its thread, because either cites the other (RFC 5322 3.6.4; that messages which cite the same one
belong together is Jamie Zawinski's).

A batch asks the database three questions, however many messages it holds; what it threads itself it remembers.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field

from sqlalchemy import ARRAY, Text, bindparam, text

from contactcenter.conversations.tokens import ReplyTokens
from contactcenter.envelope import Channel, Content
from contactcenter.store.unit_of_work import UnitOfWork

MAX_REFERENCES = 50
SAME_TALK_DAYS = 3
"""A text or chat line within this time of the last one goes on with the same conversation."""

_TALKS = (Channel.SMS, Channel.CHAT)
_TOKEN, _IN_REPLY_TO, _REFERENCES, _CITES_US, _SHARED = 16, 8, 4, 4, 2

_BY_REFERENCE = text(
    """
    SELECT m.conversation_id::text AS conversation, m.external_id, m.refs
    FROM message m
    WHERE m.conversation_id IS NOT NULL AND m.channel = 'email'
      AND ((m.external_id = ANY(:cited) AND m.external_id <> '') OR (m.refs && :shared AND m.refs <> '{}'))
    ORDER BY m.id DESC LIMIT 5000
    """
).bindparams(bindparam("cited", type_=ARRAY(Text)), bindparam("shared", type_=ARRAY(Text)))

_MEMBERS = text(
    """
    SELECT c.id::text AS named, coalesce(c.merged_into_id, c.id)::text AS id, c.customer_id::text AS customer,
           ARRAY(SELECT p.identity FROM participant p WHERE p.conversation_id IN (c.id, c.merged_into_id)) AS identities
    FROM conversation c WHERE c.id = ANY(CAST(:ids AS uuid[]))
    """
).bindparams(bindparam("ids", type_=ARRAY(Text)))

_LAST_TALKS = text(
    """
    SELECT DISTINCT ON (m.identity, m.channel) m.identity, m.channel,
           coalesce(c.merged_into_id, c.id)::text AS conversation
    FROM message m JOIN conversation c ON c.id = m.conversation_id
    WHERE m.identity = ANY(:identities) AND m.channel IN ('sms', 'chat')
      AND m.created_at > now() - make_interval(days => :days)
    ORDER BY m.identity, m.channel, m.id DESC
    """
).bindparams(bindparam("identities", type_=ARRAY(Text)))


@dataclass(frozen=True, slots=True)
class Thread:
    """Where a message belongs: a conversation, or none yet; ``related`` are those it claimed without taking part."""

    conversation_id: str | None
    related: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Claim:
    """A message that looks for its conversation."""

    channel: Channel
    content: Content

    @property
    def identity(self) -> str:
        """Who wrote it."""
        return str(self.content.sender)

    @property
    def cited(self) -> list[str]:
        """The Message-IDs it answers; empty ids never match anything."""
        return [ref for ref in (self.content.in_reply_to, *self.content.references[-MAX_REFERENCES:]) if ref]


@dataclass(slots=True)
class _Member:
    id: str
    customer: str | None
    identities: set[str]


@dataclass(slots=True)
class ThreadIndex:
    """What the messages of a batch may belong to."""

    tokens: ReplyTokens
    _ids: defaultdict[str, set[str]] = field(default_factory=lambda: defaultdict(set))  # Message-ID → conversations
    _refs: defaultdict[str, set[str]] = field(default_factory=lambda: defaultdict(set))  # cited id → conversations
    _members: dict[str, _Member] = field(default_factory=dict)
    _talks: dict[tuple[str, str], str] = field(default_factory=dict)

    @classmethod
    async def load(cls, uow: UnitOfWork, claims: Sequence[Claim], tokens: ReplyTokens) -> ThreadIndex:
        """Look up everything the claims point to."""
        index = cls(tokens)
        mails = [claim for claim in claims if claim.channel is Channel.EMAIL]
        cited = {ref for claim in mails for ref in claim.cited}
        shared = cited | {claim.content.external_id for claim in mails if claim.content.external_id}
        found = {named for claim in mails if (named := index._token(claim)) is not None}
        if shared:
            for row in await uow.session.execute(_BY_REFERENCE, {"cited": list(cited), "shared": list(shared)}):
                index._know(row.conversation, row.external_id, row.refs)
                found.add(row.conversation)
        if found:
            for row in await uow.session.execute(_MEMBERS, {"ids": list(found)}):
                index._members[row.named] = _Member(row.id, row.customer, set(row.identities))
        talkers = {claim.identity for claim in claims if claim.channel in _TALKS}
        if talkers:
            parameters = {"identities": list(talkers), "days": SAME_TALK_DAYS}
            for row in await uow.session.execute(_LAST_TALKS, parameters):
                index._talks[row.identity, row.channel] = row.conversation
        return index

    def find(self, claim: Claim, customer_id: str) -> Thread:
        """The conversation of a message whose sender is that customer."""
        if claim.channel in _TALKS:
            return Thread(self._talks.get((claim.identity, claim.channel)))
        if claim.channel is not Channel.EMAIL:
            return Thread(None)
        scores = {named: score for named, score in self._scores(claim).items() if named in self._members}
        own = [
            named
            for named in scores
            if claim.identity in self._members[named].identities or self._members[named].customer == customer_id
        ]
        if own:
            return Thread(self._members[max(own, key=lambda named: (scores[named], named))].id)
        return Thread(None, related=tuple(dict.fromkeys(self._members[named].id for named in scores)))

    def add(self, claim: Claim, conversation_id: str, customer_id: str) -> None:
        """Remember a message that was threaded, for those after it in the same batch."""
        member = self._members.setdefault(conversation_id, _Member(conversation_id, customer_id, set()))
        member.identities.add(claim.identity)
        if claim.channel in _TALKS:
            self._talks[claim.identity, claim.channel] = conversation_id
        elif claim.channel is Channel.EMAIL:
            self._know(conversation_id, claim.content.external_id, claim.cited)

    def _know(self, conversation: str, external_id: str, refs: Sequence[str]) -> None:
        if external_id:
            self._ids[external_id].add(conversation)
        for ref in refs:
            self._refs[ref].add(conversation)

    def _token(self, claim: Claim) -> str | None:
        return self.tokens.check(claim.content.reply_token) if claim.content.reply_token else None

    def _scores(self, claim: Claim) -> dict[str, int]:
        """Conversation → how strongly the message's headers point to it."""
        content, scores = claim.content, dict[str, int]()
        hints = [(_IN_REPLY_TO, self._ids, [content.in_reply_to]), (_REFERENCES, self._ids, claim.cited)]
        hints += [(_CITES_US, self._refs, [content.external_id]), (_SHARED, self._refs, claim.cited)]
        for weight, known, ids in hints:
            for conversation in (found for each in ids if each for found in known.get(each, ())):
                scores[conversation] = max(scores.get(conversation, 0), weight)
        if (named := self._token(claim)) is not None:
            scores[named] = _TOKEN
        return scores
