"""The knowledge base: what the machine answers from and agents look up. Agents read, supervisors write."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any

from aiohttp import web

from contactcenter.agent_ui import admin
from contactcenter.agent_ui.visit import Doors, Visit, get, post
from contactcenter.agent_ui.words import mark
from contactcenter.errors import Conflict, InvalidInput
from contactcenter.i18n import LOCALES
from contactcenter.knowledge import articles, readings, retrieval
from contactcenter.knowledge.articles import ArticleStatus, Audience
from contactcenter.knowledge.records import Article
from contactcenter.knowledge.rendering import to_html
from contactcenter.staff.access import Role
from contactcenter.staff.agents import list_agents
from contactcenter.store.pages import Page
from contactcenter.store.unit_of_work import UnitOfWork
from contactcenter.tickets.queues import list_categories, list_queues
from contactcenter.tickets.records import Category

FOUND = 20
"""Articles a search shows, best first."""
LEAST = 0.15
"""An article that fits less is not shown."""

_FILTERS = ("language", "category", "status")
_TEXTS = ("title", "text", "questions", "category", "audience", "language", "queue")
_DAYS = ("valid_from", "valid_until")
_FIELDS = ("title", "text", "questions", "language", "audience", *_DAYS)
_DONE: Mapping[str, str] = {
    "saved": mark("Saved."),
    "published": mark("Published: it answers customers from now on."),
    "withdrawn": mark("Withdrawn: it no longer answers customers."),
}


def doors() -> Doors:
    """The articles: list, one to read, the editor."""
    return (
        get("/knowledge", listing),
        get("/knowledge/new", new, Role.SUPERVISOR),
        post("/knowledge/new", create, Role.SUPERVISOR),
        post("/knowledge/preview", preview, Role.SUPERVISOR),
        get("/knowledge/{id}", one),
        get("/knowledge/{id}/edit", edit, Role.SUPERVISOR),
        post("/knowledge/{id}/edit", save, Role.SUPERVISOR),
        post("/knowledge/{id}/publish", publish, Role.SUPERVISOR),
        post("/knowledge/{id}/withdraw", withdraw, Role.SUPERVISOR),
    )


async def listing(visit: Visit) -> web.StreamResponse:
    """Articles by filter, those in the reader's language first; with words, the best answers and how well they fit."""
    chosen = {name: visit.query.get(name, "") for name in _FILTERS}
    q = visit.query.get("q", "").strip()
    scores: dict[str, float] = {}
    async with visit.store.read() as uow:
        categories = await list_categories(uow)
        if q:
            hits = await _search(uow, q, chosen)
            scores = {hit.article.id: hit.score for hit in hits}
            page = Page([hit.article for hit in hits])
        else:
            page = await articles.list_articles(
                uow,
                language=chosen["language"],
                category=chosen["category"],
                status=chosen["status"],
                first=visit.locale,
                cursor=visit.query.get("cursor", ""),
            )
        read = await readings.of_articles(uow, [article.id for article in page.items])
        help_pages = await readings.summary(uow)
    return visit.page(
        "knowledge/list.html",
        articles=page.items,
        read=read,
        help_pages=help_pages,
        next_cursor=page.next_cursor,
        expired=articles.has_expired,
        scores=scores,
        q=q,
        chosen=chosen,
        filtered=bool(q or any(chosen.values())),
        categories=categories,
        names=_names(categories),
        may_write=visit.actor.at_least(Role.SUPERVISOR),
    )


async def one(visit: Visit) -> web.StreamResponse:
    """An article as a reader sees it, and the questions it answers."""
    async with visit.store.read() as uow:
        article = await articles.get_article(uow, visit.path["id"])
        earlier = await articles.versions(uow, article.id)
        names = {agent.id: agent.name for agent in await list_agents(uow)}
        categories = await list_categories(uow)
        queues = {queue.key: queue for queue in await list_queues(uow)}
    done = _DONE.get(visit.query.get("done", ""), "")
    return visit.page(
        "knowledge/article.html",
        article=article,
        html=to_html(article.text),
        earlier=[(version, to_html(str(version.content["text"]))) for version in earlier],
        writers=names,
        queues=queues,
        expired=articles.has_expired(article),
        names=_names(categories),
        done=visit.gettext(done) if done else "",
        may_write=visit.actor.at_least(Role.SUPERVISOR),
    )


async def new(visit: Visit) -> web.StreamResponse:
    """The editor with nothing in it."""
    return await _editor(visit, {"language": visit.locale})


async def create(visit: Visit) -> web.StreamResponse:
    """Keep a new article as a draft."""
    sent = _sent(visit)
    try:
        first, last = _days(visit)
        changes = sent | {"questions": _lines(sent["questions"]), "valid_from": first, "valid_until": last}
        async with visit.store.transaction() as uow:
            article = await articles.create_article(uow, **changes, by=visit.actor.agent_id)
    except (InvalidInput, Conflict) as error:
        return await _editor(
            visit, sent | _days_sent(visit), None, error.status, admin.faults(visit, error, fields=_FIELDS)
        )
    return visit.go(f"/knowledge/{article.id}?done=saved")


async def edit(visit: Visit) -> web.StreamResponse:
    """The editor with an article in it."""
    async with visit.store.read() as uow:
        article = await articles.get_article(uow, visit.path["id"])
    return await _editor(visit, _stored(article), article)


async def save(visit: Visit) -> web.StreamResponse:
    """Keep the changes, unless somebody else changed the article meanwhile."""
    sent, version = _sent(visit), visit.text("version")
    async with visit.store.read() as uow:
        article = await articles.get_article(uow, visit.path["id"])
    changed = {name: value for name, value in sent.items() if name != "language"}
    try:
        async with visit.store.transaction() as uow:
            await articles.update_article(
                uow,
                article.id,
                **changed | {"questions": _lines(sent["questions"])},
                validity=_days(visit),
                by=visit.actor.agent_id,
                expected_version=int(version) if version.isascii() and version.isdigit() else None,
            )
    except (InvalidInput, Conflict) as error:
        return await _editor(
            visit, sent | _days_sent(visit), article, error.status, admin.faults(visit, error, fields=_FIELDS)
        )
    return visit.go(f"/knowledge/{article.id}?done=saved")


async def publish(visit: Visit) -> web.StreamResponse:
    """Let the article answer."""
    async with visit.store.transaction() as uow:
        article = await articles.publish(uow, visit.path["id"], visit.actor.agent_id)
    return visit.go(f"/knowledge/{article.id}?done=published")


async def withdraw(visit: Visit) -> web.StreamResponse:
    """Make it a draft again."""
    async with visit.store.transaction() as uow:
        article = await articles.withdraw(uow, visit.path["id"], visit.actor.agent_id)
    return visit.go(f"/knowledge/{article.id}?done=withdrawn")


async def preview(visit: Visit) -> web.StreamResponse:
    """The text as it will be shown."""
    return visit.fragments(_preview(visit, visit.text("text")))


async def _search(uow: UnitOfWork, q: str, chosen: Mapping[str, str]) -> list[retrieval.Hit]:
    hits = await retrieval.search(
        uow,
        q,
        language=chosen["language"] or None,
        audience=[kind.value for kind in Audience],
        limit=FOUND,
        published_only=chosen["status"] == ArticleStatus.PUBLISHED,
    )
    return [
        hit
        for hit in hits
        if hit.score >= LEAST
        and chosen["category"] in {"", hit.article.category}
        and chosen["status"] in {"", hit.article.status}
    ]


def _names(categories: list[Category]) -> dict[str, Category]:
    return {category.key: category for category in categories}


def _sent(visit: Visit) -> dict[str, Any]:
    return {name: visit.text(name) for name in _TEXTS}


def _stored(article: Article) -> dict[str, Any]:
    values = {name: getattr(article, name) for name in _TEXTS}
    days = {name: day.isoformat() for name in _DAYS if (day := getattr(article, name)) is not None}
    return values | days | {"questions": "\n".join(article.questions)}


def _days_sent(visit: Visit) -> dict[str, str]:
    return {name: visit.text(name) for name in _DAYS}


def _days(visit: Visit) -> tuple[date | None, date | None]:
    """The first and the last day. Raises :class:`InvalidInput` for what is no day."""
    found: list[date | None] = []
    for name, written in _days_sent(visit).items():
        try:
            found.append(date.fromisoformat(written) if written else None)
        except ValueError as error:
            raise InvalidInput("a day is written 2026-12-31", field=name) from error
    return found[0], found[1]


def _lines(text: str) -> list[str]:
    return [line.strip() for line in text.splitlines() if line.strip()]


def _preview(visit: Visit, text: str) -> str:
    return visit.render("fragments/preview.html", html=to_html(text[: articles.MAX_TEXT]))


async def _editor(
    visit: Visit,
    values: Mapping[str, Any],
    article: Article | None = None,
    status: int = 200,
    faults: Mapping[str, str] | None = None,
) -> web.Response:
    shown = dict.fromkeys((*_TEXTS, *_DAYS), "") | {"audience": Audience.PUBLIC.value} | dict(values)
    async with visit.store.read() as uow:
        categories = await list_categories(uow)
        queues = await list_queues(uow)
    return visit.page(
        "knowledge/editor.html",
        status,
        article=article,
        version=visit.text("version") or (article.version if article else ""),
        categories=categories,
        queues=queues,
        locales=LOCALES,
        preview=_preview(visit, shown["text"]),
        faults=faults or {},
        **shown,
    )
