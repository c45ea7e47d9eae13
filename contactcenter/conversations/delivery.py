"""Delivery: one job a message. A lease is committed before each try, the outcome after it.

What the machine wrote goes out at most once: a try that was interrupted is ``uncertain`` and never repeated. What an
agent wrote goes out at least once, with the same Message-ID, so that a copy is recognised as one.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from datetime import timedelta
from typing import Protocol

import structlog
from sqlalchemy import select, update
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
        delivery = await uow.session.get(Delivery, message_id, with_for_update=True)
        if delivery is None or delivery.due_at > now:
            return None
        # Uncertain and still here: an agent's message whose last try may have gone out.
        unknown = delivery.state == DeliveryState.UNCERTAIN and not delivery.automatic
        interrupted = delivery.state == DeliveryState.SENDING or unknown
        if delivery.state == DeliveryState.SENDING and (delivery.leased_until is None or delivery.leased_until > now):
            return None
        if not interrupted and delivery.state != DeliveryState.QUEUED:
            return None
        delivery.updated_at = now
        if interrupted and delivery.automatic:
            delivery.state = DeliveryState.UNCERTAIN
            delivery.detail = "the service stopped while sending; it may have arrived"
            await _announce(uow, message_id)
            return None
        delivery.state, delivery.leased_until = DeliveryState.SENDING, now + LEASE
        delivery.attempts += 1
        return await self._outbound(uow, message_id, delivery.attempts), interrupted

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
        async with self._store.transaction() as uow:
            delivery = await uow.session.get(Delivery, message_id, with_for_update=True)
            if delivery is None:
                return
            if external_id and external_id != delivery.external_id:
                delivery.external_id = external_id
                await uow.session.execute(
                    update(Message).where(col(Message.id) == message_id).values(external_id=external_id)
                )
            if DELIVERY_RANK[state] > DELIVERY_RANK[DeliveryState(delivery.state)]:
                delivery.state = state
            delivery.detail, delivery.updated_at = detail, clock.now()
            await _announce(uow, message_id)

    async def _outbound(self, uow: UnitOfWork, message_id: str, attempt: int) -> OutboundMessage:
        row = await uow.session.get_one(Message, message_id)
        attached = select(Attachment).where(col(Attachment.message_id) == message_id).order_by("position")
        files = [
            FileContent(
                file.filename,
                file.content_type,
                await self._store.blobs.read(file.sha256),
                file.inline,
                file.content_id,
            )
            for file in await uow.session.scalars(attached)
        ]
        channel = Channel(row.channel)
        sender = row.addresses.get("from") or self._own.default_sender(channel)
        return OutboundMessage(
            id=row.id,
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
            attempt=attempt,
            files=tuple(files),
        )


async def _announce(uow: UnitOfWork, message_id: str) -> None:
    row = await uow.session.get(Message, message_id)
    if row is not None:
        uow.publish(
            Event(
                EventKind.DELIVERY_CHANGED,
                id=row.id,
                conversation=row.conversation_id or "",
                customer=row.customer_id or "",
            )
        )
