"""What agents write: replies, notes, forwards, first messages. All of it goes through the outbox."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

from sqlalchemy import insert, select
from sqlmodel import col

from contactcenter import clock
from contactcenter.conversations import outbox
from contactcenter.conversations.outbox import Outgoing
from contactcenter.conversations.records import Attachment, Conversation, Message
from contactcenter.customers import identity as identities
from contactcenter.envelope import AuthorType, Channel, Direction, FileContent, Identity, IdentityKind, MessageKind
from contactcenter.errors import Forbidden, InvalidInput
from contactcenter.staff.access import Actor, Role
from contactcenter.store.unit_of_work import UnitOfWork
from contactcenter.tickets.access import access_message
from contactcenter.tickets.changes import Happening, begin, finish
from contactcenter.tickets.counterpart import CHANNEL_OF, counterpart
from contactcenter.tickets.history import quotable
from contactcenter.tickets.intake import one_line, open_ticket
from contactcenter.tickets.letterheads import SignatureChoice, letterhead
from contactcenter.tickets.letters import NOTHING, Part, Quoted, forwarded, letter_html, quotation
from contactcenter.tickets.lifecycle import settle
from contactcenter.tickets.pictures import place_pictures, without_pictures
from contactcenter.tickets.records import Ticket, TicketEvent, TicketStatus

MAX_TEXT = 200_000
"""Characters of one reply or note."""
MAX_COPIES = 50
"""Addresses in Cc and Bcc together."""

_ADDRESS = re.compile(r"[^\s@<>,;:\"()\[\]\\\x00-\x1f]{1,64}@[^\s@<>,;:\"()\[\]\\\x00-\x1f]{1,255}")
_REPLY = re.compile(r"(?i)^\s*(re|aw|sv|antw|回复|答复|回覆)\s*(\[\d+\])?\s*[:：]")


async def reply(
    uow: UnitOfWork,
    actor: Actor,
    ticket: Ticket,
    *,
    text: str,
    channel: Channel | None = None,
    to: Identity | None = None,
    cc: Sequence[str] = (),
    bcc: Sequence[str] = (),
    files: Sequence[FileContent] = (),
    resolve: bool = False,
    delay_seconds: int = 0,
    expected_version: int | None = None,
    signature: SignatureChoice = SignatureChoice.AUTO,
    quote: bool = True,
) -> Message:
    """Answer the customer, on the channel of his last message unless another is named.

    ``text`` is Markdown for mail (HTML is made of it), plain text elsewhere; pictures among ``files`` that it names as
    ``attached:NAME`` go inside of it. A mail gets a signature and, with ``quote``, the earlier mails that its recipient
    has seen. The ticket is then pending, or resolved; an agent at the console who answers a ticket nobody has, has it.
    ``delay_seconds`` leave time for :func:`undo_reply`, except in a chat. The contents of ``files`` must already be
    kept as blobs.

    Raises :class:`InvalidInput` (text, cc, bcc, channel) and :class:`Conflict` (``expected_version``: the answer goes
    out only over what its writer has seen).
    """
    body = _body(text)
    await begin(uow, ticket, expected_version)
    partner = await counterpart(uow, ticket, channel=channel, to=to)
    letter = Outgoing(
        conversation_id=ticket.conversation_id,
        customer_id=ticket.customer_id or "",
        channel=partner.channel,
        to=partner.to,
        text=body,
        in_reply_to=partner.in_reply_to,
        refs=partner.refs,
        sender=partner.sender,
        files=tuple(files),
        delay_seconds=delay_seconds,
        language=ticket.language,
    )
    letter = _authored(letter, actor, ticket)
    if letter.channel is Channel.EMAIL:
        letter = replace(letter, subject=reply_subject(partner.subject or ticket.subject))
        letter = await _as_mail(uow, actor, letter, signature, quote=quote, cc=cc, bcc=bcc)
    message = await outbox.queue_message(uow, letter)
    before = _memory(ticket)
    _answered(actor, ticket, TicketStatus.RESOLVED if resolve else TicketStatus.PENDING)
    await finish(uow, actor, ticket, Happening.REPLIED, message=message.id, status=ticket.status, before=before)
    return message


async def undo_reply(uow: UnitOfWork, actor: Actor, message_id: str) -> str | None:
    """Take back an own reply whose delivery has not begun: its text, for the composer; None when it is too late.

    The ticket returns to what it was, unless something else happened to it meanwhile. Raises :class:`NotFound`, and
    :class:`Forbidden` for another's reply.
    """
    message, ticket = await access_message(uow, actor, message_id)
    if message.author_id != actor.agent_id and not actor.at_least(Role.SUPERVISOR):
        raise Forbidden("only its writer may take a reply back")
    if message.direction != Direction.OUT or message.channel == Channel.CHAT or ticket is None:
        return None  # what is said in a chat is read at once
    text = without_pictures(message.text)
    await begin(uow, ticket)
    if not await outbox.cancel_queued(uow, message.id):
        return None
    last = await uow.session.scalar(
        select(TicketEvent).where(col(TicketEvent.ticket_id) == ticket.id).order_by(col(TicketEvent.id).desc()).limit(1)
    )
    ticket.messages_count -= 1
    if last is not None and last.kind == Happening.REPLIED and last.data.get("message") == message_id:
        _remember(ticket, last.data["before"])
    await finish(uow, actor, ticket, Happening.TAKEN_BACK, message=message_id)
    return text


async def note(
    uow: UnitOfWork, actor: Actor, ticket: Ticket, text: str, *, expected_version: int | None = None
) -> Message:
    """Write a note for colleagues; it is never sent. Raises :class:`InvalidInput` when it is empty."""
    body = _body(text)
    await begin(uow, ticket, expected_version)
    message = await outbox.add_note(
        uow,
        conversation_id=ticket.conversation_id,
        customer_id=ticket.customer_id,
        author_id=actor.agent_id,
        author_name=actor.name,
        text=body,
    )
    await finish(uow, actor, ticket, Happening.NOTED, message=message.id)
    return message


async def forward(
    uow: UnitOfWork,
    actor: Actor,
    ticket: Ticket,
    message_id: str,
    to: str,
    text: str = "",
    *,
    cc: Sequence[str] = (),
    delay_seconds: int = 0,
    signature: SignatureChoice = SignatureChoice.AUTO,
) -> Message:
    """Send a message of the ticket, with its files, to somebody else by mail; his answer joins the ticket.

    ``delay_seconds`` leave time for :func:`undo_reply`.

    Raises :class:`InvalidInput` for the address and :class:`NotFound` for a message that is not on the ticket.
    """
    (address,) = _addresses([to], "to")
    original, owner = await access_message(uow, actor, message_id)
    if owner is None or owner.id != ticket.id or original.kind == MessageKind.NOTE:
        raise InvalidInput("that message cannot be forwarded from here", field="message")
    await begin(uow, ticket)
    letter = Outgoing(
        conversation_id=ticket.conversation_id,
        customer_id=ticket.customer_id or "",
        channel=Channel.EMAIL,
        to=Identity(IdentityKind.EMAIL, address),
        text=text.replace("\x00", "").strip(),
        subject=one_line(f"Fwd: {original.subject or ticket.subject}"),
        sender=await _sender_for(uow, ticket),
        delay_seconds=delay_seconds,
        language=actor.language,
    )
    enclosed = forwarded(original, actor.language)
    letter = await _as_mail(uow, actor, _authored(letter, actor, ticket), signature, enclosed=enclosed, cc=cc)
    message = await outbox.queue_message(uow, letter)
    await _copy_files(uow, original.id, message.id)
    ticket.messages_count += 1
    await finish(uow, actor, ticket, Happening.FORWARDED, message=message.id, to=address)
    return message


async def compose(
    uow: UnitOfWork,
    actor: Actor,
    *,
    identity: Identity,
    subject: str,
    text: str,
    channel: Channel,
    queue_id: str,
    sender: str = "",
    cc: Sequence[str] = (),
    bcc: Sequence[str] = (),
    files: Sequence[FileContent] = (),
    delay_seconds: int = 0,
    signature: SignatureChoice = SignatureChoice.AUTO,
) -> Ticket:
    """Write to a customer first: a conversation, a pending ticket of the actor's, and the message.

    ``sender`` is our own address or number, empty for the queue's or the channel's first. Raises :class:`InvalidInput`
    when the channel cannot reach the identity, and :class:`Forbidden` for a queue that is not the actor's.
    """
    body = _body(text)
    _require_reachable(identity, channel)
    if not actor.sees_queue(queue_id):
        raise Forbidden("that is not one of your queues")
    customer = await identities.resolve(uow, identity)
    conversation = Conversation(customer_id=customer.id, subject=one_line(subject))
    uow.session.add(conversation)
    ticket = await open_ticket(
        uow,
        conversation=conversation,
        customer_id=customer.id,
        subject=subject or body,
        preview=body,
        queue_id=queue_id,
        language=customer.language,
        channel=channel,
        status=TicketStatus.PENDING,
        answered_by="agent",
        assignee_id=actor.agent_id or None,
        actor=actor,
    )
    letter = Outgoing(
        conversation_id=conversation.id,
        customer_id=customer.id,
        channel=channel,
        to=identities.normalised(identity),
        text=body,
        sender=sender,
        files=tuple(files),
        delay_seconds=delay_seconds,
        language=customer.language,
    )
    letter = _authored(letter, actor, ticket)
    if channel is Channel.EMAIL:
        letter = await _as_mail(uow, actor, replace(letter, subject=one_line(subject)), signature, cc=cc, bcc=bcc)
    await outbox.queue_message(uow, letter)
    return ticket


def _require_reachable(identity: Identity, channel: Channel) -> None:
    wrong_kind = CHANNEL_OF.get(identity.kind) is not channel
    if wrong_kind or (channel is Channel.EMAIL and not _ADDRESS.fullmatch(identity.value)):
        raise InvalidInput(f"{channel.value} does not reach {identity}", field="identity")


async def _as_mail(
    uow: UnitOfWork,
    actor: Actor,
    letter: Outgoing,
    signature: SignatureChoice,
    *,
    enclosed: Part | None = None,
    quote: bool = False,
    cc: Sequence[str] = (),
    bcc: Sequence[str] = (),
) -> Outgoing:
    """What a mail has besides its words: sender, signature, pictures, and what it quotes or encloses."""
    head = await letterhead(uow, actor, letter.queue, letter.language)
    sender = head.sender or letter.sender
    signed, below = head.signature(signature), enclosed or NOTHING
    if quote:
        earlier = await quotable(uow, letter.conversation_id, letter.to, letter.in_reply_to)
        below = quotation(earlier, letter.language, Quoted(head.sender_name, sender))
    text, files = place_pictures(letter.text, letter.files, sender.rpartition("@")[2])
    return replace(
        letter,
        text=text,
        html=letter_html(text, signed, below),
        files=files,
        sender=sender,
        sender_name=head.sender_name,
        signature=signed.text,
        quotation=below.text,
        cc=_addresses(cc, "cc"),
        bcc=_addresses(bcc, "bcc"),
    )


def _authored(letter: Outgoing, actor: Actor, ticket: Ticket) -> Outgoing:
    """The letter with its author and the ticket it belongs to."""
    return replace(
        letter,
        author_type=AuthorType.AGENT,
        author_id=actor.agent_id,
        author_name=actor.name,
        ticket=ticket.number,
        queue=ticket.queue_id,
    )


def reply_subject(subject: str) -> str:
    """The subject of an answer: one ``Re:`` in front, whatever the customer's program calls it."""
    line = one_line(subject)
    return line if _REPLY.match(line) else f"Re: {line}".strip()


def _answered(actor: Actor, ticket: Ticket, status: TicketStatus) -> None:
    """An agent has answered: the customer no longer waits for us."""
    settle(ticket, status)
    ticket.answered_by = "agent"
    ticket.first_reply_at = ticket.first_reply_at or clock.now()
    ticket.messages_count += 1
    if ticket.assignee_id is None and actor.via == "console" and actor.agent_id:
        ticket.assignee_id = actor.agent_id


_REMEMBERED = (
    "status", "waiting_since", "first_reply_at", "resolved_at", "snoozed_until", "answered_by", "assignee_id",
)  # fmt: skip


def _memory(ticket: Ticket) -> dict[str, Any]:
    """What an undo restores, fit for JSON."""
    values = {name: getattr(ticket, name) for name in _REMEMBERED}
    return {name: value.isoformat() if isinstance(value, datetime) else value for name, value in values.items()}


def _remember(ticket: Ticket, before: dict[str, Any]) -> None:
    for name in _REMEMBERED:
        value = before.get(name)
        is_moment = isinstance(value, str) and name.endswith(("_at", "_since", "_until"))
        setattr(ticket, name, datetime.fromisoformat(str(value)) if is_moment else value)


async def _sender_for(uow: UnitOfWork, ticket: Ticket) -> str:
    """The mail address of ours this ticket is held with; empty when it is not held by mail."""
    try:
        return (await counterpart(uow, ticket, channel=Channel.EMAIL)).sender
    except InvalidInput:
        return ""


def _body(text: str) -> str:
    body = text.replace("\x00", "").replace("\r\n", "\n").strip()
    if not body:
        raise InvalidInput("there is no text", field="text")
    if len(body) > MAX_TEXT:
        raise InvalidInput(f"a text has at most {MAX_TEXT} characters", field="text")
    return body


def _addresses(written: Sequence[str], field: str) -> tuple[str, ...]:
    """Addresses of a header, each one plain address. Raises :class:`InvalidInput` naming the field."""
    found = tuple(dict.fromkeys(address.strip() for address in written if address.strip()))
    if len(found) > MAX_COPIES:
        raise InvalidInput(f"at most {MAX_COPIES} addresses", field=field)
    for address in found:
        if not _ADDRESS.fullmatch(address):
            raise InvalidInput(f"{address!r} is not an e-mail address", field=field)
    if field == "to" and len(found) != 1:
        raise InvalidInput("one address, please", field=field)
    return found


async def _copy_files(uow: UnitOfWork, source_id: str, target_id: str) -> None:
    """Attach the files of one message to another; their contents are shared blobs."""
    files = await uow.session.scalars(
        select(Attachment).where(col(Attachment.message_id) == source_id).order_by(col(Attachment.position))
    )
    rows = [file.model_dump() | {"id": clock.new_id(), "message_id": target_id} for file in files]
    if rows:
        await uow.session.execute(insert(Attachment), rows)
