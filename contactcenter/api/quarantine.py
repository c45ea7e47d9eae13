"""The quarantine: messages that could not be understood, kept whole until a person decides."""

from __future__ import annotations

from pydantic import Field

from contactcenter import clock
from contactcenter.api.operations import Call, Operation, operation
from contactcenter.api.paging import id_cursor
from contactcenter.api.shapes import Collection, Moment, Output, PageQuery
from contactcenter.conversations.quarantine import list_quarantined, quarantined, run_again
from contactcenter.conversations.records import Message
from contactcenter.envelope import Channel
from contactcenter.errors import NotFound
from contactcenter.staff.access import Role
from contactcenter.store.unit_of_work import UnitOfWork


class QuarantinedJson(Output):
    """A message that failed three times."""

    id: str
    channel: Channel
    state: str
    identity: str
    subject: str
    failure: str = Field(description="What went wrong the last time.")
    attempts: int
    raw_blob: str = Field(description="SHA-256 of the raw source, which is kept; empty where the text is all there is.")
    received_at: Moment


class Quarantine(Collection[QuarantinedJson]):
    """A page of the quarantine."""


@operation("GET", "/quarantine", role=Role.SUPERVISOR, summary="Messages in quarantine")
async def list_quarantine(call: Call, uow: UnitOfWork, query: PageQuery) -> Quarantine:  # noqa: ARG001
    """Newest first. What was accepted is either a message on a ticket or here, never neither."""
    id_cursor(query.cursor)
    page = await list_quarantined(uow, cursor=query.cursor, limit=query.size)
    return Quarantine(items=[_json(message) for message in page.items], next_cursor=page.next_cursor)


@operation(
    "POST", "/quarantine/{message_id}/run-again", role=Role.SUPERVISOR, status=202, summary="Try a message again"
)
async def run_quarantined_again(call: Call, uow: UnitOfWork, message_id: str) -> QuarantinedJson:  # noqa: ARG001
    """It waits to be understood once more, with three fresh tries."""
    if not clock.is_id(message_id):
        raise NotFound("There is no such message in quarantine.")
    message = await quarantined(uow, message_id)
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
