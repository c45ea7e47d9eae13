"""Audits: answers drawn at random, one after the other, for people to say whether they were right.

Agents judge what belongs to tickets they may see. A verdict counts at once; whoever gave it may change it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from urllib.parse import urlencode

from aiohttp import web

from contactcenter.agent_ui.ticket_list import categories_by_key
from contactcenter.agent_ui.visit import Doors, Visit, get, post
from contactcenter.agent_ui.words import VERDICT_GIVEN
from contactcenter.errors import Conflict, InvalidInput, NotFound
from contactcenter.store.pages import Page
from contactcenter.store.unit_of_work import UnitOfWork
from contactcenter.tickets.automation import audits
from contactcenter.tickets.automation.audits import Audit, Judgement
from contactcenter.tickets.automation.records import Verdict

SHOWN = 50
"""Audits in the list; there may be more behind them."""


def doors() -> Doors:
    """The queue, with its first audit open; one audit; a verdict on it."""
    return (get("/audits", queue), get("/audits/{id}", one), post("/audits/{id}", judge))


async def queue(visit: Visit) -> web.StreamResponse:
    """What waits (or, ``?tab=judged``, what was judged), with the first of it open."""
    async with visit.store.read() as uow:
        return await _page(visit, uow)


async def one(visit: Visit) -> web.StreamResponse:
    """One audit beside the list."""
    async with visit.store.read() as uow:
        return await _page(visit, uow, current=await audits.get_audit(uow, visit.actor, visit.path["id"]))


async def judge(visit: Visit) -> web.StreamResponse:
    """Keep a verdict, and go on to the next that waits."""
    said = visit.text("verdict")
    async with visit.store.transaction() as uow:
        audit = await audits.get_audit(uow, visit.actor, visit.path["id"])
        if said not in set(Verdict):
            raise InvalidInput("a verdict is right, wrong or unsure", field="verdict")
        judgement = Judgement(
            Verdict(said),
            visit.text("note").strip(),
            visit.text("category") if said == Verdict.WRONG else "",
            visit.text("reopen") == "yes",
        )
        try:
            await audits.judge(uow, visit.actor, visit.path["id"], judgement)
        except Conflict as error:
            fault = visit.gettext(str(error))
            return await _page(visit, uow, current=audit, fault=fault, status=error.status)
    async with visit.store.read() as uow:
        waiting = (await _listed(visit, uow, judged=False)).items
    following = _after(waiting, visit.path["id"])
    place = _filters(visit) | {"last": visit.path["id"], "done": str(min(_sitting(visit) + 1, 9_999))}
    return visit.go(f"/audits{'/' + following if following else ''}?{urlencode(place)}")


async def _page(
    visit: Visit, uow: UnitOfWork, *, current: Audit | None = None, fault: str = "", status: int = 200
) -> web.Response:
    judged = visit.query.get("tab") == "judged"
    page = await _listed(visit, uow, judged=judged)
    last = await _last(visit, uow)
    if current is None and page.items:
        current = page.items[0]
    names = [audit.decision.message_id for audit in page.items]
    at = names.index(current.decision.message_id) if current and current.decision.message_id in names else -1
    known = await categories_by_key(uow)
    return visit.page(
        "audits/page.html",
        status,
        audits=page.items,
        more=bool(page.next_cursor),
        current=current,
        before=names[at - 1] if at > 0 else "",
        after=names[at + 1] if 0 <= at < len(names) - 1 else "",
        judged=judged,
        last=last,
        last_said=visit.gettext(VERDICT_GIVEN[last.decision.verdict]) if last and last.decision.verdict else "",
        sitting=_sitting(visit),
        suffix=_suffix({**_filters(visit), **({"tab": "judged"} if judged else {})}),
        chosen=_filters(visit),
        categories=known,
        fault=fault,
    )


async def _listed(visit: Visit, uow: UnitOfWork, *, judged: bool) -> Page[Audit]:
    chosen = _filters(visit)
    return await audits.list_audits(
        uow,
        visit.actor,
        judged=judged,
        category=chosen.get("category", ""),
        language=chosen.get("language", ""),
        limit=SHOWN,
    )


async def _last(visit: Visit, uow: UnitOfWork) -> Audit | None:
    """The audit that was judged a moment ago: the way back to it, as long as he sees it."""
    try:
        return await audits.get_audit(uow, visit.actor, visit.query.get("last", ""))
    except NotFound:
        return None


def _after(waiting: Sequence[Audit], judged: str) -> str:
    """The next that waits behind the one just judged, else the first; empty when nothing waits."""
    names = [audit.decision.message_id for audit in waiting]
    return next((name for name in names if name > judged), names[0] if names else "")


def _filters(visit: Visit) -> dict[str, str]:
    """Category and language that are looked at, from the address or the posted form."""
    given = {name: visit.query.get(name, "") or visit.text(f"only_{name}") for name in ("category", "language")}
    return {name: value for name, value in given.items() if value}


def _suffix(place: Mapping[str, str]) -> str:
    return f"?{urlencode(place)}" if place else ""


def _sitting(visit: Visit) -> int:
    """How many were judged one after the other."""
    written = visit.query.get("done", "") or visit.text("done")
    return int(written) if written.isascii() and written.isdigit() and len(written) < 5 else 0
