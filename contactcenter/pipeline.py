"""The way of an inbound message, from accepted to answered or routed, as one table of stages.

A job takes a lane and with it up to 64 waiting messages in order, in one transaction. The stages marked ``BATCH`` look
at all of them at once and touch no database; the others write, each message within its own savepoint. Tries are
committed before they begin, so that after a crash a suspect runs alone and takes nobody with it; the third failure
sends a message to the quarantine, where a person sees its raw source and can run it again.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from enum import Enum
from typing import Any, Protocol

import structlog
from sqlalchemy import cast, delete, insert, literal, select, text, update
from sqlalchemy.dialects.postgresql import TSVECTOR
from sqlalchemy.exc import DBAPIError
from sqlmodel import col

from contactcenter import clock
from contactcenter.conversations.inbox import LANES, UNDERSTAND, attachment_rows, inbound_of
from contactcenter.conversations.outbox import Outgoing, add_participants, queue_message
from contactcenter.conversations.records import Attachment, Conversation, Message, MessageState
from contactcenter.conversations.threads import Thread, find_thread
from contactcenter.conversations.tokens import ReplyTokens
from contactcenter.customers.identity import resolve
from contactcenter.customers.records import Customer
from contactcenter.envelope import (
    AuthorType,
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
from contactcenter.store.search import vector_literal
from contactcenter.store.store import Store
from contactcenter.store.unit_of_work import UnitOfWork
from contactcenter.tickets import desk
from contactcenter.tickets.answering import AnsweringPolicy, Case, Decision, answer_text, decide, receipt_text
from contactcenter.tickets.records import Priority, Ticket, TicketStatus
from contactcenter.tickets.routing import RoutingTable, routing_table
from contactcenter.triage.assessment import Assessment, TriageInput

log = structlog.get_logger(__name__)

BATCH_SIZE = 64
MAX_TRIES = 3
PREVIEW = 160  # characters
_LOCK_CLASS = 7262  # advisory locks of lanes: (class, lane)
_LANE_LOCK = text("SELECT pg_advisory_xact_lock(:class, :lane)")
_COVERED = text("DELETE FROM procrastinate_jobs WHERE id = ANY(:ids) AND status = 'todo'")


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
    content: Content = field(default_factory=lambda: Content(Identity.parse("external:?"), "", ""))
    assessment: Assessment | None = None
    customer: Customer | None = None
    thread: Thread = field(default_factory=lambda: Thread(None))
    ticket: Ticket | None = None
    conversation_id: str = ""
    conversation: Conversation | None = None  # set when the message begins one
    decision: Decision = field(default_factory=lambda: Decision("route"))
    copy_of: str = ""
    failure: str = ""

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


@dataclass(frozen=True, slots=True)
class Batch:
    """What the messages of one transaction share."""

    uow: UnitOfWork
    routing: RoutingTable


class Scope(Enum):
    """What a stage looks at."""

    BATCH = "all messages of a batch at once, no database"
    MESSAGE = "one message, within its savepoint"


@dataclass(frozen=True, slots=True)
class Stage:
    """One step of the way."""

    name: str
    scope: Scope
    run: Callable[..., Awaitable[None]]


class Pipeline:
    """Takes the waiting messages of a lane through :attr:`stages`."""

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
        self.stages: tuple[Stage, ...] = (
            Stage("read", Scope.BATCH, self.read),  # bytes → content, by the channel's own reader
            Stage("triage", Scope.BATCH, self.triage),  # text → assessment
            Stage("copies", Scope.MESSAGE, self.copies),  # a relay's re-encoded copy ends here
            Stage("customer", Scope.MESSAGE, self.customer),  # who is it?
            Stage("thread", Scope.MESSAGE, self.thread),  # which conversation?
            Stage("decide", Scope.MESSAGE, self.decide),  # guards, then: answer, suggest or route
            Stage("ticket", Scope.MESSAGE, self.open_or_continue),  # the work it means
            Stage("answer", Scope.MESSAGE, self.answer),  # what the machine writes, into the outbox
            Stage("keep", Scope.MESSAGE, self.keep),  # all of it on the message's row
        )

    async def understand(self, lane: int) -> None:
        """The job: work off everything that waits in a lane."""
        async with self._lanes[lane]:
            while await self._batch(lane):
                pass

    async def left_behind(self) -> None:
        """Defer a job for each lane in which messages wait, whatever became of their own jobs."""
        async with self._store.transaction() as uow:
            lanes = await uow.session.scalars(
                select(col(Message.lane)).where(col(Message.state) == MessageState.WAITING).distinct()
            )
            for lane in lanes.all():
                await uow.defer(UNDERSTAND, queue=INBOUND, args={"lane": lane})

    async def _batch(self, lane: int) -> bool:
        """One transaction; False when nothing waits."""
        async with self._store.transaction() as uow:
            await uow.session.execute(_LANE_LOCK, {"class": _LOCK_CLASS, "lane": lane})
            rows = _alone_when_suspect(await _waiting(uow, lane))
            if not rows:
                return False
            await self._count_tries([row.id for row in rows])
            works = [Work(row, inbound_of(row, await self._raw(row))) for row in rows]
            for stage in self.stages:
                if stage.scope is Scope.BATCH:
                    await stage.run(works)
            batch = Batch(uow, await routing_table(uow))
            for work in works:
                await self._take(batch, work)
            await uow.session.execute(_COVERED, {"ids": [row.job_id for row in rows]})
        return True

    async def _take(self, batch: Batch, work: Work) -> None:
        """One message through its stages; a failure undoes this message's part alone."""
        name = "read"
        try:
            _require_read(work)
            async with batch.uow.savepoint():
                for stage in self.stages:
                    if stage.scope is Scope.MESSAGE:
                        name = stage.name
                        await stage.run(batch, work)
        except Unavailable:
            raise
        except DBAPIError as error:
            if error.connection_invalidated or getattr(error.orig, "sqlstate", "") in {"40P01", "40001"}:
                raise  # not this message's fault: the whole batch is tried again
            await self._shunt(batch.uow, work, name, error)
        except Exception as error:  # noqa: BLE001 - whatever a message causes must not stop the others
            await self._shunt(batch.uow, work, name, error)

    async def _shunt(self, uow: UnitOfWork, work: Work, stage: str, error: Exception) -> None:
        """Note the failure; the third sends the message to the quarantine."""
        reason = f"{stage}: {type(error).__name__}: {error}"[:2000]
        tries = work.row.attempts + 1
        log.warning("message failed", message=work.row.id, reason=reason, tries=tries, exc_info=error)
        values: dict[str, Any] = {"failure": reason}
        if tries >= MAX_TRIES:
            values["state"] = MessageState.QUARANTINED
            uow.publish(Event(EventKind.QUARANTINE_CHANGED, id=work.row.id))
        await uow.session.execute(update(Message).where(col(Message.id) == work.row.id).values(values))

    async def _count_tries(self, ids: list[str]) -> None:
        """Committed before the try: a crash leaves its mark."""
        async with self._store.transaction() as uow:
            await uow.session.execute(
                update(Message).where(col(Message.id).in_(ids)).values(attempts=col(Message.attempts) + 1)
            )

    async def _raw(self, row: Message) -> bytes | None:
        return await self._store.blobs.read(row.raw_blob) if row.raw_blob else None

    # -- stages ------------------------------------------------------------------------------------------------------

    async def read(self, works: Sequence[Work]) -> None:
        """Let each channel's reader make content of what its door accepted."""
        await asyncio.to_thread(self._read_all, works)

    def _read_all(self, works: Sequence[Work]) -> None:
        for work in works:
            try:
                work.content = self._readers[work.message.channel](work.message)
            except Exception as error:  # noqa: BLE001 - a reader that fails fails its own message
                work.failure = f"{type(error).__name__}: {error}"

    async def triage(self, works: Sequence[Work]) -> None:
        """Assess what people wrote. When triage fails the message goes to people, with a note in its trace."""
        people = [work for work in works if work.is_person and not work.failure]
        if self._assessor is not None and people:
            assessments = await asyncio.to_thread(self._assess, people)
            for work, assessment in zip(people, assessments, strict=True):
                work.assessment = assessment

    def _assess(self, works: Sequence[Work]) -> Sequence[Assessment | None]:
        assessor = self._assessor
        if assessor is None:
            return [None] * len(works)
        items = [
            TriageInput(work.content.visible_text or work.content.text, work.content.subject, work.message.received_at)
            for work in works
        ]
        try:
            return assessor.assess(items)
        except Exception as error:
            log.error("triage failed", error=str(error), messages=len(works), exc_info=error)
            return [None] * len(works)

    async def copies(self, batch: Batch, work: Work) -> None:
        """Recognise a copy that a relay re-encoded: same Message-ID, same decoded content."""
        content = work.content
        if work.message.channel is Channel.EMAIL and content.external_id and content.digest:
            same = select(col(Message.id)).where(
                col(Message.channel) == Channel.EMAIL,
                col(Message.external_id) == content.external_id,
                col(Message.external_id) != "",
                col(Message.digest) == content.digest,
                col(Message.id) != work.row.id,
                col(Message.state) == MessageState.DONE,
            )
            work.copy_of = (await batch.uow.session.execute(same.limit(1))).scalar_one_or_none() or ""

    async def customer(self, batch: Batch, work: Work) -> None:
        """Find the customer by his identity, or meet a new one."""
        if not work.copy_of:
            verified = work.content.authenticated or work.message.authenticated
            try:
                work.customer = await resolve(batch.uow, work.content.sender, language=work.language, verified=verified)
            except InvalidInput:  # a sender nobody could write to, such as a bare MAILER-DAEMON
                nobody = Identity(
                    IdentityKind.EXTERNAL, work.content.sender.value or "unknown", work.content.sender.name
                )
                work.content = replace(work.content, sender=nobody, automatic=True)
                work.customer = await resolve(batch.uow, nobody)

    async def thread(self, batch: Batch, work: Work) -> None:
        """Find the conversation, or begin one; its sender takes part."""
        if work.customer is None:
            return
        uow, sender = batch.uow, work.content.sender
        logged = str(work.message.envelope.get("conversation", "")) if work.message.logged_by else ""
        work.thread = (
            Thread(logged)
            if logged
            else await find_thread(uow, work.message.channel, work.content, sender, work.customer.id, self._tokens)
        )
        if work.thread.conversation_id is not None:
            work.conversation_id = work.thread.conversation_id
        else:
            work.conversation_id = clock.new_id()
            work.conversation = Conversation(
                id=work.conversation_id, customer_id=work.customer.id, subject=work.content.subject
            )
            await uow.session.execute(insert(Conversation), [work.conversation.model_dump()])
        await add_participants(uow, work.conversation_id, [str(sender)])

    async def decide(self, batch: Batch, work: Work) -> None:
        """Let the guards and the knowledge base decide whether the machine answers."""
        if work.customer is not None:
            case = Case(
                work.message, work.content, work.assessment, work.content.sender, work.conversation_id, work.is_new
            )
            work.decision = await decide(batch.uow, case, batch.routing, self._policy)

    async def open_or_continue(self, batch: Batch, work: Work) -> None:
        """Open a ticket for a new conversation; a person's message on an old one wakes its ticket."""
        if work.customer is None:
            return
        preview = " ".join((work.content.visible_text or work.content.text).split())[:PREVIEW]
        work.ticket = None if work.is_new else await desk.ticket_of(batch.uow, work.conversation_id)
        if work.ticket is None:
            work.ticket = await self._open(batch, work, preview)
        elif work.is_person:
            await desk.customer_wrote(batch.uow, work.ticket, preview)
            if _complains(work):
                work.ticket.complaint = True

    async def _open(self, batch: Batch, work: Work, preview: str) -> Ticket:
        assessment, customer = work.assessment, work.customer
        conversation = work.conversation or await batch.uow.session.get(Conversation, work.conversation_id)
        if conversation is None:
            raise NotFound("the conversation is gone")
        category = assessment.category.label if assessment else ""
        probability = assessment.category.probability if assessment else 0.0
        urgency = assessment.urgency.label if assessment else Priority.NORMAL
        answered = work.decision.action == "answer"
        quiet = work.content.kind in {MessageKind.AUTO_REPLY, MessageKind.BOUNCE, MessageKind.DELIVERY_RECEIPT}
        return await desk.open_ticket(
            batch.uow,
            conversation=conversation,
            customer_id=customer.id if customer else None,
            subject=work.content.subject or preview[:80],
            preview=preview,
            queue_id=batch.routing.queue_for(
                hint=work.message.queue, category=category, probability=probability, complaint=_complains(work)
            ),
            category=category,
            category_probability=probability,
            language=work.language,
            sentiment=assessment.sentiment.label if assessment else "",
            complaint=_complains(work),
            priority=Priority(urgency) if work.is_person else Priority.LOW,
            channel=work.message.channel,
            status=TicketStatus.RESOLVED if answered or quiet else TicketStatus.NEW,
            answered_by="machine" if answered else "",
            related=await desk.relate(batch.uow, work.thread.related),
            messages_count=2 if answered or work.decision.receipt else 1,
            tags=() if work.is_person else (work.content.kind.value,),
        )

    async def answer(self, batch: Batch, work: Work) -> None:
        """Write the automatic answer or the receipt into the outbox, in this same transaction."""
        ticket, customer, decision = work.ticket, work.customer, work.decision
        if ticket is None or customer is None:
            return
        if decision.action == "answer" and decision.answer is not None and decision.answer.article is not None:
            plain, html = answer_text(
                decision.answer.article.text, name=customer.name, language=work.language, channel=work.message.channel
            )
            await self._send(batch, work, ticket, "answer", plain, html)
        elif decision.receipt and work.is_new:
            plain = receipt_text(
                number=ticket.number, subject=work.content.subject, name=customer.name, language=work.language
            )
            await self._send(batch, work, ticket, "receipt", plain, "")

    async def _send(self, batch: Batch, work: Work, ticket: Ticket, kind: str, plain: str, html: str) -> None:
        content = work.content
        subject = content.subject if content.subject.lower().startswith("re:") else f"Re: {content.subject}".strip()
        await queue_message(
            batch.uow,
            Outgoing(
                conversation_id=work.conversation_id,
                customer_id=ticket.customer_id or "",
                channel=work.message.channel,
                to=content.sender,
                text=plain,
                html=html,
                subject=subject if work.message.channel is Channel.EMAIL else "",
                author_type=AuthorType.MACHINE,
                automatic=kind,
                in_reply_to=content.external_id,
                refs=(*content.references[-20:], content.external_id) if content.external_id else (),
                sender=next(iter(work.message.recipients), ""),
                language=work.language,
                ticket=ticket.number,
                queue=ticket.queue_id,
            ),
        )

    async def keep(self, batch: Batch, work: Work) -> None:
        """Write what was understood onto the message's row, keep its files, tell who listens."""
        uow, content, row = batch.uow, work.content, work.row
        if content.files:
            for file in content.files:
                await self._store.blobs.put(file.content)
            await uow.session.execute(delete(Attachment).where(col(Attachment.message_id) == row.id))
            await uow.session.execute(insert(Attachment), attachment_rows(row.id, content.files))
        await uow.session.execute(update(Message).where(col(Message.id) == row.id).values(_understood(work)))
        if work.ticket is not None:
            uow.publish(
                Event(
                    EventKind.MESSAGE_ADDED,
                    id=row.id,
                    ticket=work.ticket.number,
                    queue=work.ticket.queue_id,
                    conversation=work.conversation_id,
                    customer=work.ticket.customer_id or "",
                    identity=str(content.sender) if work.message.channel is Channel.CHAT else "",
                )
            )


async def _waiting(uow: UnitOfWork, lane: int) -> list[Message]:
    query = (
        select(Message)
        .where(col(Message.state) == MessageState.WAITING, col(Message.lane) == lane)
        .order_by(col(Message.id))
        .limit(BATCH_SIZE)
    )
    rows = list(await uow.session.scalars(query))
    for row in rows:
        uow.session.expunge(row)  # written by plain statements; nothing here is flushed behind our back
    return rows


def _alone_when_suspect(rows: list[Message]) -> list[Message]:
    """The rows to take now: all up to the first that was tried before, or that one alone."""
    for index, row in enumerate(rows):
        if row.attempts:
            return rows[:index] or [row]
    return rows


def _require_read(work: Work) -> None:
    if work.failure:
        raise InvalidInput(work.failure)


def _complains(work: Work) -> bool:
    return work.assessment is not None and work.assessment.complaint.is_complaint


def _understood(work: Work) -> dict[str, Any]:
    """The columns of a message that the pipeline fills in."""
    content, now = work.content, clock.now()
    assessment = work.assessment.to_json() if work.assessment else None
    decision = work.decision
    if assessment is not None:
        article = decision.answer.article if decision.answer else None
        assessment["answer"] = (
            {"article": article.id, "probability": round(decision.answer.probability, 4)}
            if article and decision.answer
            else None
        )
        assessment["decision"] = decision.action
    return {
        "state": MessageState.DUPLICATE if work.copy_of else MessageState.DONE,
        "kind": content.kind,
        "conversation_id": work.conversation_id or None,
        "customer_id": work.customer.id if work.customer else None,
        "author_name": content.sender.name or work.row.author_name,
        "identity": str(content.sender),
        "subject": content.subject,
        "text": content.text,
        "visible_text": content.visible_text,
        "quoted_text": content.quoted_text,
        "html": content.html,
        "language": work.assessment.language if work.assessment else "",
        "external_id": content.external_id or work.row.external_id,
        "in_reply_to": content.in_reply_to,
        "refs": list(content.references[-50:]),
        "addresses": {
            **work.row.addresses,
            "to": list(content.to),
            "cc": list(content.cc),
            "reply_to": content.reply_to,
        },
        "authentication": dict(content.authentication),
        "authenticated": content.authenticated or work.row.authenticated,
        "automatic": content.automatic,
        "digest": content.digest,
        "failure": "",
        "assessment": assessment,
        "trace": {
            "reasons": list(decision.reasons),
            "copy_of": work.copy_of,
            "warnings": list(content.warnings),
            "model": work.assessment.model if work.assessment else "",
            **decision.trace,
        },
        "sent_at": content.sent_at,
        "processed_at": now,
        "search": cast(
            literal(vector_literal(content.subject, content.text, content.sender.name, content.sender.value)), TSVECTOR
        ),
    }
