"""The visitors connected to this process, and the events that concern them.

One listener for all of them: an event finds its visitor by identity, so its cost does not grow with the audience.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from typing import Protocol

from contactcenter.events import Event, EventHub, EventKind

_TELLING = {EventKind.MESSAGE_ADDED, EventKind.DELIVERY_CHANGED}


class Visit(Protocol):
    """A connected visitor, as the audience knows him."""

    def look_again(self) -> None:
        """There may be new lines."""
        ...

    def show_typing(self) -> None:
        """An agent is writing to him."""
        ...


class Audience:
    """Who is here, by identity (``chat:…``). Hears the hub only while somebody is."""

    def __init__(self, hub: EventHub) -> None:
        self._hub = hub
        self._visits: dict[str, set[Visit]] = {}
        self._hearing = ExitStack()
        self._listener: asyncio.Task[None] | None = None

    def __len__(self) -> int:
        return sum(len(visits) for visits in self._visits.values())

    def of(self, identity: str) -> frozenset[Visit]:
        """The visits of one visitor: a tab each."""
        return frozenset(self._visits.get(identity, ()))

    @contextmanager
    def present(self, identity: str, visit: Visit) -> Iterator[None]:
        """The visit is told of everything published from now on, until the block ends."""
        if self._listener is None:
            # Heard from this line on, not from when the task first runs: nothing may fall between.
            queue = self._hearing.enter_context(self._hub.subscribe())
            self._listener = asyncio.create_task(self._listen(queue), name="webchat audience")
        self._visits.setdefault(identity, set()).add(visit)
        try:
            yield
        finally:
            self._visits[identity].discard(visit)
            if not self._visits[identity]:
                del self._visits[identity]
            if not self._visits:
                self._stop()

    def tell(self, identity: str, but: Visit | None = None) -> None:
        """Let one visitor's visits look again."""
        for visit in self._visits.get(identity, ()):
            if visit is not but:
                visit.look_again()

    def _stop(self) -> None:
        if self._listener is not None:
            self._listener.cancel()
            self._listener = None
        self._hearing.close()

    async def _listen(self, queue: asyncio.Queue[Event]) -> None:
        while True:
            event = await queue.get()
            if event.kind is EventKind.GAP:
                for identity in self._visits:
                    self.tell(identity)
            elif event.kind in _TELLING and event.identity:
                self.tell(event.identity)
