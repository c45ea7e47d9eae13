"""The chat's side of the outbox: there is nothing to push.

A reply is delivered by being there: the visitor's socket, now or at the next visit, reads it from the history and
acknowledges it, which is reported as a receipt with the message's own id.
"""

from __future__ import annotations

from contactcenter.envelope import DeliveryState, OutboundMessage, SendResult


class ChatSender:
    """A :class:`contactcenter.envelope.Sender` whose messages are out as soon as they are stored."""

    async def send(self, message: OutboundMessage) -> SendResult:
        """Sent; the message's id is its id on the channel too."""
        return SendResult(external_id=message.id, state=DeliveryState.SENT)

    async def find(self, message: OutboundMessage) -> SendResult | None:
        """An interrupted try went out just as well: the row is there."""
        return await self.send(message)

    async def close(self) -> None:
        """Nothing is kept between two messages."""
