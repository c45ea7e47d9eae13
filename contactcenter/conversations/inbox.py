"""The inbox: where every door hands its messages. Accepting is one transaction, and nothing is said before it."""

from __future__ import annotations

import asyncio
import zlib
from collections.abc import Sequence
from typing import Any

from sqlalchemy import Select, insert, select
from sqlalchemy import text as sql
from sqlalchemy.dialects.postgresql import insert as upsert
from sqlmodel import col

from contactcenter import clock
from contactcenter.conversations.guards import recipient_key
from contactcenter.conversations.records import Attachment, Message, MessageState
from contactcenter.envelope import Accepted, AuthorType, Channel, Direction, Identity, InboundMessage
from contactcenter.store.jobs import INBOUND
from contactcenter.store.schema import table_of
from contactcenter.store.store import Store
from contactcenter.store.unit_of_work import UnitOfWork

UNDERSTAND = "understand"
"""Name of the job that takes the waiting messages of a lane through the pipeline."""

LANES = 8
"""Messages of one sender share a lane and stay in order; a batch is what waits in one lane."""

OLD_MAIL_LANES = 2
"""Lanes behind those, for mail taken in from files: nobody who writes now waits behind a hundred thousand of them."""

SLOW_LANE = LANES + OLD_MAIL_LANES
"""The lane behind all, for messages that take long to read: taken one by one, and nobody waits behind them."""

_KNOWN = sql("ingest_key <> ''")


_message = table_of(Message)
_INSERT_MANY = upsert(_message).on_conflict_do_nothing(index_elements=["channel", "ingest_key"], index_where=_KNOWN)
_INSERT = _INSERT_MANY.returning(_message.c.id)


class _AlreadyThere(Exception):
    """Rolls the transaction back: the message was accepted before."""


def lane_of(sender: Identity) -> int:
    """The lane of a sender, however he is spelled: what limits count together must not run side by side."""
    return zlib.crc32(recipient_key(sender).encode()) % LANES


class Inbox:
    """Accepts messages durably. Implements :class:`contactcenter.envelope.MessageSink`."""

    def __init__(self, store: Store) -> None:
        self._store = store

    async def accept(self, message: InboundMessage) -> Accepted:
        """Keep raw bytes, row and job in one commit; the same ``ingest_key`` again gives the message it was."""
        if not message.ingest_key:
            raise ValueError("a message without an ingest key cannot be told from its copies")
        raw_blob = await self._store.blobs.put(message.raw) if message.raw is not None else ""
        for file in message.files:
            await self._store.blobs.put(file.content)
        try:
            async with self._store.transaction() as uow:
                return Accepted(await _insert(uow, message, raw_blob))
        except _AlreadyThere:
            async with self._store.read() as uow:
                known = select(col(Message.id)).where(
                    col(Message.channel) == message.channel, col(Message.ingest_key) == message.ingest_key, _KNOWN
                )
                return Accepted((await uow.session.execute(known)).scalar_one(), duplicate=True)

    async def accept_many(self, messages: Sequence[InboundMessage]) -> list[bool]:
        """:meth:`accept` for many old messages of one channel in one commit: which of them are new, in order.

        They are ordered by when they arrived, so ``received_at`` makes their ids and the time of their making. Only
        raw mail comes this way: no files beside it.
        """
        if not messages:
            return []
        async with self._store.read() as uow:
            known = set(await uow.session.scalars(_known_keys(messages)))
        fresh = {message.ingest_key: message for message in messages if message.ingest_key not in known}
        blobs = await asyncio.to_thread(
            lambda: [self._store.blobs.put_now(message.raw or b"") for message in fresh.values()]
        )
        rows = [_old_row(message, blob) for message, blob in zip(fresh.values(), blobs, strict=True)]
        if rows:
            async with self._store.transaction() as uow:
                connection = await uow.session.connection()
                await connection.execute(_INSERT_MANY, rows)
                lanes = sorted({row["lane"] for row in rows})
                await uow.defer_many(UNDERSTAND, queue=INBOUND, args=[{"lane": lane} for lane in lanes])
        return [fresh.pop(message.ingest_key, None) is not None for message in messages]


def _known_keys(messages: Sequence[InboundMessage]) -> Select[str]:
    keys = [message.ingest_key for message in messages]
    return select(col(Message.ingest_key)).where(
        col(Message.channel) == messages[0].channel, col(Message.ingest_key).in_(keys), _KNOWN
    )


def _old_row(message: InboundMessage, raw_blob: str) -> dict[str, Any]:
    """A row as if it had been made when the message arrived."""
    row = _row(message, raw_blob)
    at = row["received_at"]
    return row | {"id": clock.id_at(at), "created_at": at, "lane": LANES + lane_of(message.sender) % OLD_MAIL_LANES}


async def _insert(uow: UnitOfWork, message: InboundMessage, raw_blob: str) -> str:
    lane = lane_of(message.sender)
    job = await uow.defer(UNDERSTAND, queue=INBOUND, args={"lane": lane})
    values = _row(message, raw_blob) | {"lane": lane, "job_id": job}
    connection = await uow.session.connection()
    message_id = (await connection.execute(_INSERT, values)).scalar_one_or_none()
    if message_id is None:
        raise _AlreadyThere
    if message.files:
        await uow.session.execute(insert(Attachment), attachment_rows(str(message_id), message.files))
    return str(message_id)


def _row(message: InboundMessage, raw_blob: str) -> dict[str, Any]:
    now = clock.now()
    return {
        "id": clock.new_id(),
        "channel": message.channel,
        "direction": Direction.IN,
        "kind": "message",
        "state": MessageState.WAITING,
        "author_type": AuthorType.CUSTOMER,
        "author_name": message.sender.name,
        "author_id": message.logged_by,
        "identity": str(message.sender),
        "subject": message.subject.replace("\0", ""),
        "text": message.text.replace("\0", ""),
        "visible_text": message.text.replace("\0", ""),
        "external_id": message.external_id,
        "ingest_key": message.ingest_key,
        "addresses": {"recipients": list(message.recipients)},
        "envelope": {**message.envelope, "queue": message.queue, "may_answer": message.may_answer},
        "authenticated": message.authenticated,
        "raw_blob": raw_blob,
        "received_at": message.received_at or now,
        "created_at": now,
    }


def inbound_of(row: Message, raw: bytes | None) -> InboundMessage:
    """The message as its door handed it over, read back from its row (without its files)."""
    return InboundMessage(
        channel=Channel(row.channel),
        ingest_key=row.ingest_key,
        sender=Identity.parse(row.identity, row.author_name),
        text=row.text,
        subject=row.subject,
        recipients=tuple(row.addresses.get("recipients", ())),
        raw=raw,
        external_id=row.external_id,
        received_at=row.received_at,
        queue=row.envelope.get("queue", ""),
        may_answer=row.envelope.get("may_answer", True),
        authenticated=row.authenticated,
        logged_by=row.author_id,
        envelope=row.envelope,
    )


def attachment_rows(message_id: str, files: Any) -> list[dict[str, Any]]:
    """Rows for the files of a message whose blobs are already kept."""
    return [
        {
            "id": clock.new_id(),
            "message_id": message_id,
            "position": position,
            "filename": file.filename[:255],
            "content_type": file.content_type[:255],
            "size": len(file.content),
            "sha256": file.sha256,
            "inline": file.inline,
            "content_id": file.content_id[:255],
        }
        for position, file in enumerate(files)
    ]
