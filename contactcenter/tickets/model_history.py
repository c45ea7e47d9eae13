"""The models that went to work here, those that were refused, and the steps back: who, when, with which figures."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from typing import Any

from sqlalchemy import insert, select
from sqlmodel import col

from contactcenter import clock
from contactcenter.errors import Conflict
from contactcenter.staff.access import Actor, Role, require
from contactcenter.store.jobs import INBOUND, LEARNING
from contactcenter.store.unit_of_work import UnitOfWork
from contactcenter.tickets.records import ModelChange

MOST_LISTED = 100

RETRAIN = "retrain"
"""Name of the job that trains a candidate; its arguments are ``publish`` and ``agent_id``."""
ROLL_BACK = "roll-back"
"""Name of the job that puts the model before back to work; its argument is ``agent_id``."""


class Change(StrEnum):
    """What happened to a model."""

    PUBLISHED = "published"
    REFUSED = "refused"
    ROLLED_BACK = "rolled-back"


async def order_retraining(uow: UnitOfWork, actor: Actor, *, publish: bool = False) -> None:
    """Let a worker train a candidate; ``publish``: and put it to work whatever the comparison says. For supervisors.

    What came of it is in :func:`list_changes` some minutes later.
    """
    require(actor, Role.SUPERVISOR)
    await uow.defer(RETRAIN, queue=LEARNING, args={"publish": publish, "agent_id": actor.agent_id})


async def order_roll_back(uow: UnitOfWork, actor: Actor) -> None:
    """Let a worker put the model before back to work, at once. For supervisors.

    Raises :class:`Conflict` where no model was ever published: then the shipped one is at work.
    """
    require(actor, Role.SUPERVISOR)
    published = select(col(ModelChange.id)).where(col(ModelChange.kind) == Change.PUBLISHED.value).limit(1)
    if await uow.session.scalar(published) is None:
        raise Conflict("there is no earlier model to go back to")
    await uow.defer(ROLL_BACK, queue=INBOUND, args={"agent_id": actor.agent_id})


async def note_change(
    uow: UnitOfWork,
    model: str,
    kind: Change,
    version: str,
    previous: str,
    agent_id: str,
    *,
    figures: Mapping[str, Any] | None = None,
) -> None:
    """Write down that ``version`` took the place of ``previous``, or did not. ``agent_id`` is empty for nobody."""
    row = {
        "id": clock.new_id(),
        "model": model,
        "kind": kind.value,
        "version": version,
        "previous": previous,
        "agent_id": agent_id,
        "figures": dict(figures or {}),
        "at": clock.now(),
    }
    await uow.session.execute(insert(ModelChange), [row])


async def list_changes(uow: UnitOfWork, limit: int = MOST_LISTED) -> list[ModelChange]:
    """The newest first."""
    newest = select(ModelChange).order_by(col(ModelChange.id).desc()).limit(min(limit, MOST_LISTED))
    return list(await uow.session.scalars(newest))
