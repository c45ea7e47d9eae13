"""Articles: the answers the machine and the agents give."""

from __future__ import annotations

from pydantic import Field

from contactcenter.api.operations import Call, Operation, operation
from contactcenter.api.shapes import Collection, Input, Line, Moment, Output, PageQuery, Words
from contactcenter.knowledge import articles
from contactcenter.knowledge.articles import ArticleStatus, Audience
from contactcenter.knowledge.records import Article
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
    created_at: Moment
    updated_at: Moment


class Articles(Collection[ArticleJson]):
    """A page of articles."""


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


class ArticleChangeJson(Input):
    """What to change; what is left out stays."""

    title: Line | None = None
    text: Words | None = None
    status: ArticleStatus | None = None
    questions: list[Line] | None = None
    category: Line | None = None
    audience: Audience | None = None
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
    return Articles(items=[_json(article) for article in page.items], next_cursor=page.next_cursor)


@operation("POST", "/articles", role=Role.SUPERVISOR, status=201, summary="Write an article")
async def create_article(call: Call, uow: UnitOfWork, body: NewArticleJson) -> ArticleJson:  # noqa: ARG001
    """It is found at once; published, it may answer customers at once."""
    return _json(await articles.create_article(uow, **body.model_dump()))


@operation("GET", "/articles/{article_id}", role=Role.AGENT, summary="One article")
async def get_article(call: Call, uow: UnitOfWork, article_id: str) -> ArticleJson:  # noqa: ARG001
    """Drafts too."""
    return _json(await articles.get_article(uow, article_id))


@operation("PATCH", "/articles/{article_id}", role=Role.SUPERVISOR, summary="Change an article")
async def update_article(call: Call, uow: UnitOfWork, article_id: str, body: ArticleChangeJson) -> ArticleJson:  # noqa: ARG001
    """The version rises with every change. `status` publishes it, or takes it back."""
    changes = body.model_dump(exclude={"version"})
    return _json(await articles.update_article(uow, article_id, **changes, expected_version=body.version))


def _json(article: Article) -> ArticleJson:
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
        created_at=article.created_at,
        updated_at=article.updated_at,
    )


OPERATIONS: tuple[Operation, ...] = (list_articles, create_article, get_article, update_article)
