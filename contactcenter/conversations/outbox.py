"""The outbox: an outbound message, its delivery and its job are written with whatever caused them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import delete, insert, update
from sqlalchemy.dialects.postgresql import insert as upsert

from contactcenter import clock
from contactcenter.conversations.guards import recipient_key
from contactcenter.conversations.inbox import attachment_rows
from contactcenter.conversations.records import Attachment, AutomaticMail, Delivery, Message, Participant
from contactcenter.conversations.tokens import ReplyTokens
from contactcenter.envelope import AuthorType, Channel, DeliveryState, Direction, FileContent, Identity, MessageKind
from contactcenter.events import Event, EventKind
from contactcenter.store.jobs import OUTBOUND
from contactcenter.store.schema import table_of
from contactcenter.store.search import vector_literal
from contactcenter.store.unit_of_work import UnitOfWork

DELIVER = "deliver"
"""Name of the job that hands one message to its channel."""


_message_table = table_of(Message)
_attachment = table_of(Attachment)
_MESSAGE_COLUMNS = [column.name for column in _message_table.columns]
_INSERT_MESSAGE = insert(_message_table)
_INSERT_DELIVERY = insert(table_of(Delivery))
_INSERT_AUTOMATIC = insert(table_of(AutomaticMail))
_JOIN = upsert(table_of(Participant)).on_conflict_do_nothing()


@dataclass(frozen=True, slots=True)
class Outgoing:
    """What is to be sent. ``sender`` is our own address or number, empty for the channel's first.

    The contents of ``files`` must already be kept as blobs. ``delay_seconds`` leaves time to undo.
    """

    conversation_id: str
    customer_id: str
    channel: Channel
    to: Identity
    text: str
    subject: str = ""
    html: str = ""
    cc: tuple[str, ...] = ()
    bcc: tuple[str, ...] = ()
    author_type: AuthorType = AuthorType.AGENT
    author_id: str = ""
    author_name: str = ""
    automatic: str = ""  # "answer" or "receipt" when the machine writes it
    in_reply_to: str = ""
    refs: tuple[str, ...] = ()
    sender: str = ""
    sender_name: str = ""  # empty: the mailbox's
    signature: str = ""  # plain text; ``html`` has it already, as it has the quotation
    quotation: str = ""
    files: tuple[FileContent, ...] = ()
    delay_seconds: int = 0
    language: str = ""
    ticket: int = 0
    queue: str = ""


async def queue_message(uow: UnitOfWork, outgoing: Outgoing) -> Message:
    """Write the message, its delivery and its job into this transaction; recipients become participants."""
    return (await queue_messages(uow, [outgoing]))[0]


async def queue_messages(uow: UnitOfWork, outgoings: Sequence[Outgoing]) -> list[Message]:
    """:func:`queue_message` for several: a fixed number of statements."""
    if not outgoings:
        return []
    now = clock.now()
    tokens = ReplyTokens.of(uow.secrets)
    pairs = [(outgoing, _message(outgoing, tokens)) for outgoing in outgoings]
    connection = await uow.session.connection()
    await connection.execute(_INSERT_MESSAGE, [_values(message) for _, message in pairs])
    files = [row for outgoing, message in pairs for row in attachment_rows(message.id, outgoing.files)]
    if files:
        await connection.execute(insert(_attachment), files)
    await connection.execute(_INSERT_DELIVERY, [_delivery(outgoing, message, now) for outgoing, message in pairs])
    automatic = [_automatic(outgoing, message, now) for outgoing, message in pairs if outgoing.automatic]
    if automatic:
        await connection.execute(_INSERT_AUTOMATIC, automatic)
    await _join(uow, outgoings)
    await _defer(uow, pairs)
    for outgoing, message in pairs:
        uow.publish(_added(outgoing, message))
    return [message for _, message in pairs]


async def _join(uow: UnitOfWork, outgoings: Sequence[Outgoing]) -> None:
    """Whom an agent writes to takes part; whom the machine answers does already."""
    pairs = [
        (outgoing.conversation_id, identity)
        for outgoing in outgoings
        if not outgoing.automatic
        for identity in (str(outgoing.to), *(f"email:{address.lower()}" for address in (*outgoing.cc, *outgoing.bcc)))
    ]
    await add_participants(uow, pairs)


async def _defer(uow: UnitOfWork, pairs: Sequence[tuple[Outgoing, Message]]) -> None:
    at_once = [{"message_id": message.id} for outgoing, message in pairs if not outgoing.delay_seconds]
    await uow.defer_many(DELIVER, queue=OUTBOUND, args=at_once)
    for outgoing, message in pairs:
        if outgoing.delay_seconds:
            due = clock.now() + timedelta(seconds=outgoing.delay_seconds)
            await uow.defer(DELIVER, queue=OUTBOUND, args={"message_id": message.id}, at=due)


def _delivery(outgoing: Outgoing, message: Message, now: datetime) -> dict[str, Any]:
    return {
        "message_id": message.id,
        "channel": outgoing.channel,
        "state": DeliveryState.QUEUED,
        "automatic": bool(outgoing.automatic),
        "external_id": message.external_id,
        "due_at": now + timedelta(seconds=outgoing.delay_seconds),
        "created_at": now,
        "updated_at": now,
    }


def _automatic(outgoing: Outgoing, message: Message, now: datetime) -> dict[str, Any]:
    return {
        "message_id": message.id,
        "conversation_id": outgoing.conversation_id,
        "identity": str(outgoing.to),
        "recipient": recipient_key(outgoing.to),
        "kind": outgoing.automatic,
        "at": now,
    }


def _added(outgoing: Outgoing, message: Message) -> Event:
    return Event(
        EventKind.MESSAGE_ADDED,
        id=message.id,
        ticket=outgoing.ticket,
        queue=outgoing.queue,
        conversation=outgoing.conversation_id,
        customer=outgoing.customer_id,
        identity=str(outgoing.to) if outgoing.channel is Channel.CHAT else "",
    )


async def add_note(
    uow: UnitOfWork, *, conversation_id: str, customer_id: str | None, author_id: str, author_name: str, text: str
) -> Message:
    """Write an internal note: in the timeline, never sent."""
    message = Message(
        channel=Channel.API,
        direction=Direction.OUT,
        kind=MessageKind.NOTE,
        conversation_id=conversation_id,
        customer_id=customer_id,
        author_type=AuthorType.AGENT,
        author_id=author_id,
        author_name=author_name,
        text=text,
        visible_text=text,
    )
    await (await uow.session.connection()).execute(_INSERT_MESSAGE, [_values(message)])
    uow.publish(Event(EventKind.MESSAGE_ADDED, id=message.id, conversation=conversation_id, customer=customer_id or ""))
    return message


async def cancel_queued(uow: UnitOfWork, message_id: str) -> bool:
    """Take back a message whose delivery has not begun; False when it is too late."""
    delivery = table_of(Delivery)
    taken = await uow.session.execute(
        update(delivery)
        .where(delivery.c.message_id == message_id, delivery.c.state == DeliveryState.QUEUED, delivery.c.attempts == 0)
        .values(state=DeliveryState.FAILED, detail="taken back")
        .returning(delivery.c.message_id)
    )
    if taken.scalar_one_or_none() is None:
        return False
    await uow.session.execute(delete(_message_table).where(_message_table.c.id == message_id))
    return True


async def add_participants(uow: UnitOfWork, pairs: Sequence[tuple[str, str]]) -> None:
    """Let identities join conversations by reply; pairs of conversation id and identity."""
    if pairs:
        rows = [
            {"conversation_id": conversation, "identity": identity} for conversation, identity in sorted(set(pairs))
        ]
        await (await uow.session.connection()).execute(_JOIN, rows)


def _message(outgoing: Outgoing, tokens: ReplyTokens) -> Message:
    message_id, external_id = clock.new_id(), ""
    if outgoing.channel is Channel.EMAIL:
        domain = outgoing.sender.rpartition("@")[2] or "contactcenter.invalid"
        external_id = tokens.message_id(outgoing.conversation_id, message_id, domain)
    return Message(
        id=message_id,
        channel=outgoing.channel,
        direction=Direction.OUT,
        kind=MessageKind.MESSAGE,
        conversation_id=outgoing.conversation_id,
        customer_id=outgoing.customer_id,
        author_type=outgoing.author_type,
        author_id=outgoing.author_id,
        author_name=outgoing.author_name,
        identity=str(outgoing.to),
        subject=outgoing.subject,
        text=outgoing.text,
        visible_text=outgoing.text,
        html=outgoing.html,
        signature=outgoing.signature,
        quoted_text=outgoing.quotation,
        language=outgoing.language,
        external_id=external_id,
        in_reply_to=outgoing.in_reply_to,
        refs=list(outgoing.refs),
        automatic=bool(outgoing.automatic),
        addresses={
            "from": outgoing.sender,
            "to": [outgoing.to.value],
            "cc": list(outgoing.cc),
            "bcc": list(outgoing.bcc),
            **({"from_name": outgoing.sender_name} if outgoing.sender_name else {}),
        },
    )


def _values(message: Message) -> dict[str, Any]:
    values = {name: getattr(message, name) for name in _MESSAGE_COLUMNS}
    return values | {"search": vector_literal(message.subject, message.text)}
