"""Reports: figures over a period, for those who answer for them."""

from __future__ import annotations

from datetime import date

from pydantic import Field

from contactcenter.api.answer_policies import DriftJson, policy_json
from contactcenter.api.operations import Call, Operation, operation
from contactcenter.api.shapes import Moment, Output, Query
from contactcenter.knowledge import readings
from contactcenter.staff.access import Role
from contactcenter.store.unit_of_work import UnitOfWork
from contactcenter.tickets.automation import quality
from contactcenter.tickets.automation.quality import PolicyQuality
from contactcenter.tickets.automation.records import State


class AuditedJson(Output):
    """Verdicts on randomly drawn answers since the policy last changed; nothing else counts here."""

    labelled: int = Field(description="Judged, those below the threshold included.")
    open: int = Field(description="Drawn and not judged yet.")
    right: int
    wrong: int
    unsure: int
    error: float | None = Field(description="Share not right; unsure counts as wrong. Null: nothing was judged.")
    low: float = Field(description="With the policy's confidence the true error is never below this …")
    high: float = Field(description="… nor above this, at whatever moment one looks.")


class OutcomesJson(Output):
    """What customers did after answers; an estimate of nothing, and counted apart."""

    verified: int = Field(description="Said that it helped.")
    assumed: int = Field(description="Nothing was heard for seven days.")
    recent: int = Field(description="Too early to say.")
    returned: int = Field(description="Wrote again.")


class PolicyQualityJson(Output):
    """A category in a language."""

    category: str
    language: str
    state: State
    target_error: float
    confidence: float
    threshold: float | None
    attention: str
    messages: int = Field(description="That began a ticket in the period.")
    considered: int = Field(description="Those that no rule kept from an answer.")
    answered: int
    shadow: int = Field(description="Answers that would have been sent.")
    coverage: float = Field(description="Answered share of the messages.")
    audited: AuditedJson
    outcomes: OutcomesJson
    wanted: int = Field(description="Judged answers until a threshold is looked for; 0 where none is.")
    delay: float = Field(description="Answers until an error of ten times the target stops it, on average, at most.")
    drift: DriftJson | None


class ConfusionJson(Output):
    """Audited messages by the category triage said and the one people say it is."""

    said: str
    right: str
    audits: int
    wrong: int = Field(description="Of these, answers that were not right.")


class MachineQualityJson(Output):
    """How often the machine answers, how often it is wrong, and whether anything has moved."""

    since: Moment
    policies: list[PolicyQualityJson]
    confusion: list[ConfusionJson]


class PeriodQuery(Query):
    """Over which time."""

    days: int = Field(30, ge=1, le=366, description="Days back from now.")


@operation("GET", "/reports/machine-quality", role=Role.SUPERVISOR, summary="How good automatic answers are")
async def machine_quality(call: Call, uow: UnitOfWork, query: PeriodQuery) -> MachineQualityJson:
    """Coverage, audited error with its bounds, drift, what customers did, and mistaken categories.

    The error is estimated from randomly drawn answers alone, and holds at whatever moment one looks.
    """
    found = await quality.machine_quality(uow, call.actor, days=query.days)
    return MachineQualityJson(
        since=found.since,
        policies=[_json(one) for one in found.policies],
        confusion=[
            ConfusionJson(said=one.said, right=one.right, audits=one.audits, wrong=one.wrong) for one in found.confusion
        ],
    )


def _json(one: PolicyQuality) -> PolicyQualityJson:
    policy, audited, outcomes = policy_json(one.policy), one.audited, one.outcomes
    return PolicyQualityJson(
        category=policy.category,
        language=policy.language,
        state=policy.state,
        target_error=policy.target_error,
        confidence=policy.confidence,
        threshold=policy.threshold,
        attention=policy.attention,
        messages=one.messages,
        considered=one.considered,
        answered=one.answered,
        shadow=one.shadow,
        coverage=one.coverage,
        audited=AuditedJson(**{name: getattr(audited, name) for name in AuditedJson.model_fields}),
        outcomes=OutcomesJson(**{name: getattr(outcomes, name) for name in OutcomesJson.model_fields}),
        wanted=one.wanted,
        delay=one.delay,
        drift=policy.drift,
    )


class ArticleDayJson(Output):
    """An article on a day (UTC) on which somebody read it on the public help pages."""

    day: date
    article_id: str
    language: str
    title: str
    views: int
    yes: int = Field(description="Readers who said that it answered their question.")
    no: int = Field(description="Readers who said that it did not.")


class SearchDayJson(Output):
    """The searches on the public help pages in a language on a day (UTC)."""

    day: date
    language: str
    searches: int
    without_result: int


class HelpJson(Output):
    """How much the public help pages are read, and whether they answer. Robots are left out as far as they say so."""

    since: date
    articles: list[ArticleDayJson]
    searches: list[SearchDayJson]


@operation("GET", "/reports/help", role=Role.SUPERVISOR, summary="How the public help pages are read")
async def help_pages(call: Call, uow: UnitOfWork, query: PeriodQuery) -> HelpJson:  # noqa: ARG001
    """Counters by day, the newest first; a day, article or language without any is left out.

    `days` are whole days in UTC, today among them.
    """
    return HelpJson(
        since=readings.first_day(query.days),
        articles=[
            ArticleDayJson(
                day=one.day,
                article_id=one.article_id,
                language=one.language,
                title=one.title,
                views=one.reading.views,
                yes=one.reading.yes,
                no=one.reading.no,
            )
            for one in await readings.article_days(uow, query.days)
        ],
        searches=[
            SearchDayJson(day=one.day, language=one.language, searches=one.searches, without_result=one.without_result)
            for one in await readings.search_days(uow, query.days)
        ],
    )


OPERATIONS: tuple[Operation, ...] = (machine_quality, help_pages)
