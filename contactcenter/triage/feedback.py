"""What people said of messages, made ready for training: how much each word counts, and what is kept apart to measure.

No one person and no one customer may move a model far, however much and however fast he says: of what is over his cap
only a sample counts, the same one for any order of the rows. A fifth of the customers, chosen by a hash, is never
trained on; a candidate is measured on what was said of their messages. Pure: no database, no numpy.
"""

from __future__ import annotations

import hashlib
from collections import Counter, defaultdict
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass

AUTHOR_CAP = 200.0
"""Most that all words of one author weigh in one head."""

AUTHOR_DAY_CAP = 40.0
"""Most that his words of one day weigh in one head: a hurried or hijacked account moves little."""

LABEL_CAP = 80.0
"""Most that all he ever said for one label weighs."""

CUSTOMER_CAP = 3.0
"""Most that everything said of one customer's messages weighs in one head: he writes them, so he chooses the texts."""

HELD_APART = 5
"""One customer in this many is kept apart."""

FEWEST_OF_A_NEW_LABEL = 8
"""Messages that a label the model does not know needs before it is learnt."""


@dataclass(frozen=True, slots=True)
class Said:
    """A word of somebody on a message, and the text it is about. ``day`` is ``YYYY-MM-DD``, ``weight`` before caps.

    ``customer`` is his id, or his address while he has none.
    """

    message: str
    head: str
    label: str
    was: str
    author: str
    customer: str
    day: str
    weight: float
    text: str
    language: str = ""


_CAPS: tuple[tuple[float, Callable[[Said], tuple[str, ...]]], ...] = (
    (CUSTOMER_CAP, lambda said: (said.head, said.customer)),
    (AUTHOR_DAY_CAP, lambda said: (said.head, said.author, said.day)),
    (LABEL_CAP, lambda said: (said.head, said.author, said.label)),
    (AUTHOR_CAP, lambda said: (said.head, said.author)),
)


def capped(words: Sequence[Said]) -> list[Said]:
    """The words that count, in their order: where a customer, an author's day, label or all are over, a sample of them.

    Which words fill a cap follows from a hash of their messages, so neither order nor haste decides.
    """
    kept = sorted(range(len(words)), key=lambda place: _lot(words[place]))
    for cap, key in _CAPS:
        total: defaultdict[tuple[str, ...], float] = defaultdict(float)
        within = []
        for place in kept:
            said = words[place]
            if total[key(said)] + said.weight <= cap:
                total[key(said)] += said.weight
                within.append(place)
        kept = within
    return [words[place] for place in sorted(kept)]


def _lot(said: Said) -> bytes:
    return hashlib.sha256(f"{said.head} {said.message}".encode()).digest()


def is_held_apart(customer: str) -> bool:
    """Whether what is said of this customer's messages measures models and never trains one."""
    return hashlib.sha256(f"held apart {customer}".encode()).digest()[0] % HELD_APART == 0


def parted(words: Sequence[Said]) -> tuple[list[Said], list[Said]]:
    """What trains, and what measures."""
    trains: list[Said] = []
    measures: list[Said] = []
    for said in words:
        (measures if is_held_apart(said.customer) else trains).append(said)
    return trains, measures


def learnable(words: Sequence[Said], known: Collection[tuple[str, str]]) -> list[Said]:
    """Words for labels (head, label) that are known, or new and said of enough messages of more than one customer."""
    messages = Counter((said.head, said.label) for said in words)
    customers: defaultdict[tuple[str, str], set[str]] = defaultdict(set)
    for said in words:
        customers[said.head, said.label].add(said.customer)
    return [
        said
        for said in words
        if (key := (said.head, said.label)) in known
        or (messages[key] >= FEWEST_OF_A_NEW_LABEL and len(customers[key]) > 1)
    ]
