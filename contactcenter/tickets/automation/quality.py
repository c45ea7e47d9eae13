"""Machine quality: how often the machine answers, how often it is wrong, what customers say, whether anything moved.

Errors are estimated from drawn audits alone, for nothing else is a fair sample. What customers said, and what they
silently left, is counted apart: a customer who said that it helped is verified, silence for a week only assumed.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import DateTime, Row, bindparam, text

from contactcenter import clock
from contactcenter.staff.access import Actor, Role, require
from contactcenter.store.unit_of_work import UnitOfWork
from contactcenter.tickets.automation import control
from contactcenter.tickets.automation.policies import list_policies
from contactcenter.tickets.automation.records import AnswerPolicy, State
from contactcenter.triage.bounds import running_bounds
from contactcenter.triage.drift import expected_delay

SILENCE = timedelta(days=7)
"""Whoever says nothing for so long after an answer is assumed to be helped."""

_PERIOD = text(
    """
    WITH decided AS (
        SELECT category, language,
            count(*) AS considered,
            count(*) FILTER (WHERE action = 'answered') AS answered,
            count(*) FILTER (WHERE action = 'shadow' AND score >= threshold) AS shadow,
            count(*) FILTER (WHERE action = 'answered' AND reaction = 'helped') AS helped,
            count(*) FILTER (WHERE action = 'answered' AND reaction = 'returned') AS returned,
            count(*) FILTER (WHERE action = 'answered' AND reaction = '' AND at < :silence) AS silent,
            count(*) FILTER (WHERE action = 'answered' AND reaction = '' AND at >= :silence) AS recent
        FROM answer_decision WHERE at >= :since GROUP BY category, language
    ),
    asked AS (
        SELECT category, language, count(*) AS messages FROM ticket
        WHERE id >= CAST(:first AS uuid) AND category <> '' GROUP BY category, language
    )
    SELECT * FROM decided FULL JOIN asked USING (category, language)
    """
).bindparams(bindparam("since", type_=DateTime(timezone=True)), bindparam("silence", type_=DateTime(timezone=True)))

_EPOCH = text(
    """
    SELECT d.category, d.language,
        count(*) FILTER (WHERE verdict <> '') AS labelled,
        count(*) FILTER (WHERE verdict = '') AS open,
        count(*) FILTER (WHERE verdict = 'right' AND score >= d.threshold) AS "right",
        count(*) FILTER (WHERE verdict = 'wrong' AND score >= d.threshold) AS wrong,
        count(*) FILTER (WHERE verdict = 'unsure' AND score >= d.threshold) AS unsure
    FROM answer_decision d LEFT JOIN answer_policy p USING (category, language)
    WHERE drawn AND d.epoch = coalesce(p.epoch, 1)
    GROUP BY d.category, d.language
    """
)

_CONFUSION = text(
    """
    SELECT d.category AS said, coalesce(f.label, d.category) AS is, count(*) AS audits,
        count(*) FILTER (WHERE verdict <> 'right') AS wrong
    FROM answer_decision d
    LEFT JOIN feedback f ON f.message_id = d.message_id AND f.head = 'category' AND f.stands
    WHERE drawn AND verdict <> '' AND d.at >= :since
    GROUP BY 1, 2 ORDER BY audits DESC, 1, 2
    """
).bindparams(bindparam("since", type_=DateTime(timezone=True)))


@dataclass(frozen=True, slots=True)
class Audited:
    """Verdicts on drawn answers of the present epoch, at or above the threshold of their time.

    ``error``: the share not right (null where nothing was judged), ``low`` and ``high`` hold it at every moment of the
    epoch with the policy's confidence. ``labelled`` also counts answers below the threshold; ``open`` wait.
    """

    labelled: int = 0
    open: int = 0
    right: int = 0
    wrong: int = 0
    unsure: int = 0
    error: float | None = None
    low: float = 0.0
    high: float = 1.0


@dataclass(frozen=True, slots=True)
class Outcomes:
    """What customers did after the answers of the period.

    ``verified``: they said that it helped; ``assumed``: nothing was heard for a week; ``recent``: too early to say;
    ``returned``: they wrote again.
    """

    verified: int = 0
    assumed: int = 0
    recent: int = 0
    returned: int = 0


@dataclass(frozen=True, slots=True)
class PolicyQuality:
    """A category in a language.

    ``messages`` began a ticket in the period; ``considered``: no rule spoke against an answer; ``shadow``: would have
    been sent. ``wanted``: judged answers until the next look for a threshold. ``delay``: answers until a rise of the
    error to ten times its target stands out, on average and at most.
    """

    policy: AnswerPolicy
    messages: int
    considered: int
    answered: int
    shadow: int
    audited: Audited
    outcomes: Outcomes
    wanted: int
    delay: float

    @property
    def coverage(self) -> float:
        """The share of messages that the machine answered."""
        return min(1.0, self.answered / self.messages) if self.messages else 0.0


@dataclass(frozen=True, slots=True)
class Confusion:
    """Audited messages that triage put into ``said`` and people into ``right``; ``wrong`` of the answers were not."""

    said: str
    right: str
    audits: int
    wrong: int


@dataclass(frozen=True, slots=True)
class MachineQuality:
    """All figures since ``since``."""

    since: datetime
    policies: list[PolicyQuality]
    confusion: list[Confusion]


async def machine_quality(uow: UnitOfWork, actor: Actor, *, days: int = 30) -> MachineQuality:
    """The figures of the last ``days``. For supervisors. Five statements."""
    require(actor, Role.SUPERVISOR)
    now = clock.now()
    since = now - timedelta(days=days)
    policies = await list_policies(uow)
    times = {"since": since, "silence": now - SILENCE, "first": clock.id_at(since)}
    period = {(row.category, row.language): row for row in await uow.session.execute(_PERIOD, times)}
    epoch = {(row.category, row.language): row for row in await uow.session.execute(_EPOCH)}
    confusion = await uow.session.execute(_CONFUSION, {"since": since})
    found = []
    for policy in policies:
        pair = (policy.category, policy.language)
        found.append(_quality(policy, period.get(pair), epoch.get(pair)))
    return MachineQuality(since, found, [Confusion(*row) for row in confusion])


async def audited(uow: UnitOfWork) -> dict[tuple[str, str], Audited]:
    """The verdicts of the present epochs, by category and language, at the default confidence. One statement."""
    rows = await uow.session.execute(_EPOCH)
    return {(row.category, row.language): _audited(row, 0.95) for row in rows}


def _quality(policy: AnswerPolicy, period: Row[Any] | None, epoch: Row[Any] | None) -> PolicyQuality:
    judged = _audited(epoch, policy.confidence)
    learns = policy.state in {State.SHIPPED, State.SHADOW}
    rate = policy.shadow_rate if policy.state == State.SHADOW else policy.audit_rate
    return PolicyQuality(
        policy=policy,
        messages=_number(period, "messages"),
        considered=_number(period, "considered"),
        answered=_number(period, "answered"),
        shadow=_number(period, "shadow"),
        audited=judged,
        outcomes=Outcomes(
            verified=_number(period, "helped"),
            assumed=_number(period, "silent"),
            recent=_number(period, "recent"),
            returned=_number(period, "returned"),
        ),
        wanted=max(0, control.look_size(policy) - judged.labelled) if learns else 0,
        delay=expected_delay(policy.target_error, min(0.5, policy.target_error * 10)) / rate,
    )


def _audited(row: Row[Any] | None, level: float) -> Audited:
    if row is None:
        return Audited()
    wrong, judged = row.wrong + row.unsure, row.right + row.wrong + row.unsure
    low, high = running_bounds(wrong, judged, level)
    error = wrong / judged if judged else None
    return Audited(row.labelled, row.open, row.right, row.wrong, row.unsure, error, low, high)


def _number(row: Row[Any] | None, name: str) -> int:
    return int(getattr(row, name) or 0) if row is not None else 0
