"""The shipped coefficients on questions they were not fitted on, with the shipped triage model."""

import json
from pathlib import Path

import pytest

from contactcenter import clock
from contactcenter.knowledge import calibration
from contactcenter.knowledge.answers import COEFFICIENTS, Coefficients
from contactcenter.knowledge.articles import starter_articles
from contactcenter.knowledge.records import Article
from contactcenter.triage.assess import Assessor
from contactcenter.triage.assessment import TriageInput

ROOT = Path(__file__).parents[3]
NAMES = ("key", "language", "category", "audience", "title", "text", "questions")


@pytest.fixture(scope="module")
def articles() -> list[Article]:
    return [Article(id=clock.new_id(), **{name: entry[name] for name in NAMES}) for entry in starter_articles()]


@pytest.fixture(scope="module")
def questions() -> list[calibration.Question]:
    lines = (ROOT / "tests/data/knowledge_questions.jsonl").read_text(encoding="utf-8").splitlines()
    asked = [json.loads(line) for line in lines]
    found = Assessor.load(ROOT / "models/triage-service").assess([TriageInput(one["text"]) for one in asked])
    return [
        calibration.Question(**one, category=said.category.label, category_probability=said.category.probability)
        for one, said in zip(asked, found, strict=True)
    ]


def test_of_the_answers_given_at_the_shipped_threshold_nine_in_ten_are_right(articles, questions):
    samples = calibration.draw(articles, questions[1::2], rounds=4, seed=2)
    whole = [sample for sample in samples if sample.size == 0]
    (report,) = calibration.measure(whole, [0.9])
    assert report.wrong <= report.answered / 10
    assert report.answered >= report.answerable / 5


def test_the_same_holds_for_small_knowledge_bases(articles, questions):
    samples = calibration.draw(articles, questions[1::2], rounds=4, seed=2)
    (report,) = calibration.measure([sample for sample in samples if sample.size], [0.9])
    assert report.wrong <= report.answered / 10
    assert report.answered >= report.answerable / 5


def test_the_shipped_coefficients_are_about_those_that_the_material_gives(articles, questions):
    fitted = calibration.fit(calibration.draw(articles, questions[0::2], rounds=6, seed=1))
    assert fitted.score == pytest.approx(COEFFICIENTS.score, rel=0.25)
    assert fitted.intercept == pytest.approx(COEFFICIENTS.intercept, rel=0.25)


def test_careless_coefficients_would_be_noticed(articles, questions):
    careless = Coefficients(score=40, margin=0, agrees=0, differs=0, intercept=-3)
    (report,) = calibration.measure(calibration.draw(articles, questions[1::2], rounds=0, seed=2), [0.9], careless)
    assert report.wrong > report.answered / 10
