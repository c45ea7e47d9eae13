"""Learning how words and meaning are mixed (:data:`contactcenter.knowledge.fusion.MIXTURES`).

The material is questions with the article that answers each. For every question the right article competes with all
others (a conditional logit, McFadden 1974): the weights that make it win most surely, brought to a sum of 1, are the
mixture. Each pair of languages has its own. Articles are asked in three ways, since knowledge bases differ: by
questions of their own that were taken out of them, as articles that have no questions at all, and by questions written
apart. Needs numpy and an encoder; no database.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from contactcenter.knowledge.fusion import Mixture, Pairing, is_chinese, pairing
from contactcenter.knowledge.meaning import Embedder, Matrix, Meanings
from contactcenter.knowledge.questions import Asked
from contactcenter.knowledge.records import Article
from contactcenter.knowledge.scoring import Index, Text
from contactcenter.knowledge.understanding import parts

_RIDGE = 0.01
_STEPS = 400
_RATE = 0.5


class Remembering:
    """An embedder that encodes each text once."""

    def __init__(self, embedder: Embedder) -> None:
        self._embedder = embedder
        self._known: dict[str, Matrix] = {}

    @property
    def identity(self) -> str:
        """The embedder's."""
        return self._embedder.identity

    @property
    def width(self) -> int:
        """The embedder's."""
        return self._embedder.width

    def encode(self, texts: Sequence[str]) -> Matrix:
        """One unit vector for each text."""
        fresh = [text for text in dict.fromkeys(texts) if text not in self._known]
        self._known.update(zip(fresh, self._embedder.encode(fresh), strict=True))
        return np.array([self._known[text] for text in texts], dtype=np.float32).reshape(len(texts), self.width)


@dataclass(frozen=True, slots=True)
class Contest:
    """A question's figures for every article (words, centre, nearest), and the place of the right one."""

    languages: Pairing
    figures: NDArray[np.float64]  # articles x 3
    right: int


def contests(articles: Sequence[Article], asked: Iterable[Asked], embedder: Embedder) -> list[Contest]:
    """Each question against all articles (of one language, each key once); questions without their article drop out."""
    index = Index(Text(one.id, one.title, one.questions, one.text) for one in articles)
    meanings = Meanings([embedder.encode(parts(one.title, one.questions, one.text)) for one in articles])
    places = {article.key: place for place, article in enumerate(articles)}
    everyone = range(len(articles))
    found = []
    for question in asked:
        if question.key is not None and question.key in places:
            words = index.scores(question.text)
            near = meanings.nearness(embedder.encode([question.text])[0], everyone, everyone)
            figures = [
                (words.get(one.id, 0.0), near[place].centre, near[place].nearest) if place in near else (0.0, 0.0, 0.0)
                for place, one in enumerate(articles)
            ]
            languages = pairing(is_chinese(question.text), articles[0].language)
            found.append(Contest(languages, np.array(figures), places[question.key]))
    return found


def own_contests(articles: Sequence[Article], embedder: Embedder) -> list[Contest]:
    """Contests over an article's own questions: each taken out of it, and put to articles that have none."""
    found = []
    for turn in range(max((len(article.questions) for article in articles), default=0)):
        taken = [Asked(one.questions[turn], one.language, one.key) for one in articles if turn < len(one.questions)]
        without = [asking(one, [*one.questions[:turn], *one.questions[turn + 1 :]]) for one in articles]
        found += contests(without, taken, embedder)
    bare = [asking(one, []) for one in articles]
    asked = [Asked(text, one.language, one.key) for one in articles for text in one.questions]
    return found + contests(bare, asked, embedder)


def learn(material: Sequence[Contest]) -> dict[Pairing, Mixture]:
    """The mixture for each pair of languages in the material."""
    return {
        languages: _mixture([one for one in material if one.languages is languages], languages)
        for languages in Pairing
        if any(one.languages is languages for one in material)
    }


def first_places(material: Sequence[Contest], mixtures: dict[Pairing, Mixture]) -> tuple[float, float]:
    """Share of questions whose article comes first, and the mean reciprocal of its place."""
    ranks = []
    for contest in material:
        mixture = mixtures[contest.languages]
        scores = contest.figures @ np.array([mixture.words, mixture.centre, mixture.nearest])
        ranks.append(int((scores >= scores[contest.right]).sum()))
    return float(np.mean([rank == 1 for rank in ranks])), float(np.mean([1 / rank for rank in ranks]))


def _mixture(material: Sequence[Contest], languages: Pairing) -> Mixture:
    """Gradient steps on the logarithms of the weights, which keeps them above nought."""
    sizes = {len(contest.figures) for contest in material}
    grouped = [[contest for contest in material if len(contest.figures) == size] for size in sizes]
    tables = [np.array([contest.figures for contest in group]) for group in grouped]
    rights = [
        table[np.arange(len(table)), [contest.right for contest in group]]
        for table, group in zip(tables, grouped, strict=True)
    ]
    logs = np.zeros(3)
    for _ in range(_STEPS):
        weights = np.exp(logs)
        slope = np.zeros(3)
        for table, right in zip(tables, rights, strict=True):
            strength = table @ weights
            shares = np.exp(strength - strength.max(axis=1, keepdims=True))
            shares /= shares.sum(axis=1, keepdims=True)
            slope += (right - np.einsum("qa,qaf->qf", shares, table)).sum(axis=0)
        logs += _RATE * np.clip(weights * slope / len(material) - _RIDGE * logs, -1, 1)
    weights = np.exp(logs)
    if languages is Pairing.ACROSS:
        weights[0] = 0.0  # a name or two in common says nothing about the topic
    words, centre, nearest = (round(float(value), 2) for value in weights / weights.sum())
    return Mixture(words, centre, nearest)


def asking(article: Article, questions: list[str]) -> Article:
    """The article with other questions."""
    return Article(**article.model_dump(exclude={"questions"}), questions=questions)
