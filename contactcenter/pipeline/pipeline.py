"""The way of an inbound message, from accepted to answered or routed, as one table of stages.

A job takes a lane and with it up to 64 waiting messages in order, in one transaction. Every stage looks at the whole
batch and asks the database a fixed number of questions for it. A batch that fails is undone to its savepoint and taken
message by message, so that nobody fails for another's sake. Tries are committed before they begin, so that after a
crash a suspect runs alone; the third failure sends a message to the quarantine, where a person sees its raw source and
can run it again. A message that takes long to read waits in a lane of its own, so that no other waits for it.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence

import structlog
from sqlalchemy.exc import DBAPIError

from contactcenter.conversations import processing
from contactcenter.conversations.inbox import SLOW_LANE, UNDERSTAND, lane_of
from contactcenter.conversations.tokens import ReplyTokens
from contactcenter.envelope import (
    Channel,
    ContentReader,
)
from contactcenter.errors import InvalidInput, Unavailable
from contactcenter.pipeline.assessing import Assess, Assessing
from contactcenter.pipeline.reading import Reading, Testify
from contactcenter.pipeline.stages import Stages
from contactcenter.pipeline.work import Batch, Stage, Work
from contactcenter.settings import Limits, Triage
from contactcenter.store.jobs import INBOUND
from contactcenter.store.store import Store
from contactcenter.store.unit_of_work import UnitOfWork
from contactcenter.tickets.answering import (
    AnsweringPolicy,
)
from contactcenter.tickets.routing import routing_table

log = structlog.get_logger(__name__)


class Pipeline:
    """Takes the waiting messages of a lane through its stages."""

    def __init__(
        self,
        store: Store,
        readers: Mapping[Channel, ContentReader],
        assessor: Assess | None,
        tokens: ReplyTokens,
        policy: AnsweringPolicy,
        limits: Limits | None = None,
        witness: Testify | None = None,
        patience: float = Triage().patience,
    ) -> None:
        """``patience``: seconds that a batch of messages waits for the assessor."""
        self._store = store
        self._reading = Reading(store, readers, Assessing(assessor, patience), witness)
        self._lanes = [asyncio.Lock() for _ in range(SLOW_LANE + 1)]
        self._asked: set[int] = set()  # lanes to look at (once more)
        does = Stages(tokens, policy, limits or Limits())
        # Before these, without writing anything: who vouches for the senders, bytes → content → assessment (Reading).
        self.stages: tuple[Stage, ...] = (
            Stage("copies", does.copies),  # a relay's re-encoded copy ends here
            Stage("senders", does.senders),  # a blocked sender's mail ends here; who floods us?
            Stage("returned", does.returned),  # bounces and receipts: about which message of ours?
            Stage("customers", does.customers),  # who is it?
            Stage("records", does.records),  # the numbers he names: his own?
            Stage("threads", does.threads),  # which conversation?
            Stage("decide", does.decide),  # guards, then: answer, suggest or route
            Stage("tickets", does.tickets),  # the work it means
            Stage("answer", does.answer),  # what the machine writes, into the outbox
            Stage("keep", does.keep),  # all of it on the messages' rows
        )

    async def understand(self, lane: int) -> None:
        """The job: work off everything that waits in a lane.

        Where that is being done already it is asked to look once more: waiting for it would keep another lane waiting.
        """
        self._asked.add(lane)
        if self._lanes[lane].locked():
            return
        async with self._lanes[lane]:
            while lane in self._asked:
                self._asked.discard(lane)
                while await self._batch(lane):
                    pass

    async def left_behind(self) -> None:
        """Defer a job for each lane in which messages wait, whatever became of their own jobs."""
        async with self._store.transaction() as uow:
            lanes = await processing.waiting_lanes(uow)
            await uow.defer_many(UNDERSTAND, queue=INBOUND, args=[{"lane": lane} for lane in lanes])

    async def _batch(self, lane: int) -> bool:
        """One transaction; False when nothing waits."""
        async with self._store.transaction() as uow:
            rows = await processing.waiting(uow, lane)
            if not rows:
                return False
            async with self._store.transaction() as before:
                await processing.count_tries(before, rows)
            works = await self._reading.read(uow, rows, patient=lane == SLOW_LANE)
            await self._set_aside(uow, [work for work in works if work.takes_long])
            if lane == SLOW_LANE:  # one message; what its sender's limits count must not run beside it
                await processing.lock_lane(uow, lane_of(works[0].message.sender))
            routing = await routing_table(uow)
            for work in (work for work in works if work.failure):
                await self._shunt(uow, work, "read", InvalidInput(work.failure))
            await self._take(Batch(uow, routing, [work for work in works if work.is_read]))
            await processing.remove_jobs(uow, rows)
        return True

    async def _set_aside(self, uow: UnitOfWork, works: Sequence[Work]) -> None:
        """Let messages wait that would keep others waiting."""
        if works:
            await processing.set_aside(uow, [work.row for work in works])
            await uow.defer(UNDERSTAND, queue=INBOUND, args={"lane": SLOW_LANE})
            log.info("message takes long", messages=[work.row.id for work in works])

    async def _take(self, batch: Batch) -> None:
        """A batch through its stages; when it fails, each of its messages alone."""
        try:
            async with batch.uow.savepoint():
                for stage in self.stages if batch.works else ():
                    batch.stage = stage.name
                    await stage.run(batch)
        except Unavailable:
            raise
        except Exception as error:
            if _is_passing(error):
                raise  # no message's fault: the job is tried again
            if len(batch.works) == 1:
                await self._shunt(batch.uow, batch.works[0], batch.stage, error)
            else:
                for work in batch.works:
                    await self._take(Batch(batch.uow, batch.routing, [work.again()]))

    async def _shunt(self, uow: UnitOfWork, work: Work, stage: str, error: Exception) -> None:
        """Note the failure; the third sends the message to the quarantine."""
        reason = f"{stage}: {type(error).__name__}: {error}"
        tries = await processing.failed(uow, work.row, reason)
        log.warning("message failed", message=work.row.id, reason=reason, tries=tries, exc_info=error)


def _is_passing(error: Exception) -> bool:
    """Whether the database, not a message, is the cause: a lost connection, a deadlock."""
    if not isinstance(error, DBAPIError):
        return False
    return error.connection_invalidated or getattr(error.orig, "sqlstate", "") in {"40P01", "40001"}
