"""New topics: what customers write about that the model has no name for, found by putting like messages together.

Messages become vectors of their words (and an encoder's, where there is one); the message with most neighbours leads a
cluster, its neighbours follow, and so on with those left. The same messages give the same clusters, in any order.
Whatever is kept in words (terms, questions) is made of words that several customers used: no name, no number.
"""

from __future__ import annotations

import math
import re
import unicodedata
import zlib
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

MOST_MESSAGES = 5_000
"""The newest so many are looked at: a second of work."""

FEWEST = 5
"""Messages below which nothing is a topic."""

FEWEST_CUSTOMERS = 3
"""Customers who must use a word before it is kept, and write about a topic before it is one."""

MOST_CLUSTERS = 40

NEAR = 0.35
"""Cosine from which two messages are neighbours, by words alone."""
NEAR_ENCODED = 0.5
"""The same with an encoder's vectors beside the words."""
SAME_TOPIC = 0.5
"""Cosine of two signatures from which a cluster is a topic that is known."""

_WIDTH = 1024
_COMMON = 0.4  # share of messages from which a word says nothing …
_FEW = 50  # … but of so few messages all may be about one thing
_SIGNATURE = 30
_QUESTIONS = 5
_LONGEST_QUESTION = 160

_RUN = re.compile(r"[\u3400-\u9fff\uf900-\ufaff]+|[a-z0-9](?:[a-z0-9'’-]*[a-z0-9])?")
_CJK = re.compile(r"[\u3400-\u9fff\uf900-\ufaff]")
_SENTENCE = re.compile(r"(?<=[.!?。！？])\s*|\n+")
_NUMBER = re.compile(r"[\d@]")
_SILENT = frozenset(
    """
    a about after again all also already am an and any are as at be because been before being but by can cannot can't
    could dear did didn't do does doesn't doing don't each even ever every few for from get give go going good got had
    has have having hello hey hi him his how i i'd i'll i'm i've if in into is isn't it it's its just know last let like
    made make many me more most much must my need never new no not now of off on once one only or other our out over
    please regards same say says see sent she should since so some still such take than thank thanks that that's the
    their them then there these they this those time to today too trying until up us very want wanted was wasn't way we
    well were what when where which while who why will with won't would yes yet you your
    """.split()  # noqa: SIM905 - a word list reads better as words
)
_SILENT_CHARACTERS = frozenset(
    "的了吗呢吧啊呀是我你您他们在有和就都也很请谢好把被这那个一不没要会能可以为什么怎么对给到说"
)


@dataclass(frozen=True, slots=True)
class Unsure:
    """A message the model was unsure of; ``age`` is in days."""

    id: str
    text: str
    language: str
    customer: str
    age: float


@dataclass(frozen=True, slots=True)
class Cluster:
    """Messages about one thing, the most typical first.

    ``recent`` of them are at most seven days old, ``before`` seven to fourteen. ``signature``: term → weight.
    """

    language: str
    name: str
    terms: tuple[str, ...]
    questions: tuple[str, ...]
    signature: Mapping[str, float]
    members: tuple[str, ...]
    customers: int
    recent: int
    before: int


def clusters(messages: Sequence[Unsure], vectors: NDArray[np.float32] | None = None) -> list[Cluster]:
    """The topics among messages, the largest first.

    ``vectors``: one row of unit length for each message, of an encoder. At most :data:`MOST_MESSAGES` are looked at.
    """
    found: list[Cluster] = []
    order = sorted(range(len(messages)), key=lambda row: messages[row].id)[-MOST_MESSAGES:]
    for language in sorted({messages[row].language for row in order}):
        rows = [row for row in order if messages[row].language == language]
        part = None if vectors is None else vectors[rows]
        found += _of_one_language([messages[row] for row in rows], part)
    return sorted(found, key=lambda one: (-len(one.members), one.name))[:MOST_CLUSTERS]


def likeness(one: Mapping[str, float], other: Mapping[str, float]) -> float:
    """Cosine of two signatures, 0 to 1."""
    lengths = math.sqrt(sum(v * v for v in one.values()) * sum(v * v for v in other.values()))
    return sum(weight * other.get(term, 0.0) for term, weight in one.items()) / lengths if lengths else 0.0


def terms_of(text: str) -> list[str]:
    """The terms of a text: words and pairs of neighbouring words, and Chinese two- to four-grams."""
    found: list[str] = []
    before = ""
    for run in _runs(text):
        if _CJK.match(run):
            found += [
                run[at : at + size]
                for size in (2, 3, 4)
                for at in range(len(run) - size + 1)
                if not _SILENT_CHARACTERS.intersection(run[at : at + size])
            ]
            before = ""
        elif run in _SILENT or len(run) < 3:
            before = ""
        else:
            found += [run, f"{before} {run}"] if before else [run]
            before = run
    return found


def _runs(text: str) -> Iterator[str]:
    """Words and Chinese runs; what has a digit in it is a number of somebody's, not a word."""
    runs = (match[0] for match in _RUN.finditer(unicodedata.normalize("NFKC", text).lower()))
    return (run for run in runs if not _NUMBER.search(run))


class _Words:
    """The terms of messages that several customers used, and how telling each is."""

    def __init__(self, messages: Sequence[Unsure]) -> None:
        self.of = [Counter(terms_of(message.text)) for message in messages]
        users: defaultdict[str, set[str]] = defaultdict(set)
        self.in_messages: Counter[str] = Counter()
        for message, terms in zip(messages, self.of, strict=True):
            self.in_messages.update(terms.keys())
            for term in terms:
                users[term].add(message.customer)
        most = max(_COMMON * len(messages), _FEW)
        self.kept = {
            term for term, who in users.items() if len(who) >= FEWEST_CUSTOMERS and self.in_messages[term] <= most
        }
        spoken: defaultdict[str, set[str]] = defaultdict(set)
        for message in messages:
            for word in _spoken(message.text):
                spoken[word].add(message.customer)
        self.common = {word for word, who in spoken.items() if len(who) >= FEWEST_CUSTOMERS}

    def matrix(self) -> NDArray[np.float32]:
        """A row of unit length for each message: its terms by TF-IDF, signed and hashed into a fixed width."""
        rows = np.zeros((len(self.of), _WIDTH), dtype=np.float32)
        for row, terms in enumerate(self.of):
            for term, count in terms.items():
                if term in self.kept:
                    place = zlib.crc32(term.encode())
                    weight = (1 + math.log(count)) * math.log(len(self.of) / self.in_messages[term] + 1)
                    rows[row, place % _WIDTH] += weight if place & 0x80000000 else -weight
        return _unit(rows)


def _spoken(text: str) -> set[str]:
    """Every word of a text, of Chinese every pair of characters: what must be common before a sentence is kept."""
    found: set[str] = set()
    for run in _runs(text):
        found.update((run[at : at + 2] for at in range(max(len(run) - 1, 1))) if _CJK.match(run) else [run])
    return found


def _of_one_language(messages: Sequence[Unsure], vectors: NDArray[np.float32] | None) -> list[Cluster]:
    words = _Words(messages)
    rows, near = words.matrix(), NEAR
    if vectors is not None and vectors.shape[1]:
        rows, near = _unit(np.hstack([rows, vectors])), NEAR_ENCODED
    found = []
    for members in _leaders(rows, near):
        customers = len({messages[row].customer for row in members})
        if len(members) >= FEWEST and customers >= FEWEST_CUSTOMERS:
            cluster = _described(messages, words, members, customers)
            if cluster.terms:
                found.append(cluster)
    return found


def _leaders(rows: NDArray[np.float32], near: float) -> Iterator[list[int]]:
    """Rows put together, the most typical of each first: the densest place leads, then the densest of what is left."""
    free: NDArray[np.bool_] = np.array(rows.any(axis=1), dtype=bool)
    close = np.zeros((len(rows), len(rows)), dtype=bool)
    for start in range(0, len(rows), 512):
        close[start : start + 512] = rows[start : start + 512] @ rows.T >= near
    counts = close[:, free].sum(axis=1)
    while free.any():
        leader = int(np.where(free, counts, -1).argmax())
        if counts[leader] < FEWEST:
            return
        first = np.flatnonzero(close[leader] & free)
        middle = _unit(rows[first].mean(axis=0, keepdims=True))[0]
        typical = rows @ middle
        members = np.flatnonzero(free & (close[leader] | (typical >= near * 1.3)))
        free[members] = False
        counts -= close[:, members].sum(axis=1)
        yield [int(row) for row in members[np.argsort(-typical[members], kind="stable")]]


def _described(messages: Sequence[Unsure], words: _Words, members: Sequence[int], customers: int) -> Cluster:
    inside = Counter(term for row in members for term in words.of[row] if term in words.kept)
    users: defaultdict[str, set[str]] = defaultdict(set)
    for row in members:
        for term in words.of[row]:
            users[term].add(messages[row].customer)
    telling = {
        term: (count / len(members)) * math.log((count / len(members)) / _elsewhere(words, term, count, len(members)))
        for term, count in inside.items()
        if len(users[term]) >= FEWEST_CUSTOMERS
    }
    ranked = sorted((term for term, weight in telling.items() if weight > 0), key=lambda term: (-telling[term], term))
    terms = _apart(ranked)[:8]
    return Cluster(
        language=messages[members[0]].language,
        name=", ".join(terms[:3]),
        terms=tuple(terms),
        questions=tuple(_questions(messages, words, members, terms)),
        signature={term: round(telling[term], 4) for term in ranked[:_SIGNATURE]},
        members=tuple(messages[row].id for row in members),
        customers=customers,
        recent=sum(messages[row].age <= 7 for row in members),
        before=sum(7 < messages[row].age <= 14 for row in members),
    )


def _elsewhere(words: _Words, term: str, inside: int, members: int) -> float:
    """How often a term is used outside of a cluster, never quite 0."""
    return (words.in_messages[term] - inside + 0.5) / (len(words.of) - members + 1)


def _apart(ranked: Sequence[str]) -> list[str]:
    """Terms none of which is a part of a longer one that tells nearly as much, in order."""
    best = list(ranked[:24])
    longer = [term for term in best if not any(term != other and term in other for other in best)]
    return longer or best


def _questions(messages: Sequence[Unsure], words: _Words, members: Sequence[int], terms: Sequence[str]) -> list[str]:
    """Sentences of the most typical messages that several customers could have written."""
    found: dict[str, str] = {}
    for row in members:
        for sentence in _SENTENCE.split(messages[row].text):
            said = " ".join(sentence.split())
            known = said.lower()
            fits = 8 <= len(said) <= _LONGEST_QUESTION or (_CJK.search(said) and len(said) >= 4)
            if not fits or len(said) > _LONGEST_QUESTION or known in found or _NUMBER.search(said):
                continue
            if any(piece in known for term in terms for piece in term.split()) and _spoken(said) <= words.common:
                found[known] = said
        if len(found) >= _QUESTIONS:
            break
    return list(found.values())[:_QUESTIONS]


def _unit(rows: NDArray[np.float32]) -> NDArray[np.float32]:
    lengths = np.linalg.norm(rows, axis=1, keepdims=True)
    result: NDArray[np.float32] = (rows / np.where(lengths == 0, 1, lengths)).astype(np.float32)
    return result
