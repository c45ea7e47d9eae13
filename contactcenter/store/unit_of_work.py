"""The unit of work: one transaction; jobs deferred on its connection, events sent when it commits."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from datetime import datetime
from typing import Any

from procrastinate import App
from sqlalchemy import text
from sqlalchemy.exc import InterfaceError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from sqlalchemy.ext.asyncio import AsyncEngine, AsyncSession

from contactcenter.errors import Unavailable
from contactcenter.events import Event
from contactcenter.store.secrets import Secrets

NOTIFY_CHANNEL = "contactcenter_events"
_NOTIFY = text("SELECT pg_notify(:channel, :payload)")
_MAX_PAYLOAD = 7_500  # PostgreSQL allows 8,000 bytes


class UnitOfWork:
    """What services work on. Made by :class:`contactcenter.store.store.Store`."""

    def __init__(self, session: AsyncSession, jobs: App, secrets: Secrets) -> None:
        self.session = session
        self.secrets = secrets
        self._jobs = jobs
        self._events: dict[Event, None] = {}

    def publish(self, event: Event) -> None:
        """Send the event when this transaction commits; the same event twice is sent once."""
        self._events[event] = None

    async def defer(
        self, task: str, *, queue: str, args: Mapping[str, Any], at: datetime | None = None, priority: int = 0
    ) -> int:
        """Defer a job inside this transaction: it exists exactly when the transaction commits. Returns its id."""
        connection = await self.session.connection()
        raw = await connection.get_raw_connection()
        deferrer = self._jobs.configure_task(
            task,
            allow_unknown=True,
            queue=queue,
            priority=priority,
            schedule_at=at,
            connection=raw.driver_connection,
        )
        return int(await deferrer.defer_async(**args))

    async def defer_many(self, task: str, *, queue: str, args: Sequence[Mapping[str, Any]]) -> None:
        """Defer several jobs of one task inside this transaction, in one statement."""
        if args:
            connection = await self.session.connection()
            raw = await connection.get_raw_connection()
            deferrer = self._jobs.configure_task(
                task, allow_unknown=True, queue=queue, connection=raw.driver_connection
            )
            await deferrer.batch_defer_async(*map(dict, args))

    @asynccontextmanager
    async def savepoint(self) -> AsyncIterator[None]:
        """A part of the transaction that can fail alone: rows, jobs and events of the block are undone together."""
        events = dict(self._events)
        try:
            async with self.session.begin_nested():
                yield
        except BaseException:
            self._events = events
            raise

    async def flush_events(self) -> None:
        """Hand the events to PostgreSQL, which delivers them at commit and drops them on rollback."""
        batch: list[str] = []
        for event in self._events:
            payload = event.to_json()
            if batch and sum(map(len, batch)) + len(batch) + len(payload) > _MAX_PAYLOAD:
                await self._notify(batch)
                batch = []
            batch.append(payload)
        if batch:
            await self._notify(batch)
        self._events.clear()

    async def _notify(self, batch: list[str]) -> None:
        await self.session.execute(_NOTIFY, {"channel": NOTIFY_CHANNEL, "payload": "\n".join(batch)})


@asynccontextmanager
async def transaction(engine: AsyncEngine, jobs: App, secrets: Secrets) -> AsyncIterator[UnitOfWork]:
    """One transaction: commits at the end of the block, rolls back on any error.

    Raises :class:`Unavailable` when the database is away, so that a border can say "later".
    """
    try:
        async with AsyncSession(engine, expire_on_commit=False) as session:
            uow = UnitOfWork(session, jobs, secrets)
            yield uow
            await session.flush()
            await uow.flush_events()
            await session.commit()
    except (OperationalError, InterfaceError, PoolTimeout, OSError) as error:
        raise Unavailable("the database did not answer") from error


@asynccontextmanager
async def reading(engine: AsyncEngine, jobs: App, secrets: Secrets) -> AsyncIterator[UnitOfWork]:
    """A unit of work whose changes are thrown away: for queries."""
    try:
        async with AsyncSession(engine, expire_on_commit=False, autoflush=False) as session:
            yield UnitOfWork(session, jobs, secrets)
    except (OperationalError, InterfaceError, PoolTimeout, OSError) as error:
        raise Unavailable("the database did not answer") from error
