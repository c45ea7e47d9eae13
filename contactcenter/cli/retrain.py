"""`contactcenter triage retrain | rollback | replay | history | topics`: what is learnt at work. Needs the database."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.console import Console
from rich.progress import Progress, TextColumn

from contactcenter import clock
from contactcenter.app.database import open_store
from contactcenter.cli.terminal import DataOption, JsonOption, print_rows
from contactcenter.errors import InvalidInput
from contactcenter.settings import data_directory, load
from contactcenter.staff.access import MACHINE
from contactcenter.staff.agents import find_agent
from contactcenter.tickets.model_history import list_changes
from contactcenter.tickets.topics import list_topics

if TYPE_CHECKING:
    from contactcenter.app.replay import Replay
    from contactcenter.app.retraining import Order, Outcome

DaysOption = Annotated[int, typer.Option(help="How many days of tickets are replayed.", min=1, max=365)]
ByOption = Annotated[str, typer.Option("--by", help="E-mail address of the agent who orders it, for the history.")]


def retrain(
    data: DataOption = None,
    days: DaysOption = 30,
    publish: Annotated[
        bool, typer.Option("--publish", help="Put the candidate to work whatever the comparison says.")
    ] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only compare.")] = False,
    corpus: Annotated[
        Path | None,
        typer.Option(help="Folder with the corpus the model was trained on (default: what it came with)."),
    ] = None,
    by: ByOption = "",
    by_id: Annotated[str, typer.Option("--by-id", hidden=True)] = "",
    as_json: JsonOption = False,
) -> None:
    """Learn from corrections: train a candidate, compare it with the model at work, publish it if it is better.

    It is compared on texts neither was trained on, on what people said of a fifth of the customers, and on the tickets
    of the last days. The service takes a new model up by itself. Needs the extra `train`.
    """
    from contactcenter.app.retraining import Order

    if publish and dry_run:
        raise InvalidInput("--publish and --dry-run contradict each other")
    order = Order.PUBLISH if publish else Order.DRY_RUN if dry_run else Order.BY_GATE
    outcome = asyncio.run(_retrain(data_directory(data), order, days, corpus, by, by_id))
    if as_json:
        print_rows([outcome.to_json()], as_json=True)
    else:
        _tell(outcome, order)


async def _retrain(data: Path, order: Order, days: int, corpus: Path | None, by: str, by_id: str) -> Outcome:
    from contactcenter.app import retraining

    settings = load(data)
    with Progress(TextColumn("{task.description}"), *Progress.get_default_columns()[1:], console=Console(stderr=True),
                  disable=not sys.stderr.isatty(), transient=True) as bar:  # fmt: skip
        task = bar.add_task("reading", total=1.0)
        async with open_store(settings) as (store, _server):
            return await retraining.retrain(
                store,
                settings,
                order=order,
                days=days,
                actor_id=by_id or await _agent(store, by),
                corpus=corpus,
                progress=lambda step, share: bar.update(task, description=step, completed=share),
            )


def _tell(outcome: Outcome, order: Order) -> None:
    """The outcome for people."""
    print(f"{outcome.said} words of people: {outcome.learnt} learnt from, {outcome.measured} kept to measure")
    if outcome.comparisons:
        print_rows([one.to_json() for one in outcome.comparisons], as_json=False)
    if outcome.replay is not None:
        _tell_replay(outcome.replay)
    for reason in outcome.reasons:
        print(f"against it: {reason}")
    if outcome.published:
        print(f"published {outcome.model}@{outcome.candidate}; `contactcenter triage rollback` goes back")
    elif order.value == "dry-run":
        print(f"nothing changed: {outcome.model}@{outcome.live} stays at work")
    else:
        print(f"not published: {outcome.model}@{outcome.live} stays at work (--publish overrules)")


def rollback(data: DataOption = None, by: ByOption = "", as_json: JsonOption = False) -> None:
    """Put the model before back to work, in one step; again, and the other is back."""
    outcome = asyncio.run(_rollback(data_directory(data), by))
    if as_json:
        print_rows([{"model": outcome.model, "version": outcome.live}], as_json=True)
    else:
        print(f"{outcome.model}@{outcome.live} is at work again")


async def _rollback(data: Path, by: str) -> Outcome:
    from contactcenter.app import retraining

    settings = load(data)
    async with open_store(settings) as (store, _server):
        return await retraining.roll_back(store, settings, actor_id=await _agent(store, by))


def replay(
    model: Annotated[
        str, typer.Option("--model", help="A shipped name, a name in the data directory's models/, or a path.")
    ],
    data: DataOption = None,
    days: DaysOption = 30,
    as_json: JsonOption = False,
) -> None:
    """Show what the tickets of the last days would have become under another model. Changes nothing."""
    found = asyncio.run(_replay(data_directory(data), model, days))
    if as_json:
        print_rows([found.to_json()], as_json=True)
    else:
        _tell_replay(found)
        print_rows([one.to_json() for one in found.moved], as_json=False)


async def _replay(data: Path, model: str, days: int) -> Replay:
    from contactcenter.app.replay import replay as run
    from contactcenter.triage import places
    from contactcenter.triage.assess import Assessor

    settings = load(data)
    assessor = Assessor.load(places.find(model, settings.data), settings.data)
    async with open_store(settings) as (store, _server):
        return await run(store, assessor, days)


def _tell_replay(found: Replay) -> None:
    print(
        f"{found.tickets} tickets of {found.days} days: {found.other_category} would get another category, "
        f"{found.other_queue} go to another queue; of {found.corrected} that people corrected or confirmed "
        f"it sorts {found.agreed} as they say ({found.agreed_before} were)"
    )


def history(data: DataOption = None, as_json: JsonOption = False) -> None:
    """The models that went to work or were refused, and the steps back; the newest first."""
    print_rows(asyncio.run(_history(data_directory(data))), as_json=as_json)


async def _history(data: Path) -> list[Mapping[str, Any]]:
    async with open_store(load(data)) as (store, _server), store.read() as uow:
        return [
            {
                "at": clock.iso(one.at),
                "model": one.model,
                "kind": one.kind,
                "version": one.version,
                "previous": one.previous,
                "by": one.agent_id,
            }
            for one in await list_changes(uow)
        ]


def topics(
    data: DataOption = None,
    look: Annotated[bool, typer.Option("--look", help="Look for topics now, not only tonight.")] = False,
    as_json: JsonOption = False,
) -> None:
    """What customers write about that triage has no name for, as it was found last night; the largest first."""
    print_rows(asyncio.run(_topics(data_directory(data), look)), as_json=as_json)


async def _topics(data: Path, look: bool) -> list[Mapping[str, Any]]:
    settings = load(data)
    async with open_store(settings) as (store, _server):
        if look:
            from contactcenter.app.new_topics import look_for_topics

            await look_for_topics(store, settings)
        async with store.read() as uow:
            return [
                {
                    "id": one.id,
                    "language": one.language,
                    "name": one.name,
                    "count": one.count,
                    "customers": one.customers,
                    "recent": one.recent,
                    "before": one.before,
                }
                for one in await list_topics(uow, MACHINE)
            ]


async def _agent(store: Any, email: str) -> str:
    """Id of the agent of an address; empty for none. Raises :class:`InvalidInput`."""
    if not email:
        return ""
    async with store.read() as uow:
        agent = await find_agent(uow, email)
    if agent is None:
        raise InvalidInput(f"there is no agent {email}", field="by")
    return str(agent.id)
