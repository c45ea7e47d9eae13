"""Measuring the coefficients of :mod:`contactcenter.knowledge.answers`, and how far they can be believed.

The material is a list of questions with the key of the article that answers each (or none) and what triage said
about its category. Each question is put to the whole knowledge base and to smaller ones drawn at random from it, where
its article is often missing: so the probability means the same for somebody who has written three articles. Fitted on
one half of the questions, reported on the other. Pure; needs no database.
"""

from __future__ import annotations

import random
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np

from contactcenter.knowledge.answers import COEFFICIENTS, Coefficients, best_of, features, probability
from contactcenter.knowledge.fusion import Nearness, Pairing, fused
from contactcenter.knowledge.meaning import Embedder, Meanings
from contactcenter.knowledge.mixing import Remembering
from contactcenter.knowledge.records import Article
from contactcenter.knowledge.retrieval import Hit
from contactcenter.knowledge.scoring import Index, Text
from contactcenter.knowledge.understanding import parts

SIZES = (1, 2, 3, 5, 10, 20)
"""Articles of the small knowledge bases."""

Figures = tuple[float, float, float, float]


@dataclass(frozen=True, slots=True)
class Question:
    """A message, the key of the article that answers it (None: no article does), and triage's category for it."""

    text: str
    language: str
    key: str | None
    category: str
    category_probability: float


@dataclass(frozen=True, slots=True)
class Sample:
    """The best hit for one question in one knowledge base. ``size`` is the base's, 0 for the whole."""

    figures: Figures
    right: bool
    answerable: bool
    size: int


@dataclass(frozen=True, slots=True)
class Report:
    """What happens at one threshold: how many questions the machine answers, and how many of these wrongly."""

    threshold: float
    asked: int
    answerable: int
    answered: int
    wrong: int


def draw(
    articles: Sequence[Article],
    questions: Sequence[Question],
    *,
    rounds: int,
    seed: int,
    embedder: Embedder | None = None,
) -> list[Sample]:
    """Samples of all questions: once with the whole base of their language, ``rounds`` times with each small size.

    Without an embedder by words alone.
    """
    chance = random.Random(seed)  # noqa: S311 - repeatable draws, no secret
    embedder = Remembering(embedder) if embedder else None
    found: list[Sample] = []
    for language in sorted({article.language for article in articles}):
        own = [article for article in articles if article.language == language]
        asked = [question for question in questions if question.language == language]
        found += _put(own, asked, 0, embedder)
        for size in SIZES:
            for _ in range(rounds):
                found += _put(chance.sample(own, min(size, len(own))), asked, size, embedder)
    return found


def _put(
    articles: Sequence[Article], questions: Sequence[Question], size: int, embedder: Embedder | None
) -> Iterable[Sample]:
    keys = {article.key for article in articles}
    for question, hits in zip(questions, _hits(articles, questions, embedder), strict=True):
        best = best_of(hits, question.category, question.category_probability)
        if best is not None:
            hit, margin = best
            figures = features(hit, margin, question.category, question.category_probability)
            yield Sample(figures, hit.article.key == question.key, question.key in keys, size)


def _hits(articles: Sequence[Article], questions: Sequence[Question], embedder: Embedder | None) -> Iterable[list[Hit]]:
    """What a search among these articles would find for each question."""
    index = Index(Text(one.id, one.title, one.questions, one.text) for one in articles)
    everyone = range(len(articles))
    meanings = None
    if embedder is not None:
        meanings = Meanings([embedder.encode(parts(one.title, one.questions, one.text)) for one in articles])
    for question in questions:
        words = index.scores(question.text)
        near: dict[int, Nearness] = {}
        if embedder is not None and meanings is not None:
            near = meanings.nearness(embedder.encode([question.text])[0], everyone, everyone)
        languages = Pairing(question.language)
        found = [
            Hit(one, fused(words.get(one.id, 0.0), near.get(place), languages), near.get(place))
            for place, one in enumerate(articles)
        ]
        yield [hit for hit in found if hit.score > 0]


def fit(samples: Sequence[Sample], *, ridge: float = 0.1, steps: int = 50) -> Coefficients:
    """Logistic regression by Newton's method; each size of base weighs the same."""
    figures = np.array([(*sample.figures, 1.0) for sample in samples])
    right = np.array([sample.right for sample in samples], dtype=float)
    sizes, places, counts = np.unique([sample.size for sample in samples], return_inverse=True, return_counts=True)
    weights = len(samples) / len(sizes) / counts[places]
    penalty = np.diag([ridge] * 4 + [0.0])
    beta = np.zeros(5)
    for _ in range(steps):
        expected = 1 / (1 + np.exp(-np.clip(figures @ beta, -50, 50)))
        gradient = figures.T @ (weights * (right - expected)) - penalty @ beta
        curvature = (figures * (weights * expected * (1 - expected))[:, None]).T @ figures + penalty
        step = np.linalg.solve(curvature, gradient)
        beta = beta + step
        if np.abs(step).max() < 1e-8:
            break
    score, margin, agrees, differs, intercept = (round(float(value), 2) for value in beta)
    return Coefficients(score, margin, agrees, differs, intercept)


def measure(
    samples: Sequence[Sample], thresholds: Sequence[float], coefficients: Coefficients = COEFFICIENTS
) -> list[Report]:
    """One report a threshold."""
    chances = [probability(sample.figures, coefficients) for sample in samples]
    reports = []
    for threshold in thresholds:
        given = [sample for sample, chance in zip(samples, chances, strict=True) if chance >= threshold]
        reports.append(
            Report(
                threshold=threshold,
                asked=len(samples),
                answerable=sum(sample.answerable for sample in samples),
                answered=len(given),
                wrong=sum(not sample.right for sample in given),
            )
        )
    return reports
