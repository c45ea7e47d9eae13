"""``knowledge calibrate``: triage, encoders and articles brought together to measure what answers are worth."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from contactcenter import clock
from contactcenter.knowledge import calibration, mixing
from contactcenter.knowledge.answers import COEFFICIENTS, WORDS_ALONE, Coefficients
from contactcenter.knowledge.fusion import MIXTURES, Mixture
from contactcenter.knowledge.meaning import Embedder
from contactcenter.knowledge.questions import Asked
from contactcenter.knowledge.records import Article
from contactcenter.triage import places
from contactcenter.triage.assess import Assessor
from contactcenter.triage.assessment import TriageInput
from contactcenter.triage.bilingual import bilingual

THRESHOLDS = (0.8, 0.9, 0.95)
_CONTENT = ("key", "language", "category", "audience", "title", "text", "questions")


def calibrated(
    entries: Sequence[dict[str, Any]], asked: Sequence[Asked], model: str, data: Path | None
) -> tuple[list[str], list[dict[str, Any]]]:
    """What was learned from every other question, in words, and rows of what happens to the others."""
    articles = [_article(entry) for entry in entries]
    embedder = mixing.Remembering(bilingual(data))
    lines = [f"mixture {pair}: {mixture}" for pair, mixture in _mixtures(articles, asked[0::2], embedder).items()]
    lines += [f"shipped {pair}: {mixture}" for pair, mixture in MIXTURES.items()]
    questions = _assessed(asked, model, data)
    rows = []
    ways: tuple[tuple[str, Embedder | None, Coefficients], ...] = (
        ("words and meaning", embedder, COEFFICIENTS),
        ("words alone", None, WORDS_ALONE),
    )
    for way, found_by, shipped in ways:
        fitted = calibration.fit(calibration.draw(articles, questions[0::2], rounds=6, seed=1, embedder=found_by))
        lines += [f"fitted, {way}: {fitted}", f"shipped, {way}: {shipped}"]
        test = calibration.draw(articles, questions[1::2], rounds=4, seed=2, embedder=found_by)
        for whose, coefficients in (("shipped", shipped), ("fitted", fitted)):
            rows += _reports(f"{whose}, {way}", test, coefficients)
    return lines, rows


def _mixtures(articles: Sequence[Article], asked: Sequence[Asked], embedder: Embedder) -> dict[str, Mixture]:
    by_language = [[one for one in articles if one.language == language] for language in ("en", "zh")]
    material = []
    for own, other in (by_language, by_language[::-1]):
        if own and other:
            theirs = [Asked(text, one.language, one.key) for one in other for text in one.questions]
            # Twins may have been translated question by question: these must not be put to those.
            bare = [mixing.asking(one, []) for one in own]
            material += mixing.own_contests(own, embedder) + mixing.contests(bare, theirs, embedder)
            material += mixing.contests(own, asked, embedder)
    return {str(languages): mixture for languages, mixture in mixing.learn(material).items()}


def _assessed(asked: Sequence[Asked], model: str, data: Path | None) -> list[calibration.Question]:
    assessor = Assessor.load(places.find(model, data), data)
    said = assessor.assess([TriageInput(question.text) for question in asked])
    return [
        calibration.Question(one.text, one.language, one.key, found.category.label, found.category.probability)
        for one, found in zip(asked, said, strict=True)
    ]


def _reports(name: str, samples: Sequence[calibration.Sample], coefficients: Coefficients) -> list[dict[str, Any]]:
    bases = {
        "whole": [sample for sample in samples if sample.size == 0],
        "1 to 20 articles": [sample for sample in samples if sample.size],
    }
    return [
        {
            "coefficients": name,
            "base": base,
            "threshold": report.threshold,
            "answerable": report.answerable,
            "answered": report.answered,
            "wrong": report.wrong,
        }
        for base, chosen in bases.items()
        for report in calibration.measure(chosen, THRESHOLDS, coefficients)
    ]


def _article(entry: dict[str, Any]) -> Article:
    return Article(id=clock.new_id(), **{name: entry[name] for name in _CONTENT})
