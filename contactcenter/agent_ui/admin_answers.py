"""Administration of prepared answers: texts that ``/shortcut`` brings into the composer."""

from __future__ import annotations

from collections.abc import Mapping

from aiohttp import web

from contactcenter.agent_ui import admin
from contactcenter.agent_ui.visit import Doors, Visit, get, post
from contactcenter.errors import Conflict, InvalidInput
from contactcenter.i18n import LOCALES
from contactcenter.knowledge.rendering import to_html
from contactcenter.staff.access import Role
from contactcenter.tickets import canned
from contactcenter.tickets.records import CannedAnswer

_FIELDS = ("shortcut", "language", "text")
_NAMES = ("shortcut", "language", "title", "text")
_CUSTOMER = {"en": "Li Wei", "zh": "李薇"}
_SUBJECT = {"en": "My order has not arrived", "zh": "我的订单还没有到"}


def doors() -> Doors:
    """The prepared answers; supervisors write them."""
    return (
        get("/admin/answers", listing, Role.SUPERVISOR),
        get("/admin/answers/new", new, Role.SUPERVISOR),
        post("/admin/answers/new", add, Role.SUPERVISOR),
        post("/admin/answers/preview", preview, Role.SUPERVISOR),
        get("/admin/answers/{id}", one, Role.SUPERVISOR),
        post("/admin/answers/{id}", change, Role.SUPERVISOR),
        post("/admin/answers/{id}/delete", delete, Role.SUPERVISOR),
    )


async def listing(visit: Visit) -> web.StreamResponse:
    """All of them by shortcut."""
    async with visit.store.read() as uow:
        return admin.page(visit, "admin/answers.html", answers=await canned.list_canned(uow))


async def new(visit: Visit) -> web.StreamResponse:
    """The form for a new one."""
    return _form(visit, {"language": visit.locale})


async def add(visit: Visit) -> web.StreamResponse:
    """Keep a new one."""
    return await _save(visit, None)


async def one(visit: Visit) -> web.StreamResponse:
    """One of them, to change."""
    async with visit.store.read() as uow:
        answer = await canned.get_canned(uow, visit.path["id"])
    return _form(visit, {name: getattr(answer, name) for name in _NAMES}, answer)


async def change(visit: Visit) -> web.StreamResponse:
    """Keep the changes."""
    return await _save(visit, visit.path["id"])


async def delete(visit: Visit) -> web.StreamResponse:
    """Remove one."""
    async with visit.store.transaction() as uow:
        await canned.delete_canned(uow, visit.actor, visit.path["id"])
    return visit.go("/admin/answers?done=removed")


async def preview(visit: Visit) -> web.StreamResponse:
    """The text as a customer would read it, with an example's names in the places of the variables."""
    return visit.fragments(_preview(visit, visit.text("text")[: canned.MAX_TEXT], visit.text("language")))


async def _save(visit: Visit, answer_id: str | None) -> web.Response:
    sent = {name: visit.text(name) for name in _NAMES}
    async with visit.store.read() as uow:
        answer = await canned.get_canned(uow, answer_id) if answer_id else None
    try:
        async with visit.store.transaction() as uow:
            await canned.save_canned(uow, visit.actor, canned_id=answer_id, **sent)
    except InvalidInput as error:
        return _form(visit, sent, answer, error.status, admin.faults(visit, error, fields=_FIELDS))
    except Conflict as error:
        text = visit.gettext("This shortcut is taken in this language.")
        return _form(visit, sent, answer, error.status, {"shortcut": text})
    return visit.go("/admin/answers?done=saved")


def _preview(visit: Visit, text: str, language: str) -> str:
    known = language if language in LOCALES else "en"
    values = {
        "customer.name": _CUSTOMER[known],
        "agent.name": visit.actor.name,
        "ticket.number": "#1042",
        "ticket.subject": _SUBJECT[known],
    }
    return visit.render("fragments/preview.html", html=to_html(canned.render_canned(text, values)))


def _form(
    visit: Visit,
    values: Mapping[str, str],
    answer: CannedAnswer | None = None,
    status: int = 200,
    faults: Mapping[str, str] | None = None,
) -> web.Response:
    shown = {**dict.fromkeys(_NAMES, ""), **values}
    return admin.page(
        visit,
        "admin/answer.html",
        status,
        answer=answer,
        variables=canned.VARIABLES,
        preview=_preview(visit, shown["text"], shown["language"]),
        faults=faults or {},
        **shown,
    )
