"""The quarantine: messages that could not be understood and mail of blocked senders, kept until a person decides."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from contactcenter.api.operations import Call, Operation, operation
from contactcenter.api.paging import id_cursor
from contactcenter.api.shapes import Collection, Moment, Output, PageQuery
from contactcenter.conversations.quarantine import held, list_held, run_again
from contactcenter.conversations.records import HELD, Message, MessageState
from contactcenter.envelope import Channel
from contactcenter.staff.access import Role
from contactcenter.store.unit_of_work import UnitOfWork
from contactcenter.tickets.access import held_queues


class QuarantinedJson(Output):
    """A message that is kept aside."""

    id: str
    channel: Channel
    state: str = Field(description="quarantined: it failed three times; blocked: its sender is.")
    identity: str
    subject: str
    failure: str = Field(description="What went wrong the last time.")
    attempts: int
    raw_blob: str = Field(description="SHA-256 of the raw source, which is kept; empty where the text is all there is.")
    received_at: Moment


class QuarantineFilter(PageQuery):
    """Which of them."""

    state: Literal["", "quarantined", "blocked"] = Field("", description="Empty for both.")


class Quarantine(Collection[QuarantinedJson]):
    """A page of the quarantine."""


@operation("GET", "/quarantine", role=Role.AGENT, summary="Messages in quarantine")
async def list_quarantine(call: Call, uow: UnitOfWork, query: QuarantineFilter) -> Quarantine:
    """Newest first, those of your queues. What was accepted is either a message on a ticket or here, never neither."""
    id_cursor(query.cursor)
    states = (MessageState(query.state),) if query.state else HELD
    queues = await held_queues(uow, call.actor)
    page = await list_held(uow, states=states, queues=queues, cursor=query.cursor, limit=query.size)
    return Quarantine(items=[_json(message) for message in page.items], next_cursor=page.next_cursor)


@operation("POST", "/quarantine/{message_id}/run-again", role=Role.AGENT, status=202, summary="Try a message again")
async def run_quarantined_again(call: Call, uow: UnitOfWork, message_id: str) -> QuarantinedJson:
    """It waits to be understood once more, with three fresh tries; of a blocked sender this one mail is let through."""
    message = await held(uow, message_id, await held_queues(uow, call.actor))
    await run_again(uow, message_id)
    await uow.session.refresh(message)
    return _json(message)


def _json(message: Message) -> QuarantinedJson:
    return QuarantinedJson(
        id=message.id,
        channel=Channel(message.channel),
        state=message.state,
        identity=message.identity,
        subject=message.subject,
        failure=message.failure,
        attempts=message.attempts,
        raw_blob=message.raw_blob,
        received_at=message.received_at,
    )


OPERATIONS: tuple[Operation, ...] = (list_quarantine, run_quarantined_again)
