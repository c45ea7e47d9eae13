"""All mailboxes that are fetched, side by side: begun, ended and begun anew as administrators change them.

A mailbox costs a thread and a connection, both asleep while its server has no news; so 80 of them wait as quietly as
20. Work is bounded: mail is taken from ``at_once`` mailboxes at the same moment, the others wait for their turn with
their mails still on the server. So memory holds at most that many groups of mails (2 MiB each, or one mail of 25 MiB).
"""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import suppress
from typing import Any

import structlog

from contactcenter.channels.email.fetch_state import MailboxCursor, Watched
from contactcenter.channels.email.fetching import MailboxFetcher
from contactcenter.channels.email.oauth import TokenKeeper
from contactcenter.envelope import MessageSink

log = structlog.get_logger(__name__)

EVERY = 5.0  # seconds between two looks for mailboxes that were added, changed or removed
HEARTBEAT = 60.0  # seconds after which the status is written although nothing happened

Wanted = Callable[[], Awaitable[Sequence[Watched]]]
Report = Callable[[Mapping[str, Mapping[str, Any]]], Awaitable[None]]


class Fleet:
    """Fetchers for the mailboxes that ``wanted`` names; ``report`` gets their status by address when it changed."""

    def __init__(
        self,
        wanted: Wanted,
        sink: MessageSink,
        cursor: MailboxCursor,
        report: Report,
        *,
        at_once: int,
        keeper: TokenKeeper | None = None,
    ) -> None:
        self._wanted = wanted
        self._sink = sink
        self._cursor = cursor
        self._report = report
        self._slots = threading.BoundedSemaphore(at_once)
        self._keeper = keeper
        self._running: dict[Watched, MailboxFetcher] = {}
        self._said: dict[str, Mapping[str, Any]] = {}
        self._said_at = 0.0
        self._task: asyncio.Task[None] | None = None

    async def start(self) -> None:
        """Begin with the mailboxes of now; raises what ``wanted`` raises."""
        await self._refresh()
        self._task = asyncio.create_task(self._watch(), name="mailboxes")

    async def stop(self) -> None:
        """End all of them."""
        if self._task is not None:
            self._task.cancel()
            with suppress(asyncio.CancelledError):
                await self._task
        await asyncio.gather(*(fetcher.stop() for fetcher in self._running.values()))
        self._running.clear()

    async def _watch(self) -> None:
        while True:
            await asyncio.sleep(EVERY)
            for step in (self._refresh, self._tell):
                try:
                    await step()
                except Exception as error:  # noqa: BLE001 - the mailboxes that run go on, the next round tries again
                    log.warning("mailboxes not looked after", step=step.__name__, error=str(error))

    async def _refresh(self) -> None:
        """Let exactly the wanted mailboxes run; a changed one ends before it begins anew."""
        wanted = {one: None for one in await self._wanted() if one.mailbox.imap is not None}
        gone = [one for one in self._running if one not in wanted]
        await asyncio.gather(*(self._running.pop(one).stop() for one in gone))
        loop = asyncio.get_running_loop()
        for one in wanted.keys() - self._running.keys():
            fetcher = MailboxFetcher(one, self._sink, self._cursor, loop, slots=self._slots, keeper=self._keeper)
            self._running[one] = fetcher
            await fetcher.start()

    async def _tell(self) -> None:
        found: dict[str, Mapping[str, Any]] = {
            fetcher.status.address: fetcher.status.saved() for fetcher in list(self._running.values())
        }
        if found != self._said or time.monotonic() - self._said_at > HEARTBEAT:
            await self._report(found)
            self._said, self._said_at = found, time.monotonic()
