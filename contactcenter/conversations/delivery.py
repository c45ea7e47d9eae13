"""Delivery: one job a message. A lease is committed before each try, the outcome after it.

What the machine wrote goes out at most once: a try that was interrupted is ``uncertain`` and never repeated. What an
agent wrote goes out at least once, with the same Message-ID, so that a copy is recognised as one.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from datetime import timedelta
from typing import Any, Protocol

import structlog
from sqlalchemy import ARRAY, Text, Uuid, bindparam, select, text, update
from sqlmodel import col

from contactcenter import clock
from contactcenter.conversations.outbox import DELIVER
from contactcenter.conversations.records import Attachment, Delivery, Message
from contactcenter.conversations.tokens import ReplyTokens
from contactcenter.envelope import (
    DELIVERY_RANK,
    AuthorType,
    Channel,
    DeliveryState,
    FileContent,
    Identity,
    OutboundMessage,
    Receipt,
    Sender,
    SendResult,
)
from contactcenter.errors import DeliveryError, PermanentDelivery, TemporaryDelivery, UncertainDelivery
from contactcenter.events import Event, EventKind
from contactcenter.store.jobs import OUTBOUND
from contactcenter.store.store import Store
from contactcenter.store.unit_of_work import UnitOfWork

log = structlog.get_logger(__name__)

LEASE = timedelta(seconds=40)
SEND_TIMEOUT = 35.0  # seconds; within the lease
EARLY_TRIES, EARLY_WAIT = 10, 0.3  # seconds; a receipt for an id not known yet
BACK_OFF = tuple(timedelta(seconds=s) for s in (10, 60, 300, 900, 3600, 3 * 3600, 8 * 3600, 24 * 3600))
"""Waits before the second, third … try; after the last the message has failed."""


_LEASE = text(
    """
    WITH due AS (
        SELECT message_id, state AS was, automatic FROM delivery
        WHERE message_id = :id AND due_at <= :now
          AND (state = 'queued' OR (state = 'sending' AND leased_until < :now)
               OR (state = 'uncertain' AND NOT automatic))
        FOR UPDATE
    ),
    taken AS (
        UPDATE delivery d SET
            state = CASE WHEN was = 'sending' AND due.automatic THEN 'uncertain' ELSE 'sending' END,
            detail = CASE WHEN was = 'sending' AND due.automatic
                THEN 'the service stopped while sending; it may have arrived' ELSE detail END,
            attempts = attempts + 1, leased_until = :until, updated_at = :now
        FROM due WHERE d.message_id = due.message_id
        RETURNING d.message_id, d.state, d.attempts, was
    )
    SELECT t.state, t.was, t.attempts, m.id, m.channel, m.identity, m.text, m.subject, m.html, m.addresses,
           m.author_name, m.author_type, m.external_id, m.in_reply_to, m.refs, m.created_at,
           m.conversation_id::text, m.customer_id::text,
           EXISTS (SELECT 1 FROM attachment a WHERE a.message_id = m.id) AS has_files
    FROM taken t JOIN message m ON m.id = t.message_id
    """
).bindparams(bindparam("id", type_=Uuid(as_uuid=False)))
_SETTLE = text(
    """
    WITH before AS (SELECT message_id, external_id AS old FROM delivery WHERE message_id = :id FOR UPDATE)
    UPDATE delivery d SET
        state = CASE WHEN d.state = ANY(:lower) THEN :state ELSE d.state END,
        external_id = CASE WHEN :external_id <> '' THEN :external_id ELSE d.external_id END,
        detail = :detail, updated_at = :now
    FROM before, message m WHERE d.message_id = before.message_id AND m.id = d.message_id
    RETURNING :external_id <> '' AND :external_id <> old AS renamed, m.conversation_id::text, m.customer_id::text
    """
).bindparams(
    bindparam("id", type_=Uuid(as_uuid=False)),
    bindparam("lower", type_=ARRAY(Text)),
    bindparam("state", type_=Text),
    bindparam("external_id", type_=Text),
    bindparam("detail", type_=Text),
)


class OwnAddresses(Protocol):
    """Who we are on a channel, for messages that do not say from which address they go."""

    def default_sender(self, channel: Channel) -> str:
        """Our first address or number on the channel; empty when there is none."""
        ...

    def sender_name(self, address: str) -> str:
        """The display name of one of our addresses."""
        ...


class Deliverer:
    """Takes queued messages to their channels and believes receipts. Implements ``ReceiptSink``."""

    def __init__(self, store: Store, senders: Mapping[Channel, Sender], own: OwnAddresses, tokens: ReplyTokens) -> None:
        self._store = store
        self._senders = senders
        self._own = own
        self._tokens = tokens

    async def deliver(self, message_id: str) -> None:
        """The job: try once if it is this message's turn."""
        async with self._store.transaction() as uow:
            taken = await self._lease(uow, message_id)
        if taken is None:
            return
        message, interrupted = taken
        try:
            async with asyncio.timeout(SEND_TIMEOUT):
                result = await self._send(message, interrupted)
        except TimeoutError:
            await self._failed(message, UncertainDelivery("the other side did not answer in time"))
        except DeliveryError as error:
            await self._failed(message, error)
        else:
            await self._settle(message.id, result.state, detail=result.detail, external_id=result.external_id)

    async def record(self, receipt: Receipt) -> bool:
        """Believe a receipt when it says more than is known; states never move backwards."""
        for _ in range(EARLY_TRIES):
            known = await self._record(receipt)
            if known is not None:
                return known
            # A call-back can overtake the answer that brings the id it speaks of.
            await asyncio.sleep(EARLY_WAIT)
        return False

    async def _record(self, receipt: Receipt) -> bool | None:
        """Whether the receipt moved its delivery; None when nobody knows its id (yet)."""
        async with self._store.transaction() as uow:
            found = select(Delivery).where(
                col(Delivery.channel) == receipt.channel, col(Delivery.external_id) == receipt.external_id
            )
            delivery = (await uow.session.scalars(found.with_for_update())).one_or_none()
            if delivery is None and receipt.channel is Channel.CHAT:
                delivery = await uow.session.get(Delivery, receipt.external_id, with_for_update=True)
            if delivery is None:
                return None if receipt.channel is Channel.SMS else False
            if DELIVERY_RANK[receipt.state] <= DELIVERY_RANK[DeliveryState(delivery.state)]:
                return False
            delivery.state, delivery.updated_at = receipt.state, clock.now()
            delivery.detail = receipt.detail or delivery.detail
            await _announce(uow, delivery.message_id)
            return True

    async def unfinished(self) -> None:
        """Defer anew what a crash left behind: due messages without a job, tries whose lease ran out."""
        now = clock.now()
        late = now - LEASE
        async with self._store.transaction() as uow:
            ids = await uow.session.scalars(
                select(col(Delivery.message_id)).where(
                    col(Delivery.state).in_([DeliveryState.QUEUED, DeliveryState.SENDING]),
                    col(Delivery.updated_at) < late,
                    col(Delivery.due_at) < late,
                )
            )
            for message_id in ids:
                await uow.defer(DELIVER, queue=OUTBOUND, args={"message_id": message_id})

    async def _lease(self, uow: UnitOfWork, message_id: str) -> tuple[OutboundMessage, bool] | None:
        """Take the message for one try; None when it is not ours to send. The flag tells of an interrupted try."""
        now = clock.now()
        parameters = {"id": message_id, "now": now, "until": now + LEASE}
        row = (await uow.session.execute(_LEASE, parameters)).one_or_none()
        if row is None:
            return None
        if row.state == DeliveryState.UNCERTAIN:  # the machine's, and its try was interrupted: never again
            uow.publish(_changed(message_id, row.conversation_id, row.customer_id))
            return None
        return await self._outbound(uow, row), row.was != DeliveryState.QUEUED

    async def _send(self, message: OutboundMessage, interrupted: bool) -> SendResult:
        sender = self._senders.get(message.channel)
        if sender is None:
            raise PermanentDelivery(f"the channel {message.channel} is not set up")
        if interrupted and (found := await sender.find(message)) is not None:
            return found
        return await sender.send(message)

    async def _failed(self, message: OutboundMessage, error: DeliveryError) -> None:
        again = isinstance(error, TemporaryDelivery) or (isinstance(error, UncertainDelivery) and not message.automatic)
        log.warning("delivery failed", message=message.id, channel=message.channel, error=str(error), again=again)
        if again and message.attempt <= len(BACK_OFF):
            uncertain = isinstance(error, UncertainDelivery)
            await self._later(message, DeliveryState.UNCERTAIN if uncertain else DeliveryState.QUEUED, str(error))
        elif isinstance(error, UncertainDelivery):
            await self._settle(message.id, DeliveryState.UNCERTAIN, detail=str(error))
        else:
            await self._settle(message.id, DeliveryState.FAILED, detail=str(error))

    async def _later(self, message: OutboundMessage, state: DeliveryState, reason: str) -> None:
        due = clock.now() + BACK_OFF[message.attempt - 1]
        async with self._store.transaction() as uow:
            values = {"state": state, "detail": reason, "due_at": due, "updated_at": clock.now()}
            await uow.session.execute(update(Delivery).where(col(Delivery.message_id) == message.id).values(values))
            await uow.defer(DELIVER, queue=OUTBOUND, args={"message_id": message.id}, at=due)
            await _announce(uow, message.id)

    async def _settle(self, message_id: str, state: DeliveryState, *, detail: str = "", external_id: str = "") -> None:
        """Note the outcome; what a receipt said meanwhile is not taken back."""
        lower = [known for known, rank in DELIVERY_RANK.items() if rank < DELIVERY_RANK[state]]
        parameters = {
            "id": message_id,
            "state": state,
            "lower": lower,
            "detail": detail,
            "external_id": external_id,
            "now": clock.now(),
        }
        async with self._store.transaction() as uow:
            row = (await uow.session.execute(_SETTLE, parameters)).one_or_none()
            if row is None:
                return
            if row.renamed:
                named = update(Message).where(col(Message.id) == message_id).values(external_id=external_id)
                await uow.session.execute(named)
            uow.publish(_changed(message_id, row.conversation_id, row.customer_id))

    async def _outbound(self, uow: UnitOfWork, row: Any) -> OutboundMessage:
        channel = Channel(row.channel)
        sender = row.addresses.get("from") or self._own.default_sender(channel)
        return OutboundMessage(
            id=str(row.id),
            channel=channel,
            to=Identity.parse(row.identity),
            text=row.text,
            subject=row.subject,
            html=row.html,
            sender=sender,
            sender_name=self._own.sender_name(sender) or row.author_name,
            cc=tuple(row.addresses.get("cc", ())),
            bcc=tuple(row.addresses.get("bcc", ())),
            external_id=row.external_id,
            in_reply_to=row.in_reply_to,
            references=tuple(row.refs),
            reply_token=self._tokens.sign(row.conversation_id) if row.conversation_id else "",
            automatic=row.author_type == AuthorType.MACHINE,
            created_at=row.created_at,
            attempt=row.attempts,
            files=await self._files(uow, row.id) if row.has_files else (),
        )

    async def _files(self, uow: UnitOfWork, message_id: str) -> tuple[FileContent, ...]:
        attached = select(Attachment).where(col(Attachment.message_id) == message_id).order_by("position")
        return tuple(
            [
                FileContent(
                    file.filename,
                    file.content_type,
                    await self._store.blobs.read(file.sha256),
                    file.inline,
                    file.content_id,
                )
                for file in await uow.session.scalars(attached)
            ]
        )


def _changed(message_id: str, conversation_id: str | None, customer_id: str | None) -> Event:
    return Event(
        EventKind.DELIVERY_CHANGED, id=message_id, conversation=conversation_id or "", customer=customer_id or ""
    )


async def _announce(uow: UnitOfWork, message_id: str) -> None:
    row = await uow.session.get(Message, message_id)
    if row is not None:
        uow.publish(_changed(row.id, row.conversation_id, row.customer_id))
