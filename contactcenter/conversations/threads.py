"""Threads: which conversation a message belongs to.

All hints are scored; the best conversation wins, and only if its sender takes part in it. A stranger with a right
guess gets a conversation of his own, linked for the agent; so does whoever may not enter at all (mail in the name of
people who work here, which nobody vouches for). Order does not matter: a reply that overtakes its parent draws the
parent into its thread, because either cites the other (RFC 5322 3.6.4; that messages which cite the same one belong
together is Jamie Zawinski's), and a parent that comes last shows that two conversations are one.

======================  =====  =========================================================================
hint                    score  what it is
======================  =====  =========================================================================
plus-address               16  signed, of the address we gave as Reply-To
In-Reply-To                 8  the id of a message of ours, by its row or by its own signature
References                  4  the same, of any ancestor
cites us                    4  a message that came before cites this one
same id                     4  the mail of a list beside the one to us: other bytes, and a subject like the old one
shared                      2  both cite a message that never came
number                      1  ``[#1042]`` or ``工单 1042`` in the subject, which must be like the old one
======================  =====  =========================================================================

Our own subjects carry no number: addresses and ids carry signed names, and a subject is the customer's own. Numbers
count for those who copy one from a receipt, and only where no other hint names anything.

A batch asks the database three questions, however many messages it holds; what it threads itself it remembers.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from sqlalchemy import ARRAY, Text, bindparam, text

from contactcenter.conversations.tokens import ReplyTokens
from contactcenter.envelope import Channel, Content
from contactcenter.store.unit_of_work import UnitOfWork

MAX_REFERENCES = 50
SAME_TALK_DAYS = 3
"""A text or chat line within this time of the last one goes on with the same conversation."""

_TALKS = (Channel.SMS, Channel.CHAT)
_TOKEN, _IN_REPLY_TO, _REFERENCES, _CITES_US, _SAME_ID, _SHARED, _NUMBER = 16, 8, 4, 4, 4, 2, 1
_NUMBERED = re.compile(
    r"\[(?:ticket|case|request)?\s?#\s?(\d{4,12})\]|(?:\bticket|\bcase|工单|案件|受理)\s?(?:no\.?|number|号|编号)?"
    r"\s?[#＃:：]?\s?(\d{4,12})\b",
    re.IGNORECASE,
)
_PREFIX = re.compile(
    r"\s*(?:re|fwd?|fw|aw|wg|sv|antw|回复|答复|回覆|转发|轉寄)\s?(?:\[\d{1,3}\])?\s?[:：]", re.IGNORECASE
)
_WORDS = re.compile(r"[a-z0-9\u00c0-\u024f]+|[\u3400-\u9fff]", re.IGNORECASE)
_ALIKE = 0.5  # of the words of both subjects that they have in common

_BY_REFERENCE = text(
    """
    SELECT m.conversation_id::text AS conversation, m.external_id, m.refs
    FROM message m
    WHERE m.conversation_id IS NOT NULL AND m.channel = 'email'
      AND ((m.external_id = ANY(:ids) AND m.external_id <> '') OR (m.refs && :ids AND m.refs <> '{}'))
    ORDER BY m.id DESC LIMIT 5000
    """
).bindparams(bindparam("ids", type_=ARRAY(Text)))

_MEMBERS = text(
    """
    SELECT c.id::text AS named, coalesce(c.merged_into_id, c.id)::text AS id, c.customer_id::text AS customer,
           c.subject,
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
    """Where a message belongs: a conversation, or none yet; ``related`` are those it claimed without taking part.

    ``joined`` are younger conversations of the same customer that the message shows to be one with it.
    """

    conversation_id: str | None
    related: tuple[str, ...] = ()
    joined: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Claim:
    """A message that looks for its conversation.

    ``may_enter`` is False when it may be linked to one at most. ``disowned``: the domain it claims to come from denies
    it, so it enters only with a token or id that we gave to those who take part.
    """

    channel: Channel
    content: Content
    may_enter: bool = True
    disowned: bool = False

    @property
    def identity(self) -> str:
        """Who wrote it."""
        return str(self.content.sender)

    @property
    def cited(self) -> list[str]:
        """The Message-IDs it answers; empty ids never match anything."""
        return [ref for ref in (self.content.in_reply_to, *self.content.references[-MAX_REFERENCES:]) if ref]

    @property
    def parent(self) -> str:
        """The one message it answers; empty when it says of none."""
        return self.content.in_reply_to or next(reversed(self.content.references), "")

    @property
    def number(self) -> int | None:
        """The ticket number in its subject, when that is all it has to go by."""
        if self.channel is not Channel.EMAIL or self.cited or self.content.reply_token:
            return None
        found = _NUMBERED.search(self.content.subject[:500])
        return int(found[1] or found[2]) if found else None


@dataclass(slots=True)
class _Member:
    id: str
    customer: str | None
    identities: set[str]
    subject: str = ""


@dataclass(slots=True)
class ThreadIndex:
    """What the messages of a batch may belong to."""

    tokens: ReplyTokens
    _numbered: Mapping[int, str] = field(default_factory=dict)  # ticket number → conversation
    _ids: defaultdict[str, set[str]] = field(default_factory=lambda: defaultdict(set))  # Message-ID → conversations
    _refs: defaultdict[str, set[str]] = field(default_factory=lambda: defaultdict(set))  # cited id → conversations
    _members: dict[str, _Member] = field(default_factory=dict)
    _talks: dict[tuple[str, str], str] = field(default_factory=dict)

    @classmethod
    async def load(
        cls, uow: UnitOfWork, claims: Sequence[Claim], tokens: ReplyTokens, numbered: Mapping[int, str] | None = None
    ) -> ThreadIndex:
        """Look up everything the claims point to; ``numbered`` are the conversations of their ticket numbers."""
        index = cls(tokens, numbered or {})
        mails = [claim for claim in claims if claim.channel is Channel.EMAIL]
        cited = {ref for claim in mails for ref in index._honest(claim.cited)}
        ids = cited | set(index._honest(claim.content.external_id for claim in mails))
        found = {named for claim in mails if (named := index._token(claim)) is not None}
        found |= {*index._signed(cited), *index._numbered.values()}
        if ids:
            for row in await uow.session.execute(_BY_REFERENCE, {"ids": list(ids)}):
                index._know(row.conversation, row.external_id, row.refs)
                found.add(row.conversation)
        if found:
            for row in await uow.session.execute(_MEMBERS, {"ids": list(found)}):
                index._members[row.named] = _Member(row.id, row.customer, set(row.identities), row.subject)
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
        own = {named for named in scores if claim.may_enter and self._takes_part(claim, customer_id, named)}
        if claim.disowned:
            own &= {self._token(claim), *self._signed(claim.cited)}
        if not own:
            claimed = (named for named, score in scores.items() if score > _NUMBER)  # anybody can guess a number
            return Thread(None, related=tuple(dict.fromkeys(self._members[named].id for named in claimed)))
        best = self._members[max(own, key=lambda named: (scores[named], named))].id
        one = {best} | {self._members[named].id for named in self._shown_to_be_one(claim, own, customer_id)}
        return self._join(one) if len(one) > 1 else Thread(best)

    def add(self, claim: Claim, conversation_id: str, customer_id: str) -> None:
        """Remember a message that was threaded, for those after it in the same batch."""
        subject = claim.content.subject
        member = self._members.setdefault(conversation_id, _Member(conversation_id, customer_id, set(), subject))
        member.identities.add(claim.identity)
        if claim.channel in _TALKS:
            self._talks[claim.identity, claim.channel] = conversation_id
        elif claim.channel is Channel.EMAIL:
            self._know(conversation_id, claim.content.external_id, claim.cited)

    def _takes_part(self, claim: Claim, customer_id: str, named: str) -> bool:
        member = self._members[named]
        return claim.identity in member.identities or member.customer == customer_id

    def _shown_to_be_one(self, claim: Claim, own: Collection[str], customer_id: str) -> list[str]:
        """Conversations of this customer on both sides of a message that came after its answer."""
        children = self._children(claim.content.external_id)
        if not children & set(own):
            return []
        parents = self._ids.get(claim.parent, set()) | self._refs.get(claim.parent, set())
        return [named for named in own if named in children | parents and self._members[named].customer == customer_id]

    def _children(self, external_id: str) -> set[str]:
        """Conversations with a message that cites this one, and not another of the same id."""
        return self._refs.get(external_id, set()) - self._ids.get(external_id, set())

    def _join(self, conversations: set[str]) -> Thread:
        """The oldest of them takes the others in, also for the rest of this batch."""
        oldest, *younger = sorted(conversations)  # ids sort by the time they were made
        for member in self._members.values():
            if member.id in conversations:
                member.id = oldest
        return Thread(oldest, joined=tuple(younger))

    def _know(self, conversation: str, external_id: str, refs: Sequence[str]) -> None:
        if external_id:
            self._ids[external_id].add(conversation)
        for ref in refs:
            self._refs[ref].add(conversation)

    def _honest(self, ids: Iterable[str]) -> list[str]:
        """The ids without empty ones and those that only look like ours: no mail of ours has them."""
        return [one for one in ids if one and not self.tokens.is_forged(one)]

    def _signed(self, cited: Iterable[str]) -> set[str]:
        """The conversations that ids of ours name by themselves."""
        found = {ref: named for ref in cited if (named := self.tokens.conversation_of(ref)) is not None}
        for ref, named in found.items():
            self._ids[ref].add(named)
        return set(found.values())

    def _token(self, claim: Claim) -> str | None:
        return self.tokens.check(claim.content.reply_token) if claim.content.reply_token else None

    def _scores(self, claim: Claim) -> dict[str, int]:
        """Conversation → how strongly the message's headers point to it."""
        content, scores = claim.content, dict[str, int]()
        cited = self._honest(claim.cited)
        (own,) = self._honest([content.external_id]) or [""]
        hints = [
            (_SHARED, (found for ref in cited for found in self._refs.get(ref, ()))),
            (_CITES_US, self._children(own)),
            (_SAME_ID, self._alike(self._ids.get(own, ()), content.subject)),
            (_REFERENCES, (found for ref in cited for found in self._ids.get(ref, ()))),
            (_IN_REPLY_TO, self._ids.get(content.in_reply_to, ()) if content.in_reply_to in cited else ()),
            (_TOKEN, filter(None, [self._token(claim)])),
        ]
        for weight, conversations in hints:  # the stronger ones last
            scores |= dict.fromkeys(conversations, weight)
        if not scores and claim.number is not None and (named := self._numbered.get(claim.number)) is not None:
            scores = dict.fromkeys(self._alike([named], content.subject), _NUMBER)
        return scores

    def _alike(self, conversations: Iterable[str], subject: str) -> list[str]:
        """Those of the conversations whose subject is like this one."""
        known = [(named, self._members.get(named)) for named in conversations]
        return [named for named, member in known if member is not None and alike(subject, member.subject)]


def alike(subject: str, other: str) -> bool:
    """Whether two subjects are about one thing: half of their words in common, answer marks and numbers left out."""
    one, two = _words_of(subject), _words_of(other)
    return not one or len(one & two) >= _ALIKE * max(len(one | two), 1)


def _words_of(subject: str) -> set[str]:
    base = subject[:500]
    while prefix := _PREFIX.match(base):
        base = base[prefix.end() :]
    return set(_WORDS.findall(_NUMBERED.sub(" ", base).lower()))
