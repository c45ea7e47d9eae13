"""Answer policies: how the machine answers each category in each language, and with how many errors at the most."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import Field

from contactcenter.api.operations import Call, Operation, operation
from contactcenter.api.paging import page_of
from contactcenter.api.shapes import Collection, Input, Line, Moment, Output, PageQuery
from contactcenter.errors import NotFound
from contactcenter.staff.access import Role
from contactcenter.store.unit_of_work import UnitOfWork
from contactcenter.tickets.automation import control, policies
from contactcenter.tickets.automation.policies import LIMITS, Wish
from contactcenter.tickets.automation.records import AnswerPolicy, State


class ProofJson(Output):
    """A threshold that judged answers prove."""

    value: float = Field(description="Answers are sent from this confidence on.")
    count: int = Field(description="Judged answers at or above it.")
    errors: int = Field(description="Those of them that were not right.")
    bound: float = Field(description="The error is at most this (one-sided, Clopper and Pearson).")
    judged: int = Field(description="Judged answers in all.")
    target_error: float
    confidence: float
    at: str


class DriftJson(Output):
    """The last comparison of the questions with those the threshold was chosen on."""

    index: float = Field(description="Population stability index of the confidences.")
    limit: float = Field(description="Above it the population has moved.")
    windows: int = Field(description="Comparisons so far, each of 250 decisions.")
    strangers: float = Field(description="Share of questions without any article.")
    at: str


class AnswerPolicyJson(Output):
    """How a category is answered in a language."""

    category: str
    language: str
    state: State = Field(
        description="`shipped`: at the shipped threshold until enough answers are judged; `off`; `shadow`: decides, "
        "sends nothing; `on`: at the proven threshold."
    )
    target_error: float = Field(description="The share of wrong answers that is tolerated.")
    confidence: float = Field(description="How sure it is that the tolerated share is kept.")
    audit_rate: float = Field(description="Share of sent answers that people judge.")
    shadow_rate: float = Field(description="Share of unsent answers that people judge.")
    threshold: float | None = Field(description="The proven threshold; null: none was proven.")
    proof: ProofJson | None
    proposal: ProofJson | None = Field(description="A proven threshold that waits for a supervisor to switch on.")
    drift: DriftJson | None
    next_look: int = Field(description="Judged answers at which a threshold is looked for next.")
    attention: str = Field(
        description="Why the machine itself took it back: error, drift, audits, model; empty once a person saw to it."
    )
    version: int = Field(description="Rises with every change.")
    since: Moment = Field(description="Audits count since then.")
    updated_at: Moment


class AnswerPolicies(Collection[AnswerPolicyJson]):
    """A page of answer policies."""


def _between(name: str, description: str) -> Any:
    least, greatest = LIMITS[name]
    return Field(None, ge=least, le=greatest, description=description)


class AnswerPolicyInput(Input):
    """What is to change; what is left out stays."""

    state: Annotated[State | None, Field(strict=False)] = Field(
        None, description="`on` needs a proven threshold: run it in shadow, and judge its audits."
    )
    target_error: float | None = _between("target_error", "A smaller one has to be proven anew.")
    confidence: float | None = _between("confidence", "A greater one has to be proven anew.")
    audit_rate: float | None = _between("audit_rate", "Share of sent answers that people judge.")
    shadow_rate: float | None = _between("shadow_rate", "Share of unsent answers that people judge.")
    reason: Line = Field("", description="Kept in the history.")
    version: int | None = Field(None, description="Refused (409) when the policy has changed since this version.")


class PolicyChangeJson(Output):
    """One change of a policy; `agent` is empty for the machine."""

    id: str
    agent: str = Field(description="Id of the agent; empty: the machine.")
    reason: str
    was: dict[str, Any]
    now: dict[str, Any]
    at: Moment


class PolicyHistory(Collection[PolicyChangeJson]):
    """A page of a policy's history."""


@operation("GET", "/answer-policies", role=Role.AGENT, summary="How the machine answers each category")
async def list_answer_policies(call: Call, uow: UnitOfWork, query: PageQuery) -> AnswerPolicies:
    """Every category in every language the machine answers in."""
    del call
    page = page_of(await policies.list_policies(uow), query, lambda one: f"{one.category}:{one.language}")
    return AnswerPolicies(items=[policy_json(one) for one in page.items], next_cursor=page.next_cursor)


@operation("PATCH", "/answer-policies/{category}/{language}", role=Role.SUPERVISOR, summary="Change an answer policy")
async def change_answer_policy(
    call: Call, uow: UnitOfWork, category: str, language: str, body: AnswerPolicyInput
) -> AnswerPolicyJson:
    """Switch a category off, into shadow or on, and choose the error it may make.

    `on` is refused (409) until judged answers prove a threshold for the tolerated error.
    """
    wish = Wish(**body.model_dump(exclude={"version"}))
    return policy_json(
        await policies.set_policy(uow, call.actor, category, language, wish, expected_version=body.version)
    )


@operation(
    "GET", "/answer-policies/{category}/{language}/history", role=Role.AGENT, summary="Who changed an answer policy"
)
async def answer_policy_history(
    call: Call, uow: UnitOfWork, category: str, language: str, query: PageQuery
) -> PolicyHistory:
    """Newest first; what the machine changed by itself is there with its reason."""
    del call
    if (category, language) not in {(one.category, one.language) for one in await policies.list_policies(uow)}:
        raise NotFound("there is no such category and language")
    page = await policies.history(uow, category, language, cursor=query.cursor, limit=query.size)
    items = [
        PolicyChangeJson(id=one.id, agent=one.agent_id, reason=one.reason, was=one.was, now=one.now, at=one.at)
        for one in page.items
    ]
    return PolicyHistory(items=items, next_cursor=page.next_cursor)


def policy_json(policy: AnswerPolicy) -> AnswerPolicyJson:
    """A policy as JSON."""
    drift = policy.drift
    return AnswerPolicyJson(
        category=policy.category,
        language=policy.language,
        state=State(policy.state),
        target_error=policy.target_error,
        confidence=policy.confidence,
        audit_rate=policy.audit_rate,
        shadow_rate=policy.shadow_rate,
        threshold=policy.threshold,
        proof=_proof(policy.proof),
        proposal=_proof(policy.proposal),
        drift=DriftJson(**{name: drift[name] for name in DriftJson.model_fields}) if drift else None,
        next_look=control.look_size(policy),
        attention=policy.attention,
        version=policy.version,
        since=policy.since,
        updated_at=policy.updated_at,
    )


def _proof(found: dict[str, Any] | None) -> ProofJson | None:
    return ProofJson(**{name: found[name] for name in ProofJson.model_fields}) if found else None


OPERATIONS: tuple[Operation, ...] = (list_answer_policies, change_answer_policy, answer_policy_history)
