"""The messages a ticket is judged by: the first of its customer that triage looked at, the one that complains."""

from __future__ import annotations

from typing import Any

from sqlalchemy import ColumnElement, ScalarSelect, exists, select
from sqlalchemy.orm import Mapped, aliased
from sqlmodel import col

from contactcenter.conversations.records import Message
from contactcenter.envelope import Direction, MessageKind
from contactcenter.store.unit_of_work import UnitOfWork
from contactcenter.tickets.feedback import COMPLAINT
from contactcenter.tickets.records import Feedback, Ticket

MAX_QUESTION = 4000
"""Characters of a message that are looked up: what follows is not the question any more."""

Conditions = tuple[ColumnElement[bool], ...]


def of_customer(message: type[Message], conversation_id: ColumnElement[Any] | Mapped[str] | str) -> Conditions:
    """What tells the messages that the customer wrote in a conversation."""
    return (
        col(message.conversation_id) == conversation_id,
        col(message.direction) == Direction.IN.value,
        col(message.kind) == MessageKind.MESSAGE.value,
    )


def opening_of(conversation_id: ColumnElement[Any] | Mapped[str] | str) -> ScalarSelect[str]:
    """Its id, as a part of a statement; null where triage looked at none. Read from an index, a row or two."""
    first = aliased(Message)
    return (
        select(col(first.id))
        .where(*of_customer(first, conversation_id), col(first.assessment).is_not(None))
        .order_by(col(first.id))
        .limit(1)
        .scalar_subquery()
    )


async def last_words(uow: UnitOfWork, conversation_id: str) -> str:
    """What the customer wrote last, with its subject: the question that is to be answered now; empty for none."""
    query = (
        select(col(Message.subject), col(Message.visible_text))
        .where(*of_customer(Message, conversation_id))
        .order_by(col(Message.id).desc())
        .limit(1)
    )
    row = (await uow.session.execute(query)).one_or_none()
    return f"{row.subject}\n{row.visible_text}"[:MAX_QUESTION] if row is not None else ""


async def sorted_by(uow: UnitOfWork, ticket: Ticket) -> str | None:
    """Its id, for a ticket at hand."""
    return await uow.session.scalar(select(opening_of(ticket.conversation_id)))


async def complained_by(uow: UnitOfWork, ticket: Ticket, *, complaint: bool) -> str | None:
    """Id of the message by which the ticket is said to be a complaint, or none.

    Of its customer's messages that triage looked at: the one of which somebody said the contrary, so that this is taken
    back; else, where it is none, the one the machine called a complaint; else the newest.
    """
    contrary = exists().where(
        col(Feedback.message_id) == col(Message.id),
        col(Feedback.head) == COMPLAINT,
        col(Feedback.stands),
        col(Feedback.label) == ("no" if complaint else "yes"),
    )
    called = col(Message.assessment)["complaint"]["kind"].as_string().is_not(None)
    query = (
        select(col(Message.id))
        .where(*of_customer(Message, ticket.conversation_id), col(Message.assessment).is_not(None))
        .order_by(contrary.desc(), *([] if complaint else [called.desc()]), col(Message.id).desc())
        .limit(1)
    )
    return await uow.session.scalar(query)
