"""The model at work: what it is, what went to work before it and what was refused, learning anew, and the step back."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from aiohttp import web

from contactcenter.agent_ui.ticket_list import categories_by_key
from contactcenter.agent_ui.visit import Doors, Visit, get, post
from contactcenter.agent_ui.words import HEAD, LANGUAGE, mark
from contactcenter.errors import ModelError
from contactcenter.settings import Settings
from contactcenter.staff.access import Role
from contactcenter.staff.agents import list_agents
from contactcenter.tickets import model_history
from contactcenter.tickets.model_history import Change
from contactcenter.tickets.records import ModelChange
from contactcenter.triage import gate, places

_DONE: Mapping[str, str] = {
    "ordered": mark("A candidate is being trained. It takes some minutes; what comes of it will stand below."),
    "rolled": mark("The model before goes back to work in a moment. Load this page again to see it."),
}

OBJECTIONS: Mapping[str, str] = {
    gate.LOSES: mark("{what}: loses {lost} and gains {gained} of {rows}"),
    gate.LOSES_IN: mark("{what} in {language}: loses {lost} and gains {gained} of {rows}"),
    gate.TOO_FEW: mark("only {rows} words about messages held apart; {needed} are needed"),
    gate.NO_BETTER: mark("no better on messages held apart: gains {gained}, loses {lost} of {rows}"),
    gate.ONE_PERSON: mark("only one person's words speak for it"),
    gate.MOVES: mark("it would sort {percent} % of the tickets elsewhere that nobody corrected"),
}
"""What speaks against a candidate, as the gate's record names it."""


@dataclass(frozen=True, slots=True)
class ModelAtWork:
    """Name and version of the published model, the moment it was published, and what its training measured.

    ``figures``: head → cross-validated accuracy on its own training rows. ``shipped``: nobody trained it here.
    """

    name: str
    version: str
    at: datetime
    rows: int
    feedback: int
    figures: Mapping[str, float]
    shipped: bool


def doors() -> Doors:
    """The page and its two orders. Before ``/machine/{id}`` in the console's list: the first that fits answers."""
    return (
        get("/machine/model", page, Role.SUPERVISOR),
        post("/machine/model/retrain", retrain, Role.SUPERVISOR),
        post("/machine/model/roll-back", roll_back, Role.SUPERVISOR),
    )


async def page(visit: Visit) -> web.StreamResponse:
    """What is at work, and how it came to that."""
    async with visit.store.read() as uow:
        changes = await model_history.list_changes(uow, 30)
        names = {agent.id: agent.name for agent in await list_agents(uow)}
        known = await categories_by_key(uow)
    done = _DONE.get(visit.query.get("done", ""), "")
    return visit.page(
        "machine/model.html",
        at_work=await model_at_work(visit.room.settings, changes),
        changes=changes,
        against={change.id: objections(change.figures, visit.gettext) for change in changes},
        names=names,
        known=known,
        can_go_back=any(change.kind == Change.PUBLISHED for change in changes),
        done=visit.gettext(done) if done else "",
    )


def objections(figures: Mapping[str, Any], gettext: Callable[[str], str]) -> list[str]:
    """What spoke against a candidate, in the reader's language; in English where it was recorded as text alone."""
    if "objections" not in figures:
        return [str(reason) for reason in figures.get("reasons", ())]
    said = []
    for one in figures["objections"]:
        values = dict(one["values"])
        for name, words in (("what", HEAD), ("language", LANGUAGE)):
            if name in values:
                values[name] = gettext(words.get(values[name], values[name]))
        said.append(gettext(OBJECTIONS.get(one["sentence"], one["sentence"])).format(**values))
    return said


async def retrain(visit: Visit) -> web.StreamResponse:
    """Order a candidate; it goes to work only if it is better, or (``publish=yes``) whatever the comparison says."""
    async with visit.store.transaction() as uow:
        await model_history.order_retraining(uow, visit.actor, publish=visit.text("publish") == "yes")
    return visit.go("/machine/model?done=ordered")


async def roll_back(visit: Visit) -> web.StreamResponse:
    """Order the step back."""
    async with visit.store.transaction() as uow:
        await model_history.order_roll_back(uow, visit.actor)
    return visit.go("/machine/model?done=rolled")


async def model_at_work(settings: Settings, changes: Sequence[ModelChange]) -> ModelAtWork | None:
    """The published model as its folder has it; None where there is none. Reads a small file, in a thread."""
    try:
        name, version, at, training = await asyncio.to_thread(_read, settings)
    except (ModelError, OSError, ValueError):
        return None
    measured = training.get("cross_validation")
    figures = {
        str(head): float(said["accuracy"])
        for head, said in (measured.items() if isinstance(measured, dict) else ())
        if isinstance(said, dict) and isinstance(said.get("accuracy"), int | float)
    }
    own = any(change.version == version and change.kind == Change.PUBLISHED for change in changes)
    return ModelAtWork(
        name=name,
        version=version,
        at=at,
        rows=int(training.get("rows") or 0),
        feedback=int(training.get("feedback") or 0),
        figures=figures,
        shipped=not own and not training.get("feedback"),
    )


def _read(settings: Settings) -> tuple[str, str, datetime, dict[str, Any]]:
    path = places.find(settings.triage.model, settings.data) / places.CONFIG
    content = path.read_bytes()
    config = json.loads(content)
    training = config.get("training") if isinstance(config, dict) else None
    at = datetime.fromtimestamp(path.stat().st_mtime, UTC)
    name = str(config.get("name", "")) if isinstance(config, dict) else ""
    return name, places.version_of(content), at, training if isinstance(training, dict) else {}
