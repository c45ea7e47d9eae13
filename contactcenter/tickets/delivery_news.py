"""What agents hear of a message that does not get through: late by hours, or refused for good."""

from __future__ import annotations

from contactcenter.conversations.bounces import Undelivered
from contactcenter.conversations.records import Message
from contactcenter.staff.access import MACHINE
from contactcenter.store.unit_of_work import UnitOfWork
from contactcenter.tickets.access import ticket_of_conversation
from contactcenter.tickets.bounces import not_delivered
from contactcenter.tickets.changes import Happening, finish


class TicketNews:
    """Tells the ticket a message belongs to. Implements :class:`contactcenter.conversations.delivery.DeliveryNews`."""

    async def delayed(self, uow: UnitOfWork, message: Message, reason: str) -> None:
        """A line in the story, and the ticket is unread: the tries go on, nothing needs to be done yet."""
        ticket = await ticket_of_conversation(uow, message.conversation_id or "", lock=True)
        if ticket is not None:
            ticket.unread = True
            said = {"message": message.id, "address": _address(message), "said": reason}
            await finish(uow, MACHINE, ticket, Happening.DELAYED, **said)

    async def failed(self, uow: UnitOfWork, message: Message, reason: str) -> None:
        """The ticket is work again."""
        if message.conversation_id is None:
            return
        failure = Undelivered(message.id, message.conversation_id, _address(message), "", reason, message.automatic)
        await not_delivered(uow, [failure])


def _address(message: Message) -> str:
    return message.identity.partition(":")[2]
