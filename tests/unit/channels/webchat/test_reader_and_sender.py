"""What the pipeline reads of a chat message, and what the outbox makes of a reply."""

from contactcenter.channels.webchat import ChatSender, read
from contactcenter.clock import new_id, now
from contactcenter.envelope import (
    Channel,
    DeliveryState,
    Identity,
    IdentityKind,
    InboundMessage,
    MessageKind,
    OutboundMessage,
    Sender,
)

VISITOR = Identity(IdentityKind.CHAT, new_id(), "Ann")


def test_a_chat_message_is_read_as_it_was_written():
    moment = now()
    content = read(
        InboundMessage(Channel.CHAT, "k", VISITOR, text="a\n> b", external_id="client-id-1", received_at=moment)
    )
    assert (content.sender, content.text, content.visible_text) == (VISITOR, "a\n> b", "a\n> b")
    assert (content.external_id, content.sent_at, content.kind) == ("client-id-1", moment, MessageKind.MESSAGE)
    assert not content.authenticated


def test_equal_words_are_not_taken_for_a_copy():
    assert read(InboundMessage(Channel.CHAT, "k", VISITOR, text="yes")).digest == ""


async def test_a_reply_is_sent_by_being_stored():
    sender: Sender = ChatSender()
    message = OutboundMessage(new_id(), Channel.CHAT, VISITOR, "Hello")
    result = await sender.send(message)
    assert (result.external_id, result.state) == (message.id, DeliveryState.SENT)
    assert await sender.find(message) == result
