"""One message on its way, the batch it goes in, and what follows from what the stages found out about it. Pure."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field, replace

from contactcenter.conversations.bounces import Returned
from contactcenter.conversations.processing import Understood
from contactcenter.conversations.records import Conversation, Message
from contactcenter.conversations.senders import FLOOD, Senders
from contactcenter.conversations.threads import Thread
from contactcenter.customers.business import NamedRecord, RecordKind
from contactcenter.customers.identity import normalised
from contactcenter.customers.records import Customer
from contactcenter.envelope import (
    Channel,
    Content,
    Identity,
    IdentityKind,
    InboundMessage,
    MessageKind,
)
from contactcenter.errors import InvalidInput
from contactcenter.events import Event, EventKind
from contactcenter.pipeline.assessing import Unassessed
from contactcenter.pipeline.trace import trace_of
from contactcenter.store.unit_of_work import UnitOfWork
from contactcenter.tickets.answering import (
    Decision,
    assessment_json,
)
from contactcenter.tickets.colleagues import (
    FORGED,
    PassedOn,
)
from contactcenter.tickets.intake import one_line
from contactcenter.tickets.records import Priority, Ticket, TicketStatus
from contactcenter.tickets.routing import RoutingTable
from contactcenter.triage.assessment import Assessment, KnownRecord, RecordOwner
from contactcenter.triage.thanks import is_only_thanks

PREVIEW = 160  # characters

NOTHING_READ = Content(Identity(IdentityKind.EXTERNAL, "unknown"), "", "")
NAMED = frozenset(RecordKind)
"""Types of entities that business records are looked for."""

ROUTE = Decision("route")
NO_THREAD = Thread(None)


@dataclass(slots=True)
class Work:
    """One message on its way, and what the stages found out about it.

    ``unassessed``: why triage says nothing of it. ``returned``: it is a believed bounce or receipt about a message of
    ours. ``suspect`` is the conversation that a bounce may be about which returns no id of ours. ``flooding``: its
    sender writes more than a person does. ``takes_long``: it was not read, for others wait. ``forged``: it is in the
    name of one of us, and nobody vouches for it. ``passed_on``: an agent passed on what a customer wrote.
    """

    row: Message
    message: InboundMessage
    content: Content = NOTHING_READ
    assessment: Assessment | None = None
    unassessed: Unassessed | None = None
    failure: str = ""
    takes_long: bool = False
    copy_of: str = ""
    blocked: bool = False
    flooding: bool = False
    returned: Returned | None = None
    suspect: str = ""
    forged: bool = False
    passed_on: PassedOn | None = None
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
    def is_read(self) -> bool:
        """Whether there is a content to go on with."""
        return not self.failure and not self.takes_long

    @property
    def is_new(self) -> bool:
        """Whether it begins its conversation."""
        return self.conversation is not None

    @property
    def is_person(self) -> bool:
        """Whether a person wrote it to us."""
        return self.content.kind is MessageKind.MESSAGE and not self.content.automatic

    @property
    def is_disowned(self) -> bool:
        """Whether the domain it claims to come from denies it."""
        return self.content.authentication.get("verdict") == "failed"

    @property
    def is_history(self) -> bool:
        """Whether it was taken in as done with long ago."""
        return bool(self.message.envelope.get("history"))

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
        """Its first words, card and identity numbers masked."""
        return one_line(self.content.visible_text or self.content.text)[:PREVIEW]

    def again(self) -> Work:
        """As it was before the database was asked."""
        return Work(
            self.row,
            self.message,
            self.content,
            self.assessment,
            self.unassessed,
            forged=self.forged,
            passed_on=self.passed_on,
        )


@dataclass(slots=True)
class Batch:
    """The messages of one savepoint, and what they share."""

    uow: UnitOfWork
    routing: RoutingTable
    works: list[Work]
    stage: str = ""
    senders: Senders = field(default_factory=Senders)

    @property
    def originals(self) -> list[Work]:
        """Those that go on: no copies of others, no mail of blocked senders."""
        return [work for work in self.works if not work.copy_of and not work.blocked]


@dataclass(frozen=True, slots=True)
class Stage:
    """One step of the way, for a whole batch."""

    name: str
    run: Callable[[Batch], Awaitable[None]]


def priority_of(work: Work) -> Priority:
    """The priority of the ticket it begins: its urgency; what machines write can wait."""
    if work.assessment is not None:
        return Priority(work.assessment.urgency.label)
    return Priority.NORMAL if work.is_person else Priority.LOW


def first_status(work: Work) -> TicketStatus:
    """What the ticket it begins is at once: done where the machine answered, or nobody waits for an answer."""
    if work.is_history:
        return TicketStatus.CLOSED
    if work.suspect and any(one.failed for one in work.content.bounced):
        return TicketStatus.NEW  # somebody may have got no answer: people look
    quiet = work.content.kind in {MessageKind.AUTO_REPLY, MessageKind.BOUNCE, MessageKind.DELIVERY_RECEIPT}
    return TicketStatus.RESOLVED if quiet or work.decision.action == "answer" else TicketStatus.NEW


def first_tags(work: Work) -> tuple[str, ...]:
    """Labels of the ticket it begins: its kind when a machine wrote it, a flood it gathers, a forged sender."""
    kind = () if work.is_person else (work.content.kind.value,)
    marks = ((FLOOD, work.flooding), (FORGED, work.forged))
    return (*kind, *(mark for mark, holds in marks if holds))


def elsewhere(work: Work, senders: Senders) -> Thread:
    """Where a message goes that cites nothing of ours: into its sender's flood, else nowhere yet.

    A bounce that may be about a conversation stands beside it.
    """
    if work.flooding and (gathered := senders.gathered.get(str(work.content.sender))):
        return Thread(gathered)
    if work.suspect:
        return Thread(None, related=tuple(dict.fromkeys([work.suspect, *work.thread.related])))
    return work.thread


def begin(work: Work, customer: Customer, senders: Senders) -> Conversation:
    """A conversation of its own; of a flooding sender the one that gathers what follows."""
    made = Conversation(customer_id=customer.id, subject=work.content.subject)
    if work.flooding:
        made.flood_of = str(work.content.sender)
        senders.gathered[made.flood_of] = made.id
    return made


def reacts(work: Work) -> bool:
    """Whether a person writes again where the machine answered: that says something about the answer."""
    return work.is_person and not work.is_new and work.ticket is not None and work.ticket.answered_by == "machine"


def is_proven(work: Work) -> bool:
    """Whether its sender is who he says he is: by what its reader found, or because its door vouches for him."""
    return work.content.authenticated or work.message.authenticated


def reachable(sender: Identity) -> Identity:
    """The sender normalised; one that nobody could write to (a bare MAILER-DAEMON) as an external name."""
    try:
        return normalised(sender)
    except InvalidInput:
        return Identity(IdentityKind.EXTERNAL, sender.value.strip() or "unknown", sender.name)


def with_records(said: Assessment, customer_id: str, known: Mapping[tuple[str, str], NamedRecord]) -> Assessment:
    """The assessment with what the company's records know of the numbers in it.

    Of a record that is another customer's only that it is not this one's.
    """
    entities = []
    for entity in said.entities:
        found = known.get((entity.type, str(entity.value))) if entity.type in NAMED else None
        if found is None:
            entities.append(entity)
        elif found.customer_id == customer_id:
            entities.append(replace(entity, record=KnownRecord(RecordOwner.CUSTOMER, found.title, found.status)))
        else:
            entities.append(replace(entity, record=KnownRecord(RecordOwner.ANOTHER)))
    return replace(said, entities=tuple(entities))


def added_event(work: Work, ticket: Ticket) -> Event:
    """What those hear who look at its ticket."""
    return Event(
        EventKind.MESSAGE_ADDED,
        id=work.row.id,
        ticket=ticket.number,
        queue=ticket.queue_id,
        conversation=work.conversation_id,
        customer=ticket.customer_id or "",
        identity=str(work.content.sender) if work.message.channel is Channel.CHAT else "",
    )


def understood(work: Work) -> Understood:
    """All that was found out about it, as its row keeps it."""
    return Understood(
        row=work.row,
        content=work.content,
        proven=is_proven(work),
        conversation_id=work.conversation_id,
        customer_id=work.customer.id if work.customer else "",
        copy_of=work.copy_of,
        blocked=work.blocked,
        language=work.assessment.language if work.assessment else "",
        assessment=assessment_json(work.assessment, work.decision),
        trace=trace_of(work.content, work.assessment, work.unassessed, work.decision, work.copy_of),
    )
