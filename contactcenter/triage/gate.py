"""The gate before a retrained model: it must not be worse where we know the truth, and better where people spoke.

Two models judge the same messages, so only those count that one of them got right and the other wrong; the exact sign
test (McNemar 1947, in its binomial form) says whether such a difference is chance. Pure: no database, no numpy.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from contactcenter.triage.assessment import Assessment
from contactcenter.triage.feedback import Said

CATEGORY, URGENCY, SENTIMENT, COMPLAINT = "category", "urgency", "sentiment", "complaint"
ALL = ""
"""Every language."""

MOST_LOST = 0.01
"""Share of the hold-out that a candidate may lose at most, in any head."""

SURE_OF_LOSS = 0.01
"""A loss that chance explains less often than this refuses a candidate; many heads and languages are looked at."""

SURE_OF_GAIN = 0.1
"""A gain that chance explains more often than this is none."""

FEWEST_SAID = 20
"""Words about held-apart messages below which nothing is proven."""

MOST_MOVED = 0.10
"""Share of the last weeks' tickets nobody corrected that may get another category without a person's order."""


@dataclass(frozen=True, slots=True)
class Compared:
    """Two models on the same messages: how many each got right, and where they differ.

    ``gained``: right now and wrong before; ``lost``: the reverse. ``language`` is empty for all of them.
    """

    what: str
    rows: int
    live: int
    candidate: int
    gained: int
    lost: int
    language: str = ALL

    @property
    def chance_of_loss(self) -> float:
        """How often chance alone loses as much."""
        return at_least(self.lost, self.gained + self.lost)

    @property
    def chance_of_gain(self) -> float:
        """How often chance alone gains as much."""
        return at_least(self.gained, self.gained + self.lost)

    def to_json(self) -> dict[str, Any]:
        """The comparison as plain JSON values, accuracies as shares."""
        return {
            "what": self.what,
            "language": self.language,
            "rows": self.rows,
            "live": round(self.live / self.rows, 4) if self.rows else None,
            "candidate": round(self.candidate / self.rows, 4) if self.rows else None,
            "gained": self.gained,
            "lost": self.lost,
        }


LOSES = "{what}: loses {lost} and gains {gained} of {rows}"
LOSES_IN = "{what} in {language}: loses {lost} and gains {gained} of {rows}"
TOO_FEW = "only {rows} words about messages held apart; {needed} are needed"
NO_BETTER = "no better on messages held apart: gains {gained}, loses {lost} of {rows}"
ONE_PERSON = "only one person's words speak for it"
MOVES = "it would sort {percent} % of the tickets elsewhere that nobody corrected"


@dataclass(frozen=True, slots=True)
class Objection:
    """What speaks against a candidate: one of the sentences above, and what stands for the names in its braces."""

    sentence: str
    values: Mapping[str, str | int] = field(default_factory=dict)

    def __str__(self) -> str:
        return self.sentence.format(**self.values)

    def to_json(self) -> dict[str, Any]:
        """The objection as plain JSON values."""
        return {"sentence": self.sentence, "values": dict(self.values)}


@dataclass(frozen=True, slots=True)
class Verdict:
    """Whether a candidate may go to work by itself, and what speaks against it."""

    passed: bool
    objections: tuple[Objection, ...]


def at_least(wins: int, tries: int) -> float:
    """Probability of that many wins or more among fair coin tosses (one-sided sign test); 1 without a toss."""
    if tries > 1000:  # the normal approximation is exact to four digits here
        return 0.5 * math.erfc((wins - 0.5 - tries / 2) / math.sqrt(tries / 2))
    return float(sum(math.comb(tries, won) for won in range(wins, tries + 1)) / 2**tries)


def said_by(assessment: Assessment) -> dict[str, str]:
    """Head → label, as an assessment says it."""
    return {
        CATEGORY: assessment.category.label,
        URGENCY: assessment.urgency.label,
        SENTIMENT: assessment.sentiment.label,
        COMPLAINT: "yes" if assessment.complaint.is_complaint else "no",
    }


def compared(
    what: str, truth: Sequence[str], live: Sequence[str], candidate: Sequence[str], language: str = ALL
) -> Compared:
    """Two models' labels against the truth."""
    pairs = [(a == right, b == right) for right, a, b in zip(truth, live, candidate, strict=True)]
    return Compared(
        what,
        len(pairs),
        sum(a for a, _ in pairs),
        sum(b for _, b in pairs),
        sum(b and not a for a, b in pairs),
        sum(a and not b for a, b in pairs),
        language,
    )


def on_hold_out(
    truth: Sequence[Mapping[str, str]],
    spoken: Sequence[str],
    live: Sequence[Assessment],
    candidate: Sequence[Assessment],
) -> list[Compared]:
    """Every head on the hold-out, overall and by language, and of the complaints how many are recognised."""
    before, after = [said_by(one) for one in live], [said_by(one) for one in candidate]
    found = []
    for head in (CATEGORY, URGENCY, SENTIMENT, COMPLAINT):
        labelled = [row for row, labels in enumerate(truth) if head in labels]
        complaints = [row for row in labelled if truth[row][head] == "yes"] if head == COMPLAINT else []
        parts = [(head, ALL, labelled), ("complaints found", ALL, complaints)]
        parts += [
            (head, language, [row for row in labelled if spoken[row] == language]) for language in sorted(set(spoken))
        ]
        found += [
            compared(
                what,
                [truth[row][head] for row in rows],
                [before[row][head] for row in rows],
                [after[row][head] for row in rows],
                language,
            )
            for what, language, rows in parts
            if rows
        ]
    return found


def on_feedback(words: Sequence[Said], live: Mapping[str, Assessment], candidate: Mapping[str, Assessment]) -> Compared:
    """Both models on held-apart messages (id → assessment) against what people said of them."""
    return compared(
        "feedback",
        [said.label for said in words],
        [said_by(live[said.message])[said.head] for said in words],
        [said_by(candidate[said.message])[said.head] for said in words],
    )


def without_each_author(
    words: Sequence[Said], live: Mapping[str, Assessment], candidate: Mapping[str, Assessment]
) -> Compared:
    """The same without the author whose words speak most for the candidate: a gain must not be one person's alone."""
    authors = sorted({said.author for said in words})
    without = [on_feedback([said for said in words if said.author != author], live, candidate) for author in authors]
    return min(without, key=lambda one: one.gained - one.lost, default=on_feedback([], live, candidate))


def judge(hold_out: Sequence[Compared], said: Compared, without_one: Compared, moved: float) -> Verdict:
    """Whether the candidate may replace the live model without a person's order.

    ``moved``: share of the tickets of the last weeks that nobody corrected and the candidate would sort elsewhere.
    """
    against = [
        Objection(
            LOSES_IN if one.language else LOSES,
            {"what": one.what, "language": one.language, "lost": one.lost, "gained": one.gained, "rows": one.rows},
        )
        for one in hold_out
        if one.lost > one.gained and (one.chance_of_loss < SURE_OF_LOSS or _too_much(one))
    ]
    gains = any(
        one.what == CATEGORY and one.language == ALL and one.chance_of_gain <= SURE_OF_GAIN / 2 for one in hold_out
    )
    if not gains:
        if said.rows < FEWEST_SAID:
            against.append(Objection(TOO_FEW, {"rows": said.rows, "needed": FEWEST_SAID}))
        elif said.gained <= said.lost or said.chance_of_gain > SURE_OF_GAIN:
            values = {"gained": said.gained, "lost": said.lost, "rows": said.rows}
            against.append(Objection(NO_BETTER, values))
        elif without_one.gained <= without_one.lost:
            against.append(Objection(ONE_PERSON))
    if moved > MOST_MOVED:
        against.append(Objection(MOVES, {"percent": round(100 * moved)}))
    return Verdict(not against, tuple(against))


def _too_much(one: Compared) -> bool:
    return one.language == ALL and one.lost - one.gained > max(1, MOST_LOST * one.rows)
