"""The earlier mails of a matter that a reply to somebody may quote: only what he wrote or was sent himself."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import exists, or_, select
from sqlmodel import col

from contactcenter.conversations.records import AutomaticMail, Delivery, Message, MessageState
from contactcenter.envelope import Channel, DeliveryState, Direction, Identity, MessageKind
from contactcenter.store.unit_of_work import UnitOfWork

DEPTH = 6
"""Mails in one quotation."""

_GONE_OUT = [state.value for state in (DeliveryState.SENDING, DeliveryState.SENT, DeliveryState.DELIVERED)]


async def quotable(uow: UnitOfWork, conversation_id: str, to: Identity, answered: str) -> Sequence[Message]:
    """The newest mails of a conversation that ``to`` has seen, newest first. One statement.

    He has seen what he wrote, what went to him or to him in copy, and the mail that is answered (its Message-ID
    ``answered``), whose writer asked for the answer there. Never notes, receipts, mail between us and others, and what
    is still waiting to go out.
    """
    address = to.value
    seen = [
        col(Message.identity) == str(to),
        col(Message.addresses)["to"].contains([address]),
        col(Message.addresses)["cc"].contains([address]),
    ]
    if answered:
        seen.append(col(Message.external_id) == answered)
    gone_out = exists().where(col(Delivery.message_id) == col(Message.id), col(Delivery.state).in_(_GONE_OUT))
    receipt = exists().where(col(AutomaticMail.message_id) == col(Message.id), col(AutomaticMail.kind) == "receipt")
    rows = await uow.session.scalars(
        select(Message)
        .where(
            col(Message.conversation_id) == conversation_id,
            col(Message.channel) == Channel.EMAIL.value,
            col(Message.kind) == MessageKind.MESSAGE.value,
            col(Message.state) == MessageState.DONE.value,
            or_(*seen),
            or_(col(Message.direction) == Direction.IN.value, gone_out),
            ~receipt,
        )
        .order_by(col(Message.id).desc())
        .limit(DEPTH)
    )
    return rows.all()
