"""What the pipeline does to rows of messages: take those that wait, count tries, keep what was understood."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from sqlalchemy import ARRAY, Text, bindparam, delete, insert, select, text, update
from sqlmodel import col

from contactcenter import clock
from contactcenter.conversations.inbox import SLOW_LANE, attachment_rows
from contactcenter.conversations.records import Attachment, Message, MessageState
from contactcenter.conversations.threads import MAX_REFERENCES
from contactcenter.envelope import Content
from contactcenter.events import Event, EventKind
from contactcenter.store.schema import table_of
from contactcenter.store.search import vector_literal
from contactcenter.store.unit_of_work import UnitOfWork

BATCH_SIZE = 64
MAX_TRIES = 3
SUSPECT_WAITS = timedelta(minutes=1)
_LOCK_CLASS = 7262  # advisory locks of lanes: (class, lane)

_message = table_of(Message)
_attachment = table_of(Attachment)
_LANE_LOCK = text("SELECT pg_advisory_xact_lock(:class, :lane)")
_COVERED = text("DELETE FROM procrastinate_jobs WHERE id = ANY(:ids) AND status = 'todo'")
_SAME_ID = text(
    """
    SELECT external_id, digest, id::text, direction = 'out' AS sent FROM message
    WHERE channel = 'email' AND external_id = ANY(:ids) AND external_id <> '' AND state = 'done'
      AND NOT id = ANY(CAST(:own AS uuid[]))
    """
).bindparams(bindparam("ids", type_=ARRAY(Text)), bindparam("own", type_=ARRAY(Text)))


@dataclass(frozen=True, slots=True)
class Understood:
    """All that was found out about one message."""

    row: Message
    content: Content
    proven: bool  # the sender is who he says he is
    conversation_id: str = ""
    customer_id: str = ""
    copy_of: str = ""
    blocked: bool = False  # its sender is blocked: kept aside
    language: str = ""
    assessment: Mapping[str, Any] | None = None
    trace: Mapping[str, Any] = field(default_factory=dict)


async def waiting(uow: UnitOfWork, lane: int) -> list[Message]:
    """The messages to take now, in order, with the lane locked until the transaction ends.

    A message that was tried before is a suspect and goes alone. Until it has waited :data:`SUSPECT_WAITS` it lets those
    of other senders pass, so that three failing tries do not keep them waiting. The rows are detached.
    """
    await lock_lane(uow, lane)
    query = (
        select(Message)
        .where(col(Message.state) == MessageState.WAITING, col(Message.lane) == lane)
        .order_by(col(Message.id))
        .limit(1 if lane == SLOW_LANE else BATCH_SIZE)
    )
    rows = list(await uow.session.scalars(query))
    for row in rows:
        uow.session.expunge(row)  # written by plain statements; nothing is flushed behind our back
    suspects = [row for row in rows if row.attempts]
    if not suspects:
        return rows
    if rows[0] is suspects[0] and clock.now() - suspects[0].created_at > SUSPECT_WAITS:
        return suspects[:1]
    held = {row.identity for row in suspects}
    return [row for row in rows if row.identity not in held] or suspects[:1]


async def lock_lane(uow: UnitOfWork, lane: int) -> None:
    """Keep a lane to ourselves until the transaction ends."""
    await uow.session.execute(_LANE_LOCK, {"class": _LOCK_CLASS, "lane": lane})


async def set_aside(uow: UnitOfWork, rows: Sequence[Message]) -> None:
    """Let messages that take long wait in a lane of their own; that they were begun was no try."""
    ids = [row.id for row in rows]
    statement = update(_message).where(_message.c.id.in_(ids))
    await uow.session.execute(statement.values(lane=SLOW_LANE, attempts=_message.c.attempts - 1))


async def count_tries(uow: UnitOfWork, rows: Sequence[Message]) -> None:
    """Note a try on the rows; commit it before trying, so that a crash leaves its mark."""
    ids = [row.id for row in rows]
    await uow.session.execute(update(_message).where(_message.c.id.in_(ids)).values(attempts=_message.c.attempts + 1))


async def waiting_lanes(uow: UnitOfWork) -> list[int]:
    """Lanes in which messages wait."""
    query = select(col(Message.lane)).where(col(Message.state) == MessageState.WAITING).distinct()
    return list(await uow.session.scalars(query))


async def remove_jobs(uow: UnitOfWork, rows: Sequence[Message]) -> None:
    """Remove the jobs of messages that another job took along."""
    await uow.session.execute(_COVERED, {"ids": [row.job_id for row in rows]})


async def failed(uow: UnitOfWork, row: Message, reason: str) -> int:
    """Note a failure; the third sends the message to the quarantine. Returns the number of tries so far."""
    tries = row.attempts + 1
    values: dict[str, Any] = {"failure": reason[:2000].replace("\0", "")}
    if tries >= MAX_TRIES:
        values["state"] = MessageState.QUARANTINED
        uow.publish(Event(EventKind.QUARANTINE_CHANGED, id=row.id))
    await uow.session.execute(update(_message).where(_message.c.id == row.id).values(values))
    return tries


async def known_copies(uow: UnitOfWork, mails: Mapping[str, Content]) -> dict[str, str]:
    """Of mails by row id: which are copies (same Message-ID, same decoded content) of which earlier message.

    A mail of ours that comes back to one of our mailboxes (in Cc, by a list) is a copy of what we sent.
    """
    ids = [content.external_id for content in mails.values() if content.external_id]
    if not ids:
        return {}
    rows = list(await uow.session.execute(_SAME_ID, {"ids": ids, "own": list(mails)}))
    sent = {row.external_id: row.id for row in rows if row.sent}
    first = {(row.external_id, row.digest): row.id for row in rows if not row.sent}
    copies = {}
    for row_id, content in mails.items():
        if not content.external_id:
            continue
        if content.own and content.external_id in sent:
            copies[row_id] = sent[content.external_id]
        elif (original := first.setdefault((content.external_id, content.digest), row_id)) != row_id:
            copies[row_id] = original
    return copies


async def keep(uow: UnitOfWork, messages: Sequence[Understood]) -> None:
    """Write what was understood onto the messages' rows, and the rows of their files (whose blobs are kept already)."""
    connection = await uow.session.connection()
    with_files = [message for message in messages if message.content.files and not message.copy_of]
    if with_files:
        ids = [message.row.id for message in with_files]
        await connection.execute(delete(_attachment).where(_attachment.c.message_id.in_(ids)))
        rows = [row for message in with_files for row in attachment_rows(message.row.id, message.content.files)]
        await connection.execute(insert(_attachment), rows)
    await connection.execute(_KEEP, [{"own_id": message.row.id, **_columns(message)} for message in messages])


def _state(message: Understood) -> MessageState:
    if message.blocked:
        return MessageState.BLOCKED
    return MessageState.DUPLICATE if message.copy_of else MessageState.DONE


def _columns(message: Understood) -> dict[str, Any]:
    content, row = message.content, message.row
    return {
        "state": _state(message),
        "kind": content.kind,
        "conversation_id": message.conversation_id or None,
        "customer_id": message.customer_id or None,
        "author_name": content.sender.name or row.author_name,
        "identity": str(content.sender),
        "subject": content.subject,
        "text": content.text,
        "visible_text": content.visible_text,
        "quoted_text": content.quoted_text,
        "signature": content.signature,
        "html": content.html,
        "language": message.language,
        "external_id": content.external_id or row.external_id,
        "in_reply_to": content.in_reply_to,
        # In-Reply-To is often the only citation there is, and what is looked for is found in one place.
        "refs": [ref for ref in dict.fromkeys((*content.references[-MAX_REFERENCES:], content.in_reply_to)) if ref],
        "addresses": {
            **row.addresses,
            "to": list(content.to),
            "cc": list(content.cc),
            "reply_to": content.reply_to,
        },
        "authentication": dict(content.authentication),
        "authenticated": message.proven,
        "automatic": content.automatic,
        "digest": content.digest,
        "failure": "",
        "assessment": message.assessment,
        "trace": dict(message.trace),
        "sent_at": content.sent_at,
        "processed_at": clock.now(),
        "search": vector_literal(content.subject, content.text, content.sender.name, content.sender.value),
    }


_KEPT = (
    *("state", "kind", "conversation_id", "customer_id", "author_name", "identity", "subject", "text", "visible_text"),
    *("quoted_text", "signature", "html", "language", "external_id", "in_reply_to", "refs", "addresses"),
    *("authentication", "authenticated", "automatic", "digest", "failure", "assessment", "trace", "sent_at"),
    *("processed_at", "search"),
)
_KEEP = (
    update(_message)
    .where(_message.c.id == bindparam("own_id", type_=_message.c.id.type))
    .values({name: bindparam(name, type_=_message.c[name].type) for name in _KEPT})
)
