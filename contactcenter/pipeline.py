"""The way of an inbound message, from accepted to answered or routed, as one table of stages.

A job takes a lane and with it up to 64 waiting messages in order, in one transaction. Every stage looks at the whole
batch and asks the database a fixed number of questions for it. A batch that fails is undone to its savepoint and taken
message by message, so that nobody fails for another's sake. Tries are committed before they begin, so that after a
crash a suspect runs alone; the third failure sends a message to the quarantine, where a person sees its raw source and
can run it again.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Protocol

import structlog
from sqlalchemy import insert
from sqlalchemy.exc import DBAPIError

from contactcenter.conversations import processing
from contactcenter.conversations.guards import AutomaticMemory
from contactcenter.conversations.inbox import LANES, UNDERSTAND, inbound_of
from contactcenter.conversations.outbox import add_participants, queue_messages
from contactcenter.conversations.processing import Understood
from contactcenter.conversations.records import Conversation, Message
from contactcenter.conversations.threads import Claim, Thread, ThreadIndex
from contactcenter.conversations.tokens import ReplyTokens
from contactcenter.customers.identity import normalised, resolve_many
from contactcenter.customers.records import Customer
from contactcenter.envelope import (
    Channel,
    Content,
    ContentReader,
    Identity,
    IdentityKind,
    InboundMessage,
    MessageKind,
)
from contactcenter.errors import InvalidInput, NotFound, Unavailable
from contactcenter.events import Event, EventKind
from contactcenter.store.jobs import INBOUND
from contactcenter.store.schema import table_of
from contactcenter.store.store import Store
from contactcenter.store.unit_of_work import UnitOfWork
from contactcenter.tickets import desk
from contactcenter.tickets.answering import (
    AnsweringPolicy,
    Case,
    Decision,
    Letter,
    assessment_json,
    automatic_messages,
    decide,
)
from contactcenter.tickets.records import Priority, Ticket, TicketStatus
from contactcenter.tickets.routing import RoutingTable, routing_table
from contactcenter.triage.assessment import Assessment, TriageInput
from contactcenter.triage.thanks import is_only_thanks

log = structlog.get_logger(__name__)

PREVIEW = 160  # characters

NOTHING_READ = Content(Identity(IdentityKind.EXTERNAL, "unknown"), "", "")
ROUTE = Decision("route")
NO_THREAD = Thread(None)
_BEGIN = insert(table_of(Conversation))


class Assess(Protocol):
    """What the pipeline needs of triage."""

    def assess(self, items: Sequence[TriageInput]) -> list[Assessment]:
        """One assessment for each item, in order."""
        ...


@dataclass(slots=True)
class Work:
    """One message on its way, and what the stages found out about it."""

    row: Message
    message: InboundMessage
    content: Content = NOTHING_READ
    assessment: Assessment | None = None
    failure: str = ""
    copy_of: str = ""
    customer: Customer | None = None
    thread: Thread = NO_THREAD
    conversation: Conversation | None = None  # set when the message begins one
    conversation_id: str = ""
    ticket: Ticket | None = None
    decision: Decision = ROUTE

    @property
    def language(self) -> str:
        """The language to answer in."""
        return self.assessment.language if self.assessment and self.assessment.language in {"en", "zh"} else "en"

    @property
    def is_new(self) -> bool:
        """Whether it begins its conversation."""
        return self.conversation is not None

    @property
    def is_person(self) -> bool:
        """Whether a person wrote it to us."""
        return self.content.kind is MessageKind.MESSAGE and not self.content.automatic

    @property
    def complains(self) -> bool:
        """Whether it counts as a complaint."""
        return self.assessment is not None and self.assessment.complaint.is_complaint

    @property
    def only_thanks(self) -> bool:
        """Whether it thanks for what is resolved, and asks for nothing."""
        resolved = self.ticket is not None and self.ticket.status in {TicketStatus.RESOLVED, TicketStatus.CLOSED}
        return resolved and is_only_thanks(self.content.visible_text, self.content.sender.name)

    @property
    def preview(self) -> str:
        """Its first words."""
        return " ".join((self.content.visible_text or self.content.text).split())[:PREVIEW]

    def again(self) -> Work:
        """As it was before the database was asked."""
        return Work(self.row, self.message, self.content, self.assessment)


@dataclass(slots=True)
class Batch:
    """The messages of one savepoint, and what they share."""

    uow: UnitOfWork
    routing: RoutingTable
    works: list[Work]
    stage: str = ""

    @property
    def originals(self) -> list[Work]:
        """Those that are no copies of others."""
        return [work for work in self.works if not work.copy_of]


@dataclass(frozen=True, slots=True)
class Stage:
    """One step of the way, for a whole batch."""

    name: str
    run: Callable[[Batch], Awaitable[None]]


class Pipeline:
    """Takes the waiting messages of a lane through its stages."""

    def __init__(
        self,
        store: Store,
        readers: Mapping[Channel, ContentReader],
        assessor: Assess | None,
        tokens: ReplyTokens,
        policy: AnsweringPolicy,
    ) -> None:
        self._store = store
        self._readers = readers
        self._assessor = assessor
        self._tokens = tokens
        self._policy = policy
        self._lanes = [asyncio.Lock() for _ in range(LANES)]
        # Before these, in a thread and without the database: bytes → content → assessment (``_understood_alone``).
        self.stages: tuple[Stage, ...] = (
            Stage("copies", self.copies),  # a relay's re-encoded copy ends here
            Stage("customers", self.customers),  # who is it?
            Stage("threads", self.threads),  # which conversation?
            Stage("decide", self.decide),  # guards, then: answer, suggest or route
            Stage("tickets", self.tickets),  # the work it means
            Stage("answer", self.answer),  # what the machine writes, into the outbox
            Stage("keep", self.keep),  # all of it on the messages' rows
        )

    async def understand(self, lane: int) -> None:
        """The job: work off everything that waits in a lane."""
        async with self._lanes[lane]:
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
            works = await asyncio.to_thread(self._understood_alone, rows)
            routing = await routing_table(uow)
            for work in (work for work in works if work.failure):
                await self._shunt(uow, work, "read", InvalidInput(work.failure))
            await self._take(Batch(uow, routing, [work for work in works if not work.failure]))
            await processing.remove_jobs(uow, rows)
        return True

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

    # -- without the database ----------------------------------------------------------------------------------------

    def _understood_alone(self, rows: Sequence[Message]) -> list[Work]:
        """Read and assess the messages, in a thread: what needs nothing but their bytes."""
        works = [self._read(row) for row in rows]
        people = [work for work in works if work.is_person and not work.failure]
        for work, assessment in zip(people, self._assess(people), strict=True):
            work.assessment = assessment
        return works

    def _read(self, row: Message) -> Work:
        """Let the channel's reader make content of what its door accepted."""
        try:
            raw = self._store.blobs.read_now(row.raw_blob) if row.raw_blob else None
            message = inbound_of(row, raw)
            content = self._readers[message.channel](message)
            for file in content.files:
                self._store.blobs.put_now(file.content)
        except Unavailable:
            raise
        except Exception as error:  # noqa: BLE001 - a reader that fails fails its own message
            return Work(row, inbound_of(row, None), failure=f"{type(error).__name__}: {error}")
        return Work(row, message, content)

    def _assess(self, works: Sequence[Work]) -> Sequence[Assessment | None]:
        """Assess what people wrote. When triage fails they go to people: fail open for routing, closed for answers."""
        if self._assessor is None or not works:
            return [None] * len(works)
        items = [
            TriageInput(work.content.visible_text or work.content.text, work.content.subject, work.message.received_at)
            for work in works
        ]
        try:
            return self._assessor.assess(items)
        except Exception as error:
            log.error("triage failed", error=str(error), messages=len(works), exc_info=error)
            return [None] * len(works)

    # -- stages ------------------------------------------------------------------------------------------------------

    async def copies(self, batch: Batch) -> None:
        """Recognise copies that a relay re-encoded: same Message-ID, same decoded content."""
        mails = {work.row.id: work.content for work in batch.works if work.message.channel is Channel.EMAIL}
        copies = await processing.known_copies(batch.uow, mails)
        for work in batch.works:
            work.copy_of = copies.get(work.row.id, "")

    async def customers(self, batch: Batch) -> None:
        """Find the customers by their identities, or meet new ones."""
        for work in batch.originals:
            work.content = replace(work.content, sender=_reachable(work.content.sender))
        for proven in (True, False):
            works = [work for work in batch.originals if _is_proven(work) is proven]
            found = await resolve_many(batch.uow, [work.content.sender for work in works], verified=proven)
            for work in works:
                work.customer = found[str(work.content.sender)]
                if not work.customer.language and work.assessment is not None:
                    work.customer.language = work.language

    async def threads(self, batch: Batch) -> None:
        """Find each message's conversation, or begin one; its sender takes part."""
        works = [(work, work.customer) for work in batch.originals if work.customer is not None]
        claims = [Claim(work.message.channel, work.content) for work, _ in works]
        index = await ThreadIndex.load(batch.uow, claims, self._tokens)
        begun: list[Conversation] = []
        for (work, customer), claim in zip(works, claims, strict=True):
            logged = str(work.message.envelope.get("conversation", "")) if work.message.logged_by else ""
            work.thread = Thread(logged) if logged else index.find(claim, customer.id)
            if work.thread.conversation_id is None:
                work.conversation = Conversation(customer_id=customer.id, subject=work.content.subject)
                begun.append(work.conversation)
            work.conversation_id = work.thread.conversation_id or begun[-1].id
            index.add(claim, work.conversation_id, customer.id)
        if begun:
            rows = [conversation.model_dump() for conversation in begun]
            await (await batch.uow.session.connection()).execute(_BEGIN, rows)
        await add_participants(batch.uow, [(work.conversation_id, str(work.content.sender)) for work, _ in works])

    async def decide(self, batch: Batch) -> None:
        """Let the guards and the knowledge base decide what the machine answers."""
        memory = await AutomaticMemory.load(batch.uow, [work.content.sender for work in batch.originals])
        for work in batch.originals:
            case = Case(
                work.message, work.content, work.assessment, work.content.sender, work.conversation_id, work.is_new
            )
            work.decision = await decide(batch.uow, case, batch.routing, self._policy, memory)

    async def tickets(self, batch: Batch) -> None:
        """Open a ticket for each new conversation; a person's message on an old one wakes its ticket."""
        old = {work.conversation_id for work in batch.originals if not work.is_new}
        known = await desk.tickets_of(batch.uow, old)
        for work in batch.originals:
            work.ticket = known.get(work.conversation_id)
            if work.ticket is None:
                work.ticket = known[work.conversation_id] = await self._open(batch, work)
            elif not work.is_person or work.only_thanks:
                await desk.count_messages(batch.uow, work.ticket)
            else:
                await desk.customer_wrote(batch.uow, work.ticket, work.preview)
                if work.complains:
                    work.ticket.complaint = True

    async def _open(self, batch: Batch, work: Work) -> Ticket:
        assessment, customer = work.assessment, work.customer
        conversation = work.conversation or await batch.uow.session.get(Conversation, work.conversation_id)
        if conversation is None:
            raise NotFound("the conversation is gone")
        category = assessment.category if assessment else None
        answered = work.decision.action == "answer"
        quiet = work.content.kind in {MessageKind.AUTO_REPLY, MessageKind.BOUNCE, MessageKind.DELIVERY_RECEIPT}
        return await desk.open_ticket(
            batch.uow,
            conversation=conversation,
            customer_id=customer.id if customer else None,
            subject=work.content.subject or work.preview[:80],
            preview=work.preview,
            queue_id=batch.routing.queue_for(
                hint=work.message.queue,
                category=category.label if category else "",
                probability=category.probability if category else 0.0,
                complaint=work.complains,
            ),
            category=category.label if category else "",
            category_probability=category.probability if category else 0.0,
            language=work.language,
            sentiment=assessment.sentiment.label if assessment else "",
            complaint=work.complains,
            priority=_priority(work),
            channel=work.message.channel,
            status=TicketStatus.RESOLVED if answered or quiet else TicketStatus.NEW,
            answered_by="machine" if answered else "",
            related=await desk.relate(batch.uow, work.thread.related),
            messages_count=2 if answered or work.decision.receipt else 1,
            tags=() if work.is_person else (work.content.kind.value,),
        )

    async def answer(self, batch: Batch) -> None:
        """Write automatic answers and receipts into the outbox, in this same transaction."""
        outgoings = []
        for work in batch.originals:
            if work.ticket is not None and work.customer is not None:
                letter = Letter(work.message, work.content, work.ticket, work.customer.name, work.language)
                outgoings += automatic_messages(letter, work.decision)
        await queue_messages(batch.uow, outgoings)

    async def keep(self, batch: Batch) -> None:
        """Write what was understood onto the messages' rows, keep their files, tell who listens."""
        await processing.keep(batch.uow, [_understood(work) for work in batch.works])
        for work in batch.originals:
            if work.ticket is not None:
                batch.uow.publish(_added(work, work.ticket))


def _priority(work: Work) -> Priority:
    if work.assessment is not None:
        return Priority(work.assessment.urgency.label)
    return Priority.NORMAL if work.is_person else Priority.LOW


def _is_passing(error: Exception) -> bool:
    """Whether the database, not a message, is the cause: a lost connection, a deadlock."""
    if not isinstance(error, DBAPIError):
        return False
    return error.connection_invalidated or getattr(error.orig, "sqlstate", "") in {"40P01", "40001"}


def _is_proven(work: Work) -> bool:
    return work.content.authenticated or work.message.authenticated


def _reachable(sender: Identity) -> Identity:
    """The sender normalised; one that nobody could write to (a bare MAILER-DAEMON) as an external name."""
    try:
        return normalised(sender)
    except InvalidInput:
        return Identity(IdentityKind.EXTERNAL, sender.value.strip() or "unknown", sender.name)


def _added(work: Work, ticket: Ticket) -> Event:
    return Event(
        EventKind.MESSAGE_ADDED,
        id=work.row.id,
        ticket=ticket.number,
        queue=ticket.queue_id,
        conversation=work.conversation_id,
        customer=ticket.customer_id or "",
        identity=str(work.content.sender) if work.message.channel is Channel.CHAT else "",
    )


def _understood(work: Work) -> Understood:
    return Understood(
        row=work.row,
        content=work.content,
        proven=_is_proven(work),
        conversation_id=work.conversation_id,
        customer_id=work.customer.id if work.customer else "",
        copy_of=work.copy_of,
        language=work.assessment.language if work.assessment else "",
        assessment=assessment_json(work.assessment, work.decision),
        trace={
            "reasons": list(work.decision.reasons),
            "copy_of": work.copy_of,
            "warnings": list(work.content.warnings),
            "model": work.assessment.model if work.assessment else "",
            **work.decision.trace,
        },
    )
