"""Topics: what customers write about that triage has no name for, and what is made of it."""

from __future__ import annotations

from pydantic import Field

from contactcenter.api.articles import ArticleJson, article_json
from contactcenter.api.operations import Call, Operation, operation
from contactcenter.api.shapes import Collection, Input, Line, Moment, Output, Query, Words
from contactcenter.staff.access import Role
from contactcenter.store.unit_of_work import UnitOfWork
from contactcenter.tickets import topics
from contactcenter.tickets.records import Topic, TopicState


class TopicJson(Output):
    """A proposed topic. Counts are of messages that began a ticket."""

    id: str
    state: TopicState
    language: str
    name: str
    terms: list[str] = Field(description="The most telling first; each was used by several customers.")
    questions: list[str] = Field(description="Typical sentences, of words that several customers used.")
    count: int = Field(description="In the last thirty days.")
    customers: int
    recent: int = Field(description="In the last seven days.")
    before: int = Field(description="In the seven days before those.")
    category: str | None = Field(description="Key of the category made of it.")
    article: str | None = Field(description="Id of the article made of it.")
    first_seen_at: Moment
    seen_at: Moment


class Topics(Collection[TopicJson]):
    """Topics, the largest first."""


class TopicExampleJson(Output):
    """A message of a topic."""

    message: str
    ticket: int | None
    text: str = Field(description="At most a thousand characters of it.")
    created_at: Moment


class TopicExamples(Collection[TopicExampleJson]):
    """The most typical messages of a topic."""


class TopicFilter(Query):
    """Which topics."""

    state: TopicState | None = None


class NewCategoryJson(Input):
    """What the category is called. Everything may be left out."""

    key: Line = Field("", description="Small letters, digits and underscores; made of the topic's terms when empty.")
    name: Line = ""
    name_zh: Line = ""
    queue: Line = Field("", description="Key of the queue it goes to; empty: where it comes in.")


class NewCategory(Output):
    """A category that agents can choose at once, and that the next training may learn."""

    key: str
    name: str
    name_zh: str


class DraftJson(Input):
    """What the draft says. Everything may be left out."""

    title: Line = ""
    text: Words = ""


@operation("GET", "/topics", role=Role.SUPERVISOR, summary="New topics")
async def list_topics(call: Call, uow: UnitOfWork, query: TopicFilter) -> Topics:
    """Found every night. Without `state` those nobody has decided on."""
    found = await topics.list_topics(uow, call.actor, query.state or TopicState.OPEN)
    return Topics(items=[_json(one) for one in found], next_cursor=None)


@operation("GET", "/topics/{topic_id}/messages", role=Role.SUPERVISOR, summary="Typical messages of a topic")
async def list_topic_messages(call: Call, uow: UnitOfWork, topic_id: str) -> TopicExamples:
    """Ten at most."""
    topic = await topics.get_topic(uow, call.actor, topic_id)
    items = [
        TopicExampleJson(message=one.message, ticket=one.ticket, text=one.text, created_at=one.at)
        for one in await topics.examples(uow, topic)
    ]
    return TopicExamples(items=items, next_cursor=None)


@operation(
    "POST", "/topics/{topic_id}/category", role=Role.SUPERVISOR, status=201, summary="Make a category of a topic"
)
async def make_category(call: Call, uow: UnitOfWork, topic_id: str, body: NewCategoryJson) -> NewCategory:
    """Its typical messages are said to be of it; the machine never answers it until somebody allows it."""
    made = await topics.make_category(uow, call.actor, topic_id, **body.model_dump())
    return NewCategory(key=made.key, name=made.name, name_zh=made.name_zh)


@operation(
    "POST", "/topics/{topic_id}/article", role=Role.SUPERVISOR, status=201, summary="Draft an article of a topic"
)
async def make_article(call: Call, uow: UnitOfWork, topic_id: str, body: DraftJson) -> ArticleJson:
    """A draft with its typical questions; it answers nobody until somebody publishes it."""
    return article_json(await topics.make_article(uow, call.actor, topic_id, title=body.title, text=body.text))


@operation("POST", "/topics/{topic_id}/dismiss", role=Role.SUPERVISOR, summary="Dismiss a topic")
async def dismiss(call: Call, uow: UnitOfWork, topic_id: str) -> TopicJson:
    """What is like it is not proposed again."""
    return _json(await topics.dismiss(uow, call.actor, topic_id))


@operation("POST", "/topics/{topic_id}/reopen", role=Role.SUPERVISOR, summary="Propose a dismissed topic again")
async def reopen(call: Call, uow: UnitOfWork, topic_id: str) -> TopicJson:
    """The way back from a dismissal."""
    return _json(await topics.reopen(uow, call.actor, topic_id))


def _json(one: Topic) -> TopicJson:
    return TopicJson(
        id=one.id,
        state=TopicState(one.state),
        language=one.language,
        name=one.name,
        terms=list(one.terms),
        questions=list(one.questions),
        count=one.count,
        customers=one.customers,
        recent=one.recent,
        before=one.before,
        category=one.category or None,
        article=one.article_id or None,
        first_seen_at=one.first_seen_at,
        seen_at=one.seen_at,
    )


OPERATIONS: tuple[Operation, ...] = (list_topics, list_topic_messages, make_category, make_article, dismiss, reopen)
