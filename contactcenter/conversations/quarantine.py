"""What is kept aside: messages that failed three times, and mail of blocked senders.

Raw source and reason are kept; a person can run them again. ``queues`` are the keys of the queues whose messages the
asker may see, None for all of them: a message that was never understood belongs to the queue of the mailbox it came to.
"""

from __future__ import annotations

from collections.abc import Collection

from sqlalchemy import ColumnElement, and_, desc, func, literal, select, true, update
from sqlmodel import col

from contactcenter import clock
from contactcenter.conversations.inbox import UNDERSTAND
from contactcenter.conversations.records import HELD, Message, MessageState
from contactcenter.errors import InvalidInput, NotFound
from contactcenter.events import Event, EventKind
from contactcenter.store.jobs import INBOUND
from contactcenter.store.pages import Page, decode_cursor, encode_cursor
from contactcenter.store.unit_of_work import UnitOfWork


async def list_held(
    uow: UnitOfWork,
    *,
    states: Collection[MessageState] = HELD,
    queues: Collection[str] | None = None,
    cursor: str = "",
    limit: int = 50,
) -> Page[Message]:
    """What is kept aside in these states, newest first. Raises :class:`InvalidInput` for a cursor that is not ours."""
    query = select(Message).where(_held(states, queues))
    if cursor:
        (last,) = decode_cursor(cursor, 1)
        if not clock.is_id(last):
            raise InvalidInput("the cursor is not one of ours", field="cursor")
        query = query.where(col(Message.id) < last)
    rows = list(await uow.session.scalars(query.order_by(desc("id")).limit(limit + 1)))
    return Page(rows[:limit], encode_cursor(rows[limit - 1].id) if len(rows) > limit else None)


async def count_quarantined(uow: UnitOfWork, cap: int = 100, queues: Collection[str] | None = None) -> int:
    """How many messages failed, counted up to ``cap``; mail of blocked senders is nobody's work."""
    some = select(literal(1)).where(_held((MessageState.QUARANTINED,), queues)).limit(cap).subquery()
    return int(await uow.session.scalar(select(func.count()).select_from(some)) or 0)


async def held(uow: UnitOfWork, message_id: str, queues: Collection[str] | None = None) -> Message:
    """One message that is kept aside; raises :class:`NotFound`."""
    message = None
    if clock.is_id(message_id):
        message = await uow.session.scalar(select(Message).where(col(Message.id) == message_id, _held(HELD, queues)))
    if message is None:
        raise NotFound("there is no such message in quarantine")
    return message


async def run_again(uow: UnitOfWork, message_id: str) -> None:
    """Send a message through the pipeline once more, with fresh tries; this one mail also of a blocked sender."""
    message = await held(uow, message_id)
    job = await uow.defer(UNDERSTAND, queue=INBOUND, args={"lane": message.lane})
    envelope = {**message.envelope, "released": True} if message.state == MessageState.BLOCKED else message.envelope
    await uow.session.execute(
        update(Message)
        .where(col(Message.id) == message_id)
        .values(state=MessageState.WAITING, attempts=0, job_id=job, envelope=envelope)
    )
    uow.publish(Event(EventKind.QUARANTINE_CHANGED, id=message_id))


def _held(states: Collection[MessageState], queues: Collection[str] | None) -> ColumnElement[bool]:
    # The literal list lets the planner take the partial index of what is kept aside.
    aside = col(Message.state).in_([literal(state.value, literal_execute=True) for state in HELD])
    wanted = true() if set(states) == set(HELD) else col(Message.state).in_(list(states))
    mine = true() if queues is None else col(Message.envelope)["queue"].astext.in_(sorted(queues))
    return and_(aside, wanted, mine)
