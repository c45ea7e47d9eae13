"""Lanes: how often, and how many at a time."""

import asyncio
from types import SimpleNamespace

import pytest

from contactcenter.channels.email import lanes
from contactcenter.channels.email.lanes import Lanes
from contactcenter.errors import NotOffered
from contactcenter.settings import PerDomain


@pytest.fixture
def moment(monkeypatch):
    """The monotonic clock, in the test's hand."""
    made = SimpleNamespace(now=1000.0)
    monkeypatch.setattr(lanes, "time", SimpleNamespace(monotonic=lambda: made.now))
    return made


async def pass_through(found, domain, message):
    async with found.turn(domain, message):
        pass


async def waits(found, domain, message):
    with pytest.raises(NotOffered) as told:
        await pass_through(found, domain, message)
    return told.value.retry_after


async def test_more_mails_than_a_minute_may_have_are_spread_over_the_next_ones(moment):
    found = Lanes(PerDomain(per_minute=2))
    for message in ("a", "b"):
        await pass_through(found, "x.example", message)
    assert [await waits(found, "X.example", message) for message in ("c", "d", "e")] == [60, 60, 120]
    await pass_through(found, "y.example", "f")


async def test_a_promised_turn_is_kept_and_nobody_takes_it(moment):
    found = Lanes(PerDomain(per_minute=1))
    await pass_through(found, "x.example", "a")
    assert await waits(found, "x.example", "b") == 60
    moment.now += 60
    assert await waits(found, "x.example", "c") == 60
    await pass_through(found, "x.example", "b")


async def test_the_later_a_mail_finds_its_lane_full_the_later_it_comes_again(moment):
    found = Lanes(PerDomain(connections=1))
    async with found.turn("x.example", "a"):
        moment.now += 10
        told = [await waits(found, "x.example", str(number)) for number in range(100)]
    assert told[0] < told[50] < told[-1] == lanes.LONGEST_AWAY
    await pass_through(found, "x.example", "b")


async def test_a_lane_that_moves_fast_is_waited_for():
    found = Lanes(PerDomain(connections=1))
    inside = asyncio.Event()

    async def first():
        async with found.turn("x.example", "a"):
            inside.set()
            await asyncio.sleep(0)

    running = asyncio.create_task(first())
    await inside.wait()
    await pass_through(found, "x.example", "b")
    await running


async def test_lanes_that_stand_still_are_forgotten(moment, monkeypatch):
    monkeypatch.setattr(lanes, "MAX_LANES", 10)
    found = Lanes(PerDomain())
    for number in range(100):
        await pass_through(found, f"{number}.example", "a")
    assert len(found._lanes) <= 10
