"""Whom a reply goes to, on which channel, from which of our addresses, and what it answers."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from sqlalchemy import case, select
from sqlmodel import col

from contactcenter.conversations.records import Message, Participant
from contactcenter.customers import identity as identities
from contactcenter.customers.records import CustomerIdentity
from contactcenter.envelope import Channel, Direction, Identity, IdentityKind, MessageKind
from contactcenter.errors import InvalidInput
from contactcenter.store.unit_of_work import UnitOfWork
from contactcenter.tickets.records import Ticket

CHANNEL_OF: Mapping[IdentityKind, Channel] = {
    IdentityKind.EMAIL: Channel.EMAIL,
    IdentityKind.PHONE: Channel.SMS,
    IdentityKind.CHAT: Channel.CHAT,
}
"""The channel that reaches a kind of identity. An external id is reached by none."""

KIND_OF: Mapping[Channel, IdentityKind] = {channel: kind for kind, channel in CHANNEL_OF.items()}
MAX_REFERENCES = 30
"""Message-IDs of a References header; the first (the thread's root) is always kept."""


@dataclass(frozen=True, slots=True)
class Counterpart:
    """The other end of a reply. ``sender`` is our own address or number, empty for the channel's first."""

    channel: Channel
    to: Identity
    subject: str = ""
    sender: str = ""
    in_reply_to: str = ""
    refs: tuple[str, ...] = ()


async def counterpart(
    uow: UnitOfWork, ticket: Ticket, *, channel: Channel | None = None, to: Identity | None = None
) -> Counterpart:
    """Where a reply on this ticket goes.

    Without ``channel`` and ``to``: back to where the customer wrote last (a letter or a call is answered by his mail
    address or number). A mail's Reply-To is honoured where it betrays nobody. Raises :class:`InvalidInput` (field
    ``channel``) when nothing reaches him there.
    """
    wanted = channel or (CHANNEL_OF.get(to.kind) if to is not None else None)
    last = await _last_message(uow, ticket, wanted, identities.normalised(to) if to is not None else None)
    own = await _own_end(uow, last) if last is not None else None
    if to is None:
        to = own if own is not None and (wanted is None or CHANNEL_OF.get(own.kind) is wanted) else None
        to = to or await _other_name(uow, ticket, wanted)
    if to is None or (found := CHANNEL_OF.get(to.kind)) is None or found is not (wanted or found):
        raise InvalidInput("this channel does not reach the customer; choose another", field="channel")
    to = identities.normalised(to)
    if last is None or last.channel != found:
        return Counterpart(found, to)
    if own is None or str(identities.normalised(own)) != str(to):  # he has never seen it
        return Counterpart(found, to, last.subject, _our_address(last))
    return Counterpart(
        channel=found,
        to=to,
        subject=last.subject,
        sender=_our_address(last),
        in_reply_to=last.external_id if found is Channel.EMAIL else "",
        refs=_references(last) if found is Channel.EMAIL else (),
    )


async def _last_message(
    uow: UnitOfWork, ticket: Ticket, channel: Channel | None, to: Identity | None
) -> Message | None:
    """The customer's last message (on a channel), else ours to him; the one with ``to`` goes before all others."""
    with_him = case((col(Message.identity) == str(to), 0), else_=1)
    query = (
        select(Message)
        .where(
            col(Message.conversation_id) == ticket.conversation_id,
            col(Message.kind) == MessageKind.MESSAGE.value,
            col(Message.identity) != "",
        )
        .order_by(with_him, case((col(Message.direction) == Direction.IN.value, 0), else_=1), col(Message.id).desc())
        .limit(1)
    )
    if channel is not None:
        query = query.where(col(Message.channel) == channel.value)
    return await uow.session.scalar(query)


async def _own_end(uow: UnitOfWork, message: Message) -> Identity | None:
    """Who wrote a message (or got it, when it is ours); for mail, where he wants the answer."""
    try:
        identity = Identity.parse(message.identity, message.author_name if message.direction == Direction.IN else "")
    except ValueError:
        return None
    wish = message.addresses.get("reply_to")
    is_mail = message.direction == Direction.IN and identity.kind is IdentityKind.EMAIL
    if is_mail and isinstance(wish, str) and wish.count("@") == 1 and not any(mark in wish for mark in " ,;<>\r\n"):
        wanted = Identity(IdentityKind.EMAIL, wish, identity.name)
        return wanted if await _may_redirect(uow, message, identities.normalised(wanted)) else identity
    return identity


async def _may_redirect(uow: UnitOfWork, message: Message, wanted: Identity) -> bool:
    """Whether a mail's Reply-To may lead an answer to somebody else than its sender.

    A forged mail could turn what we write in a customer's running matter to its writer. So the mail must be proven,
    or be the first of its conversation, where there is nothing to give away yet, or name somebody who takes part.
    """
    if message.authenticated or await uow.session.get(Participant, (message.conversation_id, str(wanted))) is not None:
        return True
    earlier = select(col(Message.id)).where(
        col(Message.conversation_id) == message.conversation_id, col(Message.id) < message.id
    )
    return await uow.session.scalar(earlier.limit(1)) is None


async def _other_name(uow: UnitOfWork, ticket: Ticket, channel: Channel | None) -> Identity | None:
    """The customer's oldest name that the channel reaches and that is not known to be dead."""
    if ticket.customer_id is None:
        return None
    kinds = [kind.value for kind, reached in CHANNEL_OF.items() if channel is None or reached is channel]
    row = await uow.session.scalar(
        select(CustomerIdentity)
        .where(
            col(CustomerIdentity.customer_id) == ticket.customer_id,
            col(CustomerIdentity.kind).in_(kinds),
            col(CustomerIdentity.undeliverable_at).is_(None),
        )
        .order_by(case((col(CustomerIdentity.kind) == IdentityKind.EMAIL.value, 0), else_=1), col(CustomerIdentity.id))
        .limit(1)
    )
    return Identity(IdentityKind(row.kind), row.value, row.name) if row is not None else None


def _our_address(message: Message) -> str:
    """The address or number of ours that the customer wrote to, its plus-tag off."""
    if message.direction == Direction.OUT:
        return str(message.addresses.get("from", ""))
    recipients = message.addresses.get("recipients") or [""]
    local, at, domain = str(recipients[0]).rpartition("@")
    return f"{local.partition('+')[0]}@{domain}" if at else domain


def _references(message: Message) -> tuple[str, ...]:
    """The References of an answer to this message (RFC 5322, 3.6.4)."""
    chain = tuple(dict.fromkeys(ref for ref in (*message.refs, message.in_reply_to, message.external_id) if ref))
    return chain if len(chain) <= MAX_REFERENCES else (chain[0], *chain[-(MAX_REFERENCES - 1) :])
