"""Guards: who never gets automatic mail, and how often others do."""

from dataclasses import replace
from datetime import timedelta

import pytest

from contactcenter import clock
from contactcenter.conversations.guards import AutomaticMemory, silent_reason
from contactcenter.envelope import Channel, Content, Identity, IdentityKind, InboundMessage, MessageKind

ANN = Identity(IdentityKind.EMAIL, "ann@customer.example")
MESSAGE = InboundMessage(Channel.EMAIL, "key", ANN)
CONTENT = Content(ANN, "hello", "hello", authenticated=True)


def test_a_person_who_is_authenticated_may_be_answered() -> None:
    assert silent_reason(MESSAGE, CONTENT) == ""


@pytest.mark.parametrize(
    ("message", "content"),
    [
        (replace(MESSAGE, may_answer=False), CONTENT),
        (replace(MESSAGE, logged_by="agent"), CONTENT),
        (MESSAGE, replace(CONTENT, automatic=True)),
        (MESSAGE, replace(CONTENT, kind=MessageKind.AUTO_REPLY)),
        (MESSAGE, replace(CONTENT, kind=MessageKind.LIST)),
        (MESSAGE, replace(CONTENT, spam=True)),
        (MESSAGE, replace(CONTENT, authenticated=False)),
        (MESSAGE, replace(CONTENT, sender=Identity(IdentityKind.EMAIL, "mailer-daemon"))),
        (replace(MESSAGE, envelope={"opt_out": True}), CONTENT),
    ],
)
def test_everybody_else_gets_silence_and_a_reason(message: InboundMessage, content: Content) -> None:
    assert silent_reason(message, content)


def test_a_chat_visitor_is_answered_on_his_own_socket() -> None:
    visitor = Identity(IdentityKind.CHAT, "v1")
    assert silent_reason(InboundMessage(Channel.CHAT, "k", visitor), Content(visitor, "hi", "hi")) == ""


def test_one_automatic_message_a_conversation_and_day() -> None:
    memory = AutomaticMemory([(str(ANN), "c1", "receipt", clock.now() - timedelta(hours=23))])
    assert memory.allowed(ANN, "c1").answer
    assert not memory.allowed(ANN, "c2").answer


def test_three_receipts_an_hour_and_person_then_answers_only() -> None:
    memory = AutomaticMemory([(str(ANN), f"c{n}", "receipt", clock.now()) for n in range(3)])
    allowed = memory.allowed(ANN, "c9")
    assert allowed.receipt
    assert not allowed.answer


def test_what_the_batch_writes_counts_at_once() -> None:
    memory = AutomaticMemory([])
    memory.note(ANN, "c1", "answer")
    assert memory.allowed(ANN, "c1").receipt


def test_ten_answers_an_hour_and_person_then_people() -> None:
    memory = AutomaticMemory([(str(ANN), f"c{n}", "answer", clock.now()) for n in range(10)])
    allowed = memory.allowed(ANN, "c99")
    assert allowed.answer
    assert not allowed.receipt
