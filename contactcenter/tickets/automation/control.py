"""Control: a threshold is chosen when enough answers are judged, and taken back when the promise is in doubt.

Choosing. People judge a drawn sample. Once its first n, 2n, 4n … answers are judged, all of them, whoever judged and
in whatever order, there is one look: :func:`contactcenter.triage.bounds.choose` on exactly these; n depends on the
target (:func:`look_size`). Look *k* may err with 1/(k(k+1)) of the risk, so that all looks together stay within one
less ``confidence``.

Taking back. After each verdict the cumulative sum and the running bound of :mod:`contactcenter.triage` are asked; both
may be asked as often as one likes. Every 250 decisions the population is compared with the one the threshold was
chosen on. Audits that nobody judges, and a model the threshold was not chosen for, end it too. What falls goes to
shadow at once; only people switch it on again. A policy's row is locked meanwhile, so it falls once.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from enum import StrEnum
from typing import Any

import structlog
from sqlalchemy import Select, func, select
from sqlmodel import col

from contactcenter import clock
from contactcenter.staff.access import MACHINE
from contactcenter.store.unit_of_work import UnitOfWork
from contactcenter.tickets.automation import alerts
from contactcenter.tickets.automation.policies import accepted, change, unproven
from contactcenter.tickets.automation.records import Action, AnswerDecision, AnswerPolicy, State, Verdict
from contactcenter.triage.bounds import Threshold, choose, needed, running_bounds
from contactcenter.triage.drift import alarm, edges, histogram, shift

log = structlog.get_logger(__name__)

FIRST_ERRORS = 2
"""The first look for a threshold waits for as many judged answers as prove the target with so many errors."""

WINDOW = 250
"""Decisions that are compared with the population the threshold was chosen on."""

REFERENCE = 2_000
"""The latest decisions that stand for that population."""

REMEMBERED = 4_000
"""Judged answers of an epoch that the alarm and the running bound look back on."""

PATIENCE = timedelta(days=14)
"""Audits that nobody judged for so long end the promise: it is kept no longer."""

NOT_RIGHT = "{wrong} of {judged} audited answers were not right"
MOVED = "the population moved by {index}, chance alone by {limit} at most"
UNJUDGED = "drawn audits waited for more than {days} days"
OTHER_MODEL = "its threshold was chosen for another model"
PROVES_NOTHING = "{judged} judged answers prove no threshold"
PROVES = "{judged} judged answers prove the threshold {threshold}"
SENTENCES = (NOT_RIGHT, MOVED, UNJUDGED, OTHER_MODEL, PROVES_NOTHING, PROVES)
"""What the machine notes beside a change it makes; what took a category back stands behind the name of the cause."""


class Cause(StrEnum):
    """Why the machine took a category back."""

    ERROR = "error"
    DRIFT = "drift"
    AUDITS = "audits"
    MODEL = "model"


def look_size(policy: AnswerPolicy) -> int:
    """Judged answers that the next look waits for; each look waits for twice as many as the one before."""
    first = needed(policy.target_error, FIRST_ERRORS, look_confidence(policy.confidence, 0))
    return int(first * 2**policy.looks)


def look_confidence(confidence: float, looks: int) -> float:
    """The confidence of the next look, so that all that ever follow stay within one less ``confidence`` together."""
    return 1 - (1 - confidence) / ((looks + 1) * (looks + 2))


async def after_verdict(uow: UnitOfWork, policy: AnswerPolicy) -> None:
    """What follows from a new verdict, for a locked policy: it falls, a threshold is chosen, or nothing."""
    if policy.state in {State.SHIPPED, State.ON} and await _broken(uow, policy):
        return
    while policy.state in {State.SHIPPED, State.SHADOW} and await _look(uow, policy):
        continue


async def watch(uow: UnitOfWork) -> None:
    """Look after all categories that answer by a proven threshold; for a periodic step. Whoever is busy is passed."""
    query = select(AnswerPolicy).where(col(AnswerPolicy.state) == State.ON.value).with_for_update(skip_locked=True)
    for policy in list(await uow.session.scalars(query)):
        if await _unjudged(uow, policy):
            await fall(uow, policy, Cause.AUDITS, UNJUDGED.format(days=PATIENCE.days))
            continue
        while policy.state == State.ON and await _window(uow, policy):
            continue


async def fall(uow: UnitOfWork, policy: AnswerPolicy, cause: Cause, why: str) -> None:
    """Put a locked policy into shadow, keep why, and tell the supervisors. Once: what is in shadow falls no further."""
    if policy.state not in {State.SHIPPED, State.ON}:
        return
    where = {"category": policy.category, "language": policy.language}
    log.warning("automatic answers fell back to shadow", cause=cause.value, why=why, **where)
    values = unproven() | {"state": State.SHADOW.value, "attention": cause.value}
    await change(uow, MACHINE, policy, f"{cause.value}: {why}", **values)
    await alerts.tell_supervisors(uow, policy, cause.value, why)


def is_wrong(verdict: str) -> bool:
    """Whether a verdict counts as an error: whoever is unsure did not find it right."""
    return verdict != Verdict.RIGHT


def drawn_of(policy: AnswerPolicy, *columns: Any) -> Select[Any]:
    """The drawn decisions of a policy's present epoch."""
    return select(*columns).where(
        col(AnswerDecision.category) == policy.category,
        col(AnswerDecision.language) == policy.language,
        col(AnswerDecision.epoch) == policy.epoch,
        col(AnswerDecision.drawn),
    )


async def _broken(uow: UnitOfWork, policy: AnswerPolicy) -> bool:
    """Whether the answers sent are wrong too often; then it fell."""
    query = (
        drawn_of(policy, col(AnswerDecision.verdict))
        .where(col(AnswerDecision.action) == Action.ANSWERED.value, col(AnswerDecision.verdict) != "")
        .order_by(col(AnswerDecision.judged_at).desc(), col(AnswerDecision.message_id).desc())
        .limit(REMEMBERED)
    )
    wrong = [is_wrong(verdict) for verdict in reversed(list(await uow.session.scalars(query)))]
    low, _ = running_bounds(sum(wrong), len(wrong), policy.confidence)
    if not alarm(wrong, policy.target_error).rings and low <= policy.target_error:
        return False
    await fall(uow, policy, Cause.ERROR, NOT_RIGHT.format(wrong=sum(wrong), judged=len(wrong)))
    return True


async def _look(uow: UnitOfWork, policy: AnswerPolicy) -> bool:
    """Look for a threshold when the next sample is judged as a whole. Whether there was a look."""
    size = look_size(policy)
    judged = await uow.session.scalar(drawn_of(policy, func.count()).where(col(AnswerDecision.verdict) != ""))
    if (judged or 0) < size:
        return False
    newest = await uow.session.scalar(
        drawn_of(policy, col(AnswerDecision.model)).order_by(col(AnswerDecision.message_id).desc()).limit(1)
    )
    rows = (
        await uow.session.execute(
            drawn_of(policy, col(AnswerDecision.score), col(AnswerDecision.verdict))
            .where(col(AnswerDecision.model) == newest)
            .order_by(col(AnswerDecision.message_id))
            .limit(size)
        )
    ).all()
    if len(rows) < size or not all(verdict for _, verdict in rows):
        return False
    level = look_confidence(policy.confidence, policy.looks)
    scores = [score for score, _ in rows]
    chosen = choose(scores, [not is_wrong(verdict) for _, verdict in rows], policy.target_error, level)
    policy.looks += 1
    await _take(uow, policy, chosen, size, str(newest))
    return True


async def _take(uow: UnitOfWork, policy: AnswerPolicy, chosen: Threshold | None, size: int, model: str) -> None:
    """What a look found: a proof that the present threshold holds, a proposal for the supervisors, or nothing."""
    if chosen is None:
        await change(uow, MACHINE, policy, PROVES_NOTHING.format(judged=size), proposal=None)
        await uow.session.flush()
        return
    proposal = {
        "value": chosen.value,
        "count": chosen.count,
        "errors": chosen.errors,
        "bound": chosen.bound,
        "judged": size,
        "target_error": policy.target_error,
        "confidence": policy.confidence,
        "at": clock.iso(clock.now()),
        "model": model,
        "reference": await _reference(uow, policy),
    }
    found = PROVES.format(judged=size, threshold=f"{chosen.value:.3f}")
    if policy.state == State.SHIPPED:
        await change(uow, MACHINE, policy, found, state=State.ON.value, **accepted(proposal))
    else:
        await change(uow, MACHINE, policy, found, proposal=proposal)


async def _reference(uow: UnitOfWork, policy: AnswerPolicy) -> dict[str, Any]:
    """The population of the present epoch as a histogram of confidences; questions without an article count as 0."""
    query = _decided(policy, col(AnswerDecision.score)).order_by(col(AnswerDecision.message_id).desc())
    scores = list(await uow.session.scalars(query.limit(REFERENCE)))
    cuts = edges(scores)
    return {"edges": cuts, "counts": histogram(scores, cuts)}


async def _unjudged(uow: UnitOfWork, policy: AnswerPolicy) -> bool:
    """Whether a drawn answer has waited too long for its verdict."""
    query = drawn_of(policy, col(AnswerDecision.message_id)).where(
        col(AnswerDecision.verdict) == "", col(AnswerDecision.at) < clock.now() - PATIENCE
    )
    return await uow.session.scalar(query.limit(1)) is not None


async def _window(uow: UnitOfWork, policy: AnswerPolicy) -> bool:
    """Compare the next window of decisions with the reference, if it is full. Whether it was."""
    drift = policy.drift or {}
    query = _decided(policy, col(AnswerDecision.message_id), col(AnswerDecision.score), col(AnswerDecision.model))
    if drift.get("after"):
        query = query.where(col(AnswerDecision.message_id) > drift["after"])
    rows = (await uow.session.execute(query.order_by(col(AnswerDecision.message_id)).limit(WINDOW))).all()
    if rows and rows[-1].model != policy.model:
        await fall(uow, policy, Cause.MODEL, OTHER_MODEL)
        return False
    if len(rows) < WINDOW:
        return False
    await _compare(uow, policy, [row.score for row in rows], rows[-1].message_id)
    return True


async def _compare(uow: UnitOfWork, policy: AnswerPolicy, scores: Sequence[float], after: str) -> None:
    reference = policy.reference or {"edges": [], "counts": []}
    found = shift(reference["counts"], histogram(scores, reference["edges"]))
    seen = int((policy.drift or {}).get("windows", 0)) + 1
    told = {"index": round(found.index, 4), "limit": round(found.limit, 4), "at": clock.iso(clock.now())}
    policy.drift = {**told, "windows": seen, "after": after, "strangers": scores.count(0.0) / len(scores)}
    uow.session.add(policy)
    await uow.session.flush()
    if found.matters:
        why = MOVED.format(index=f"{found.index:.2f}", limit=f"{found.limit:.2f}")
        await fall(uow, policy, Cause.DRIFT, why)


def _decided(policy: AnswerPolicy, *columns: Any) -> Select[Any]:
    return select(*columns).where(
        col(AnswerDecision.category) == policy.category,
        col(AnswerDecision.language) == policy.language,
        col(AnswerDecision.epoch) == policy.epoch,
    )
