"""From several signals to one number, and from that number and a category's rule to what is done."""

import math

import pytest

from contactcenter.tickets.automation.confidence import Signals, confidence
from contactcenter.tickets.automation.records import Action, State
from contactcenter.tickets.automation.ruling import SHADOW_FLOOR, Rule, Standing, is_drawn, rule_of, rule_on

SURE = Signals(article=0.97, category=0.9, margin=0.8, agrees=True, authenticated=True)


def with_(**changes):
    return confidence(Signals(**{name: getattr(SURE, name) for name in Signals.__slots__} | changes))


def test_without_a_doubt_it_is_the_articles_own_probability():
    assert confidence(SURE) == pytest.approx(0.97)


@pytest.mark.parametrize(
    "doubt", [{"margin": 0.0}, {"authenticated": False}, {"stranger": 0.5}, {"margin": 0.05, "agrees": False}]
)
def test_each_doubt_lowers_it(doubt):
    assert with_(**doubt) < confidence(SURE)


def test_it_is_no_surer_than_that_the_message_is_no_stranger():
    assert with_(stranger=0.4) == pytest.approx(0.6)
    assert with_(stranger=1.0) == 0.0


def test_without_an_article_there_is_none():
    assert with_(article=0.0) == 0.0
    assert with_(article=1.0) <= 1.0


def ruling(state, score, **rule):
    return rule_on(Rule(state, 0.9, 1.0, 1.0, **rule), score, model="m", message_id="x").action


@pytest.mark.parametrize(
    ("state", "score", "action"),
    [
        (State.SHIPPED, 0.9, Action.ANSWERED),
        (State.SHIPPED, 0.89, Action.BELOW),
        (State.ON, 0.95, Action.ANSWERED),
        (State.SHADOW, 0.95, Action.SHADOW),
        (State.SHADOW, SHADOW_FLOOR, Action.SHADOW),
        (State.SHADOW, 0.2, Action.BELOW),
        (State.OFF, 0.99, Action.SHADOW),
        (State.ON, math.nan, Action.BELOW),
        (State.ON, math.inf, Action.BELOW),
    ],
)
def test_only_a_category_that_is_on_sends_and_only_from_its_threshold_on(state, score, action):
    assert ruling(state, score) is action


def test_a_threshold_chosen_for_another_model_sends_nothing():
    assert ruling(State.ON, 0.99, model="m") is Action.ANSWERED
    assert ruling(State.ON, 0.99, model="older") is Action.SHADOW


def test_a_category_that_is_on_without_a_threshold_is_in_shadow():
    assert rule_of(Standing(State.ON, None, 0.05, 0.25, 1, ""), 0.9).state is State.SHADOW


def test_a_category_nobody_touched_is_as_shipped():
    assert rule_of(None, 0.9) == Rule(State.SHIPPED, 0.9)


def test_the_lot_is_drawn_as_often_as_said_and_always_alike():
    names = [f"message {number}" for number in range(20_000)]
    drawn = [name for name in names if is_drawn(name, 0.05)]
    assert 850 < len(drawn) < 1_150
    assert drawn == [name for name in names if is_drawn(name, 0.05)]
    assert not any(is_drawn(name, 0.0) for name in names[:100])
    assert all(is_drawn(name, 1.0) for name in names[:100])
