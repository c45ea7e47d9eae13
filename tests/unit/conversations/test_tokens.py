"""Reply tokens: ours, or nothing."""

import pytest

from contactcenter import clock
from contactcenter.conversations.tokens import ReplyTokens

TOKENS = ReplyTokens(b"k" * 32)


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
