"""Feedback: what people who work here say a message is. The labelled data of the next training.

Only people who work here are heard: a customer's vote, a complaint of spam or a survey never teaches anything, and the
machine does not teach itself. The last word on a message and head counts. How much one person or one customer may move
a model is bounded where the rows are read for training (:mod:`contactcenter.triage.feedback`).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from types import MappingProxyType
from typing import Any

from sqlalchemy import Result, Row, and_, insert, or_, select, update
from sqlmodel import col

from contactcenter import clock
from contactcenter.conversations.records import Message
from contactcenter.envelope import Direction, MessageKind
from contactcenter.errors import InvalidInput, NotFound
from contactcenter.staff.access import Actor
from contactcenter.store.unit_of_work import UnitOfWork
from contactcenter.tickets.records import Category, Feedback, FeedbackSource
from contactcenter.triage.feedback import Said

CATEGORY, URGENCY, SENTIMENT, COMPLAINT, ANSWER = "category", "urgency", "sentiment", "complaint", "answer"

LABELS: Mapping[str, frozenset[str]] = MappingProxyType(
    {
        URGENCY: frozenset({"low", "normal", "high"}),
        SENTIMENT: frozenset({"negative", "neutral", "positive"}),
        COMPLAINT: frozenset({"yes", "no"}),
        ANSWER: frozenset({"right", "edited", "wrong"}),
    }
)
"""What can be said of each head; of a category: the key of any category there is."""

WEIGHTS: Mapping[FeedbackSource, float] = MappingProxyType(
    {
        FeedbackSource.CORRECTION: 1.0,
        FeedbackSource.AUDIT: 1.0,
        FeedbackSource.USED: 1.0,
        FeedbackSource.EDITED: 0.5,
        FeedbackSource.REJECTED: 0.25,  # he wrote something else: that says little about what he did not use
        FeedbackSource.TOPIC: 0.5,  # said of ten messages by one click
    }
)
"""What a word counts before the caps."""

MOST_SAID = 50_000
"""Newest words that are read for one training."""


@dataclass(frozen=True, slots=True)
class Judgement:
    """One thing said about a message. ``article_id`` names the article when the head is ``answer``."""

    head: str
    label: str
    article_id: str = ""


async def record(
    uow: UnitOfWork,
    actor: Actor,
    message_id: str,
    judgements: Sequence[Judgement],
    source: FeedbackSource = FeedbackSource.CORRECTION,
) -> list[str]:
    """Keep what the actor says of an inbound message; what was said of the same head before no longer stands.

    A correction back to what the machine had said takes an earlier correction back and says nothing new. The machine
    is not heard. Gives the ids of the rows written. Raises :class:`NotFound` for no such message,
    :class:`InvalidInput` for a label that there is not. Four statements.
    """
    if not actor.agent_id or not judgements:
        return []
    await _check(uow, judgements)
    message = await _locked(uow, message_id)
    withdrawn = await _unsettle(uow, message_id, judgements)
    said = message.assessment or {}
    rows = [
        {
            "id": clock.new_id(),
            "message_id": message_id,
            "head": one.head,
            "label": one.label,
            "was": machine_said(said, one.head),
            "article_id": one.article_id,
            "source": source.value,
            "agent_id": actor.agent_id,
            "weight": WEIGHTS[source],
            "model": str(said.get("model", "")),
            "stands": True,
            "at": clock.now(),
        }
        for one in judgements
        if not (
            source is FeedbackSource.CORRECTION
            and (one.head, one.article_id) in withdrawn
            and one.label == machine_said(said, one.head)
        )
    ]
    if rows:
        await uow.session.execute(insert(Feedback), rows)
    return [str(row["id"]) for row in rows]


async def withdraw(uow: UnitOfWork, message_id: str, head: str, article_id: str = "") -> bool:
    """Let nothing stand that was said of a message and head; whether anything did. It stays as history."""
    return bool(await _unsettle(uow, message_id, [Judgement(head, "", article_id)]))


async def standing(uow: UnitOfWork, message_id: str) -> list[Feedback]:
    """What is held of a message now, one row a head (and article)."""
    wanted = (col(Feedback.message_id) == message_id, col(Feedback.stands))
    return list(await uow.session.scalars(select(Feedback).where(*wanted).order_by(col(Feedback.id))))


async def history(uow: UnitOfWork, message_id: str) -> list[Feedback]:
    """Everything that was ever said of a message, the newest first."""
    wanted = select(Feedback).where(col(Feedback.message_id) == message_id).order_by(col(Feedback.id).desc())
    return list(await uow.session.scalars(wanted.limit(200)))


async def labelled(uow: UnitOfWork, *, until: datetime | None = None) -> list[Said]:
    """What stands about categories, urgency, mood and complaints, with the texts it is about; oldest first.

    The newest :data:`MOST_SAID` words, said before ``until`` (default: now).
    """
    conditions = [col(Feedback.stands), col(Feedback.head).in_([CATEGORY, URGENCY, SENTIMENT, COMPLAINT])]
    if until is not None:
        conditions.append(col(Feedback.at) < until)
    columns = (
        col(Feedback.message_id),
        col(Feedback.head),
        col(Feedback.label),
        col(Feedback.was),
        col(Feedback.agent_id),
        col(Feedback.weight),
        col(Feedback.at),
        col(Message.subject),
        col(Message.visible_text),
        col(Message.text),
        col(Message.language),
        col(Message.customer_id),
        col(Message.identity),
    )
    rows: Result[Any] = await uow.session.execute(
        select(*columns)
        .join(Message, col(Message.id) == col(Feedback.message_id))
        .where(*conditions)
        .order_by(col(Feedback.id).desc())
        .limit(MOST_SAID)
    )
    return [_said(row) for row in reversed(rows.all())]


async def labelled_of(uow: UnitOfWork, message_ids: Sequence[str], head: str = CATEGORY) -> dict[str, str]:
    """Message id → the label that stands for a head, of those that have one."""
    if not message_ids:
        return {}
    rows = await uow.session.execute(
        select(col(Feedback.message_id), col(Feedback.label)).where(
            col(Feedback.stands), col(Feedback.head) == head, col(Feedback.message_id).in_(list(message_ids))
        )
    )
    return {row.message_id: row.label for row in rows}


def machine_said(assessment: Mapping[str, Any], head: str) -> str:
    """What an assessment (as it is kept) says about a head; empty when nothing."""
    found = assessment.get(head) or {}
    if head == COMPLAINT:
        return "" if not found else "yes" if found.get("kind") else "no"
    return str(found.get("label", "")) if head in {CATEGORY, URGENCY, SENTIMENT} else ""


def _said(row: Row[Any]) -> Said:
    return Said(
        message=row.message_id,
        head=row.head,
        label=row.label,
        was=row.was,
        author=row.agent_id,
        customer=row.customer_id or row.identity,
        day=row.at.date().isoformat(),
        weight=row.weight,
        text="\n".join(part for part in (row.subject, row.visible_text or row.text) if part),
        language=row.language,
    )


async def _check(uow: UnitOfWork, judgements: Sequence[Judgement]) -> None:
    for one in judgements:
        if one.head == CATEGORY:
            if await uow.session.get(Category, one.label) is None:
                raise InvalidInput("there is no such category", field=CATEGORY)
        elif one.label not in LABELS.get(one.head, ()):
            known = sorted(LABELS.get(one.head, ()))
            message = f"{one.head} is one of {', '.join(known)}" if known else f"there is no head {one.head}"
            raise InvalidInput(message, field=one.head)
    if len({(one.head, one.article_id) for one in judgements}) < len(judgements):
        raise InvalidInput("two things are said of the same head")


async def _locked(uow: UnitOfWork, message_id: str) -> Row[Any]:
    """The message, its row locked: of two who speak at once one is the last."""
    query = (
        select(col(Message.assessment))
        .where(
            col(Message.id) == message_id,
            col(Message.direction) == Direction.IN.value,
            col(Message.kind) == MessageKind.MESSAGE.value,
        )
        .with_for_update(key_share=True)
    )
    message = (await uow.session.execute(query)).one_or_none() if clock.is_id(message_id) else None
    if message is None:
        raise NotFound("there is no such message of a customer")
    return message


async def _unsettle(uow: UnitOfWork, message_id: str, judgements: Sequence[Judgement]) -> set[tuple[str, str]]:
    """Let what was said of these heads stand no longer; which of them anything had been said of."""
    heads = [and_(col(Feedback.head) == one.head, col(Feedback.article_id) == one.article_id) for one in judgements]
    rows = await uow.session.execute(
        update(Feedback)
        .where(col(Feedback.message_id) == message_id, col(Feedback.stands), or_(*heads))
        .values(stands=False)
        .returning(col(Feedback.head), col(Feedback.article_id))
        .execution_options(synchronize_session=False)
    )
    return {(row.head, row.article_id) for row in rows}
