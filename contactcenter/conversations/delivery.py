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
from sqlalchemy.dialects.postgresql import JSONB
from sqlmodel import col

from contactcenter import clock
from contactcenter.conversations.outbox import DELIVER
from contactcenter.conversations.records import Attachment, Delivery, Message
from contactcenter.conversations.retries import DELAYED, NextTry, next_try
from contactcenter.conversations.tokens import ReplyTokens
from contactcenter.customers.identity import mark_undeliverable
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
        RETURNING d.message_id, d.state, d.attempts, d.refused, was
    )
    SELECT t.state, t.was, t.attempts, m.id, m.channel, m.identity, m.text, m.subject, m.html, m.addresses,
           m.author_name, m.author_type, m.external_id, m.in_reply_to, m.refs, m.created_at, m.signature,
           m.quoted_text, t.refused, m.conversation_id::text, m.customer_id::text,
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
        detail = :detail, updated_at = :now,
        refused = (SELECT coalesce(jsonb_object_agg(key, value), '{}') FROM jsonb_each(d.refused)
                   WHERE (value->>'final')::boolean) || :refused
    FROM before, message m WHERE d.message_id = before.message_id AND m.id = d.message_id
    RETURNING :external_id <> '' AND :external_id <> old AS renamed, m.conversation_id::text, m.customer_id::text
    """
).bindparams(
    bindparam("id", type_=Uuid(as_uuid=False)),
    bindparam("lower", type_=ARRAY(Text)),
    bindparam("state", type_=Text),
    bindparam("external_id", type_=Text),
    bindparam("detail", type_=Text),
    bindparam("refused", type_=JSONB),
)
_AGAIN = text(
    """
    UPDATE delivery SET state = :state, attempts = attempts - :given_back, due_at = :due, updated_at = :now,
        detail = CASE WHEN :detail <> '' THEN :detail ELSE detail END,
        refused = CASE WHEN CAST(:refused AS jsonb) IS NULL THEN refused
            ELSE (SELECT coalesce(jsonb_object_agg(key, value), '{}') FROM jsonb_each(refused)
                  WHERE (value->>'final')::boolean) || :refused END
    WHERE message_id = :id
    """
).bindparams(
    bindparam("id", type_=Uuid(as_uuid=False)),
    bindparam("detail", type_=Text),
    bindparam("refused", type_=JSONB(none_as_null=True)),
)


class OwnAddresses(Protocol):
    """Who we are on a channel, for messages that do not say from which address they go."""

    def default_sender(self, channel: Channel) -> str:
        """Our first address or number on the channel; empty when there is none."""
        ...

    def sender_name(self, address: str) -> str:
        """The display name of one of our addresses."""
        ...


class DeliveryNews(Protocol):
    """Who is told when a message does not get through. Both are part of the transaction that notes it."""

    async def delayed(self, uow: UnitOfWork, message: Message, reason: str) -> None:
        """It is tried for hours now, and will be further."""
        ...

    async def failed(self, uow: UnitOfWork, message: Message, reason: str) -> None:
        """It will never get through."""
        ...


class Deliverer:
    """Takes queued messages to their channels and believes receipts. Implements ``ReceiptSink``."""

    def __init__(
        self,
        store: Store,
        senders: Mapping[Channel, Sender],
        own: OwnAddresses,
        tokens: ReplyTokens,
        news: DeliveryNews | None = None,
    ) -> None:
        self._news = news
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
            await self._taken(message, result)

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

    async def _taken(self, message: OutboundMessage, result: SendResult) -> None:
        """The other side took it, at least for its first recipient; those put off are tried again."""
        refused = {one.address: _refusal(one.code, one.detail, one.final) for one in result.refused}
        later = TemporaryDelivery(result.detail) if any(not one.final for one in result.refused) else None
        plan = next_try(message, later, clock.now()) if later is not None else None
        if plan is not None:
            await self._later(message, plan, DeliveryState.QUEUED, result.detail, refused)
            return
        refused = {address: {**refusal, "final": True} for address, refusal in refused.items()}
        await self._settle(
            message.id, result.state, detail=result.detail, external_id=result.external_id, refused=refused
        )

    async def _failed(self, message: OutboundMessage, error: DeliveryError) -> None:
        plan = next_try(message, error, clock.now())
        uncertain = isinstance(error, UncertainDelivery)
        if plan is None or not plan.quiet:
            log.warning(
                "delivery failed", message=message.id, channel=message.channel, error=str(error), again=plan is not None
            )
        if plan is not None:
            state = DeliveryState.UNCERTAIN if uncertain else DeliveryState.QUEUED
            await self._later(message, plan, state, "" if plan.quiet else str(error))
        elif uncertain:
            await self._settle(message.id, DeliveryState.UNCERTAIN, detail=str(error))
        elif message.only:  # the first recipients have it
            refused = {address: _refusal(error.code, str(error), final=True) for address in message.only}
            await self._settle(message.id, DeliveryState.SENT, refused=refused)
        else:
            dead = message.to if isinstance(error, PermanentDelivery) and error.dead else None
            await self._settle(message.id, DeliveryState.FAILED, detail=str(error), dead=dead)

    async def _later(
        self,
        message: OutboundMessage,
        plan: NextTry,
        state: DeliveryState,
        detail: str,
        refused: Mapping[str, Mapping[str, Any]] | None = None,
    ) -> None:
        now = clock.now()
        values = {
            "id": message.id,
            "state": state,
            "given_back": 0 if plan.counted else 1,
            "due": now + plan.after,
            "now": now,
            "detail": detail,
            "refused": refused,
        }
        async with self._store.transaction() as uow:
            await uow.session.execute(_AGAIN, values)
            await uow.defer(DELIVER, queue=OUTBOUND, args={"message_id": message.id}, at=now + plan.after)
            if not plan.quiet:
                await self._tell_of_delay(uow, message, detail)
                await _announce(uow, message.id)

    async def _tell_of_delay(self, uow: UnitOfWork, message: OutboundMessage, reason: str) -> None:
        """Tell the writer, once, that his message is hours late."""
        now = clock.now()
        if self._news is None or message.automatic or now - (message.created_at or now) < DELAYED:
            return
        noted = await uow.session.execute(
            update(Delivery)
            .where(col(Delivery.message_id) == message.id, col(Delivery.delayed_at).is_(None))
            .values(delayed_at=now)
            .returning(col(Delivery.message_id))
        )
        row = await uow.session.get(Message, message.id) if noted.scalar_one_or_none() else None
        if row is not None:
            await self._news.delayed(uow, row, reason)

    async def _settle(
        self,
        message_id: str,
        state: DeliveryState,
        *,
        detail: str = "",
        external_id: str = "",
        refused: Mapping[str, Mapping[str, Any]] | None = None,
        dead: Identity | None = None,
    ) -> None:
        """Note the outcome; what a receipt said meanwhile is not taken back. ``dead`` takes no mail any more."""
        lower = [known for known, rank in DELIVERY_RANK.items() if rank < DELIVERY_RANK[state]]
        parameters = {
            "id": message_id,
            "state": state,
            "lower": lower,
            "detail": detail,
            "refused": refused or {},
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
            if dead is not None:
                await mark_undeliverable(uow, dead, detail)
            if state is DeliveryState.FAILED and self._news is not None:
                message = await uow.session.get_one(Message, message_id)
                await self._news.failed(uow, message, detail)
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
            sender_name=row.addresses.get("from_name") or self._own.sender_name(sender) or row.author_name,
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
            signature=row.signature,
            quotation=row.quoted_text,
            only=tuple(address for address, refusal in row.refused.items() if not refusal["final"]),
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


def _refusal(code: str, detail: str, final: bool) -> dict[str, Any]:  # kept as JSON
    return {"code": code, "detail": detail, "final": final}


def _changed(message_id: str, conversation_id: str | None, customer_id: str | None) -> Event:
    return Event(
        EventKind.DELIVERY_CHANGED, id=message_id, conversation=conversation_id or "", customer=customer_id or ""
    )


async def _announce(uow: UnitOfWork, message_id: str) -> None:
    row = await uow.session.get(Message, message_id)
    if row is not None:
        uow.publish(_changed(row.id, row.conversation_id, row.customer_id))
