"""Tables of the tickets' room."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import BigInteger, Column, Float, Index, Sequence, text
from sqlmodel import Field, SQLModel

from contactcenter.store.schema import (
    document,
    flag,
    integer,
    link,
    metadata,
    moment,
    primary_id,
    word_list,
    words,
)

ticket_number = Sequence("ticket_number_seq", start=1001, metadata=metadata())


class TicketStatus(StrEnum):
    """The life of a ticket; a customer's reply reopens what is pending, resolved or closed."""

    NEW = "new"
    OPEN = "open"
    PENDING = "pending"
    RESOLVED = "resolved"
    CLOSED = "closed"


class Priority(StrEnum):
    """How soon it is wanted."""

    LOW = "low"
    NORMAL = "normal"
    HIGH = "high"


class Queue(SQLModel, table=True):
    """Where tickets wait for a team."""

    __tablename__ = "queue"

    id: str = primary_id()
    key: str = words(unique=True)
    name: str = words()
    name_zh: str = words()
    position: int = integer()
    sender_address: str = words()  # its mail goes out from there; empty: from where the customer wrote to
    sender_name: str = words()  # may hold variables; empty: the mailbox's
    signature: str = words()  # Markdown with variables
    signature_zh: str = words()
    created_at: datetime = moment()


class QueueMember(SQLModel, table=True):
    """An agent works a queue, and may see its tickets."""

    __tablename__ = "queue_member"

    queue_id: str = link("queue.id", cascade=True, key=True)
    agent_id: str = link("agent.id", cascade=True, key=True)


class Category(SQLModel, table=True):
    """A topic triage knows, and the queue it goes to."""

    __tablename__ = "category"

    key: str = words(key=True)
    name: str = words()
    name_zh: str = words()
    queue_id: str | None = link("queue.id", nullable=True)
    auto_answer: bool = flag(default=True)


class MailboxRecord(SQLModel, table=True):
    """A mailbox made in the console; those of the settings file are not here. The secret part is encrypted."""

    __tablename__ = "mailbox"

    id: str = primary_id()
    address: str = words(unique=True)
    name: str = words()
    queue_id: str | None = link("queue.id", nullable=True)
    imap_sealed: str = words()
    created_at: datetime = moment()


class Ticket(SQLModel, table=True):
    """A matter that is worked on; it holds exactly one conversation."""

    __tablename__ = "ticket"
    __table_args__ = (
        Index("ix_ticket_status_updated", "status", text("updated_at DESC"), text("id DESC")),
        Index("ix_ticket_queue_updated", "queue_id", text("updated_at DESC"), text("id DESC")),
        Index("ix_ticket_assignee_updated", "assignee_id", text("updated_at DESC"), text("id DESC")),
        Index("ix_ticket_updated", text("updated_at DESC"), text("id DESC")),
        Index("ix_ticket_customer", "customer_id", text("id DESC")),
        Index("ix_ticket_category", "category", text("updated_at DESC"), text("id DESC")),
        Index("ix_ticket_tags", "tags", postgresql_using="gin", postgresql_where=text("tags <> '{}'")),
        Index("ix_ticket_snoozed", "snoozed_until", postgresql_where=text("snoozed_until IS NOT NULL")),
        Index("ix_ticket_waiting", "queue_id", "waiting_since", postgresql_where=text("status in ('new','open')")),
    )

    id: str = primary_id()
    number: int = Field(
        default=None,
        sa_column=Column(
            BigInteger, ticket_number, server_default=ticket_number.next_value(), nullable=False, unique=True
        ),
    )
    conversation_id: str = link("conversation.id", index=True)
    customer_id: str | None = link("customer.id", nullable=True)
    subject: str = words()
    preview: str = words()
    status: str = words(default=TicketStatus.NEW)
    priority: str = words(default=Priority.NORMAL)
    queue_id: str = link("queue.id")
    assignee_id: str | None = link("agent.id", nullable=True)
    category: str = words()
    category_probability: float = Field(default=0.0)
    language: str = words()
    sentiment: str = words()
    complaint: bool = flag()
    channel: str = words()
    tags: list[str] = word_list()
    unread: bool = flag(default=True)
    answered_by: str = words()  # "" | machine | agent
    messages_count: int = integer()
    version: int = integer(default=1)  # rises with every change; a stale edit is refused
    merged_into_id: str | None = link("ticket.id", nullable=True)
    related: list[str] = word_list()  # ids of tickets it may belong to
    snoozed_until: datetime | None = moment(nullable=True)
    waiting_since: datetime | None = moment(nullable=True)  # the customer waits for us since
    first_reply_at: datetime | None = moment(nullable=True)
    resolved_at: datetime | None = moment(nullable=True)
    closed_at: datetime | None = moment(nullable=True)
    due_at: datetime | None = moment(nullable=True)
    created_at: datetime = moment()
    updated_at: datetime = moment()


class TicketEvent(SQLModel, table=True):
    """What happened to a ticket besides messages, and who did it; shown as one quiet line."""

    __tablename__ = "ticket_event"
    __table_args__ = (Index("ix_ticket_event_ticket", "ticket_id", "id"),)

    id: str = primary_id()
    ticket_id: str = link("ticket.id", cascade=True)
    agent_id: str = words()  # empty: the machine
    kind: str = words()
    data: dict[str, Any] = document()
    at: datetime = moment()


class CannedAnswer(SQLModel, table=True):
    """A prepared text; ``/shortcut`` brings it into the composer."""

    __tablename__ = "canned_answer"
    __table_args__ = (Index("uq_canned_answer_shortcut_language", "shortcut", "language", unique=True),)

    id: str = primary_id()
    shortcut: str = words()
    language: str = words()
    title: str = words()
    text: str = words()
    created_at: datetime = moment()


class SavedView(SQLModel, table=True):
    """A named search in the inbox, of one agent or (empty) of all."""

    __tablename__ = "saved_view"

    id: str = primary_id()
    agent_id: str = words(index=True)
    name: str = words()
    query: str = words()
    position: int = integer()


class Draft(SQLModel, table=True):
    """What an agent has begun to write on a ticket."""

    __tablename__ = "draft"

    ticket_id: str = link("ticket.id", cascade=True, key=True)
    agent_id: str = link("agent.id", cascade=True, key=True)
    mode: str = words(default="reply")
    text: str = words()
    updated_at: datetime = moment()


class FeedbackSource(StrEnum):
    """How somebody who works here came to say it."""

    CORRECTION = "correction"  # set right, on the ticket or by a program of ours
    AUDIT = "audit"  # found right or wrong when asked to look
    USED = "used"  # a suggested answer sent as it was
    EDITED = "edited"  # sent with changes
    REJECTED = "rejected"  # shown, and something else was written
    TOPIC = "topic"  # one of the examples of which a new category was made


class Feedback(SQLModel, table=True):
    """What somebody who works here says a message is: labelled data for the next training, without a word of its text.

    ``head`` is category, urgency, sentiment, complaint (yes, no) or answer (right, edited, wrong; then ``article_id``
    names the article). ``was`` is what the machine had said, ``model`` which model. Only what ``stands`` counts: the
    last word on a message, head and article.
    """

    __tablename__ = "feedback"
    __table_args__ = (
        Index("uq_feedback_standing", "message_id", "head", "article_id", unique=True, postgresql_where=text("stands")),
        Index("ix_feedback_message", "message_id", "id"),
    )

    id: str = primary_id()
    message_id: str = link("message.id", cascade=True)
    head: str = words()
    label: str = words()
    was: str = words()
    article_id: str = words()
    source: str = words(default=FeedbackSource.CORRECTION)
    agent_id: str = words()
    weight: float = Field(default=1.0, sa_column=Column(Float, nullable=False, server_default=text("1")))
    model: str = words()
    stands: bool = flag(default=True)
    at: datetime = moment()


class ModelChange(SQLModel, table=True):
    """A candidate that was published or refused, or a step back: who, when, and the figures it rests on.

    ``version`` and ``previous`` are the first letters of the SHA-256 of a model's configuration.
    """

    __tablename__ = "model_change"

    id: str = primary_id()
    model: str = words()
    kind: str = words()  # published | refused | rolled-back
    version: str = words()
    previous: str = words()
    agent_id: str = words()  # empty: the nightly run or the command line
    figures: dict[str, Any] = document()
    at: datetime = moment()


class TopicState(StrEnum):
    """What became of a proposed topic."""

    OPEN = "open"
    DISMISSED = "dismissed"
    CATEGORY = "category"
    ARTICLE = "article"


class Topic(SQLModel, table=True):
    """Something customers write about that triage has no name for.

    ``terms`` and ``questions`` hold only words that several customers used. ``count`` is of the last thirty days,
    ``recent`` of the last seven, ``before`` of the seven before those.
    """

    __tablename__ = "topic"
    __table_args__ = (Index("ix_topic_state", "state", text("count DESC"), text("id DESC")),)

    id: str = primary_id()
    state: str = words(default=TopicState.OPEN)
    language: str = words()
    name: str = words()
    terms: list[str] = word_list()  # the most telling first
    questions: list[str] = word_list()
    signature: dict[str, Any] = document()  # term → weight: what later clusters are compared with
    count: int = integer()
    customers: int = integer()
    recent: int = integer()
    before: int = integer()
    category: str = words()  # key of the category made of it
    article_id: str = words()
    agent_id: str = words()  # who decided
    first_seen_at: datetime = moment()
    seen_at: datetime = moment()


class TopicMessage(SQLModel, table=True):
    """A message belongs to a topic; ``position`` 0 is the most typical one."""

    __tablename__ = "topic_message"
    __table_args__ = (Index("ix_topic_message_message", "message_id"),)

    topic_id: str = link("topic.id", cascade=True, key=True)
    message_id: str = link("message.id", cascade=True, key=True)
    position: int = integer()
