"""Tables of the conversations' room: messages, threads, deliveries."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import Index, text
from sqlmodel import SQLModel

from contactcenter.store.schema import (
    document,
    flag,
    integer,
    link,
    moment,
    optional_document,
    primary_id,
    search_vector,
    word_list,
    words,
)


class MessageState(StrEnum):
    """Where an inbound message is on its way; outbound messages and notes are ``DONE`` from the start."""

    WAITING = "waiting"
    DONE = "done"
    DUPLICATE = "duplicate"  # a relay's re-encoded copy of another message, kept but not shown
    QUARANTINED = "quarantined"
    BLOCKED = "blocked"  # its sender is blocked: kept, but no ticket and no answer


HELD = (MessageState.QUARANTINED, MessageState.BLOCKED)
"""What is kept aside until a person decides."""


class Conversation(SQLModel, table=True):
    """A thread of messages with one customer, over any channels.

    ``flood_of`` is the identity of a sender whose many mails are gathered here; empty for every other conversation.
    """

    __tablename__ = "conversation"
    __table_args__ = (
        Index("ix_conversation_flood_of", "flood_of", text("id DESC"), postgresql_where=text("flood_of <> ''")),
    )

    id: str = primary_id()
    customer_id: str | None = link("customer.id", nullable=True, index=True)
    subject: str = words()
    merged_into_id: str | None = link("conversation.id", nullable=True)
    flood_of: str = words()
    created_at: datetime = moment()


class Participant(SQLModel, table=True):
    """An identity that takes part in a conversation: only those may join it by reply."""

    __tablename__ = "participant"

    conversation_id: str = link("conversation.id", cascade=True, key=True)
    identity: str = words(key=True)  # "email:a@b.c"


class Message(SQLModel, table=True):
    """Everything said: by customers, agents and the machine, and notes among agents.

    ``text`` is the whole readable body, ``visible_text`` what was newly written. ``lane`` orders understanding;
    ``attempts`` counts tries, committed before each. ``refs`` are Message-IDs without brackets.
    """

    __tablename__ = "message"
    __table_args__ = (
        Index(
            "uq_message_channel_ingest_key",
            "channel",
            "ingest_key",
            unique=True,
            postgresql_where=text("ingest_key <> ''"),
        ),
        Index("ix_message_waiting", "lane", "id", postgresql_where=text("state = 'waiting'")),
        Index("ix_message_held", "id", postgresql_where=text("state in ('quarantined','blocked')")),
        Index("ix_message_conversation", "conversation_id", "id"),
        Index("ix_message_customer", "customer_id", text("id DESC")),
        Index("ix_message_external_id", "external_id", postgresql_where=text("external_id <> ''")),
        Index("ix_message_refs", "refs", postgresql_using="gin", postgresql_where=text("refs <> '{}'")),
        Index("ix_message_identity", "identity", text("id DESC")),
        Index("ix_message_search", "search", postgresql_using="gin"),
    )

    id: str = primary_id()
    channel: str = words()
    direction: str = words()
    kind: str = words(default="message")
    state: str = words(default=MessageState.DONE)
    conversation_id: str | None = link("conversation.id", nullable=True)
    customer_id: str | None = link("customer.id", nullable=True)
    author_type: str = words()
    author_id: str = words()
    author_name: str = words()
    identity: str = words()  # of the customer's side: "email:a@b.c"
    subject: str = words()
    text: str = words()
    visible_text: str = words()
    quoted_text: str = words()
    signature: str = words()  # plain text, below the words
    html: str = words()
    language: str = words()
    external_id: str = words()
    ingest_key: str = words()
    in_reply_to: str = words()
    refs: list[str] = word_list()
    addresses: dict[str, Any] = document()  # to, cc, bcc, from, reply_to
    envelope: dict[str, Any] = document()
    authentication: dict[str, Any] = document()
    authenticated: bool = flag()
    automatic: bool = flag()
    raw_blob: str = words()
    digest: str = words()
    lane: int = integer()
    attempts: int = integer()
    job_id: int = integer(big=True)
    failure: str = words()
    assessment: dict[str, Any] | None = optional_document()
    trace: dict[str, Any] | None = optional_document()
    received_at: datetime = moment()
    sent_at: datetime | None = moment(nullable=True)
    processed_at: datetime | None = moment(nullable=True)
    created_at: datetime = moment()
    search: Any = search_vector()


class Attachment(SQLModel, table=True):
    """A file of a message; its content is the blob of that SHA-256."""

    __tablename__ = "attachment"

    id: str = primary_id()
    message_id: str = link("message.id", cascade=True, index=True)
    position: int = integer()
    filename: str = words()
    content_type: str = words()
    size: int = integer(big=True)
    sha256: str = words(index=True)
    inline: bool = flag()
    content_id: str = words()


class Delivery(SQLModel, table=True):
    """How an outbound message fares. A sender holds a lease while it tries.

    ``refused``: address → code, detail and final (a truth value), of recipients not taken while others were.
    """

    __tablename__ = "delivery"
    __table_args__ = (
        Index("ix_delivery_external_id", "channel", "external_id", postgresql_where=text("external_id <> ''")),
        Index("ix_delivery_unfinished", "updated_at", postgresql_where=text("state in ('queued','sending')")),
    )

    message_id: str = link("message.id", cascade=True, key=True)
    channel: str = words()
    state: str = words(default="queued")
    automatic: bool = flag()
    attempts: int = integer()
    leased_until: datetime | None = moment(nullable=True)
    external_id: str = words()
    detail: str = words()
    refused: dict[str, Any] = document()
    due_at: datetime = moment()  # not before: undo and back-off
    delayed_at: datetime | None = moment(nullable=True)  # when the writer was told that it takes long
    created_at: datetime = moment()
    updated_at: datetime = moment()


class AutomaticMail(SQLModel, table=True):
    """Each automatic answer or receipt sent, so that their limits hold over crashes.

    ``recipient`` is the identity as limits count it: every spelling of one address is one.
    """

    __tablename__ = "automatic_mail"
    __table_args__ = (
        Index("ix_automatic_mail_recipient_at", "recipient", "at"),
        Index("ix_automatic_mail_at", "at"),
        Index("ix_automatic_mail_conversation_at", "conversation_id", "at"),
    )

    message_id: str = link("message.id", cascade=True, key=True)
    conversation_id: str = link("conversation.id", cascade=True)
    identity: str = words()
    recipient: str = words()
    kind: str = words()  # answer | receipt
    at: datetime = moment()


class BlockedSender(SQLModel, table=True):
    """An address or a domain (with those below it) whose mail is kept aside; unblocked ones stay as a record."""

    __tablename__ = "blocked_sender"
    __table_args__ = (
        Index("uq_blocked_sender_pattern", "pattern", unique=True, postgresql_where=text("removed_at IS NULL")),
    )

    id: str = primary_id()
    pattern: str = words()  # "a@b.c" or "b.c", lower case
    reason: str = words()
    by_agent_id: str = words()
    by_name: str = words()
    created_at: datetime = moment()
    removed_at: datetime | None = moment(nullable=True)
    removed_by_id: str = words()
    removed_by_name: str = words()


class ChannelCursor(SQLModel, table=True):
    """How far a polling channel has read, e.g. UIDVALIDITY and UID of a mailbox."""

    __tablename__ = "channel_cursor"

    key: str = words(key=True)
    value: dict[str, Any] = document()
    updated_at: datetime = moment()
