"""Machine quality: how often the machine answers each category, how often it is wrong, and who may change that.

Figures come from :mod:`contactcenter.tickets.automation.quality`; the error is estimated from drawn answers alone. A
category in a language has a page of its own: its state, the error that is tolerated, the proof, and its history.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from aiohttp import web
from sqlalchemy import select, text

from contactcenter.agent_ui.machine_model import model_at_work
from contactcenter.agent_ui.machine_reasons import told
from contactcenter.agent_ui.ticket_list import categories_by_key
from contactcenter.agent_ui.visit import Doors, Visit, get, post
from contactcenter.agent_ui.words import mark
from contactcenter.errors import Conflict, InvalidInput, NotFound
from contactcenter.staff.access import Role
from contactcenter.staff.agents import list_agents
from contactcenter.store.unit_of_work import UnitOfWork
from contactcenter.tickets.automation import policies, quality
from contactcenter.tickets.automation.policies import LIMITS, Wish
from contactcenter.tickets.automation.quality import MachineQuality, PolicyQuality
from contactcenter.tickets.automation.records import AnswerPolicy, AnswerPolicyChange, State
from contactcenter.tickets.model_history import list_changes
from contactcenter.tickets.records import Category

PERIODS = (7, 30, 90)
"""Days one can look back."""
SCALE = 5
"""An error bar is this many targets long; what lies beyond is cut off and said so."""
WIDTH = 120
"""Units of an error bar."""

_DONE: Mapping[str, str] = {"saved": mark("Saved.")}
_LAST_CHANGES = text(
    "SELECT DISTINCT ON (category, language) * FROM answer_policy_change ORDER BY category, language, id DESC"
)
_STATES = (State.OFF, State.SHADOW, State.ON, State.SHIPPED)


@dataclass(frozen=True, slots=True)
class ErrorBar:
    """Where the bounds, the estimate and the target of an error lie, in units from 0 to :data:`WIDTH`."""

    low: float
    high: float
    error: float | None
    target: float
    is_cut: bool


def doors() -> Doors:
    """The page, its figures as a table to take along, and a page for each category and language."""
    return (
        get("/machine", page, Role.SUPERVISOR),
        get("/machine/report.csv", as_csv, Role.SUPERVISOR),
        get("/machine/{id}", one, Role.SUPERVISOR),
        post("/machine/{id}", change, Role.SUPERVISOR),
    )


async def page(visit: Visit) -> web.StreamResponse:
    """All categories: those that need somebody, then those that are answered, then by how much is written."""
    async with visit.store.read() as uow:
        found = await quality.machine_quality(uow, visit.actor, days=period(visit))
        known = await categories_by_key(uow)
        published = await list_changes(uow, 10)
        changes, names = await _last_changes(uow), await _names(uow)
    rows = sorted(found.policies, key=_place)
    return visit.page(
        "machine/page.html",
        rows=[row for row in rows if is_alive(row, known)],
        resting=[row for row in rows if not is_alive(row, known)],
        fallen=[row for row in rows if row.policy.attention],
        confusion=[pair for pair in found.confusion if pair.said != pair.right],
        agreed=sum(pair.audits for pair in found.confusion if pair.said == pair.right),
        total=totals(found),
        at_work=await model_at_work(visit.room.settings, published),
        changes=changes,
        names=names,
        days=period(visit),
        **_shared(visit, known),
    )


async def as_csv(visit: Visit) -> web.StreamResponse:
    """The figures of the page for a spreadsheet: one line a category and language, shares as decimal fractions."""
    async with visit.store.read() as uow:
        found = await quality.machine_quality(uow, visit.actor, days=period(visit))
    out = io.StringIO()
    lines = csv.writer(out)
    lines.writerow(_COLUMNS)
    lines.writerows(_line(row) for row in found.policies)
    headers = {"Content-Disposition": f'attachment; filename="machine-quality-{period(visit)}-days.csv"'}
    return web.Response(text=out.getvalue(), content_type="text/csv", charset="utf-8", headers=headers)


async def one(visit: Visit) -> web.StreamResponse:
    """One category in one language."""
    return await _one(visit)


async def change(visit: Visit) -> web.StreamResponse:
    """Another state, or another tolerated error, with a reason that stays in the history."""
    category, language = pair_of(visit.path["id"])
    try:
        async with visit.store.transaction() as uow:
            policy = await policies.locked_policy(uow, category, language)
            await policies.set_policy(
                uow, visit.actor, category, language, _wish(visit, policy), expected_version=_version(visit)
            )
    except (Conflict, InvalidInput) as error:
        field = (error.field if isinstance(error, InvalidInput) else "") or "state"
        return await _one(visit, status=error.status, faults={field: visit.gettext(str(error))})
    return visit.go(f"/machine/{visit.path['id']}?done=saved")


def pair_of(written: str) -> tuple[str, str]:
    """Category and language of an address: ``refund.en``. Raises :class:`NotFound`."""
    category, dot, language = written.rpartition(".")
    if not dot or language not in policies.LANGUAGES:
        raise NotFound("there is no such category and language")
    return category, language


def period(visit: Visit) -> int:
    """The days the visitor looks back."""
    written = visit.query.get("days", "")
    return int(written) if written in {str(days) for days in PERIODS} else 30


def is_alive(row: PolicyQuality, known: Mapping[str, Category]) -> bool:
    """Whether there is something to see: messages, audits, or a state that somebody chose."""
    chosen = row.policy.state != State.SHIPPED or not known[row.policy.category].auto_answer
    judged = row.audited.labelled or row.audited.open
    return bool(row.policy.attention or row.messages or row.considered or judged or (chosen and row.policy.version > 1))


def standing(row: PolicyQuality) -> str:
    """What the audits say of the promise: kept, broken, open (too few to say), or none (nothing judged)."""
    if row.audited.error is None:
        return "none"
    if row.audited.high <= row.policy.target_error:
        return "kept"
    return "broken" if row.audited.low > row.policy.target_error else "open"


def error_bar(row: PolicyQuality) -> ErrorBar:
    """The bar of a row's error."""
    whole = row.policy.target_error * SCALE

    def place(share: float) -> float:
        return round(min(1.0, share / whole) * WIDTH, 1)

    audited = row.audited
    error = None if audited.error is None else place(audited.error)
    target = place(row.policy.target_error)
    return ErrorBar(place(audited.low), place(audited.high), error, target, is_cut=audited.high > whole)


def totals(found: MachineQuality) -> dict[str, int]:
    """The sums over all categories. No sum of errors: a share over different categories means nothing."""
    rows = found.policies
    return {
        "messages": sum(row.messages for row in rows),
        "answered": sum(row.answered for row in rows),
        "shadow": sum(row.shadow for row in rows),
        "open": sum(row.audited.open for row in rows),
        "verified": sum(row.outcomes.verified for row in rows),
        "assumed": sum(row.outcomes.assumed for row in rows),
        "recent": sum(row.outcomes.recent for row in rows),
        "returned": sum(row.outcomes.returned for row in rows),
    }


def _place(row: PolicyQuality) -> tuple[bool, bool, int, str, str]:
    """Where a row stands in the list."""
    policy, used = row.policy, row.considered or row.audited.labelled or row.audited.open
    rests = policy.state == State.SHIPPED and not used
    return not policy.attention, rests, -row.messages, policy.category, policy.language


async def _last_changes(uow: UnitOfWork) -> dict[tuple[str, str], AnswerPolicyChange]:
    """The newest change of each category and language that was ever changed. One statement."""
    found = await uow.session.scalars(select(AnswerPolicyChange).from_statement(_LAST_CHANGES))
    return {(row.category, row.language): row for row in found}


async def _one(visit: Visit, status: int = 200, faults: Mapping[str, str] | None = None) -> web.Response:
    category, language = pair_of(visit.path["id"])
    async with visit.store.read() as uow:
        found = await quality.machine_quality(uow, visit.actor, days=period(visit))
        known = await categories_by_key(uow)
        history = await policies.history(uow, category, language, cursor=visit.query.get("cursor", ""), limit=20)
        names = await _names(uow)
    by_pair = {(row.policy.category, row.policy.language): row for row in found.policies}
    row = by_pair.get((category, language))
    if row is None:
        raise NotFound("there is no such category and language")
    done = _DONE.get(visit.query.get("done", ""), "")
    return visit.page(
        "machine/one.html",
        status,
        row=row,
        history=history.items,
        next_cursor=history.next_cursor,
        noted=lambda reason: told(reason, visit.gettext),
        names=names,
        states=[state.value for state in _STATES],
        limits=LIMITS,
        chosen=visit.text("state", row.policy.state),
        reason=visit.text("reason"),
        days=period(visit),
        faults=faults or {},
        done=visit.gettext(done) if done else "",
        **_shared(visit, known),
    )


def _shared(visit: Visit, known: Mapping[str, Category]) -> dict[str, Any]:
    return {
        "known": known,
        "bar": error_bar,
        "standing": standing,
        "periods": PERIODS,
        "answering": visit.room.settings.triage.auto_answer,
        "shipped_threshold": visit.room.settings.triage.answer_threshold,
    }


async def _names(uow: UnitOfWork) -> dict[str, str]:
    return {agent.id: agent.name for agent in await list_agents(uow)}


def _wish(visit: Visit, policy: AnswerPolicy) -> Wish:
    """What the form asks to change; what it shows unchanged is not asked for."""
    reason = visit.text("reason").strip()
    if not reason:
        raise InvalidInput("say why, in a few words", field="reason")
    shares = {name: _share(visit, name) for name in LIMITS}
    changed = {name: share for name, share in shares.items() if share is not None and share != getattr(policy, name)}
    written = visit.text("state")
    state = State(written) if written in set(State) and written != policy.state else None
    return Wish(state=state, reason=reason, **changed)


def _share(visit: Visit, name: str) -> float | None:
    """A percentage as a share; None where the field was not sent. Raises :class:`InvalidInput`."""
    written = visit.text(name).strip().replace(",", ".").removesuffix("%").strip()
    if not written:
        return None
    try:
        share = round(float(written) / 100, 6)
    except ValueError as error:
        raise InvalidInput("that is no percentage", field=name) from error
    least, greatest = LIMITS[name]
    if not least <= share <= greatest:
        raise InvalidInput("this percentage is out of bounds", field=name)
    return share


def _version(visit: Visit) -> int | None:
    written = visit.text("version")
    return int(written) if written.isascii() and written.isdigit() and len(written) < 10 else None


_COLUMNS = (
    "category", "language", "state", "target_error", "messages", "considered", "answered", "coverage", "shadow",
    "audits_judged", "audits_open", "right", "wrong", "unsure", "error", "error_low", "error_high", "threshold",
    "verified", "assumed", "recent", "returned", "attention",
)  # fmt: skip


def _line(row: PolicyQuality) -> tuple[Any, ...]:
    policy, audited, came = row.policy, row.audited, row.outcomes
    error = "" if audited.error is None else round(audited.error, 5)
    bounds = ("", "") if audited.error is None else (round(audited.low, 5), round(audited.high, 5))
    return (
        policy.category, policy.language, policy.state, policy.target_error, row.messages, row.considered, row.answered,
        round(row.coverage, 5), row.shadow, audited.labelled, audited.open, audited.right, audited.wrong,
        audited.unsure, error, *bounds, "" if policy.threshold is None else round(policy.threshold, 5), came.verified,
        came.assumed, came.recent, came.returned, policy.attention,
    )  # fmt: skip
