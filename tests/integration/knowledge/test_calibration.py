"""The shipped coefficients on questions they were not fitted on, with the shipped triage model."""

import json
from pathlib import Path

import pytest

from contactcenter import clock
from contactcenter.knowledge import calibration
from contactcenter.knowledge.answers import COEFFICIENTS, WORDS_ALONE, Coefficients
from contactcenter.knowledge.articles import starter_articles
from contactcenter.knowledge.mixing import Remembering
from contactcenter.knowledge.records import Article
from contactcenter.triage.assess import Assessor
from contactcenter.triage.assessment import TriageInput
from contactcenter.triage.bilingual import bilingual

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


@pytest.fixture(scope="module")
def encoder():
    return Remembering(bilingual())


WAYS = pytest.mark.parametrize(("way", "shipped"), [("meaning", COEFFICIENTS), ("words", WORDS_ALONE)])


@WAYS
@pytest.mark.parametrize("whole", [True, False])
def test_of_the_answers_given_at_the_shipped_threshold_nine_in_ten_are_right(
    articles, questions, encoder, way, shipped, whole
):
    embedder = encoder if way == "meaning" else None
    samples = calibration.draw(articles, questions[1::2], rounds=4, seed=2, embedder=embedder)
    (report,) = calibration.measure([one for one in samples if (one.size == 0) is whole], [0.9], shipped)
    assert report.wrong <= report.answered / 10
    assert report.answered >= report.answerable / 5


@WAYS
def test_the_shipped_coefficients_are_about_those_that_the_material_gives(articles, questions, encoder, way, shipped):
    embedder = encoder if way == "meaning" else None
    fitted = calibration.fit(calibration.draw(articles, questions[0::2], rounds=6, seed=1, embedder=embedder))
    assert fitted.score == pytest.approx(shipped.score, rel=0.25)
    assert fitted.intercept == pytest.approx(shipped.intercept, rel=0.25)


def test_meaning_answers_more_than_words_alone(articles, questions, encoder):
    by_words, by_both = (
        calibration.measure(calibration.draw(articles, questions[1::2], rounds=0, seed=2, embedder=way), [0.9], shipped)
        for way, shipped in ((None, WORDS_ALONE), (encoder, COEFFICIENTS))
    )
    assert by_both[0].answered > by_words[0].answered


def test_careless_coefficients_would_be_noticed(articles, questions, encoder):
    careless = Coefficients(score=40, margin=0, agrees=0, differs=0, intercept=-3)
    samples = calibration.draw(articles, questions[1::2], rounds=0, seed=2, embedder=encoder)
    (report,) = calibration.measure(samples, [0.9], careless)
    assert report.wrong > report.answered / 10
