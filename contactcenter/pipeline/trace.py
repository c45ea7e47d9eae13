"""Why the machine did what it did with a message: the figures and rules behind it, compact, for people to read. Pure.

What triage saw in the text (the words that weighed most, like messages) is with the assessment itself.
"""

from __future__ import annotations

from typing import Any

from contactcenter.envelope import Content
from contactcenter.pipeline.assessing import Unassessed
from contactcenter.tickets.answering import Decision
from contactcenter.triage.assessment import Assessment

REASONS, WARNINGS = 12, 6
"""So many of each are kept."""
LONGEST = 90
"""Characters of one."""


def trace_of(
    content: Content,
    assessment: Assessment | None,
    unassessed: Unassessed | None,
    decision: Decision,
    copy_of: str = "",
) -> dict[str, Any]:
    """The trace of one message as plain JSON values, 2 KB or less.

    ``reasons``: the rules that spoke against an automatic answer. ``signals``: what the decision looked at.
    ``unassessed``: why triage says nothing. ``model``: name and version. And what the decision itself notes.
    """
    trace: dict[str, Any] = {
        "reasons": _short(decision.reasons, REASONS),
        "copy_of": copy_of,
        "warnings": _short(content.warnings, WARNINGS),
        "model": assessment.model if assessment else "",
        **decision.trace,
    }
    if unassessed is not None:
        trace["unassessed"] = unassessed.value
    if assessment is not None:
        trace["signals"] = {**signals_of(assessment), **trace.get("signals", {})}
    return trace


def signals_of(assessment: Assessment) -> dict[str, Any]:
    """The figures of an assessment that decide: how sure, how far ahead of the next, in which language."""
    category = assessment.category
    runner_up = category.alternatives[0].probability if category.alternatives else 0.0
    return {
        "category": category.probability,
        "margin": round(category.probability - runner_up, 4),
        "complaint": assessment.complaint.probability,
        "language": assessment.language,
    }


def _short(said: tuple[str, ...], most: int) -> list[str]:
    return [one[:LONGEST] for one in said[:most]]
