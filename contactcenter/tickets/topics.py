"""New topics as people see them: proposed, made into a category or an article, or dismissed.

A topic holds ids of messages, and words and sentences made of words that several customers used; it goes on holding
no message that is erased.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Float, Result, Row, cast, delete, insert, or_, select
from sqlalchemy.dialects.postgresql import insert as pg_insert
from sqlmodel import col

from contactcenter import clock
from contactcenter.conversations.records import Message
from contactcenter.errors import Conflict, InvalidInput, NotFound
from contactcenter.events import Event, EventKind
from contactcenter.i18n import translations
from contactcenter.knowledge import articles
from contactcenter.knowledge.records import Article
from contactcenter.staff.access import Actor, Role, require
from contactcenter.store.unit_of_work import UnitOfWork
from contactcenter.tickets import feedback
from contactcenter.tickets.feedback import Judgement
from contactcenter.tickets.openings import opening_of
from contactcenter.tickets.queues import get_queue
from contactcenter.tickets.records import Category, Feedback, FeedbackSource, Ticket, Topic, TopicMessage, TopicState

UNSURE_BELOW = 0.5
"""Probability of a category below which the model counts as unsure."""
OTHER = "other"
DAYS = 30
MOST_MESSAGES = 5_000
EXAMPLES = 10
"""Messages that are shown of a topic, and taught when it becomes a category."""
LONGEST_TEXT = 1_000  # characters of a message that are looked at

_KEY = re.compile(r"[a-z][a-z0-9_]{1,39}")
_NOT_KEY = re.compile(r"[^a-z0-9]+")


@dataclass(frozen=True, slots=True)
class Found:
    """A topic as the search for topics gives it: what :class:`contactcenter.triage.topics.Cluster` says.

    ``known`` is the id of the topic it is, or empty for a new one.
    """

    known: str
    language: str
    name: str
    terms: Sequence[str]
    questions: Sequence[str]
    signature: dict[str, float]
    members: Sequence[str]
    customers: int
    recent: int
    before: int


@dataclass(frozen=True, slots=True)
class Example:
    """A message of a topic, and the ticket it is on."""

    message: str
    ticket: int | None
    text: str
    at: datetime


async def unsure(uow: UnitOfWork) -> Sequence[Row[Any]]:
    """Messages of the last :data:`DAYS` days that began a ticket and that the model had no good name for.

    Newest first, those left out that a person has sorted: ``id, subject, visible_text, text, language, customer_id,
    identity, received_at``. One statement.
    """
    said = col(Message.assessment)["category"]
    sorted_by_people = (
        select(col(Feedback.id))
        .where(
            col(Feedback.message_id) == col(Message.id),
            col(Feedback.head) == feedback.CATEGORY,
            col(Feedback.stands),
        )
        .exists()
    )
    query = (
        select(
            col(Message.id),
            col(Message.subject),
            col(Message.visible_text),
            col(Message.text),
            col(Message.language),
            col(Message.customer_id),
            col(Message.identity),
            col(Message.received_at),
        )
        .select_from(Ticket)
        .join(Message, col(Message.id) == opening_of(col(Ticket.conversation_id)))
        .where(
            col(Ticket.id) >= clock.id_at(clock.now() - timedelta(days=DAYS)),
            or_(said["label"].astext == OTHER, cast(said["probability"].astext, Float) < UNSURE_BELOW),
            ~sorted_by_people,
        )
        .order_by(col(Message.id).desc())
        .limit(MOST_MESSAGES)
    )
    rows: Result[Any] = await uow.session.execute(query)
    return rows.all()


async def known_topics(uow: UnitOfWork) -> list[Topic]:
    """Every topic there is, whatever became of it."""
    return list(await uow.session.scalars(select(Topic).order_by(col(Topic.id))))


async def keep(uow: UnitOfWork, found: Sequence[Found]) -> None:
    """Write down what was found; open topics that are no longer there go. Decided ones stay as they were decided."""
    now = clock.now()
    seen = []
    for one in found:
        topic_id = one.known or clock.new_id()
        seen.append(topic_id)
        values = {
            "language": one.language,
            "terms": list(one.terms),
            "questions": list(one.questions),
            "signature": one.signature,
            "count": len(one.members),
            "customers": one.customers,
            "recent": one.recent,
            "before": one.before,
            "seen_at": now,
        }
        first = {"id": topic_id, "name": one.name, "first_seen_at": now, "state": TopicState.OPEN.value}
        await uow.session.execute(
            pg_insert(Topic).values(**first, **values).on_conflict_do_update(index_elements=["id"], set_=values)
        )
        await uow.session.execute(delete(TopicMessage).where(col(TopicMessage.topic_id) == topic_id))
        rows = [
            {"topic_id": topic_id, "message_id": message_id, "position": position}
            for position, message_id in enumerate(await _still_there(uow, one.members))
        ]
        if rows:
            await uow.session.execute(insert(TopicMessage), rows)
    gone = delete(Topic).where(col(Topic.state) == TopicState.OPEN.value, col(Topic.id).not_in(seen))
    await uow.session.execute(gone)


async def list_topics(uow: UnitOfWork, actor: Actor, state: str = TopicState.OPEN) -> list[Topic]:
    """Topics in a state (empty: in any), the largest first. For supervisors: their messages are of every queue."""
    require(actor, Role.SUPERVISOR)
    query = select(Topic).order_by(col(Topic.count).desc(), col(Topic.id).desc()).limit(200)
    return list(await uow.session.scalars(query.where(col(Topic.state) == state) if state else query))


async def get_topic(uow: UnitOfWork, actor: Actor, topic_id: str, *, lock: bool = False) -> Topic:
    """The topic of this id. For supervisors. Raises :class:`NotFound`."""
    require(actor, Role.SUPERVISOR)
    query = select(Topic).where(col(Topic.id) == topic_id)
    topic = await uow.session.scalar(query.with_for_update() if lock else query) if clock.is_id(topic_id) else None
    if topic is None:
        raise NotFound("there is no such topic")
    return topic


async def examples(uow: UnitOfWork, topic: Topic, limit: int = EXAMPLES) -> list[Example]:
    """The most typical messages of a topic that are still there."""
    rows = await uow.session.execute(
        select(
            col(Message.id),
            col(Message.visible_text),
            col(Message.text),
            col(Message.received_at),
            select(col(Ticket.number))
            .where(col(Ticket.conversation_id) == col(Message.conversation_id))
            .limit(1)
            .scalar_subquery()
            .label("number"),
        )
        .join(TopicMessage, col(TopicMessage.message_id) == col(Message.id))
        .where(col(TopicMessage.topic_id) == topic.id)
        .order_by(col(TopicMessage.position))
        .limit(limit)
    )
    return [Example(row.id, row.number, (row.visible_text or row.text)[:LONGEST_TEXT], row.received_at) for row in rows]


async def dismiss(uow: UnitOfWork, actor: Actor, topic_id: str) -> Topic:
    """It is none; clusters like it are not proposed again."""
    return await _decide(uow, actor, await get_topic(uow, actor, topic_id, lock=True), TopicState.DISMISSED)


async def reopen(uow: UnitOfWork, actor: Actor, topic_id: str) -> Topic:
    """Propose a dismissed topic again. Raises :class:`Conflict` for one that was made into something."""
    topic = await get_topic(uow, actor, topic_id, lock=True)
    if topic.state not in {TopicState.DISMISSED, TopicState.OPEN}:
        raise Conflict("something was made of this topic already")
    return await _decide(uow, actor, topic, TopicState.OPEN)


async def make_category(
    uow: UnitOfWork,
    actor: Actor,
    topic_id: str,
    *,
    key: str = "",
    name: str = "",
    name_zh: str = "",
    queue: str = "",
) -> Category:
    """A category of it that agents can choose at once, and that its examples teach at the next training.

    The machine never answers it until somebody allows it. Without names it is called as the topic is; ``queue`` is the
    key of the queue it goes to, without one it stays where it comes in. Raises :class:`Conflict` when the key is taken
    or the topic decided, :class:`InvalidInput` for a key of other than small letters, digits and underscores.
    """
    topic = await _open(uow, actor, topic_id)
    key = key or _key_of(topic)
    if not _KEY.fullmatch(key):
        raise InvalidInput("a category's key has 2 to 40 small letters, digits and underscores", field="key")
    called = name.strip()[:100] or topic.name[:100] or key
    made = Category(
        key=key,
        name=called,
        name_zh=name_zh.strip()[:100] or called,
        queue_id=(await get_queue(uow, queue)).id if queue else None,
        auto_answer=False,
    )
    added = await uow.session.scalar(
        pg_insert(Category).values(**made.model_dump()).on_conflict_do_nothing().returning(col(Category.key))
    )
    if added is None:
        raise Conflict(f"there is a category {key} already")
    for example in await examples(uow, topic):
        said = [Judgement(feedback.CATEGORY, key)]
        await feedback.record(uow, actor, example.message, said, FeedbackSource.TOPIC)
    topic.category = key
    await _decide(uow, actor, topic, TopicState.CATEGORY)
    uow.publish(Event(EventKind.STAFF_CHANGED))
    return made


async def make_article(uow: UnitOfWork, actor: Actor, topic_id: str, *, title: str = "", text: str = "") -> Article:
    """A draft of an article that answers it, with its typical questions; somebody writes the answer and approves it.

    Raises :class:`Conflict` when the topic is decided, :class:`InvalidInput` for a text that no article can have.
    """
    topic = await _open(uow, actor, topic_id)
    language = topic.language if topic.language in {"en", "zh"} else actor.language
    to_do = translations(language).gettext("The answer is still to be written.")
    article = await articles.create_article(
        uow,
        title=title.strip() or topic.name,
        text=text.strip() or to_do,
        language=language,
        questions=topic.questions,
        category=topic.category,
        by=actor.agent_id,
    )
    topic.article_id = article.id
    await _decide(uow, actor, topic, TopicState.ARTICLE)
    return article


async def _open(uow: UnitOfWork, actor: Actor, topic_id: str) -> Topic:
    topic = await get_topic(uow, actor, topic_id, lock=True)
    if topic.state != TopicState.OPEN:
        raise Conflict("this topic was decided on already")
    return topic


async def _decide(uow: UnitOfWork, actor: Actor, topic: Topic, state: TopicState) -> Topic:
    topic.state, topic.agent_id = state.value, actor.agent_id
    await uow.session.flush()
    return topic


async def _still_there(uow: UnitOfWork, message_ids: Sequence[str]) -> list[str]:
    """Those that were not erased meanwhile, in their order; they cannot be until this transaction ends."""
    rows = await uow.session.scalars(
        select(col(Message.id)).where(col(Message.id).in_(list(message_ids))).with_for_update(read=True, key_share=True)
    )
    there = set(rows)
    return [message_id for message_id in message_ids if message_id in there]


def _key_of(topic: Topic) -> str:
    """A key made of the topic's terms; of its id where they have no Latin letters."""
    words = _NOT_KEY.sub("_", "_".join(topic.terms[:2]).lower()).strip("_")[:40].strip("_")
    return words if _KEY.fullmatch(words) else f"topic_{topic.id[-6:]}"
