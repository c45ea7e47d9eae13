"""From hits to an answer: how probably the best article is the right one, and the text that goes out.

The probability is a logistic function of four figures, its coefficients measured by
:mod:`contactcenter.knowledge.calibration`. It is meant to be believed: of the answers given at 0.9, nine in ten or
more are right, for a base of one article as for a full one.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from contactcenter.knowledge.records import Article
from contactcenter.knowledge.rendering import render as render_markdown
from contactcenter.knowledge.retrieval import Hit

SUGGEST_FROM = 0.15
"""Below this an article is not worth an agent's glance."""
SUGGESTIONS = 3

CATEGORY_BONUS = 0.2
"""What a certain category adds to the score of an article of that category when hits are compared."""

_NAMELESS: Mapping[str, str] = {"en": "customer", "zh": "客户"}


@dataclass(frozen=True, slots=True)
class Coefficients:
    """Weights of the log-odds that the best hit answers the message.

    ``agrees`` multiplies the category's probability when the article is of that category, ``differs`` when it is of
    another; an article without a category does neither.
    """

    score: float
    margin: float
    agrees: float
    differs: float
    intercept: float


COEFFICIENTS = Coefficients(score=15.1, margin=0.0, agrees=0.65, differs=-3.79, intercept=-2.6)
"""As measured; see the module :mod:`contactcenter.knowledge.calibration` for how, and on what."""


@dataclass(frozen=True, slots=True)
class Suggestion:
    """An article and the probability that it answers the message."""

    article: Article
    probability: float


@dataclass(frozen=True, slots=True)
class Answer:
    """The likeliest answer, or none; ``suggestions`` begin with it. ``sure``: its probability reaches the threshold."""

    article: Article | None
    probability: float
    suggestions: tuple[Suggestion, ...] = ()
    sure: bool = False


def choose(hits: Sequence[Hit], category: str, category_probability: float, threshold: float) -> Answer:
    """Weigh the hits in the light of the message's category.

    An article below :data:`SUGGEST_FROM` is none. The machine may answer when ``sure``; whether it does is decided
    elsewhere, with everything else that speaks against it.
    """
    ranked = sorted(
        ((hit, _key(hit, category, category_probability)) for hit in hits), key=lambda pair: pair[1], reverse=True
    )
    suggestions = []
    for hit, key in ranked:
        rival = max((other for other_hit, other in ranked if other_hit is not hit), default=0.0)
        figures = features(hit, key - rival, category, category_probability)
        suggestions.append(Suggestion(hit.article, probability(figures)))
    suggestions = [one for one in suggestions if one.probability >= SUGGEST_FROM][:SUGGESTIONS]
    if not suggestions:
        return Answer(None, 0.0)
    best = suggestions[0]
    return Answer(best.article, best.probability, tuple(suggestions), best.probability >= threshold)


def features(hit: Hit, margin: float, category: str, category_probability: float) -> tuple[float, float, float, float]:
    """The four figures: score, margin over the rival, and how surely the category agrees or differs."""
    agrees = differs = 0.0
    if hit.article.category and category:
        if hit.article.category == category:
            agrees = category_probability
        else:
            differs = category_probability
    return hit.score, margin, agrees, differs


def probability(figures: tuple[float, float, float, float], coefficients: Coefficients = COEFFICIENTS) -> float:
    """The logistic function of the four figures."""
    score, margin, agrees, differs = figures
    odds = (
        coefficients.intercept
        + coefficients.score * score
        + coefficients.margin * margin
        + coefficients.agrees * agrees
        + coefficients.differs * differs
    )
    return 1 / (1 + math.exp(-max(-50.0, min(50.0, odds))))


def render(article_text: str, customer_name: str, language: str) -> tuple[str, str]:
    """The article as it goes out: plain text and safe HTML.

    ``{{ customer.name }}`` becomes the name (a plain word where there is none); anything else in braces stays as it
    is written, and the name is text, never markup.
    """
    name = customer_name.strip()[:100] or _NAMELESS.get(language, _NAMELESS["en"])
    rendered = render_markdown(article_text, {"customer.name": name})
    return rendered.text, rendered.html


def _key(hit: Hit, category: str, category_probability: float) -> float:
    agrees = bool(category) and hit.article.category == category
    return hit.score + (CATEGORY_BONUS * category_probability if agrees else 0.0)
