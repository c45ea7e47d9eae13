"""An automatic answer takes a channel that reaches whoever wrote."""

import pytest

from contactcenter.envelope import Channel, Identity, InboundMessage
from contactcenter.tickets.answering import answer_channel


@pytest.mark.parametrize(
    ("channel", "writer", "expected"),
    [
        (Channel.EMAIL, "email:a@b.c", Channel.EMAIL),
        (Channel.SMS, "phone:+12025550123", Channel.SMS),
        (Channel.API, "email:a@b.c", Channel.EMAIL),
        (Channel.API, "phone:+12025550123", Channel.SMS),
        (Channel.API, "external:shop-17", None),
    ],
)
def test_what_a_program_handed_in_is_answered_where_its_writer_is_reached(channel, writer, expected):
    sender = Identity.parse(writer)
    assert answer_channel(InboundMessage(channel, "key", sender, "Hello"), sender) is expected
