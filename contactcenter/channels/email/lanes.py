"""Lanes: how much mail goes to one recipient's domain at a time, so that a slow domain never holds up the others.

A mail whose lane is full is not kept waiting in a worker's hand: its turn is given back with the time to come again
(:class:`contactcenter.errors.NotOffered`). Only where the lane moves fast it waits for a moment.
"""

from __future__ import annotations

import asyncio
import math
import time
from collections import deque
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from contactcenter.errors import NotOffered
from contactcenter.settings import PerDomain

PATIENCE = 0.5  # seconds a mail waits for a free place in a lane that moves fast
MINUTE = 60.0  # seconds
ROUNDING = 1.0  # seconds a mail may come before its promised start: jobs are not woken to the millisecond
LONGEST_AWAY = 60.0  # seconds until a mail that found its lane full comes again, at most
MAX_LANES = 1_000
"""Lanes remembered; beyond it those that stand still are forgotten."""


@dataclass(slots=True)
class _Lane:
    """One domain. Times are monotonic seconds; ``starts`` are those of the last minute and the promised ones."""

    places: asyncio.Semaphore
    running: dict[object, float] = field(default_factory=dict)
    seconds: float = 0.0  # what a mail takes, a running average
    away: int = 0  # mails sent away since, less those done
    starts: deque[float] = field(default_factory=deque)
    promised: dict[str, float] = field(default_factory=dict)  # message id → its start

    def is_slow(self, now: float) -> bool:
        """Whether waiting for a place would take long."""
        oldest = min(self.running.values(), default=now)
        return max(self.seconds, now - oldest) > PATIENCE

    def is_idle(self, now: float) -> bool:
        """Whether nothing is lost when the lane is forgotten."""
        return not self.running and not self.away and (not self.starts or self.starts[-1] < now - MINUTE)


class Lanes:
    """The lanes of one worker."""

    def __init__(self, limits: PerDomain) -> None:
        self._limits = limits
        self._lanes: dict[str, _Lane] = {}

    @asynccontextmanager
    async def turn(self, domain: str, message_id: str) -> AsyncIterator[None]:
        """Hold a place in the domain's lane; raises :class:`NotOffered` with the time to come again."""
        lane = self._lane(domain.lower())
        self._keep_pace(lane, message_id)
        await self._enter(lane)
        place, began = object(), time.monotonic()
        lane.running[place] = began
        try:
            yield
        finally:
            del lane.running[place]
            lane.seconds += (time.monotonic() - began - lane.seconds) / 4
            lane.away = max(0, lane.away - 1)
            lane.places.release()

    def _keep_pace(self, lane: _Lane, message_id: str) -> None:
        """Mails a minute: start now, or be promised the next free moment."""
        limit = self._limits.per_minute
        now = time.monotonic()
        if not limit or lane.promised.pop(message_id, math.inf) <= now + ROUNDING:
            return
        while lane.starts and lane.starts[0] <= now - MINUTE:
            lane.starts.popleft()
        start = now if len(lane.starts) < limit else max(now, lane.starts[-limit] + MINUTE)
        lane.starts.append(start)
        if start > now:
            lane.promised = {one: when for one, when in lane.promised.items() if when > now - 10 * MINUTE}
            lane.promised[message_id] = start
            raise NotOffered("waiting for its turn at this domain", retry_after=start - now)

    async def _enter(self, lane: _Lane) -> None:
        """Take a place, waiting a moment where it is worth it."""
        if lane.places.locked() and lane.is_slow(time.monotonic()):
            raise self._full(lane)
        try:
            async with asyncio.timeout(PATIENCE):
                await lane.places.acquire()
        except TimeoutError:
            raise self._full(lane) from None

    def _full(self, lane: _Lane) -> NotOffered:
        """The later a mail comes, the later it is told to come again."""
        lane.away += 1
        turns = 1 + lane.away / self._limits.connections
        return NotOffered(
            "waiting for its turn at this domain", retry_after=min(LONGEST_AWAY, turns * max(1.0, lane.seconds))
        )

    def _lane(self, domain: str) -> _Lane:
        if domain not in self._lanes:
            if len(self._lanes) >= MAX_LANES:
                now = time.monotonic()
                self._lanes = {name: lane for name, lane in self._lanes.items() if not lane.is_idle(now)}
            self._lanes[domain] = _Lane(asyncio.Semaphore(self._limits.connections))
        return self._lanes[domain]
