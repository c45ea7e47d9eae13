"""Articles: the answers the machine and the agents give."""

from __future__ import annotations

from typing import Any

from pydantic import Field

from contactcenter.api.operations import Call, Operation, operation
from contactcenter.api.queues import must_be_a_queue
from contactcenter.api.shapes import Collection, Day, Input, Line, Moment, Output, PageQuery, Words
from contactcenter.knowledge import articles
from contactcenter.knowledge.articles import ArticleStatus, Audience
from contactcenter.knowledge.records import Article, ArticleVersion
from contactcenter.staff.access import Role
from contactcenter.store.unit_of_work import UnitOfWork


class ArticleJson(Output):
    """An answer to a recurring question, in one language."""

    id: str
    key: str = Field(description="The same for one topic in several languages.")
    language: str
    title: str
    text: str = Field(description="Markdown.")
    questions: list[str] = Field(description="Ways to ask it: they decide how well it is recognised.")
    category: str
    audience: Audience = Field(description="Who may get it automatically: everybody, or proven senders only.")
    status: ArticleStatus
    version: int
    valid_from: Day | None = Field(description="The first day it answers customers (UTC); null: at once.")
    valid_until: Day | None = Field(description="The last day it answers customers (UTC); null: without end.")
    queue: str = Field(description="Key of the only queue whose customers it answers; empty: of all.")
    author: str | None = Field(description="Id of the agent who wrote this version.")
    approved_by: str | None = Field(description="Id of the agent who let it out to customers.")
    approved_at: Moment | None = Field(description="Null for a draft.")
    created_at: Moment
    updated_at: Moment


class Articles(Collection[ArticleJson]):
    """A page of articles."""


class ArticleVersionJson(Output):
    """What an article said before."""

    version: int
    content: dict[str, Any] = Field(description="As `contactcenter knowledge export` writes an article.")
    author: str | None
    at: Moment = Field(description="When it was written so.")


class ArticleVersions(Collection[ArticleVersionJson]):
    """Earlier versions."""


class ArticleFilter(PageQuery):
    """Which articles."""

    q: Line = Field("", description="Words that must all occur.")
    language: Line = ""
    status: ArticleStatus | None = None
    category: Line = ""


class NewArticleJson(Input):
    """An article to write."""

    title: Line
    text: Words
    language: Line
    status: ArticleStatus = ArticleStatus.DRAFT
    questions: list[Line] = Field(default_factory=list)
    category: Line = ""
    audience: Audience = Audience.PUBLIC
    key: Line = Field("", description="Made of the title when empty.")
    valid_from: Day | None = None
    valid_until: Day | None = None
    queue: Line = Field("", description="Key of the only queue whose customers it answers.")


class ArticleChangeJson(Input):
    """What to change; what is left out stays."""

    title: Line | None = None
    text: Words | None = None
    status: ArticleStatus | None = None
    questions: list[Line] | None = None
    category: Line | None = None
    audience: Audience | None = None
    valid_from: Day | None = Field(None, description="Null, when it is sent, takes the limit away.")
    valid_until: Day | None = None
    queue: Line | None = None
    version: int | None = Field(None, description="The version you have seen; 409 when the article has changed.")


@operation("GET", "/articles", role=Role.AGENT, summary="Articles")
async def list_articles(call: Call, uow: UnitOfWork, query: ArticleFilter) -> Articles:  # noqa: ARG001
    """Newest first."""
    page = await articles.list_articles(
        uow,
        q=query.q,
        language=query.language,
        status=query.status or "",
        category=query.category,
        cursor=query.cursor,
        limit=query.size,
    )
    return Articles(items=[article_json(article) for article in page.items], next_cursor=page.next_cursor)


@operation("POST", "/articles", role=Role.SUPERVISOR, status=201, summary="Write an article")
async def create_article(call: Call, uow: UnitOfWork, body: NewArticleJson) -> ArticleJson:
    """It is found at once; published, it may answer customers at once."""
    await must_be_a_queue(uow, body.queue)
    return article_json(await articles.create_article(uow, **body.model_dump(), by=call.actor.agent_id))


@operation("GET", "/articles/{article_id}", role=Role.AGENT, summary="One article")
async def get_article(call: Call, uow: UnitOfWork, article_id: str) -> ArticleJson:  # noqa: ARG001
    """Drafts too."""
    return article_json(await articles.get_article(uow, article_id))


@operation("PATCH", "/articles/{article_id}", role=Role.SUPERVISOR, summary="Change an article")
async def update_article(call: Call, uow: UnitOfWork, article_id: str, body: ArticleChangeJson) -> ArticleJson:
    """The version rises with every change. `status` approves and publishes it, or takes it back."""
    await must_be_a_queue(uow, body.queue or "")
    changes = body.model_dump(exclude={"version", "valid_from", "valid_until"})
    sent, validity = body.model_fields_set, None
    if sent & {"valid_from", "valid_until"}:
        now = await articles.get_article(uow, article_id)
        validity = (
            body.valid_from if "valid_from" in sent else now.valid_from,
            body.valid_until if "valid_until" in sent else now.valid_until,
        )
    changed = await articles.update_article(
        uow, article_id, **changes, validity=validity, expected_version=body.version, by=call.actor.agent_id
    )
    return article_json(changed)


@operation("GET", "/articles/{article_id}/versions", role=Role.AGENT, summary="What an article said before")
async def list_versions(call: Call, uow: UnitOfWork, article_id: str) -> ArticleVersions:  # noqa: ARG001
    """The newest first, the present one left out; at most 50, on one page."""
    article = await articles.get_article(uow, article_id)
    found = await articles.versions(uow, article.id)
    return ArticleVersions(items=[_version_json(version) for version in found], next_cursor=None)


def _version_json(version: ArticleVersion) -> ArticleVersionJson:
    return ArticleVersionJson(
        version=version.version, content=version.content, author=version.author_id or None, at=version.at
    )


def article_json(article: Article) -> ArticleJson:
    """An article as programs see it."""
    return ArticleJson(
        id=article.id,
        key=article.key,
        language=article.language,
        title=article.title,
        text=article.text,
        questions=list(article.questions),
        category=article.category,
        audience=Audience(article.audience),
        status=ArticleStatus(article.status),
        version=article.version,
        valid_from=article.valid_from,
        valid_until=article.valid_until,
        queue=article.queue,
        author=article.author_id or None,
        approved_by=article.approved_by or None,
        approved_at=article.approved_at,
        created_at=article.created_at,
        updated_at=article.updated_at,
    )


OPERATIONS: tuple[Operation, ...] = (list_articles, create_article, get_article, update_article, list_versions)
