"""From cleaned texts to sparse features: hashed word 1-2-grams and character 1-4-grams, for whole batches at once.

One featuriser for every language and for training and run time alike. Character n-grams stay within words of Latin
letters and within Chinese clauses (a space marks either end), word n-grams exist for Latin letters and digits only.
All hashes are rolled over one array of code points, so a message costs tens of microseconds. Deterministic across
processes and machines: no seed, no vocabulary.

An :class:`Encoder` turns texts into vectors, for a second look at those that words alone do not decide.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

BUCKET_BITS = 20
BUCKETS = 1 << BUCKET_BITS
"""Size of the hash space; models keep only the buckets they have seen."""

LONGEST = 4
WORD_KINDS = (LONGEST + 1, LONGEST + 2)
"""Kinds of n-gram: 1 to 4 are characters of that length, 5 is a word, 6 two words."""

KIND_SCALE = np.array([0.0, 1.0, 1.0, 1.0, 1.0, 3.0, 3.0], dtype=np.float32)
"""How loud each kind is before a message's values are brought to unit length: words are few, characters many."""

_MESSAGE_BITS = 12
_PLACE_BITS = 63 - BUCKET_BITS - _MESSAGE_BITS
LARGEST_BATCH = 1 << _MESSAGE_BITS

_PRIME = np.uint64(0x100000001B3)
_PRIME_INVERSE = np.uint64(pow(0x100000001B3, -1, 1 << 64))
_MIX = np.uint64(0x9E3779B97F4A7C15)
_SPACE = 32
_FIRST_CJK = 0x2E80


class Read(NamedTuple):
    """What an encoder reads in texts, one row a text, each of unit length.

    ``meaning`` is what a text is about; ``manner`` is how it is put (asking, complaining, in which mood …) and has no
    columns where an encoder does not tell it.
    """

    meaning: NDArray[np.float32]
    manner: NDArray[np.float32]

    def rows(self, rows: NDArray[np.int64]) -> Read:
        """Some of the texts."""
        return Read(self.meaning[rows], self.manner[rows])


def meaning_alone(vectors: NDArray[np.float32]) -> Read:
    """What an encoder reads that tells no manner."""
    return Read(vectors, vectors[:, :0])


class Encoder(Protocol):
    """Turns texts into dense vectors; texts that mean alike lie close together."""

    @property
    def width(self) -> int:
        """Numbers per text."""

    @property
    def manner(self) -> int:
        """Numbers that tell the manner of a text; 0 where nothing does."""

    @property
    def prompt(self) -> str:
        """What to put before a text where few examples tell the labels apart; "" for nothing."""

    def encode(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """What each text means: one row of ``width`` numbers."""

    def read(self, texts: Sequence[str]) -> Read:
        """What each text means, and its manner."""


class NoEncoder:
    """The encoder that adds nothing."""

    width = manner = 0
    prompt = ""

    def encode(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """A matrix of no columns."""
        return np.zeros((len(texts), 0), dtype=np.float32)

    def read(self, texts: Sequence[str]) -> Read:
        """Two of them."""
        return meaning_alone(self.encode(texts))


@dataclass(frozen=True, slots=True)
class Features:
    """The features of a batch, as compressed sparse rows, and where each was first seen.

    Message ``i`` has the entries ``starts[i]:starts[i + 1]`` of ``buckets`` (ascending), ``values`` (unit length as a
    row), ``places`` (offset of the n-gram in ``joined``), ``lengths`` (its characters) and ``kinds``.
    """

    joined: str
    starts: NDArray[np.int64]
    buckets: NDArray[np.int64]
    values: NDArray[np.float32]
    places: NDArray[np.int64]
    lengths: NDArray[np.int64]
    kinds: NDArray[np.int8]

    def __len__(self) -> int:
        return len(self.starts) - 1


@dataclass(frozen=True, slots=True)
class _Grams:
    """Every n-gram of a batch with its repetitions, in no particular order."""

    buckets: NDArray[np.uint64]
    places: NDArray[np.int64]
    lengths: NDArray[np.int64]
    kinds: NDArray[np.int8]


def featurise(texts: Sequence[str]) -> Features:
    """The features of cleaned texts; any number of texts, best in tens."""
    if len(texts) > LARGEST_BATCH:
        raise ValueError(f"at most {LARGEST_BATCH} texts at once")
    joined = "".join(f" {text} " for text in texts)
    codes = np.frombuffer(joined.encode("utf-32-le", "replace"), dtype=np.uint32).astype(np.uint64)
    grams = _collect(codes)
    ends = np.cumsum([len(text) + 2 for text in texts], dtype=np.int64)
    message = np.searchsorted(ends, grams.places, side="right")
    # One sort of packed integers groups by message and bucket and keeps the first place of each.
    packed = (
        (message.astype(np.int64) << (BUCKET_BITS + _PLACE_BITS))
        | (grams.buckets.astype(np.int64) << _PLACE_BITS)
        | np.arange(len(message), dtype=np.int64)
    )
    packed.sort()
    groups = packed >> _PLACE_BITS
    first = np.flatnonzero(np.diff(groups, prepend=-1))
    counts = np.diff(first, append=len(groups))
    origin = packed[first] & ((1 << _PLACE_BITS) - 1)
    groups = groups[first]
    starts = np.searchsorted(groups >> BUCKET_BITS, np.arange(len(texts) + 1)).astype(np.int64)
    kinds = grams.kinds[origin]
    values = KIND_SCALE[kinds] * (1 + np.log(counts.astype(np.float32)))
    return Features(
        joined=joined,
        starts=starts,
        buckets=groups & (BUCKETS - 1),
        values=_unit_length(values, starts),
        places=grams.places[origin],
        lengths=grams.lengths[origin],
        kinds=kinds,
    )


def _unit_length(values: NDArray[np.float32], starts: NDArray[np.int64]) -> NDArray[np.float32]:
    """Each row scaled to Euclidean length one; empty rows stay empty."""
    squares = np.concatenate(([0.0], np.cumsum(values.astype(np.float64) ** 2)))
    lengths = np.sqrt(squares[starts[1:]] - squares[starts[:-1]])
    lengths[lengths == 0] = 1.0
    scaled: NDArray[np.float32] = (values / np.repeat(lengths, np.diff(starts))).astype(np.float32)
    return scaled


def _collect(codes: NDArray[np.uint64]) -> _Grams:
    """All n-grams of the joined texts; none crosses a space between words, let alone one between texts."""
    space = codes == _SPACE
    parts = [_characters(codes, space), _words(codes, space)]
    return _Grams(
        buckets=np.concatenate([part.buckets for part in parts]),
        places=np.concatenate([part.places for part in parts]),
        lengths=np.concatenate([part.lengths for part in parts]),
        kinds=np.concatenate([part.kinds for part in parts]),
    )


def _characters(codes: NDArray[np.uint64], space: NDArray[np.bool_]) -> _Grams:
    """Character 1-4-grams: a space may open or close one, but not lie inside or be all of it."""
    buckets, places, lengths, kinds = [], [], [], []
    rolled = np.zeros(len(codes) + 1, dtype=np.uint64)
    for size in range(1, LONGEST + 1):
        count = max(len(codes) - size + 1, 0)
        rolled = rolled[:count] * _PRIME + codes[size - 1 : size - 1 + count] + np.uint64(1)
        if size <= 2:
            kept = ~space[:count] if size == 1 else ~(space[:count] & space[1 : 1 + count])
        elif size == 3:
            kept = ~space[1 : 1 + count]
        else:
            kept = ~(space[1 : 1 + count] | space[2 : 2 + count])
        place = np.flatnonzero(kept)
        buckets.append(_bucket(rolled[place], size))
        places.append(place)
        lengths.append(np.full(len(place), size, dtype=np.int64))
        kinds.append(np.full(len(place), size, dtype=np.int8))
    return _Grams(np.concatenate(buckets), np.concatenate(places), np.concatenate(lengths), np.concatenate(kinds))


def _words(codes: NDArray[np.uint64], space: NDArray[np.bool_]) -> _Grams:
    """Words and pairs of neighbouring words that begin with a letter or digit below the CJK blocks."""
    edges = np.diff(space.astype(np.int8), prepend=np.int8(1), append=np.int8(1))
    begin, end = np.flatnonzero(edges == -1), np.flatnonzero(edges == 1)
    if not len(begin):
        nothing = np.zeros(0, dtype=np.int64)
        return _Grams(nothing.astype(np.uint64), nothing, nothing, nothing.astype(np.int8))
    # Polynomial hashes from prefix sums; the inverse of the prime moves each word to position 0.
    powers = np.multiply.accumulate(np.full(len(codes), _PRIME))
    prefix = np.concatenate((np.zeros(1, dtype=np.uint64), np.add.accumulate(codes * powers)))
    back = np.multiply.accumulate(np.full(len(codes), _PRIME_INVERSE))
    word = (prefix[end] - prefix[begin]) * back[begin]
    latin = codes[begin] < _FIRST_CJK
    pair = latin[:-1] & latin[1:] & (begin[1:] - end[:-1] == 1)
    pairs = np.flatnonzero(pair)
    single, double = WORD_KINDS
    return _Grams(
        buckets=np.concatenate((_bucket(word[latin], single), _bucket(word[pairs] * _MIX + word[pairs + 1], double))),
        places=np.concatenate((begin[latin], begin[pairs])),
        lengths=np.concatenate(((end - begin)[latin], end[pairs + 1] - begin[pairs])),
        kinds=np.repeat(np.array([single, double], dtype=np.int8), (int(latin.sum()), len(pairs))),
    )


def _bucket(hashes: NDArray[np.uint64], kind: int) -> NDArray[np.uint64]:
    """Hashes of one kind of n-gram spread over the buckets."""
    mixed = (hashes + np.uint64(kind)) * _MIX
    mixed ^= mixed >> np.uint64(29)
    return (mixed * _PRIME * _MIX) >> np.uint64(64 - BUCKET_BITS)
