"""The worker: understands waiting messages and delivers outgoing ones. All CPU work lives here."""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import Awaitable, Callable

import structlog
from procrastinate import App
from sqlalchemy import text

from contactcenter.app.mailboxes import StoredTokens
from contactcenter.channels.email.confined import ConfinedReader
from contactcenter.channels.email.trust.witness import witness
from contactcenter.channels.registry import readers, senders
from contactcenter.conversations.delivery import Deliverer
from contactcenter.conversations.inbox import UNDERSTAND
from contactcenter.conversations.notices import NOTIFY, Notices
from contactcenter.conversations.outbox import DELIVER
from contactcenter.conversations.tokens import ReplyTokens
from contactcenter.envelope import Channel
from contactcenter.errors import ModelError, Unavailable
from contactcenter.pipeline.pipeline import Pipeline
from contactcenter.settings import Settings
from contactcenter.staff import sessions
from contactcenter.store.jobs import INBOUND, OUTBOUND, Task, jobs_app
from contactcenter.store.store import Store
from contactcenter.tickets.answering import AnsweringPolicy
from contactcenter.tickets.delivery_news import TicketNews
from contactcenter.tickets.directory import Directory

log = structlog.get_logger(__name__)

RECOVERY_EVERY = 10.0  # seconds between two looks for orphaned work
SWEEP_EVERY = 60  # of these looks between two sweeps
RESTART_AFTER = 1.0  # seconds after the job queue lost its database
_STALLED = text(
    """
    DELETE FROM procrastinate_jobs j
    WHERE j.status = 'doing' AND j.task_name = ANY(:tasks)
      AND NOT EXISTS (
        SELECT 1 FROM procrastinate_workers w
        WHERE w.id = j.worker_id AND w.last_heartbeat > now() - interval '30 seconds')
    """
)


class Worker:
    """One worker over one store."""

    def __init__(self, settings: Settings, store: Store) -> None:
        tokens = ReplyTokens.of(store.secrets)
        self._store = store
        self._directory = Directory(settings, store)
        self._senders = senders(settings, StoredTokens(store))
        self.deliverer = Deliverer(store, self._senders, self._directory, tokens, TicketNews())
        own = self._directory.default_sender(Channel.EMAIL)
        self.notices = Notices(store.secrets, self._senders[Channel.EMAIL], settings.outgoing.envelope_from or own)
        policy = AnsweringPolicy(
            auto_answer=settings.triage.auto_answer,
            acknowledge=settings.triage.acknowledge,
            threshold=settings.triage.answer_threshold,
        )
        by_channel = readers(settings, self._directory.made_addresses)
        self._confined = [reader for reader in by_channel.values() if isinstance(reader, ConfinedReader)]
        for reader in self._confined:
            reader.start()  # while the model loads
        self.pipeline = Pipeline(
            store, by_channel, _assessor(settings), tokens, policy, settings.limits, witness(settings)
        )

    async def run(self, stop: asyncio.Event) -> None:
        """Work until ``stop`` is set; jobs under way are finished first."""
        await self._directory.refresh()
        tasks = [
            asyncio.create_task(self._keep_running(INBOUND, 3), name="inbound"),
            asyncio.create_task(self._keep_running(OUTBOUND, 8), name="outbound"),
            asyncio.create_task(self._recover(), name="recovery"),
        ]
        await stop.wait()
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        for sender in self._senders.values():
            await sender.close()
        for reader in self._confined:
            reader.close()

    async def _keep_running(self, queue: str, concurrency: int) -> None:
        """Run the job queue; when its database goes away, try again until it is back."""
        tasks: dict[str, Task] = {
            UNDERSTAND: self.pipeline.understand,
            DELIVER: self.deliverer.deliver,
            NOTIFY: self.notices.send,
        }
        while True:
            jobs = jobs_app(self._store.conninfo, tasks, pool_size=concurrency + 2)
            try:
                await self._run_queue(jobs, queue, concurrency)
            except asyncio.CancelledError:
                raise
            except Exception as error:  # noqa: BLE001 - whatever the queue died of, waiting work must go on
                log.warning("job queue stopped, starting it again", queue=queue, error=str(error))
            await asyncio.sleep(RESTART_AFTER)

    async def _run_queue(self, jobs: App, queue: str, concurrency: int) -> None:
        async with jobs.open_async():
            await jobs.run_worker_async(
                queues=[queue],
                name=queue,
                concurrency=concurrency,
                delete_jobs="successful",
                install_signal_handlers=False,
                fetch_job_polling_interval=2.0,
                shutdown_graceful_timeout=5.0,
            )

    async def _recover(self) -> None:
        """Take up what a crash orphaned: at once at the start, then every few seconds."""
        rounds = itertools.count()
        steps: tuple[Callable[[], Awaitable[None]], ...] = (
            self._drop_stalled_jobs,
            self.pipeline.left_behind,
            self.deliverer.unfinished,
            self._directory.refresh,
        )
        while True:
            for step in steps:
                try:
                    await step()
                except Exception as error:  # noqa: BLE001 - the next round tries again
                    log.warning("recovery step failed", step=step.__name__, error=str(error))
            if next(rounds) % SWEEP_EVERY == 0:
                await self._sweep()
            await asyncio.sleep(RECOVERY_EVERY)

    async def _sweep(self) -> None:
        """Throw away sessions and tries at the doors that are over."""
        try:
            async with self._store.transaction() as uow:
                await sessions.sweep(uow)
        except Unavailable as error:
            log.warning("sweep failed", error=str(error))

    async def _drop_stalled_jobs(self) -> None:
        """Remove jobs whose worker is gone; what they stood for is deferred anew from the rows themselves."""
        async with self._store.transaction() as uow:
            await uow.session.execute(_STALLED, {"tasks": [UNDERSTAND, DELIVER]})


def _assessor(settings: Settings):  # type: ignore[no-untyped-def] # noqa: ANN202 - the type would load spaCy
    """The trained model, or None: then every message goes to people, and the log says why."""
    from contactcenter.triage import registry
    from contactcenter.triage.assess import Assessor

    try:
        return Assessor.load(registry.find(settings.triage.model, settings.data), settings.data)
    except ModelError as error:
        log.error("no triage model: every message goes to people", error=str(error))
        return None
