"""Writing once: a reply sent again with the same ``Idempotency-Key`` is the reply it was, not a second mail.

The key is kept with the message it led to, in the same transaction; requests with one key wait for each other.
"""

from __future__ import annotations

import hashlib

from sqlalchemy import select, text, update
from sqlmodel import col

from contactcenter.api.operations import Call
from contactcenter.conversations.records import Message
from contactcenter.envelope import Direction
from contactcenter.store.unit_of_work import UnitOfWork

_LOCK = text("SELECT pg_advisory_xact_lock(hashtextextended(:key, 0))")


async def written_before(uow: UnitOfWork, call: Call, number: int) -> str | None:
    """Id of the message that this agent wrote on the ticket with this key; None when there is none yet."""
    if not call.idempotency_key:
        return None
    key = _key(call, number)
    await uow.session.execute(_LOCK, {"key": key})
    return await uow.session.scalar(
        select(col(Message.id)).where(col(Message.ingest_key) == key, col(Message.direction) == Direction.OUT.value)
    )


async def remember(uow: UnitOfWork, call: Call, number: int, message_id: str) -> None:
    """Keep the key, if there is one, with what was written."""
    if call.idempotency_key:
        await uow.session.execute(
            update(Message).where(col(Message.id) == message_id).values(ingest_key=_key(call, number))
        )


def _key(call: Call, number: int) -> str:
    named = f"{call.actor.agent_id}\n{number}\n{call.idempotency_key}"
    return "api-written:" + hashlib.sha256(named.encode()).hexdigest()
