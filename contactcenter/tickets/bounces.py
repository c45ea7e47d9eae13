"""A message of ours did not arrive: its ticket is work again, and says so in its story."""

from __future__ import annotations

from collections.abc import Sequence

from contactcenter import clock
from contactcenter.conversations.bounces import Undelivered
from contactcenter.staff.access import MACHINE
from contactcenter.store.unit_of_work import UnitOfWork
from contactcenter.tickets.access import ticket_of_conversation
from contactcenter.tickets.changes import Happening, finish
from contactcenter.tickets.records import Ticket, TicketStatus

_SETTLED = frozenset({TicketStatus.PENDING.value, TicketStatus.RESOLVED.value, TicketStatus.CLOSED.value})


async def not_delivered(uow: UnitOfWork, failed: Sequence[Undelivered]) -> Ticket | None:
    """Wake the ticket of a message that will never reach some of its recipients, and note each of them on it.

    What waited for the customer or was settled is open again. An answer of the machine that never arrived has answered
    nothing. Returns the ticket; None where nobody works on the conversation.
    """
    if not failed:
        return None
    ticket = await ticket_of_conversation(uow, failed[0].conversation_id, lock=True)
    if ticket is None:
        return None
    await uow.session.refresh(ticket)
    was = ticket.status
    if was in _SETTLED:
        ticket.status = TicketStatus.OPEN.value
        ticket.resolved_at = ticket.closed_at = ticket.snoozed_until = None
        ticket.waiting_since = ticket.waiting_since or clock.now()
    if ticket.answered_by == "machine" and any(one.automatic for one in failed):
        ticket.answered_by = ""
        ticket.first_reply_at = None
    ticket.unread = True
    for one in failed:
        said = {"message": one.message_id, "address": one.address, "code": one.code, "said": one.said}
        await finish(uow, MACHINE, ticket, Happening.UNDELIVERED, was=was, **said)
    return ticket
