"""Who may block senders: everybody an address, supervisors a whole domain. Done from a ticket, its story says so."""

from __future__ import annotations

from contactcenter.conversations import blocking
from contactcenter.conversations.records import BlockedSender
from contactcenter.staff.access import Actor, Role, require
from contactcenter.store.unit_of_work import UnitOfWork
from contactcenter.tickets.changes import Happening, begin, finish
from contactcenter.tickets.records import Ticket


async def block_sender(
    uow: UnitOfWork, actor: Actor, written: str, reason: str = "", ticket: Ticket | None = None
) -> BlockedSender:
    """Keep the mail of an address or a domain aside from now on.

    Raises :class:`InvalidInput` for what is neither, :class:`Forbidden` for a domain that an agent wants to block.
    """
    pattern = blocking.pattern_of(written)
    require(actor, Role.AGENT if "@" in pattern else Role.SUPERVISOR)
    blocked = await blocking.block(uow, (actor.agent_id, actor.name), pattern, reason)
    if ticket is not None:
        await begin(uow, ticket)
        await finish(uow, actor, ticket, Happening.BLOCKED, now=pattern)
    return blocked


async def unblock_sender(uow: UnitOfWork, actor: Actor, blocked_id: str) -> BlockedSender:
    """Take the mail of a blocked sender again; domains by supervisors. Raises :class:`NotFound`, `Forbidden`."""
    require(actor, Role.AGENT)
    found = await blocking.blocked(uow, blocked_id)
    require(actor, Role.AGENT if "@" in found.pattern else Role.SUPERVISOR)
    return await blocking.unblock(uow, (actor.agent_id, actor.name), blocked_id)
