"""The one door to tickets and their messages: what an actor may not see does not exist for him."""

from __future__ import annotations

from sqlalchemy import ColumnElement, exists, or_, select, true
from sqlmodel import col

from contactcenter import clock
from contactcenter.conversations.records import HELD, Conversation, Message
from contactcenter.errors import NotFound
from contactcenter.staff.access import Actor
from contactcenter.store.unit_of_work import UnitOfWork
from contactcenter.tickets.records import Queue, Ticket

MAX_NUMBER = 2**62
"""Above any ticket number, below what a ``bigint`` holds."""


def visible_to(actor: Actor) -> ColumnElement[bool]:
    """The condition on ``ticket`` for what the actor may see: his queues, and what is assigned to him."""
    if actor.sees_all_queues:
        return true()
    mine = col(Ticket.assignee_id) == actor.agent_id
    return or_(col(Ticket.queue_id).in_(sorted(actor.queue_ids)), mine) if actor.queue_ids else mine


def messages_visible_to(actor: Actor) -> ColumnElement[bool]:
    """The same for ``message``: those on tickets the actor may see; the rest by those alone who see all queues."""
    if actor.sees_all_queues:
        return true()
    return exists(
        select(col(Ticket.id)).where(col(Ticket.conversation_id) == col(Message.conversation_id), visible_to(actor))
    )


def sees(actor: Actor, ticket: Ticket) -> bool:
    """The same rule for a ticket at hand."""
    return actor.sees_queue(ticket.queue_id) or (
        ticket.assignee_id is not None and ticket.assignee_id == actor.agent_id
    )


async def access_ticket(uow: UnitOfWork, actor: Actor, number: int, *, lock: bool = False) -> Ticket:
    """The ticket of this number; a merged one as it is, with ``merged_into_id`` (see :func:`merge_target`).

    ``lock`` holds its row until the transaction ends. Raises :class:`NotFound` when it is missing or foreign.
    """
    ticket = None
    if 0 < number < MAX_NUMBER:
        query = select(Ticket).where(col(Ticket.number) == number, visible_to(actor))
        if lock:
            query = query.with_for_update().execution_options(populate_existing=True)
        ticket = await uow.session.scalar(query)
    if ticket is None:
        raise NotFound(f"there is no ticket {number}")
    return ticket


async def merge_target(uow: UnitOfWork, ticket: Ticket) -> Ticket:
    """The ticket that a merged one became (itself when it is not merged)."""
    seen = {ticket.id}
    while ticket.merged_into_id is not None and ticket.merged_into_id not in seen:
        target = await uow.session.get(Ticket, ticket.merged_into_id)
        if target is None:
            break
        ticket = target
        seen.add(ticket.id)
    return ticket


async def held_queues(uow: UnitOfWork, actor: Actor) -> frozenset[str] | None:
    """Keys of the queues whose messages in quarantine the actor may see; None for all, also those of no queue."""
    if actor.sees_all_queues:
        return None
    mine = select(col(Queue.key)).where(col(Queue.id).in_(sorted(actor.queue_ids)))
    return frozenset(await uow.session.scalars(mine)) if actor.queue_ids else frozenset()


async def access_message(uow: UnitOfWork, actor: Actor, message_id: str) -> tuple[Message, Ticket | None]:
    """A message and the ticket it is on, if any.

    Raises :class:`NotFound` when it is missing or its ticket foreign. A message without a ticket (waiting) is seen by
    those who see all queues; one that is kept aside also by those who work the queue it came to.
    """
    missing = NotFound("there is no such message")
    message = await uow.session.get(Message, message_id) if clock.is_id(message_id) else None
    if message is None:
        raise missing
    ticket = None
    if message.conversation_id is not None:
        ticket = await ticket_of_conversation(uow, message.conversation_id)
    if ticket is None:
        mine = await held_queues(uow, actor)
        if mine is not None and (message.state not in HELD or message.envelope.get("queue") not in mine):
            raise missing
        return message, None
    if not sees(actor, ticket):
        raise missing
    return message, ticket


async def ticket_of_conversation(uow: UnitOfWork, conversation_id: str, *, lock: bool = False) -> Ticket | None:
    """The ticket that works on a conversation, merges followed; None when it has none (yet)."""
    query = (
        select(Ticket)
        .where(col(Ticket.conversation_id) == conversation_id, col(Ticket.merged_into_id).is_(None))
        .order_by(col(Ticket.id))
        .limit(1)
    )
    ticket = await uow.session.scalar(query.with_for_update() if lock else query)
    if ticket is not None:
        return ticket
    target = await uow.session.scalar(
        select(col(Conversation.merged_into_id)).where(col(Conversation.id) == conversation_id)
    )
    return await ticket_of_conversation(uow, target, lock=lock) if target is not None else None
