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


WORDS_ALONE = Coefficients(score=18.54, margin=-3.25, agrees=1.17, differs=-2.93, intercept=-3.86)
"""For hits that were found by their words alone. On the questions below, at 0.9: 31 answered, none wrongly; over the
small bases 93, 1 wrong."""

COEFFICIENTS = Coefficients(score=17.52, margin=0.03, agrees=-1.66, differs=-3.95, intercept=-4.98)
"""For hits that were compared by words and meaning. Fitted on every other one of 335 English and Chinese questions (72
of them no article answers), each put to the 51 starter articles of its language and to smaller bases drawn from them,
each size of base weighing the same. On the other half, at 0.9: 39 answers to 131 answerable questions, 1 of them wrong
(to a complaint, which the machine leaves to people); over bases of 1 to 20 articles 112 answers, 2 wrong. At 0.95: 28
and 91, none wrong. ``contactcenter knowledge calibrate`` measures again."""


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
    suggestions = []
    for hit, margin in _ranked(hits, category, category_probability):
        figures = features(hit, margin, category, category_probability)
        suggestions.append(Suggestion(hit.article, probability(figures, coefficients_for(hit))))
    suggestions = [one for one in suggestions if one.probability >= SUGGEST_FROM][:SUGGESTIONS]
    if not suggestions:
        return Answer(None, 0.0)
    best = suggestions[0]
    return Answer(best.article, best.probability, tuple(suggestions), best.probability >= threshold)


def best_of(hits: Sequence[Hit], category: str, category_probability: float) -> tuple[Hit, float] | None:
    """The best hit in the light of the category, and its margin over the next."""
    return next(iter(_ranked(hits, category, category_probability)), None)


def features(hit: Hit, margin: float, category: str, category_probability: float) -> tuple[float, float, float, float]:
    """The four figures: score, margin over the rival, and how surely the category agrees or differs."""
    agrees = differs = 0.0
    if hit.article.category and category:
        if hit.article.category == category:
            agrees = category_probability
        else:
            differs = category_probability
    return hit.score, margin, agrees, differs


def coefficients_for(hit: Hit) -> Coefficients:
    """Those for the way the hit was found."""
    return WORDS_ALONE if hit.nearness is None else COEFFICIENTS


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


def _ranked(hits: Sequence[Hit], category: str, category_probability: float) -> list[tuple[Hit, float]]:
    """Hits from the best on, those of the category favoured; with each its margin over the best of the others."""
    bonus = CATEGORY_BONUS * category_probability if category else 0.0
    keys = [(hit.score + (bonus if hit.article.category == category else 0.0), hit) for hit in hits]
    keys.sort(key=lambda pair: pair[0], reverse=True)
    best = [key for key, _ in keys[:2]] + [0.0, 0.0]
    return [(hit, key - (best[1] if place == 0 else best[0])) for place, (key, hit) in enumerate(keys)]
