"""A static encoder of Chinese: a text becomes a vector in the space of the English encoder, by numpy alone.

The n-grams of :func:`contactcenter.triage.features.featurise` each have a short row; the rows of a text are summed and
a network of one hidden layer turns the sum into a vector of the English encoder's width. It was taught by sentences in
both languages (:mod:`contactcenter.triage.distil`): a Chinese sentence shall lie where the English encoder puts its
translation, so a Chinese question lies close to an English article. Tens of microseconds a sentence.

A folder has ``encoder.json`` (name, width, the English encoder it was taught by, file and SHA-256 of the weights) and
``weights-<hash>.npz``: rows in 8 bits with a scale each, the network in 16 bits. No pickles.
"""

from __future__ import annotations

import hashlib
import io
import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from contactcenter.errors import ModelError
from contactcenter.triage.features import WORD_KINDS, Features, Read, featurise, meaning_alone
from contactcenter.triage.text import clean

CONFIG = "encoder.json"
FORMAT = 1
KIND = "static"
"""What ``kind`` in ``encoder.json`` says of such an encoder."""

LONGEST_GRAM = 3
"""Characters of the longest n-gram with a row; words of Latin letters have rows too."""

BATCH = 512
_LARGEST_WEIGHTS = 256 * 2**20

Matrix = NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Student:
    """The weights: ``V`` n-grams with rows of ``D`` numbers, a hidden layer of ``H``, vectors of ``W``.

    ``buckets`` are the hashes of the n-grams, ascending; ``rows`` (V x D) hold the weighted rows in 8 bits, one unit of
    row ``i`` being ``scales[i]``; ``loudness[i]`` is the weight that row was multiplied by.
    """

    buckets: NDArray[np.uint32]
    rows: NDArray[np.int8]
    scales: Matrix
    loudness: Matrix
    hidden: Matrix  # D x H
    hidden_bias: Matrix
    out: Matrix  # H x W
    out_bias: Matrix
    straight: Matrix  # D x W, past the hidden layer

    def vectors(self, texts: Sequence[str]) -> Matrix:
        """One unit vector for each cleaned text; zeros for a text of which no n-gram is known."""
        summed, known = self._summed(featurise(texts))
        found = _gelu(summed @ self.hidden + self.hidden_bias) @ self.out + self.out_bias + summed @ self.straight
        found *= known[:, None]
        lengths = np.linalg.norm(found, axis=1, keepdims=True)
        unit: Matrix = (found / np.where(lengths > 0, lengths, 1)).astype(np.float32)
        return unit

    def _summed(self, features: Features) -> tuple[Matrix, NDArray[np.bool_]]:
        """The rows of each text summed, over the length of their weights; and whether there was any."""
        wanted = np.flatnonzero(is_read(features))
        owners = np.searchsorted(features.starts, wanted, side="right") - 1
        buckets = features.buckets[wanted]
        places = np.minimum(np.searchsorted(self.buckets, buckets), len(self.buckets) - 1)
        seen = self.buckets[places] == buckets
        places, owners = places[seen], owners[seen]
        summed = np.zeros((len(features), self.rows.shape[1]), dtype=np.float32)
        squares = np.bincount(owners, self.loudness[places] ** 2, len(features))
        if len(places):
            firsts = np.flatnonzero(np.diff(owners, prepend=-1))
            rows = self.rows[places] * self.scales[places][:, None]
            summed[owners[firsts]] = np.add.reduceat(rows, firsts, axis=0)
        summed /= np.sqrt(squares + 1e-6)[:, None]
        return summed, squares > 0


def is_read(features: Features) -> NDArray[np.bool_]:
    """Which entries of the features the encoder reads: short n-grams of characters, and words."""
    read: NDArray[np.bool_] = (features.kinds <= LONGEST_GRAM) | np.isin(features.kinds, WORD_KINDS)
    return read


class StaticEncoder:
    """An :class:`contactcenter.triage.features.Encoder` over a folder of such weights. Thread-safe; share one."""

    def __init__(self, folder: Path) -> None:
        """Raises :class:`ModelError` for a folder that is damaged or holds something else."""
        try:
            said = json.loads((folder / CONFIG).read_text(encoding="utf-8"))
            if said.get("format") != FORMAT or said.get("kind") != KIND:
                raise ModelError(f"{folder}: no static encoder of format {FORMAT}")
            raw = _checked(folder / Path(said["weights"]["file"]).name, said["weights"]["sha256"])
            self._student = _from_bytes(raw)
            self.name = str(said["name"])
            self.networks = (str(said["weights"]["sha256"]),)
            self.teacher = str(said["teacher"])
        except (OSError, ValueError, LookupError, TypeError, AttributeError) as error:
            raise ModelError(f"{folder}: no readable encoder ({error})") from error

    @property
    def width(self) -> int:
        """Numbers of a vector."""
        return int(self._student.out.shape[1])

    @property
    def manner(self) -> int:
        """None is told."""
        return 0

    @property
    def prompt(self) -> str:
        """Nothing: its n-grams do not read a text as a whole."""
        return ""

    def encode(self, texts: Sequence[str]) -> Matrix:
        """One unit vector for each text as it was written, in order; zeros for one without a known n-gram."""
        vectors = np.zeros((len(texts), self.width), dtype=np.float32)
        for start in range(0, len(texts), BATCH):
            batch = [clean(text) for text in texts[start : start + BATCH]]
            vectors[start : start + BATCH] = self._student.vectors(batch)
        return vectors

    def read(self, texts: Sequence[str]) -> Read:
        """What each text means."""
        return meaning_alone(self.encode(texts))


def save(student: Student, folder: Path, *, name: str, teacher: str, training: dict[str, Any]) -> Path:
    """Write an encoder folder; earlier weights are removed last. Returns the weights' path."""
    folder.mkdir(parents=True, exist_ok=True)
    buffer = io.BytesIO()
    half = {key: getattr(student, key).astype(np.float16) for key in _HALVES}
    np.savez_compressed(buffer, buckets=student.buckets, rows=student.rows, **half)
    raw = buffer.getvalue()
    digest = hashlib.sha256(raw).hexdigest()
    path = folder / f"weights-{digest[:12]}.npz"
    path.write_bytes(raw)
    said = {
        "format": FORMAT,
        "kind": KIND,
        "name": name,
        "width": student.out.shape[1],
        "teacher": teacher,
        "weights": {"file": path.name, "sha256": digest},
        "training": training,
    }
    (folder / CONFIG).write_text(json.dumps(said, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")
    for old in folder.glob("weights-*.npz"):
        if old != path:
            old.unlink()
    return path


_HALVES = ("scales", "loudness", "hidden", "hidden_bias", "out", "out_bias", "straight")


def _from_bytes(raw: bytes) -> Student:
    with np.load(io.BytesIO(raw), allow_pickle=False) as arrays:
        halves = {key: arrays[key].astype(np.float32) for key in _HALVES}
        student = Student(buckets=arrays["buckets"], rows=arrays["rows"], **halves)
    sizes = {len(student.buckets), len(student.rows), len(student.scales), len(student.loudness)}
    if len(sizes) != 1 or 0 in sizes:
        raise ValueError("the weights do not fit together")
    return student


def _checked(path: Path, sha256: str) -> bytes:
    if path.stat().st_size > _LARGEST_WEIGHTS:
        raise ModelError(f"{path}: larger than {_LARGEST_WEIGHTS} bytes")
    raw = path.read_bytes()
    if hashlib.sha256(raw).hexdigest() != sha256:
        raise ModelError(f"{path}: its SHA-256 is not the one {CONFIG} states")
    return raw


def _gelu(values: Matrix) -> Matrix:
    """The Gaussian error linear unit, by its tanh form."""
    inner = np.float32(0.7978845608) * (values + np.float32(0.044715) * values * values * values)
    found: Matrix = np.float32(0.5) * values * (1 + np.tanh(inner))
    return found
