"""The cache before the DNS: what is kept, what is asked once, and what happens when nobody answers."""

import asyncio

import pytest

from contactcenter.channels.email.trust import resolver
from contactcenter.channels.email.trust.dns import Record
from contactcenter.channels.email.trust.resolver import Answer, CachedResolver
from contactcenter.errors import Unavailable
from tests.zone import SILENT, Zone


class Seconds:
    """A clock to set."""

    def __init__(self):
        self.now = 0.0

    def __call__(self):
        return self.now


async def test_an_answer_is_kept_until_it_is_old():
    zone, seconds = Zone({"a.example TXT": ["x"]}), Seconds()
    cached = CachedResolver(zone, seconds=seconds)
    for at, asked in ((0, 1), (299, 1), (301, 2)):
        seconds.now = at
        assert await cached.lookup("A.example.", Record.TXT) == ("x",)
        assert len(zone.asked) == asked


async def test_that_there_is_nothing_is_kept_too_and_an_error_is_not():
    zone = Zone({"b.example TXT": SILENT})
    cached = CachedResolver(zone)
    for _ in range(2):
        assert await cached.lookup("a.example", Record.TXT) == ()
        with pytest.raises(Unavailable):
            await cached.lookup("b.example", Record.TXT)
    assert zone.asked == ["a.example TXT", "b.example TXT", "b.example TXT"]


async def test_the_same_question_is_asked_once_at_a_time():
    zone = Zone({"a.example TXT": ["x"]})
    cached = CachedResolver(zone)
    assert await asyncio.gather(*(cached.lookup("a.example", Record.TXT) for _ in range(50))) == [("x",)] * 50
    assert len(zone.asked) == 1


async def test_who_gives_up_takes_the_answer_from_nobody():
    gate = asyncio.Event()

    class Slow:
        async def ask(self, name, kind):
            await gate.wait()
            return Answer(("x",), 60)

    cached = CachedResolver(Slow())
    first, second = (asyncio.create_task(cached.lookup("a.example", Record.TXT)) for _ in range(2))
    await asyncio.sleep(0)
    first.cancel()
    gate.set()
    assert await second == ("x",)


async def test_the_cache_is_bounded_and_forgets_the_oldest():
    zone = Zone()
    cached = CachedResolver(zone, max_entries=2)
    for name in ("a.example", "b.example", "c.example", "c.example", "a.example"):
        await cached.lookup(name, Record.A)
    assert [asked.split(".")[0] for asked in zone.asked] == ["a", "b", "c", "a"]


async def test_a_dns_that_is_away_is_not_waited_for_again_and_again():
    zone, seconds = Zone({f"{n}.example TXT": SILENT for n in range(99)}), Seconds()
    cached = CachedResolver(zone, seconds=seconds)
    for number in range(50):
        with pytest.raises(Unavailable):
            await cached.lookup(f"{number}.example", Record.TXT)
    assert len(zone.asked) == resolver.SILENT_AFTER
    seconds.now = resolver.SILENT_FOR + 1
    assert await cached.lookup("else.example", Record.TXT) == ()
