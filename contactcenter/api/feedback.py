"""Feedback: what agents and programs say of what triage said. The next training learns from it."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from contactcenter.api.operations import Call, Operation, operation
from contactcenter.api.shapes import Collection, Input, Line, Moment, Output
from contactcenter.errors import Unprocessable
from contactcenter.staff.access import Role
from contactcenter.store.unit_of_work import UnitOfWork
from contactcenter.tickets import feedback, judging
from contactcenter.tickets.access import access_message
from contactcenter.tickets.records import Feedback, FeedbackSource


class FeedbackJson(Output):
    """One thing said of a message."""

    id: str
    head: str = Field(description="category | urgency | sentiment | complaint | answer")
    label: str
    was: str = Field(description="What the machine had said; empty when nothing.")
    article: str | None = Field(description="Id of the article, where the head is answer.")
    source: FeedbackSource
    author: str = Field(description="Id of the agent who said it.")
    model: str = Field(description="Name and version of the model that had assessed the message.")
    stands: bool = Field(description="Whether it is the last word; only that is learnt from.")
    at: Moment


class FeedbackList(Collection[FeedbackJson]):
    """What was said of a message."""


class FeedbackInput(Input):
    """What is right; what is left out is not spoken of. What the machine said already, said again, confirms it."""

    category: Line | None = Field(None, description="Key of a category.")
    urgency: Literal["low", "normal", "high"] | None = None
    sentiment: Literal["negative", "neutral", "positive"] | None = None
    complaint: bool | None = None
    move: bool = Field(False, description="Send the ticket to the queue of its new category.")


@operation("GET", "/messages/{message_id}/feedback", role=Role.AGENT, summary="What was said of an assessment")
async def list_feedback(call: Call, uow: UnitOfWork, message_id: str) -> FeedbackList:
    """Everything, the newest first: also what no longer stands."""
    await access_message(uow, call.actor, message_id)
    return FeedbackList(items=[_json(one) for one in await feedback.history(uow, message_id)], next_cursor=None)


@operation("POST", "/messages/{message_id}/feedback", role=Role.AGENT, summary="Set right what triage said")
async def give_feedback(call: Call, uow: UnitOfWork, message_id: str, body: FeedbackInput) -> FeedbackList:
    """The last word on a message counts. Answers with all that stands of it now.

    Where its ticket was sorted by this message, the ticket follows: its category, mood and complaint.
    """
    labels = {
        name: value
        for name, value in (("category", body.category), ("urgency", body.urgency), ("sentiment", body.sentiment))
        if value is not None
    }
    if body.complaint is not None:
        labels["complaint"] = "yes" if body.complaint else "no"
    if not labels:
        raise Unprocessable("say something about category, urgency, sentiment or complaint", field="category")
    found = await judging.judge_message(uow, call.actor, message_id, labels, move_queue=body.move)
    return FeedbackList(items=[_json(one) for one in found], next_cursor=None)


@operation(
    "DELETE",
    "/messages/{message_id}/feedback/{head}",
    role=Role.AGENT,
    summary="Take back what was said of an assessment",
)
async def withdraw_feedback(call: Call, uow: UnitOfWork, message_id: str, head: str) -> FeedbackList:
    """The machine's own word holds again for training; the ticket stays as it is."""
    found = await judging.withdraw(uow, call.actor, message_id, head)
    return FeedbackList(items=[_json(one) for one in found], next_cursor=None)


def _json(one: Feedback) -> FeedbackJson:
    return FeedbackJson(
        id=one.id,
        head=one.head,
        label=one.label,
        was=one.was,
        article=one.article_id or None,
        source=FeedbackSource(one.source),
        author=one.agent_id,
        model=one.model,
        stands=one.stands,
        at=one.at,
    )


OPERATIONS: tuple[Operation, ...] = (list_feedback, give_feedback, withdraw_feedback)
