"""The policies of automatic answers: how each category is answered in each language, and who changed that when."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert as pg_insert
from sqlmodel import col

from contactcenter import clock
from contactcenter.errors import Conflict, InvalidInput, NotFound
from contactcenter.events import Event, EventKind
from contactcenter.staff.access import Actor, Role, require
from contactcenter.store.pages import Page, decode_cursor, encode_cursor
from contactcenter.store.unit_of_work import UnitOfWork
from contactcenter.tickets.automation.records import AnswerPolicy, AnswerPolicyChange, State
from contactcenter.tickets.records import Category

LANGUAGES = ("en", "zh")
"""Languages the machine answers in."""

LIMITS: Mapping[str, tuple[float, float]] = {
    "target_error": (0.001, 0.2),
    "confidence": (0.8, 0.995),
    "audit_rate": (0.01, 1.0),
    "shadow_rate": (0.01, 1.0),
}
"""Least and greatest value of each number a supervisor may choose. An unaudited promise is none."""

_TOLD = ("state", "target_error", "confidence", "audit_rate", "shadow_rate", "threshold", "attention")


@dataclass(frozen=True, slots=True)
class Wish:
    """What a supervisor asks of a policy; None leaves a thing as it is."""

    state: State | None = None
    target_error: float | None = None
    confidence: float | None = None
    audit_rate: float | None = None
    shadow_rate: float | None = None
    reason: str = ""


async def list_policies(uow: UnitOfWork) -> list[AnswerPolicy]:
    """One policy for each category and language, by category; those without a row as shipped (not in the session)."""
    rows = await uow.session.scalars(select(AnswerPolicy))
    known = {(row.category, row.language): row for row in rows}
    categories = list(await uow.session.scalars(select(col(Category.key)).order_by(col(Category.key))))
    pairs = [(category, language) for category in categories for language in LANGUAGES]
    return [known.get(pair) or AnswerPolicy(category=pair[0], language=pair[1]) for pair in pairs]


async def locked_policy(uow: UnitOfWork, category: str, language: str) -> AnswerPolicy:
    """The row of a policy, made when absent, locked until the transaction ends. Raises :class:`NotFound`."""
    category, language = category.replace("\x00", ""), language.replace("\x00", "")
    query = (
        select(AnswerPolicy)
        .where(col(AnswerPolicy.category) == category, col(AnswerPolicy.language) == language)
        .with_for_update()
        .execution_options(populate_existing=True)
    )
    known = (await uow.session.scalars(query)).one_or_none()
    if known is not None:
        return known
    there = select(col(Category.key)).where(col(Category.key) == category)
    if language not in LANGUAGES or await uow.session.scalar(there) is None:
        raise NotFound("there is no such category and language")
    fresh = AnswerPolicy(category=category, language=language).model_dump()
    await uow.session.execute(pg_insert(AnswerPolicy).values(**fresh).on_conflict_do_nothing())
    return (await uow.session.scalars(query)).one()


async def set_policy(
    uow: UnitOfWork, actor: Actor, category: str, language: str, wish: Wish, *, expected_version: int | None = None
) -> AnswerPolicy:
    """Change how a category is answered. For supervisors.

    ``on`` needs a threshold that labelled outcomes prove; a smaller tolerated error or a greater confidence than it was
    proven for puts the category into shadow until it is proven anew. ``shipped`` is for those alone that the machine
    never took back. Raises :class:`Conflict` (no proof yet, or the policy changed since), :class:`InvalidInput`,
    :class:`NotFound`.
    """
    require(actor, Role.SUPERVISOR)
    policy = await locked_policy(uow, category, language)
    if expected_version is not None and policy.version != expected_version:
        raise Conflict("the policy has changed since")
    values = {name: getattr(wish, name) for name in LIMITS if getattr(wish, name) is not None}
    for name, value in values.items():
        least, greatest = LIMITS[name]
        if not least <= value <= greatest:
            raise InvalidInput(f"it lies between {least} and {greatest}", field=name)
    stricter = values.get("target_error", policy.target_error) < policy.target_error or (
        values.get("confidence", policy.confidence) > policy.confidence
    )
    state = wish.state or State(policy.state)
    if state is State.SHIPPED and policy.state != State.SHIPPED and await _was_taken_back(uow, policy):
        raise Conflict("the machine took this category back once: it answers again when a threshold is proven")
    if stricter:
        values |= unproven()
        state = State.SHADOW if policy.state == State.ON else state
    await change(uow, actor, policy, wish.reason, **values, **_towards(policy, state, lost=stricter), attention="")
    return policy


async def _was_taken_back(uow: UnitOfWork, policy: AnswerPolicy) -> bool:
    """Whether the machine ever put the category into shadow by itself."""
    query = select(col(AnswerPolicyChange.id)).where(
        col(AnswerPolicyChange.category) == policy.category,
        col(AnswerPolicyChange.language) == policy.language,
        col(AnswerPolicyChange.now)["attention"].astext != "",
    )
    return await uow.session.scalar(query.limit(1)) is not None


def _towards(policy: AnswerPolicy, state: State, *, lost: bool) -> dict[str, Any]:
    """What else changes with the state."""
    if state == policy.state:
        return {}
    if state is State.ON:
        if lost or (policy.proposal is None and policy.threshold is None):
            raise Conflict("no threshold is proven for this category yet: let it run in shadow and judge its audits")
        return {"state": state.value, **(accepted(policy.proposal) if policy.proposal is not None else {})}
    return {"state": state.value}


def unproven() -> dict[str, Any]:
    """Values of a policy whose threshold no longer counts."""
    return {"threshold": None, "proof": None, "proposal": None, "reference": None, "drift": None, "model": ""}


def accepted(proposal: Mapping[str, Any]) -> dict[str, Any]:
    """Values of a policy that takes a proposed threshold."""
    proof = {name: value for name, value in proposal.items() if name not in {"reference", "model"}}
    taken = {"threshold": proposal["value"], "proof": proof, "model": proposal["model"]}
    return {**taken, "reference": proposal["reference"], "drift": None, "proposal": None}


async def change(uow: UnitOfWork, actor: Actor, policy: AnswerPolicy, reason: str, **values: Any) -> None:
    """Write changed values into a locked policy, keep who did it, and tell who listens. Nothing new: nothing happens.

    A new state or threshold begins a new epoch: outcomes of before do not speak for what is answered from now on.
    """
    was = {name: getattr(policy, name) for name in _TOLD}
    if all(getattr(policy, name) == value for name, value in values.items()):
        return
    begins = any(name in values and values[name] != getattr(policy, name) for name in ("state", "threshold"))
    for name, value in values.items():
        setattr(policy, name, value)
    now = clock.now()
    if begins:
        policy.epoch += 1
        policy.looks, policy.since = 0, now
    policy.version += 1
    policy.updated_at = now
    uow.session.add(policy)
    told = {name: getattr(policy, name) for name in _TOLD}
    uow.session.add(
        AnswerPolicyChange(
            category=policy.category,
            language=policy.language,
            agent_id=actor.agent_id,
            reason=reason[:1000],
            was={name: value for name, value in was.items() if value != told[name]},
            now={name: value for name, value in told.items() if value != was[name]},
            at=now,
        )
    )
    await uow.session.flush()
    uow.publish(Event(EventKind.AUTOMATION_CHANGED, id=f"{policy.category}:{policy.language}", agent=actor.agent_id))


async def history(
    uow: UnitOfWork, category: str, language: str, *, cursor: str = "", limit: int = 50
) -> Page[AnswerPolicyChange]:
    """Who changed what about a category's answers, newest first."""
    query = select(AnswerPolicyChange).where(
        col(AnswerPolicyChange.category) == category.replace("\x00", ""),
        col(AnswerPolicyChange.language) == language.replace("\x00", ""),
    )
    if cursor:
        (last,) = decode_cursor(cursor, 1)
        if not clock.is_id(last):
            raise InvalidInput("the cursor is not one of ours", field="cursor")
        query = query.where(col(AnswerPolicyChange.id) < last)
    rows = list(await uow.session.scalars(query.order_by(col(AnswerPolicyChange.id).desc()).limit(limit + 1)))
    more = len(rows) > limit
    return Page(rows[:limit], encode_cursor(rows[limit - 1].id) if more else None)
