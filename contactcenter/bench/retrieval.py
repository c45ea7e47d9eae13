"""``bench retrieval``: does a question find its article? By the real search, in a database made for it.

The starter articles are asked in the other language: by questions written apart, and by the questions of their twins,
none of which the Chinese encoder was taught. A published set of questions and answers may be given too
(``root.qapair`` of ``question``, ``answer``, ``rephr``, as StackFAQ has it), and files of one's own.
"""

from __future__ import annotations

import json
import tempfile
import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from sqlalchemy import delete

from contactcenter.app.database import open_store
from contactcenter.app.meaning import meaning_attached
from contactcenter.errors import InvalidInput
from contactcenter.knowledge import articles, understanding
from contactcenter.knowledge.questions import Asked, read_questions
from contactcenter.knowledge.records import Article
from contactcenter.knowledge.retrieval import search
from contactcenter.settings import load
from contactcenter.store.schema import table_of
from contactcenter.store.store import Store
from contactcenter.triage.bilingual import CHINESE
from contactcenter.triage.places import find_encoder

SHOWN = 20
"""Places in which the article is looked for; further down counts as not found."""

QUESTIONS = "questions.jsonl"
"""Questions written apart, in the folder of the Chinese encoder."""


@dataclass(frozen=True, slots=True)
class Trial:
    """Questions put to a knowledge base (entries as ``knowledge import`` reads them)."""

    name: str
    base: Sequence[dict[str, Any]]
    questions: Sequence[Asked]


@dataclass(frozen=True, slots=True)
class Outcome:
    """Share of questions whose article came first, the mean reciprocal of its place, milliseconds a question."""

    trial: str
    questions: int
    articles: int
    top1: float
    mrr: float
    milliseconds: float


def starter_trials(files: Iterable[Path]) -> list[Trial]:
    """The starter articles across languages, and the questions of files in both languages."""
    entries = articles.starter_articles()
    base = {language: [one for one in entries if one["language"] == language] for language in ("en", "zh")}
    own = {
        language: [Asked(text, language, one["key"]) for one in found for text in one["questions"]]
        for language, found in base.items()
    }
    apart = read_questions(find_encoder(CHINESE) / QUESTIONS)
    trials = [
        Trial("Chinese, written apart, to English articles", base["en"], apart),
        Trial("of the Chinese articles, to English ones", base["en"], own["zh"]),
        Trial("of the English articles, to Chinese ones", base["zh"], own["en"]),
    ]
    for file in files:
        for language in ("en", "zh"):
            asked = [question for question in read_questions(file) if question.language == language]
            trials += [Trial(f"{file.name}: {language} to {other}", found, asked) for other, found in base.items()]
    answerable = [replace(trial, questions=[one for one in trial.questions if one.key]) for trial in trials]
    return [trial for trial in answerable if trial.questions]


def faq_trial(file: Path) -> Trial:
    """A published set: every rephrased question against all entries, which have no questions of their own."""
    try:
        pairs = json.loads(file.read_text(encoding="utf-8"))["root"]["qapair"]
        base = [
            {
                "key": f"faq-{place}",
                "language": "en",
                "title": pair["question"],
                "text": "\n\n".join(pair["answer"])[: articles.MAX_TEXT],
            }
            for place, pair in enumerate(pairs)
        ]
        questions = [
            Asked(text, "en", f"faq-{place}")
            for place, pair in enumerate(pairs)
            for text in pair["rephr"]
            if text and text.strip("* ")
        ]
    except (OSError, ValueError, LookupError, TypeError, AttributeError) as error:
        raise InvalidInput(f"{file}: no questions and answers ({error})") from error
    return Trial(f"{file.stem}: rephrased questions", base, questions)


async def run_retrieval(trials: Sequence[Trial]) -> list[Outcome]:
    """Put every trial to an embedded database of its own making."""
    with tempfile.TemporaryDirectory(prefix="contactcenter-bench-") as folder:
        data = Path(folder)
        async with open_store(load(data)) as (store, _server):
            with meaning_attached(store, data):
                return [await _run(store, trial) for trial in trials]


async def _run(store: Store, trial: Trial) -> Outcome:
    async with store.transaction() as uow:
        await uow.session.execute(delete(table_of(Article)))
        await articles.import_articles(uow, trial.base, "published")
    await understanding.fill(store, wake=True)
    audience = [one.value for one in articles.Audience]
    places = []
    async with store.read() as uow:
        await search(uow, trial.questions[0].text)  # reads the knowledge base
        began = time.perf_counter()
        for question in trial.questions:
            hits = await search(uow, question.text, audience=audience, limit=SHOWN)
            found = [hit.article.key for hit in hits]
            places.append(found.index(question.key) + 1 if question.key in found else 0)
        seconds = time.perf_counter() - began
    count = len(trial.questions)
    return Outcome(
        trial.name,
        count,
        len(trial.base),
        sum(place == 1 for place in places) / count,
        sum(1 / place for place in places if place) / count,
        1000 * seconds / count,
    )
