"""Who looked at numbers that are masked everywhere, in which message, and why."""

from __future__ import annotations

from contactcenter import clock
from contactcenter.errors import InvalidInput
from contactcenter.staff.access import Actor
from contactcenter.store.unit_of_work import UnitOfWork
from contactcenter.tickets.changes import Happening
from contactcenter.tickets.intake import one_line
from contactcenter.tickets.records import Ticket, TicketEvent

SHORTEST_REASON = 3


async def note_unmasked(uow: UnitOfWork, actor: Actor, ticket: Ticket, message_id: str, reason: str) -> None:
    """Keep the reason with the ticket, before anything is shown. Raises :class:`InvalidInput` without one.

    The ticket itself has not changed: its version stays, and nobody's page is refreshed.
    """
    line = one_line(reason)
    if len(line) < SHORTEST_REASON:
        raise InvalidInput("say why you need to see it", field="reason")
    uow.session.add(
        TicketEvent(
            id=clock.new_id(),
            ticket_id=ticket.id,
            agent_id=actor.agent_id,
            kind=Happening.UNMASKED.value,
            data={"message": message_id, "now": line},
            at=clock.now(),
        )
    )
