"""Brings the events of other processes into this one by PostgreSQL's LISTEN."""

from __future__ import annotations

import asyncio

import psycopg
import structlog

from contactcenter.events import Event, EventHub, EventKind
from contactcenter.store.unit_of_work import NOTIFY_CHANNEL

log = structlog.get_logger(__name__)
_LISTEN = f"LISTEN {NOTIFY_CHANNEL}"


class Listener:
    """Listens on one connection and publishes what it hears; a lost connection is a gap everyone hears of."""

    def __init__(self, conninfo: str, hub: EventHub) -> None:
        self._conninfo = conninfo
        self._hub = hub
        self._task: asyncio.Task[None] | None = None

    async def start(self) -> None:
        """Begin; returns once the first connection listens."""
        listening = asyncio.Event()
        self._task = asyncio.create_task(self._run(listening), name="event-listener")
        await listening.wait()

    async def stop(self) -> None:
        """End and close the connection."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)

    async def _run(self, listening: asyncio.Event) -> None:
        while True:
            try:
                async with await psycopg.AsyncConnection.connect(self._conninfo, autocommit=True) as connection:
                    await connection.execute(_LISTEN)
                    if listening.is_set():
                        self._hub.publish(Event(EventKind.GAP))
                    listening.set()
                    async for notification in connection.notifies():
                        for line in notification.payload.splitlines():
                            self._hub.publish(Event.from_json(line))
            except (psycopg.Error, OSError) as error:
                log.warning("event listener lost the database", error=str(error))
            await asyncio.sleep(0.5)
