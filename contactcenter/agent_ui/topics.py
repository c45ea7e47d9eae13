"""New topics: what customers write about that triage has no name for. Supervisors decide what becomes of it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from aiohttp import web

from contactcenter.agent_ui.visit import Doors, Visit, get, post
from contactcenter.agent_ui.words import mark
from contactcenter.errors import Conflict, InvalidInput
from contactcenter.staff.access import Role
from contactcenter.store.unit_of_work import UnitOfWork
from contactcenter.tickets import topics
from contactcenter.tickets.queues import list_queues
from contactcenter.tickets.records import Topic, TopicState

_DONE: Mapping[str, str] = {
    "dismissed": mark("Dismissed. What is like it is not proposed again."),
    "reopened": mark("Proposed again."),
    "category": mark("The category is there: agents can choose it, and the next training learns from its messages."),
}
_FIELDS = ("key", "name", "name_zh", "queue")


def doors() -> Doors:
    """The list, one topic, and what can be made of it."""
    return (
        get("/topics", listing, Role.SUPERVISOR),
        get("/topics/{id}", one, Role.SUPERVISOR),
        post("/topics/{id}/article", make_article, Role.SUPERVISOR),
        post("/topics/{id}/category", make_category, Role.SUPERVISOR),
        post("/topics/{id}/dismiss", dismiss, Role.SUPERVISOR),
        post("/topics/{id}/reopen", reopen, Role.SUPERVISOR),
    )


async def listing(visit: Visit) -> web.StreamResponse:
    """Topics nobody has decided on, the largest first, or (``?state=``) those that were decided."""
    state = visit.query.get("state", "")
    shown = TopicState(state) if state in set(TopicState) else TopicState.OPEN
    async with visit.store.read() as uow:
        found = await topics.list_topics(uow, visit.actor, shown)
    return visit.page("topics/list.html", topics=found, state=shown.value, done=_done(visit))


async def one(visit: Visit) -> web.StreamResponse:
    """A topic with its typical messages."""
    async with visit.store.read() as uow:
        return await _page(visit, uow, await topics.get_topic(uow, visit.actor, visit.path["id"]))


async def make_article(visit: Visit) -> web.StreamResponse:
    """A draft with its typical questions; on to the editor, where the answer is written."""
    async with visit.store.transaction() as uow:
        article = await topics.make_article(uow, visit.actor, visit.path["id"], title=visit.text("title"))
    return visit.go(f"/knowledge/{article.id}/edit")


async def make_category(visit: Visit) -> web.StreamResponse:
    """A category agents can choose at once."""
    sent = {name: visit.text(name).strip() for name in _FIELDS}
    try:
        async with visit.store.transaction() as uow:
            await topics.make_category(uow, visit.actor, visit.path["id"], **sent)
    except (InvalidInput, Conflict) as error:
        async with visit.store.read() as uow:
            topic = await topics.get_topic(uow, visit.actor, visit.path["id"])
            if topic.state != TopicState.OPEN:
                raise
            said = visit.gettext("There is a category with this key already.")
            fault = said if isinstance(error, Conflict) else visit.gettext(str(error))
            return await _page(visit, uow, topic, sent, status=error.status, fault=fault)
    return visit.go(f"/topics/{visit.path['id']}?done=category")


async def dismiss(visit: Visit) -> web.StreamResponse:
    """It is none."""
    async with visit.store.transaction() as uow:
        await topics.dismiss(uow, visit.actor, visit.path["id"])
    return visit.go("/topics?done=dismissed")


async def reopen(visit: Visit) -> web.StreamResponse:
    """The way back from a dismissal."""
    async with visit.store.transaction() as uow:
        await topics.reopen(uow, visit.actor, visit.path["id"])
    return visit.go(f"/topics/{visit.path['id']}?done=reopened")


async def _page(
    visit: Visit,
    uow: UnitOfWork,
    topic: Topic,
    sent: Mapping[str, str] | None = None,
    *,
    status: int = 200,
    fault: str = "",
) -> web.Response:
    values: dict[str, Any] = dict.fromkeys(_FIELDS, "") | {"name": topic.name} | dict(sent or {})
    return visit.page(
        "topics/one.html",
        status,
        topic=topic,
        examples=await topics.examples(uow, topic),
        queues=await list_queues(uow),
        sent=values,
        fault=fault,
        done=_done(visit),
    )


def _done(visit: Visit) -> str:
    said = _DONE.get(visit.query.get("done", ""), "")
    return visit.gettext(said) if said else ""
