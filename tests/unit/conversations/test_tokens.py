"""Reply tokens: ours, or nothing."""

import re

import pytest

from contactcenter import clock
from contactcenter.conversations.tokens import ReplyTokens

TOKENS = ReplyTokens(b"k" * 32)
CONVERSATION, MESSAGE = "01a19bb5-69c0-737b-890c-6f3bb3a8ca54", "01a19bb4-7f60-7c50-9135-0de035a2f540"


def test_a_token_names_its_conversation() -> None:
    conversation = clock.new_id()
    assert TOKENS.check(TOKENS.sign(conversation)) == conversation


def test_case_does_not_matter_for_mail_servers_fold_it() -> None:
    conversation = clock.new_id()
    assert TOKENS.check(TOKENS.sign(conversation).upper()) == conversation


def test_a_token_fits_into_a_local_part() -> None:
    assert len("support+" + TOKENS.sign(clock.new_id())) <= 64


def test_a_token_of_another_instance_is_nothing() -> None:
    assert TOKENS.check(ReplyTokens(b"x" * 32).sign(clock.new_id())) is None


@pytest.mark.parametrize("token", ["", "r", "r!!!", "r" + "a" * 42, "é" * 20, "r" + "a" * 9000])
def test_garbage_is_nothing(token: str) -> None:
    assert TOKENS.check(token) is None


def test_one_changed_letter_is_nothing() -> None:
    token = TOKENS.sign(clock.new_id())
    assert TOKENS.check(token[:5] + ("a" if token[5] != "a" else "b") + token[6:]) is None


def message_id(tokens: ReplyTokens = TOKENS, conversation: str = CONVERSATION) -> str:
    return tokens.message_id(conversation, MESSAGE, "desk.example")


def test_a_message_id_names_its_conversation_and_is_the_same_at_every_try() -> None:
    assert TOKENS.conversation_of(message_id()) == CONVERSATION
    assert message_id() == message_id()


def test_a_message_id_is_a_short_dot_atom() -> None:
    local, _, domain = message_id().partition("@")
    assert re.fullmatch(r"[a-z0-9]+(\.[a-z0-9]+)*", local)  # RFC 5322, 3.2.3 and 3.6.4
    assert len(local) <= 64
    assert domain == "desk.example"


def test_two_messages_of_one_conversation_have_two_ids() -> None:
    assert message_id() != TOKENS.message_id(CONVERSATION, clock.new_id(), "desk.example")


@pytest.mark.parametrize(
    "broken",
    [str.upper, lambda own: own.replace("@", "=@"), lambda own: f"=3C{own}=3E", lambda own: own[:9] + "=\n" + own[9:]],
    ids=["upper case", "an equals sign", "encoded brackets", "a soft line break"],
)
def test_a_message_id_is_read_as_programs_break_it(broken) -> None:  # type: ignore[no-untyped-def]
    assert TOKENS.conversation_of(broken(message_id())) == CONVERSATION


@pytest.mark.parametrize(
    "other",
    [
        "",
        "1@c.example",
        f"{MESSAGE}@desk.example",
        f"{CONVERSATION}@desk.example",
        "m.@desk.example",
        "m." + "a" * 54 + "@d",
    ],
)
def test_ids_of_another_form_name_nothing_and_are_no_forgeries(other: str) -> None:
    assert TOKENS.conversation_of(other) is None
    assert not TOKENS.is_forged(other)


def test_an_id_of_our_form_with_another_hash_is_a_forgery() -> None:
    foreign = message_id(ReplyTokens(b"x" * 32))
    assert TOKENS.conversation_of(foreign) is None
    assert TOKENS.is_forged(foreign)
    assert TOKENS.is_forged("m." + "a" * 55 + "@desk.example")
    assert not TOKENS.is_forged(message_id())


def test_a_plus_token_is_no_message_id_nor_the_reverse() -> None:
    assert TOKENS.check(message_id().partition("@")[0]) is None
    assert TOKENS.conversation_of(f"m.{TOKENS.sign(CONVERSATION)}@desk.example") is None
