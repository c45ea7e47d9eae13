"""Audits: the randomly drawn answers of the machine, for people to judge."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from contactcenter.api.operations import Call, Operation, operation
from contactcenter.api.shapes import Collection, Input, Line, Moment, Output, PageQuery, Words
from contactcenter.staff.access import Role
from contactcenter.store.unit_of_work import UnitOfWork
from contactcenter.tickets.automation import audits
from contactcenter.tickets.automation.audits import Audit, Judgement
from contactcenter.tickets.automation.records import Action, Reaction, Verdict
from contactcenter.triage.masking import mask


class AuditJson(Output):
    """A drawn answer: what was asked, what the machine answered or would have, what people say of it."""

    id: str = Field(description="Id of the customer's message.")
    ticket: int | None = Field(description="Number of its ticket.")
    category: str
    language: str
    action: Action = Field(description="`answered`: it was sent; `shadow`: it was kept back.")
    confidence: float
    threshold: float
    subject: str
    text: str = Field(description="What the customer newly wrote; card and identity numbers masked.")
    article: str = Field(description="Id of the article.")
    article_title: str = Field(description="As it is today; empty where the article is gone.")
    article_version: int
    answer: str = Field(description="The article's text as it stood, Markdown.")
    verdict: Verdict | None = Field(description="Null until it is judged; unsure counts as wrong.")
    judged_by: str = Field(description="Name of who judged it.")
    judged_at: Moment | None
    note: str
    reaction: Reaction | None = Field(description="What the customer did; it never counts as a verdict.")
    at: Moment


class Audits(Collection[AuditJson]):
    """A page of audits."""


class AuditFilter(PageQuery):
    """Which of them."""

    state: Literal["open", "judged", "all"] = Field("open", description="Open ones come oldest first, others newest.")
    category: Line = ""
    language: Line = ""


class VerdictJson(Input):
    """What you say of the answer."""

    verdict: Literal["right", "wrong", "unsure"] = Field(
        description="right: the answer answers the question and is true. When in doubt: unsure."
    )
    note: Words = ""
    category: Line = Field("", description="The right category where triage was wrong; the ticket takes it.")
    reopen: bool = Field(False, description="Open the ticket again: the customer needs another answer.")


@operation("GET", "/audits", role=Role.AGENT, summary="Answers drawn for an audit")
async def list_audits(call: Call, uow: UnitOfWork, query: AuditFilter) -> Audits:
    """On tickets you may see."""
    page = await audits.list_audits(
        uow,
        call.actor,
        judged={"open": False, "judged": True, "all": None}[query.state],
        category=query.category,
        language=query.language,
        cursor=query.cursor,
        limit=query.size,
    )
    return Audits(items=[_json(audit) for audit in page.items], next_cursor=page.next_cursor)


@operation("GET", "/audits/{message_id}", role=Role.AGENT, summary="One drawn answer")
async def get_audit(call: Call, uow: UnitOfWork, message_id: str) -> AuditJson:
    """By the id of the customer's message."""
    return _json(await audits.get_audit(uow, call.actor, message_id))


@operation("POST", "/audits/{message_id}", role=Role.AGENT, summary="Judge a drawn answer")
async def judge_audit(call: Call, uow: UnitOfWork, message_id: str, body: VerdictJson) -> AuditJson:
    """Your verdict counts at once: it may prove a threshold, or put the category into shadow.

    The same verdict again changes nothing; another's verdict is corrected by supervisors alone (409).
    """
    judgement = Judgement(Verdict(body.verdict), body.note, body.category, body.reopen)
    await audits.judge(uow, call.actor, message_id, judgement)
    return _json(await audits.get_audit(uow, call.actor, message_id))


def _json(audit: Audit) -> AuditJson:
    decision, message = audit.decision, audit.message
    return AuditJson(
        id=decision.message_id,
        ticket=audit.ticket,
        category=decision.category,
        language=decision.language,
        action=Action(decision.action),
        confidence=decision.score,
        threshold=decision.threshold,
        subject=mask(message.subject),
        text=mask(message.visible_text or message.text),
        article=decision.article_id,
        article_title=audit.article_title,
        article_version=decision.article_version,
        answer=decision.answer,
        verdict=Verdict(decision.verdict) if decision.verdict else None,
        judged_by=audit.judge,
        judged_at=decision.judged_at,
        note=decision.note,
        reaction=Reaction(decision.reaction) if decision.reaction else None,
        at=decision.at,
    )


OPERATIONS: tuple[Operation, ...] = (list_audits, get_audit, judge_audit)
