"""The worker: understands waiting messages and delivers outgoing ones. All CPU work lives here."""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import Awaitable, Callable

import structlog
from procrastinate import App
from sqlalchemy import text

from contactcenter.app.learning_jobs import RETRAIN_NIGHTLY, TOPICS, LearningJobs
from contactcenter.app.mailboxes import StoredTokens
from contactcenter.app.meaning import in_thread
from contactcenter.channels.email.confined import ConfinedReader
from contactcenter.channels.email.trust.witness import witness
from contactcenter.channels.registry import readers, senders
from contactcenter.conversations.delivery import Deliverer
from contactcenter.conversations.inbox import UNDERSTAND
from contactcenter.conversations.notices import NOTIFY, Notices
from contactcenter.conversations.outbox import DELIVER
from contactcenter.conversations.tokens import ReplyTokens
from contactcenter.envelope import Channel
from contactcenter.errors import Unavailable
from contactcenter.knowledge import understanding
from contactcenter.pipeline.assessing import Assess
from contactcenter.pipeline.pipeline import Pipeline
from contactcenter.settings import Settings
from contactcenter.staff import sessions
from contactcenter.store.jobs import INBOUND, LEARNING, OUTBOUND, Task, jobs_app
from contactcenter.store.store import Store
from contactcenter.store.unit_of_work import UnitOfWork
from contactcenter.tickets.answering import AnsweringPolicy
from contactcenter.tickets.automation import control
from contactcenter.tickets.delivery_news import TicketNews
from contactcenter.tickets.directory import Directory
from contactcenter.tickets.model_history import RETRAIN

log = structlog.get_logger(__name__)

RECOVERY_EVERY = 10.0  # seconds between two looks for orphaned work
SWEEP_EVERY = 60  # of these looks between two sweeps
WATCH_EVERY = 6  # of these looks between two looks after automatic answers
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
        self._learning = LearningJobs(settings, store)
        self._meaning = in_thread(settings.data)
        understanding.attach(store, self._meaning)
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
            store,
            by_channel,
            _assessor(settings),
            tokens,
            policy,
            settings.limits,
            witness(settings),
            settings.triage.patience,
        )

    async def run(self, stop: asyncio.Event) -> None:
        """Work until ``stop`` is set; jobs under way are finished first."""
        await self._directory.refresh()
        tasks = [
            asyncio.create_task(self._keep_running(INBOUND, 3), name="inbound"),
            asyncio.create_task(self._keep_running(OUTBOUND, 8), name="outbound"),
            asyncio.create_task(self._keep_running(LEARNING, 1), name="learning"),
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
        self._meaning.close()

    async def _keep_running(self, queue: str, concurrency: int) -> None:
        """Run the job queue; when its database goes away, try again until it is back."""
        tasks: dict[str, Task] = {
            UNDERSTAND: self.pipeline.understand,
            DELIVER: self.deliverer.deliver,
            NOTIFY: self.notices.send,
            **self._learning.tasks(),
        }
        nightly = self._learning.nightly() if queue == LEARNING else {}
        while True:
            jobs = jobs_app(self._store.conninfo, tasks, pool_size=concurrency + 2, nightly=nightly)
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
            self._store_vectors,
        )
        while True:
            for step in steps:
                try:
                    await step()
                except Exception as error:  # noqa: BLE001 - the next round tries again
                    log.warning("recovery step failed", step=step.__name__, error=str(error))
            number = next(rounds)
            for every, errand in ((SWEEP_EVERY, sessions.sweep), (WATCH_EVERY, control.watch)):
                if number % every == 0:
                    await self._run_errand(errand)
            await asyncio.sleep(RECOVERY_EVERY)

    async def _run_errand(self, errand: Callable[[UnitOfWork], Awaitable[None]]) -> None:
        """What is done now and then in a transaction of its own; the next time makes up for one that failed."""
        try:
            async with self._store.transaction() as uow:
                await errand(uow)
        except Unavailable as error:
            log.warning("errand failed", errand=errand.__name__, error=str(error))

    async def _store_vectors(self) -> None:
        """Keep what articles mean, so that the next process need not find out again."""
        await understanding.fill(self._store)

    async def _drop_stalled_jobs(self) -> None:
        """Remove jobs whose worker is gone; what they stood for is deferred anew from the rows, or the next night."""
        async with self._store.transaction() as uow:
            await uow.session.execute(_STALLED, {"tasks": [UNDERSTAND, DELIVER, TOPICS, RETRAIN, RETRAIN_NIGHTLY]})


def _assessor(settings: Settings) -> Assess:
    """The trained model, as it is published at any time; where there is none, every message goes to people."""
    from contactcenter.app.live_model import LiveModel

    return LiveModel(settings.triage.model, settings.data, settings.triage.numbers)
