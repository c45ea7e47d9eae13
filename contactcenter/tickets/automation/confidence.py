"""How sure the machine is of an answer: several signals, one number. Pure.

The number ranks answers; what it is worth in errors is measured on judged ones (:mod:`.control`), so it need not be a
probability to keep a promise. It never exceeds the probability of the article, and each doubt only lowers it.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from contactcenter.knowledge.answers import Answer
from contactcenter.triage.assessment import Assessment

NEAR_TIE = 0.2
"""Two categories closer than this are a doubt about what is asked."""

TIE_COSTS = 1.0
"""What a perfect tie takes from the log-odds of an answer whose article belongs to a category."""

UNKNOWN_WRITER_COSTS = 0.25
"""What it takes that the writer has not shown who he is: strangers ask what regular customers do not."""


@dataclass(frozen=True, slots=True)
class Signals:
    """What speaks for an answer and against it.

    ``article``: the probability that it answers the message. ``margin``: of the category over the next likeliest.
    ``stranger``: the probability that the message is about nothing triage knows (0 where nobody says).
    """

    article: float
    category: float
    margin: float
    agrees: bool  # the article belongs to the message's category, or to none
    authenticated: bool
    stranger: float = 0.0


def signals(assessment: Assessment, answer: Answer, *, authenticated: bool, stranger: float = 0.0) -> Signals:
    """The signals of an answer to an assessed message."""
    category = assessment.category
    rival = max((other.probability for other in category.alternatives), default=0.0)
    article = answer.article
    return Signals(
        article=answer.probability if article is not None else 0.0,
        category=category.probability,
        margin=max(0.0, category.probability - rival),
        agrees=article is None or article.category in {"", category.label},
        authenticated=authenticated,
        stranger=stranger,
    )


def confidence(seen: Signals) -> float:
    """How sure the machine is, 0 to 1; 0 where there is no article.

    The weakest link counts: an article can be no surer than that the message is none of the strangers.
    """
    if seen.article <= 0:
        return 0.0
    article = min(seen.article, 1 - 1e-9)
    odds = math.log(article / (1 - article))
    doubt = max(0.0, 1 - seen.margin / NEAR_TIE)
    odds -= TIE_COSTS * doubt * (1.0 if not seen.agrees else 0.5)
    odds -= 0.0 if seen.authenticated else UNKNOWN_WRITER_COSTS
    sure = 1 / (1 + math.exp(-odds))
    return round(max(0.0, min(sure, 1 - seen.stranger)), 6)
