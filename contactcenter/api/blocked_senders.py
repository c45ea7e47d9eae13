"""Blocked senders: addresses and domains whose mail is taken and kept, but makes no ticket and gets no answer."""

from __future__ import annotations

from pydantic import Field

from contactcenter.api.operations import Call, Operation, operation
from contactcenter.api.paging import id_cursor
from contactcenter.api.shapes import Collection, Input, Line, Moment, Output, PageQuery
from contactcenter.conversations.blocking import list_blocked
from contactcenter.conversations.records import BlockedSender
from contactcenter.staff.access import Role
from contactcenter.store.unit_of_work import UnitOfWork
from contactcenter.tickets.blocking import block_sender, unblock_sender


class BlockedSenderJson(Output):
    """An address or a domain that is blocked."""

    id: str
    sender: str = Field(description="`a@b.example`, or `b.example` for the domain and those below it.")
    reason: str
    blocked_by: str = Field(description="Name of the agent who did it.")
    created_at: Moment


class BlockedSenders(Collection[BlockedSenderJson]):
    """A page of blocked senders."""


class BlockJson(Input):
    """Whom to block."""

    sender: Line = Field(description="An e-mail address, or a domain (supervisors only).")
    reason: Line | None = Field(None, description="For colleagues.")


@operation("GET", "/blocked-senders", role=Role.AGENT, summary="Blocked senders")
async def list_blocked_senders(call: Call, uow: UnitOfWork, query: PageQuery) -> BlockedSenders:  # noqa: ARG001
    """Newest first."""
    id_cursor(query.cursor)
    page = await list_blocked(uow, cursor=query.cursor, limit=query.size)
    return BlockedSenders(items=[_json(one) for one in page.items], next_cursor=page.next_cursor)


@operation("POST", "/blocked-senders", role=Role.AGENT, status=201, summary="Block a sender")
async def block(call: Call, uow: UnitOfWork, body: BlockJson) -> BlockedSenderJson:
    """What he sends from now on is listed in the quarantine with the state `blocked`. Twice is once."""
    return _json(await block_sender(uow, call.actor, body.sender, body.reason or ""))


@operation("DELETE", "/blocked-senders/{blocked_id}", role=Role.AGENT, summary="Unblock a sender")
async def unblock(call: Call, uow: UnitOfWork, blocked_id: str) -> BlockedSenderJson:
    """What was kept meanwhile stays in the quarantine until it is run again."""
    return _json(await unblock_sender(uow, call.actor, blocked_id))


def _json(one: BlockedSender) -> BlockedSenderJson:
    return BlockedSenderJson(
        id=one.id, sender=one.pattern, reason=one.reason, blocked_by=one.by_name, created_at=one.created_at
    )


OPERATIONS: tuple[Operation, ...] = (list_blocked_senders, block, unblock)
