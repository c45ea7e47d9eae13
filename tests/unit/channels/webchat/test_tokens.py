"""Visitor tokens: ours, unchanged and not expired, or nothing."""

from datetime import timedelta

import pytest

from contactcenter.channels.webchat import tokens
from contactcenter.channels.webchat.tokens import LIFETIME, VisitorTokens
from contactcenter.clock import new_id, now

SECRET = b"0123456789abcdef"


def at(monkeypatch, moment):
    monkeypatch.setattr(tokens, "now", lambda: moment)


def test_a_token_names_the_visitor_it_was_issued_to():
    visitor = new_id()
    assert VisitorTokens(SECRET).visitor(VisitorTokens(SECRET).issue(visitor)) == visitor


def test_a_token_of_another_secret_is_nobodys():
    assert VisitorTokens(SECRET).visitor(VisitorTokens(b"another secret 16").issue(new_id())) is None


@pytest.mark.parametrize("position", range(4))
def test_no_part_of_a_token_can_be_changed(position):
    keeper = VisitorTokens(SECRET)
    parts, other = keeper.issue(new_id()).split("."), keeper.issue(new_id()).split(".")
    parts[position] = {0: "v2", 1: other[1], 2: str(int(parts[2]) + 1), 3: other[3]}[position]
    assert keeper.visitor(".".join(parts)) is None


def test_a_token_expires_and_not_before(monkeypatch):
    keeper, start = VisitorTokens(SECRET), now()
    at(monkeypatch, start)
    token = keeper.issue(new_id())
    at(monkeypatch, start + LIFETIME - timedelta(seconds=2))
    assert keeper.visitor(token)
    at(monkeypatch, start + LIFETIME + timedelta(seconds=2))
    assert keeper.visitor(token) is None


def test_a_token_from_the_future_is_refused_beyond_a_little_skew(monkeypatch):
    keeper, start = VisitorTokens(SECRET), now()
    at(monkeypatch, start + timedelta(minutes=4))
    slightly = keeper.issue(new_id())
    at(monkeypatch, start + timedelta(minutes=6))
    clearly = keeper.issue(new_id())
    at(monkeypatch, start)
    assert keeper.visitor(slightly)
    assert keeper.visitor(clearly) is None


def test_a_signature_over_something_that_is_no_visitor_is_refused():
    keeper = VisitorTokens(SECRET)
    assert keeper.visitor(keeper.issue("../../etc/passwd")) is None


@pytest.mark.parametrize("text", ["", "...", "v1.x.y.z", "v1", "é" * 40, "v1.." + "9" * 500, "\x00.\x00.\x00.\x00"])
def test_what_is_no_token_names_nobody(text):
    assert VisitorTokens(SECRET).visitor(text) is None


def test_a_short_secret_is_not_accepted():
    with pytest.raises(ValueError, match="16 bytes"):
        VisitorTokens(b"short")
