"""Events: hints, published after commit, that something changed and is worth another look.

An event carries ids only; who hears it reads the state again. It may be lost, so nothing that must happen hangs on
one: what must happen is a job in the transaction. :class:`EventHub` spreads events inside a process;
``store.listener`` brings those of other processes in.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from enum import StrEnum


class EventKind(StrEnum):
    """What kind of thing changed."""

    MESSAGE_ADDED = "message.added"
    DELIVERY_CHANGED = "delivery.changed"
    TICKET_CREATED = "ticket.created"
    TICKET_CHANGED = "ticket.changed"
    CUSTOMER_CHANGED = "customer.changed"
    QUARANTINE_CHANGED = "quarantine.changed"
    STAFF_CHANGED = "staff.changed"
    PRESENCE_CHANGED = "presence.changed"
    AUTOMATION_CHANGED = "automation.changed"  # a category's automatic answers; the id is "category:language"
    GAP = "gap"  # events may have been lost: read everything again


@dataclass(frozen=True, slots=True)
class Event:
    """One hint. Ids that do not apply are empty."""

    kind: EventKind
    id: str = ""  # of the thing itself: message, customer, agent …
    ticket: int = 0  # ticket number
    queue: str = ""  # queue id
    customer: str = ""
    conversation: str = ""
    identity: str = ""  # "chat:…" of the customer it concerns, where a channel listens for its visitor
    agent: str = ""  # assignee, or who did it

    def to_json(self) -> str:
        """Compact JSON, empty fields left out (PostgreSQL's NOTIFY carries 8,000 bytes)."""
        return json.dumps({key: value for key, value in asdict(self).items() if value}, separators=(",", ":"))

    @classmethod
    def from_json(cls, text: str) -> Event:
        """The event that :meth:`to_json` wrote; unknown fields of a newer process are passed over."""
        data = json.loads(text)
        known = {key: data[key] for key in cls.__dataclass_fields__ if key in data}
        return cls(**{**known, "kind": EventKind(data["kind"])})


class EventHub:
    """Spreads events to the listeners of one process.

    A listener that falls ``depth`` events behind loses its backlog and gets one :attr:`EventKind.GAP` instead, so a
    slow browser never holds memory.
    """

    def __init__(self, depth: int = 500) -> None:
        self._depth = depth
        self._queues: set[asyncio.Queue[Event]] = set()

    def publish(self, event: Event) -> None:
        """Hand the event to every listener; never blocks."""
        for queue in self._queues:
            if queue.full():
                while not queue.empty():
                    queue.get_nowait()
                queue.put_nowait(Event(EventKind.GAP))
            else:
                queue.put_nowait(event)

    @contextmanager
    def subscribe(self) -> Iterator[asyncio.Queue[Event]]:
        """A queue of all events from now on, until the block ends."""
        queue: asyncio.Queue[Event] = asyncio.Queue(self._depth)
        self._queues.add(queue)
        try:
            yield queue
        finally:
            self._queues.discard(queue)

    async def stream(self) -> AsyncIterator[Event]:
        """All events from now on."""
        with self.subscribe() as queue:
            while True:
                yield await queue.get()
