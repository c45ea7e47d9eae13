"""The message a ticket is sorted by: the first of its customer that triage looked at."""

from __future__ import annotations

from typing import Any

from sqlalchemy import ColumnElement, ScalarSelect, select
from sqlalchemy.orm import Mapped, aliased
from sqlmodel import col

from contactcenter.conversations.records import Message
from contactcenter.envelope import Direction, MessageKind
from contactcenter.store.unit_of_work import UnitOfWork
from contactcenter.tickets.records import Ticket


def opening_of(conversation_id: ColumnElement[Any] | Mapped[str] | str) -> ScalarSelect[str]:
    """Its id, as a part of a statement; null where triage looked at none. Read from an index, a row or two."""
    first = aliased(Message)
    return (
        select(col(first.id))
        .where(
            col(first.conversation_id) == conversation_id,
            col(first.direction) == Direction.IN.value,
            col(first.kind) == MessageKind.MESSAGE.value,
            col(first.assessment).is_not(None),
        )
        .order_by(col(first.id))
        .limit(1)
        .scalar_subquery()
    )


async def sorted_by(uow: UnitOfWork, ticket: Ticket) -> str | None:
    """Its id, for a ticket at hand."""
    return await uow.session.scalar(select(opening_of(ticket.conversation_id)))
