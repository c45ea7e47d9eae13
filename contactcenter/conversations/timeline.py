"""Timelines: what was said, with files and deliveries, in a fixed number of queries."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field

from sqlalchemy import ColumnElement, Select, desc, select
from sqlmodel import col

from contactcenter.conversations.records import Attachment, Delivery, Message, MessageState
from contactcenter.store.pages import Page, encode_cursor
from contactcenter.store.unit_of_work import UnitOfWork


@dataclass(frozen=True, slots=True)
class TimelineMessage:
    """A message as it is shown: with its files and, when it went out, how it fares."""

    message: Message
    attachments: list[Attachment] = field(default_factory=list)
    delivery: Delivery | None = None


async def conversation_timeline(
    uow: UnitOfWork, conversation_id: str, *, before: str = "", limit: int = 200
) -> list[TimelineMessage]:
    """The newest messages of a conversation (older than ``before``), oldest first."""
    return await _timeline(uow, col(Message.conversation_id) == conversation_id, before, limit)


async def customer_timeline(
    uow: UnitOfWork, customer_id: str, *, before: str = "", limit: int = 50
) -> list[TimelineMessage]:
    """The newest messages of a customer over all channels, oldest first."""
    return await _timeline(uow, col(Message.customer_id) == customer_id, before, limit)


async def conversation_page(
    uow: UnitOfWork, conversation_id: str, *, after: str = "", limit: int = 50
) -> Page[TimelineMessage]:
    """The messages of a conversation, oldest first, from the one that follows the id ``after``."""
    query = select(Message).where(
        col(Message.conversation_id) == conversation_id,
        col(Message.state) != MessageState.DUPLICATE,
    )
    if after:
        query = query.where(col(Message.id) > after)
    return await _page(uow, query.order_by("id"), limit)


async def customer_page(
    uow: UnitOfWork, customer_id: str, *, visible: ColumnElement[bool], before: str = "", limit: int = 50
) -> Page[TimelineMessage]:
    """The messages of a customer over all channels, newest first, older than the id ``before``.

    ``visible`` is the condition on ``message`` that its reader may see it.
    """
    query = select(Message).where(
        col(Message.customer_id) == customer_id,
        col(Message.state) != MessageState.DUPLICATE,
        visible,
    )
    if before:
        query = query.where(col(Message.id) < before)
    return await _page(uow, query.order_by(desc("id")), limit)


async def _page(uow: UnitOfWork, query: Select[Message], limit: int) -> Page[TimelineMessage]:
    rows = (await uow.session.scalars(query.limit(limit + 1))).all()
    items = await _dressed(uow, rows[:limit])
    return Page(items, encode_cursor(rows[limit - 1].id) if len(rows) > limit else None)


async def one_message(uow: UnitOfWork, message_id: str) -> TimelineMessage | None:
    """A single message with its files and delivery."""
    row = await uow.session.get(Message, message_id)
    return None if row is None else (await _dressed(uow, [row]))[0]


async def _timeline(uow: UnitOfWork, scope: ColumnElement[bool], before: str, limit: int) -> list[TimelineMessage]:
    query = select(Message).where(scope, col(Message.state) != MessageState.DUPLICATE)
    if before:
        query = query.where(col(Message.id) < before)
    rows = (await uow.session.scalars(query.order_by(desc("id")).limit(limit))).all()
    return await _dressed(uow, list(reversed(rows)))


async def _dressed(uow: UnitOfWork, rows: Sequence[Message]) -> list[TimelineMessage]:
    ids = [row.id for row in rows]
    files: defaultdict[str, list[Attachment]] = defaultdict(list)
    attached = select(Attachment).where(col(Attachment.message_id).in_(ids)).order_by("position")
    for file in await uow.session.scalars(attached):
        files[file.message_id].append(file)
    sent = select(Delivery).where(col(Delivery.message_id).in_(ids))
    deliveries = {delivery.message_id: delivery for delivery in await uow.session.scalars(sent)}
    return [TimelineMessage(row, files[row.id], deliveries.get(row.id)) for row in rows]
