"""Tables of automatic answers: the state of each category, its history, and every decision."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import Index, text
from sqlmodel import Field, SQLModel

from contactcenter.store.schema import document, flag, integer, link, moment, optional_document, primary_id, words


class State(StrEnum):
    """What the machine does with a category in a language.

    ``SHIPPED``: it has no state of its own yet and answers at the shipped threshold. ``SHADOW``: it decides, sends
    nothing, and the answer it would have sent is kept.
    """

    SHIPPED = "shipped"
    OFF = "off"
    SHADOW = "shadow"
    ON = "on"


class Action(StrEnum):
    """What became of a question that nothing spoke against."""

    ANSWERED = "answered"
    SHADOW = "shadow"  # would have been sent, or is looked at to find the threshold
    BELOW = "below"  # not sure enough


class Verdict(StrEnum):
    """What a person says of an answer; unsure counts as wrong."""

    RIGHT = "right"
    WRONG = "wrong"
    UNSURE = "unsure"


class Reaction(StrEnum):
    """What the customer did after an answer: said that it helped, or came back. Silence is neither."""

    HELPED = "helped"
    RETURNED = "returned"


class AnswerPolicy(SQLModel, table=True):
    """How a category is answered in a language. Without a row it is as shipped.

    ``epoch`` rises whenever figures of before no longer speak for what is now; labelled outcomes count within one.
    ``threshold`` was chosen from labelled outcomes (null: none was), ``proof`` says from which; ``proposal`` is the
    same, waiting for a supervisor. ``reference`` is the population the threshold was chosen on, as a histogram.
    ``attention`` is why the machine itself took it back, until a supervisor has seen to it.
    """

    __tablename__ = "answer_policy"

    category: str = words(key=True)
    language: str = words(key=True)
    state: str = words(default=State.SHIPPED)
    target_error: float = Field(default=0.02)
    confidence: float = Field(default=0.95)
    audit_rate: float = Field(default=0.05)  # of the answers sent
    shadow_rate: float = Field(default=0.25)  # of the answers kept back
    threshold: float | None = Field(default=None)
    proof: dict[str, Any] | None = optional_document()
    proposal: dict[str, Any] | None = optional_document()
    reference: dict[str, Any] | None = optional_document()
    drift: dict[str, Any] | None = optional_document()
    model: str = words()  # the threshold was chosen on what this model said
    epoch: int = integer(default=1)
    looks: int = integer()  # at the outcomes of this epoch, to choose a threshold
    attention: str = words()
    version: int = integer(default=1)
    since: datetime = moment()  # of this epoch
    updated_at: datetime = moment()


class AnswerPolicyChange(SQLModel, table=True):
    """Who changed what about a category's answers, and why."""

    __tablename__ = "answer_policy_change"
    __table_args__ = (Index("ix_answer_policy_change_policy", "category", "language", text("id DESC")),)

    id: str = primary_id()
    category: str = words()
    language: str = words()
    agent_id: str = words()  # empty: the machine
    reason: str = words()
    was: dict[str, Any] = document()
    now: dict[str, Any] = document()
    at: datetime = moment()


class AnswerDecision(SQLModel, table=True):
    """What the machine made of one question, whether chance drew it for an audit, and what came of it."""

    __tablename__ = "answer_decision"
    __table_args__ = (
        Index("ix_answer_decision_epoch", "category", "language", "epoch", "message_id"),
        Index(
            "ix_answer_decision_drawn",
            "category",
            "language",
            "epoch",
            "message_id",
            postgresql_where=text("drawn"),
        ),
        Index("ix_answer_decision_open", "message_id", postgresql_where=text("drawn AND verdict = ''")),
        Index("ix_answer_decision_at", "at"),
        Index(
            "ix_answer_decision_conversation",
            "conversation_id",
            postgresql_where=text("action = 'answered' AND reaction = ''"),
        ),
    )

    message_id: str = link("message.id", cascade=True, key=True)
    conversation_id: str = words()
    category: str = words()
    language: str = words()
    epoch: int = integer(default=1)
    action: str = words()
    score: float = Field(default=0.0)  # 0 where no article was found
    threshold: float = Field(default=1.0)
    article_id: str = words()
    article_version: int = integer()
    answer: str = words()  # the article's text as it stood, where the answer was drawn or kept back
    model: str = words()
    drawn: bool = flag()
    verdict: str = words()
    judged_by: str = words()
    judged_at: datetime | None = moment(nullable=True)
    note: str = words()
    reaction: str = words()
    reacted_at: datetime | None = moment(nullable=True)
    at: datetime = moment()
