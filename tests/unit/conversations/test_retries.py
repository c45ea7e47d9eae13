"""When a message is tried again."""

from datetime import UTC, datetime, timedelta

import pytest

from contactcenter.conversations.retries import BACK_OFF, GIVE_UP, LONGEST_AWAY, SHORTEST_AWAY, NextTry, next_try
from contactcenter.envelope import Channel, Identity, IdentityKind, OutboundMessage
from contactcenter.errors import NotOffered, PermanentDelivery, TemporaryDelivery, UncertainDelivery

NOW = datetime(2026, 7, 3, tzinfo=UTC)


def tried(attempt=1, age=timedelta(), automatic=False):
    to = Identity(IdentityKind.EMAIL, "ann@customer.example")
    return OutboundMessage("1", Channel.EMAIL, to, "", attempt=attempt, created_at=NOW - age, automatic=automatic)


def test_the_waits_grow_to_a_day_and_end_after_two_to_four_days():
    assert list(BACK_OFF) == sorted(BACK_OFF)
    assert timedelta(days=2) < sum(BACK_OFF, timedelta()) < timedelta(days=4)


@pytest.mark.parametrize("attempt", [1, 5, len(BACK_OFF)])
def test_later_means_the_next_wait_of_the_schedule(attempt):
    assert next_try(tried(attempt), TemporaryDelivery("450"), NOW) == NextTry(BACK_OFF[attempt - 1])


def test_after_the_last_wait_there_is_no_other():
    assert next_try(tried(len(BACK_OFF) + 1), TemporaryDelivery("450"), NOW) is None


def test_never_means_never():
    assert next_try(tried(), PermanentDelivery("550"), NOW) is None


@pytest.mark.parametrize(("automatic", "again"), [(True, False), (False, True)])
def test_only_what_people_wrote_is_repeated_when_it_may_have_arrived(automatic, again):
    assert (next_try(tried(automatic=automatic), UncertainDelivery("cut"), NOW) is not None) is again


@pytest.mark.parametrize(
    ("age", "wait"),
    [(timedelta(), SHORTEST_AWAY), (timedelta(minutes=4), timedelta(minutes=2)), (timedelta(days=3), LONGEST_AWAY)],
)
def test_a_host_that_is_away_is_tried_by_the_messages_age_and_uses_up_no_try(age, wait):
    assert next_try(tried(len(BACK_OFF) + 1, age), NotOffered("refused"), NOW) == NextTry(wait, counted=False)


def test_a_host_that_is_away_for_days_is_given_up():
    assert next_try(tried(age=GIVE_UP + timedelta(hours=1)), NotOffered("refused"), NOW) is None


def test_a_turn_that_comes_later_is_no_news():
    told = next_try(tried(), NotOffered("full", retry_after=7), NOW)
    assert told == NextTry(timedelta(seconds=7), counted=False, quiet=True)
