"""What becomes of a question that nothing speaks against: a category's rule and the confidence decide. Pure.

Whoever cannot say that an answer keeps the promise sends none: an unknown state, a threshold chosen for another model
and a score that is not a number all end with people.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

from contactcenter.tickets.automation.records import Action, State

SHADOW_FLOOR = 0.7
"""Answers less likely than this are not looked at to find a threshold."""


@dataclass(frozen=True, slots=True)
class Standing:
    """What the intake reads of a category's and language's policy; ``threshold`` is null where none was chosen."""

    state: State
    threshold: float | None
    audit_rate: float
    shadow_rate: float
    epoch: int
    model: str


@dataclass(frozen=True, slots=True)
class Rule:
    """A category's and language's policy as a decision needs it.

    ``threshold`` is the one that holds now, the shipped one where none was chosen; ``model`` is empty where the
    threshold was chosen for none in particular.
    """

    state: State
    threshold: float
    audit_rate: float = 0.05
    shadow_rate: float = 0.25
    epoch: int = 1
    model: str = ""


@dataclass(frozen=True, slots=True)
class Ruling:
    """What is done, whether a person is to judge it, and the reason where nothing is sent."""

    action: Action
    drawn: bool = False
    reason: str = ""


def rule_of(standing: Standing | None, shipped: float) -> Rule:
    """The rule of a category; ``shipped`` is the threshold of those that have no own, and of those nobody touched."""
    if standing is None:
        return Rule(State.SHIPPED, shipped)
    # On without a proven threshold cannot be; if it is, nothing is sent.
    state = State.SHADOW if standing.state is State.ON and standing.threshold is None else standing.state
    threshold = shipped if standing.threshold is None else standing.threshold
    return Rule(state, threshold, standing.audit_rate, standing.shadow_rate, standing.epoch, standing.model)


NOT_SURE = "no article answers it surely enough"


def rule_on(rule: Rule, score: float, *, model: str, message_id: str) -> Ruling:
    """The ruling on an answer of this score; ``message_id`` decides by lot whether people judge it."""
    sends = rule.state is State.ON or rule.state is State.SHIPPED
    if sends and rule.model in {"", model}:
        if not rule.threshold <= score <= 1:
            return Ruling(Action.BELOW, reason=NOT_SURE)
        return Ruling(Action.ANSWERED, is_drawn(message_id, rule.audit_rate))
    if not SHADOW_FLOOR <= score <= 1:
        return Ruling(Action.BELOW, reason=NOT_SURE)
    reason = "its category is answered in shadow only" if not sends else "its threshold was chosen for another model"
    return Ruling(Action.SHADOW, is_drawn(message_id, rule.shadow_rate), reason)


def is_drawn(message_id: str, rate: float) -> bool:
    """Whether chance draws a message: the same whenever it is asked, independent of everything the message says."""
    digest = hashlib.sha256(f"audit:{message_id}".encode()).digest()
    return int.from_bytes(digest[:8]) < rate * 2**64
