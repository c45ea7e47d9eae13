"""The quarantine: messages that failed three times. Raw source and reason are kept; a person can run them again."""

from __future__ import annotations

from sqlalchemy import desc, func, literal, select, update
from sqlmodel import col

from contactcenter import clock
from contactcenter.conversations.inbox import UNDERSTAND
from contactcenter.conversations.records import Message, MessageState
from contactcenter.errors import InvalidInput, NotFound
from contactcenter.events import Event, EventKind
from contactcenter.store.jobs import INBOUND
from contactcenter.store.pages import Page, decode_cursor, encode_cursor
from contactcenter.store.unit_of_work import UnitOfWork


async def list_quarantined(uow: UnitOfWork, *, cursor: str = "", limit: int = 50) -> Page[Message]:
    """Quarantined messages, newest first. Raises :class:`InvalidInput` for a cursor that is not ours."""
    query = select(Message).where(col(Message.state) == MessageState.QUARANTINED)
    if cursor:
        (last,) = decode_cursor(cursor, 1)
        if not clock.is_id(last):
            raise InvalidInput("the cursor is not one of ours", field="cursor")
        query = query.where(col(Message.id) < last)
    rows = list(await uow.session.scalars(query.order_by(desc("id")).limit(limit + 1)))
    return Page(rows[:limit], encode_cursor(rows[limit - 1].id) if len(rows) > limit else None)


async def count_quarantined(uow: UnitOfWork, cap: int = 100) -> int:
    """How many messages are in quarantine, counted up to ``cap``."""
    some = select(literal(1)).where(col(Message.state) == MessageState.QUARANTINED).limit(cap).subquery()
    return int(await uow.session.scalar(select(func.count()).select_from(some)) or 0)


async def quarantined(uow: UnitOfWork, message_id: str) -> Message:
    """One quarantined message; raises :class:`NotFound`."""
    message = await uow.session.get(Message, message_id)
    if message is None or message.state != MessageState.QUARANTINED:
        raise NotFound("there is no such message in quarantine")
    return message


async def run_again(uow: UnitOfWork, message_id: str) -> None:
    """Send a quarantined message through the pipeline once more, with fresh tries."""
    message = await quarantined(uow, message_id)
    job = await uow.defer(UNDERSTAND, queue=INBOUND, args={"lane": message.lane})
    await uow.session.execute(
        update(Message).where(col(Message.id) == message_id).values(state=MessageState.WAITING, attempts=0, job_id=job)
    )
    uow.publish(Event(EventKind.QUARANTINE_CHANGED, id=message_id))
