"""How well an article fits a message: a cosine between the message and the centroid of the ways to ask for it.

Every article is one vector: the sum of the unit vectors of its title, of each of its questions and of its text
(Rocchio's centroid), weighted by tf-idf. A message is scored by the cosine with it, 0 to 1. Words the knowledge base
has never seen count in full against the match, so a score means the same for a base of one article as for a
thousand, and for a short message as for a long one.

English words lose their endings and the commonest ones are left out; Chinese gives characters and bigrams.
Pure: values in, values out; no database.
"""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass

from contactcenter.store.search import tokens

MAX_CHARACTERS = 8_000
"""Of a message; what follows is not the question any more."""

_LEAST_BASE = 500
"""The rarity of a word is judged as if there were at least this many questions: in a small base every word is rare."""

_RUN = re.compile(r"[\u3400-\u9fff]+|[a-z0-9]+(?:'[a-z]+)*")
_COMMON = (
    "a about am an and any are as at be been being but by can could did do does doing don't for from get good got had "
    "has have having he her hello hi him his how i i'd i'll i'm i've if in into is it it's its just kind know let like "
    "me my need no not now of on or our out please regards best dear say said she sir so some still such team tell "
    "than thank thanks that the their them then there these they this those to too up us very want was we were what "
    "when where which who why will with would yet you your yours madam morning afternoon evening "
)
_STOP = frozenset(_COMMON.split())
_PLURALS = (("ies", "y"), ("sses", "ss"), ("s", ""))
_ENDINGS = (("ing", ""), ("edly", ""), ("ed", ""), ("ly", ""), ("ment", ""), ("ation", "at"))


@dataclass(frozen=True, slots=True)
class Text:
    """What of an article is matched."""

    id: str
    title: str
    questions: Sequence[str]
    text: str


class Index:
    """The vectors of a set of articles, as postings: term → weights by article. Immutable once made."""

    def __init__(self, articles: Iterable[Text]) -> None:
        asked: list[tuple[str, Counter[str]]] = []
        bodies: list[tuple[str, Counter[str]]] = []
        for article in articles:
            asked += [(article.id, Counter(terms(part))) for part in (article.title, *article.questions)]
            bodies.append((article.id, Counter(terms(article.text))))
        seen = Counter(term for _, counts in asked for term in counts)
        for _, counts in bodies:
            seen.update(term for term in counts if term not in seen)
        size = max(len(asked), _LEAST_BASE)
        self._idf = {term: math.log(1 + size / count) for term, count in seen.items()}
        self._unknown = math.log(1 + size)
        self._postings: dict[str, list[tuple[str, float]]] = {}
        for article_id, vector in self._centroids([*asked, *bodies]).items():
            for term, weight in vector.items():
                self._postings.setdefault(term, []).append((article_id, weight))

    def scores(self, text: str, among: Collection[str] | None = None) -> dict[str, float]:
        """Article id → score (0 to 1) of the articles that share a term with the text (of those in ``among``)."""
        vector = self._unit(Counter(terms(text[:MAX_CHARACTERS])))
        found: dict[str, float] = {}
        for term, weight in vector.items():
            for article_id, other in self._postings.get(term, ()):
                if among is None or article_id in among:
                    found[article_id] = found.get(article_id, 0.0) + weight * other
        return found

    def _centroids(self, parts: Iterable[tuple[str, Counter[str]]]) -> dict[str, dict[str, float]]:
        sums: dict[str, dict[str, float]] = {}
        for article_id, counts in parts:
            vector = sums.setdefault(article_id, {})
            for term, weight in self._unit(counts).items():
                vector[term] = vector.get(term, 0.0) + weight
        return {article_id: _scaled(vector) for article_id, vector in sums.items()}

    def _unit(self, counts: Mapping[str, int]) -> dict[str, float]:
        idf, unknown = self._idf, self._unknown
        return _scaled({term: (1 + math.log(count)) * idf.get(term, unknown) for term, count in counts.items()})


def terms(text: str) -> list[str]:
    """The terms of a text, in order."""
    found: list[str] = []
    for run in _RUN.findall(text.lower().replace("’", "'")):
        if "\u3400" <= run[0] <= "\u9fff":
            found.extend(run)
            found.extend(run[index : index + 2] for index in range(len(run) - 1))
        elif run not in _STOP:
            found.append(_stem(run))
    return found


def is_common(word: str) -> bool:
    """Whether a word says nothing about what is asked."""
    return word in _STOP


def telling(text: str) -> list[str]:
    """The words of a message worth looking up, longest first among Latin ones: the rare ones are long."""
    found = dict.fromkeys(token for token in tokens(text[:MAX_CHARACTERS], query=True) if not is_common(token))
    return sorted(found, key=len, reverse=True)


def _stem(word: str) -> str:
    """The word without the commonest English endings: enough to bring ``cancelled`` and ``cancels`` together."""
    if len(word) <= 4:
        return word
    word = _without(_without(word, _PLURALS), _ENDINGS)
    if len(word) > 3 and word[-1] == word[-2] and word[-1] != "s" and (word[-1] != "l" or len(word) > 5):
        word = word[:-1]
    if len(word) > 4 and word.endswith("e"):
        word = word[:-1]
    return f"{word[:-1]}y" if len(word) > 4 and word.endswith("i") else word


def _without(word: str, endings: Sequence[tuple[str, str]]) -> str:
    for ending, instead in endings:
        if word.endswith(ending) and len(word) - len(ending) >= 3 and not word.endswith("ss"):
            return word[: -len(ending)] + instead
    return word


def _scaled(vector: Mapping[str, float]) -> dict[str, float]:
    norm = math.sqrt(sum(weight * weight for weight in vector.values()))
    return {term: weight / norm for term, weight in vector.items()} if norm else {}
