"""Models: what went to work and what was refused, retraining, and the step back."""

from __future__ import annotations

from typing import Any

from pydantic import Field

from contactcenter.api.operations import Call, Operation, operation
from contactcenter.api.shapes import Collection, Input, Moment, Output
from contactcenter.staff.access import Role
from contactcenter.store.unit_of_work import UnitOfWork
from contactcenter.tickets import model_history
from contactcenter.tickets.model_history import Change
from contactcenter.tickets.records import ModelChange


class ModelChangeJson(Output):
    """A candidate that was published or refused, or a step back."""

    id: str
    model: str
    kind: Change
    version: str = Field(description="Of the candidate, or of the model that is at work again.")
    previous: str = Field(description="Of the model that was at work then.")
    agent: str | None = Field(description="Id of who ordered it; null for the nightly run and the command line.")
    figures: dict[str, Any] = Field(
        description="What it rests on: `comparisons` on labelled texts, `replay` of the last weeks' tickets, `reasons` "
        "against it (`objections` has their figures apart), and how many words were `said`, `learnt` and `measured`."
    )
    at: Moment


class ModelChanges(Collection[ModelChangeJson]):
    """The newest first. The first that is published or rolled back is at work; without one, what was shipped is."""


class RetrainInput(Input):
    """How to retrain."""

    publish: bool = Field(False, description="Put the candidate to work whatever the comparison says.")


class OrderJson(Output):
    """A worker does it."""

    ordered: str = Field(description="retrain | roll-back")


@operation("GET", "/models", role=Role.SUPERVISOR, summary="Models that went to work or were refused")
async def list_models(call: Call, uow: UnitOfWork) -> ModelChanges:  # noqa: ARG001
    """At most a hundred, the newest first, with the figures each decision rests on."""
    return ModelChanges(items=[_json(one) for one in await model_history.list_changes(uow)], next_cursor=None)


@operation("POST", "/models/retrain", role=Role.SUPERVISOR, status=202, summary="Learn from corrections")
async def retrain(call: Call, uow: UnitOfWork, body: RetrainInput) -> OrderJson:
    """A candidate is trained, compared with the model at work, and published if it is better.

    It takes minutes; what came of it is then the first of `GET models`.
    """
    await model_history.order_retraining(uow, call.actor, publish=body.publish)
    return OrderJson(ordered=model_history.RETRAIN)


@operation("POST", "/models/rollback", role=Role.SUPERVISOR, status=202, summary="Put the model before back to work")
async def roll_back(call: Call, uow: UnitOfWork) -> OrderJson:
    """Again, and the other is back. 409 where no model was ever published here."""
    await model_history.order_roll_back(uow, call.actor)
    return OrderJson(ordered=model_history.ROLL_BACK)


def _json(one: ModelChange) -> ModelChangeJson:
    return ModelChangeJson(
        id=one.id,
        model=one.model,
        kind=Change(one.kind),
        version=one.version,
        previous=one.previous,
        agent=one.agent_id or None,
        figures=one.figures,
        at=one.at,
    )


OPERATIONS: tuple[Operation, ...] = (list_models, retrain, roll_back)
