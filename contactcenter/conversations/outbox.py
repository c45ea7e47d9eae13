"""The outbox: an outbound message, its delivery and its job are written with whatever caused them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

from sqlalchemy import delete, insert, update
from sqlalchemy.dialects.postgresql import insert as upsert

from contactcenter import clock
from contactcenter.conversations.inbox import attachment_rows
from contactcenter.conversations.records import Attachment, AutomaticMail, Delivery, Message, Participant
from contactcenter.envelope import AuthorType, Channel, DeliveryState, Direction, FileContent, Identity, MessageKind
from contactcenter.events import Event, EventKind
from contactcenter.store.jobs import OUTBOUND
from contactcenter.store.search import vector_literal
from contactcenter.store.unit_of_work import UnitOfWork

DELIVER = "deliver"
"""Name of the job that hands one message to its channel."""


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
    files: tuple[FileContent, ...] = ()
    delay_seconds: int = 0
    language: str = ""
    ticket: int = 0
    queue: str = ""


async def queue_message(uow: UnitOfWork, outgoing: Outgoing) -> Message:
    """Write the message, its delivery and its job into this transaction; recipients become participants."""
    now = clock.now()
    due = now + timedelta(seconds=outgoing.delay_seconds)
    message = _message(outgoing)
    await uow.session.execute(insert(Message), [message.model_dump(exclude={"search"}) | {"search": _vector(message)}])
    if outgoing.files:
        await uow.session.execute(insert(Attachment), attachment_rows(message.id, outgoing.files))
    delivery = {
        "message_id": message.id,
        "channel": outgoing.channel,
        "state": DeliveryState.QUEUED,
        "automatic": bool(outgoing.automatic),
        "external_id": message.external_id,
        "due_at": due,
        "created_at": now,
        "updated_at": now,
    }
    await uow.session.execute(insert(Delivery), [delivery])
    if outgoing.automatic:
        automatic = {
            "message_id": message.id,
            "conversation_id": outgoing.conversation_id,
            "identity": str(outgoing.to),
            "kind": outgoing.automatic,
            "at": now,
        }
        await uow.session.execute(insert(AutomaticMail), [automatic])
    else:
        joined = [str(outgoing.to), *(f"email:{address.lower()}" for address in (*outgoing.cc, *outgoing.bcc))]
        await add_participants(uow, outgoing.conversation_id, joined)
    await uow.defer(
        DELIVER, queue=OUTBOUND, args={"message_id": message.id}, at=due if outgoing.delay_seconds else None
    )
    uow.publish(
        Event(
            EventKind.MESSAGE_ADDED,
            id=message.id,
            ticket=outgoing.ticket,
            queue=outgoing.queue,
            conversation=outgoing.conversation_id,
            customer=outgoing.customer_id,
            identity=str(outgoing.to) if outgoing.channel is Channel.CHAT else "",
        )
    )
    return message


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
    await uow.session.execute(insert(Message), [message.model_dump(exclude={"search"}) | {"search": _vector(message)}])
    uow.publish(Event(EventKind.MESSAGE_ADDED, id=message.id, conversation=conversation_id, customer=customer_id or ""))
    return message


async def cancel_queued(uow: UnitOfWork, message_id: str) -> bool:
    """Take back a message whose delivery has not begun; False when it is too late."""
    delivery = Delivery.__table__  # type: ignore[attr-defined]
    taken = await uow.session.execute(
        update(delivery)
        .where(delivery.c.message_id == message_id, delivery.c.state == DeliveryState.QUEUED, delivery.c.attempts == 0)
        .values(state=DeliveryState.FAILED, detail="taken back")
        .returning(delivery.c.message_id)
    )
    if taken.scalar_one_or_none() is None:
        return False
    message = Message.__table__  # type: ignore[attr-defined]
    await uow.session.execute(delete(message).where(message.c.id == message_id))
    return True


async def add_participants(uow: UnitOfWork, conversation_id: str, identities: list[str]) -> None:
    """Let these identities join the conversation by reply."""
    rows = [{"conversation_id": conversation_id, "identity": identity} for identity in dict.fromkeys(identities)]
    await uow.session.execute(upsert(Participant).values(rows).on_conflict_do_nothing())


def _message(outgoing: Outgoing) -> Message:
    message_id = clock.new_id()
    is_mail = outgoing.channel is Channel.EMAIL
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
        language=outgoing.language,
        external_id=f"{message_id}@{outgoing.sender.rpartition('@')[2] or 'contactcenter.invalid'}" if is_mail else "",
        in_reply_to=outgoing.in_reply_to,
        refs=list(outgoing.refs),
        automatic=bool(outgoing.automatic),
        addresses={
            "from": outgoing.sender,
            "to": [outgoing.to.value],
            "cc": list(outgoing.cc),
            "bcc": list(outgoing.bcc),
        },
    )


def _vector(message: Message) -> str:
    return vector_literal(message.subject, message.text)
