"""Teaching the static encoder (:mod:`contactcenter.triage.student`) from sentences in English and Chinese.

For each pair the English encoder says where the English sentence lies; the student learns to put the Chinese one
there: it is drawn towards that place (cosine) and away from those of the other sentences of the batch (InfoNCE, van
den Oord et al. 2018, both ways). Everyday sentences teach the language, sentences of customer service what it is for:
the latter are drawn more often.

Plain numpy with Adam, rows updated only where a batch has touched them; a CPU minute for 30,000 pairs beside the
English encoder's four. Needs scipy (the extra ``train``). Deterministic for a seed.
"""

from __future__ import annotations

import csv
from collections.abc import Callable, Iterable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import sparse  # type: ignore[import-untyped]

from contactcenter.errors import InvalidInput
from contactcenter.triage.features import Encoder, featurise
from contactcenter.triage.student import Matrix, Student, is_read
from contactcenter.triage.text import clean

_LIKE = 0.95
"""Targets closer than this say the same: neither is held against the other."""


@dataclass(frozen=True, slots=True)
class Pair:
    """The same sentence in both languages; ``topic`` groups those of one template (empty: none)."""

    en: str
    zh: str
    topic: str = ""


@dataclass(frozen=True, slots=True)
class Recipe:
    """How the student is taught. ``weight`` is how often a service pair is drawn for one everyday pair."""

    width: int = 160
    hidden: int = 512
    epochs: float = 10.0
    batch: int = 256
    rate: float = 2e-3
    weight: float = 6.0
    contrast: float = 0.1  # of InfoNCE beside the cosine
    temperature: float = 0.05
    drop: float = 0.2  # of the summed rows and of the hidden layer
    drop_grams: float = 0.1
    least: int = 2  # sentences an n-gram is seen in to have a row
    seed: int = 0


def read_pairs(path: Path) -> list[Pair]:
    """The pairs of a CSV with the columns ``en`` and ``zh`` and perhaps ``topic``; raises :class:`InvalidInput`."""
    try:
        with path.open(encoding="utf-8", newline="") as file:
            found = [Pair(row["en"].strip(), row["zh"].strip(), row.get("topic") or "") for row in csv.DictReader(file)]
    except (OSError, UnicodeError, KeyError, AttributeError) as error:
        raise InvalidInput(f"{path}: no CSV with the columns en and zh ({error})") from error
    return [pair for pair in found if pair.en and pair.zh]


def held_apart(pairs: Sequence[Pair], share: float, seed: int = 0) -> tuple[list[Pair], list[Pair]]:
    """The pairs without a share of their topics, and those of these topics: no topic is on both sides."""
    topics = sorted({pair.topic for pair in pairs})
    order = np.random.default_rng(seed).permutation(len(topics))
    aside = {topics[place] for place in order[: round(share * len(topics))]}
    return [pair for pair in pairs if pair.topic not in aside], [pair for pair in pairs if pair.topic in aside]


def distil(
    service: Sequence[Pair],
    everyday: Sequence[Pair],
    teacher: Encoder,
    recipe: Recipe | None = None,
    tell: Callable[[str], None] = lambda _: None,
) -> Student:
    """The student of a teacher, from service and everyday pairs. Raises :class:`InvalidInput` for too few."""
    recipe = recipe or Recipe()
    chance = np.random.default_rng(recipe.seed)
    pairs = [*service, *everyday]
    if len(pairs) < 2:
        raise InvalidInput("no pairs to learn from")
    tell(f"encoding {len(pairs)} English sentences")
    targets = _targets([pair.en for pair in pairs], teacher)
    grams, buckets = _grams([clean(pair.zh) for pair in pairs], recipe.least)
    often = np.array([recipe.weight] * len(service) + [1.0] * len(everyday))
    lesson = _Lesson(grams, targets, often / often.sum(), recipe, chance)
    for epoch in range(int(np.ceil(recipe.epochs))):
        tell(f"epoch {epoch + 1}: loss {lesson.epoch():.3f}")
    return lesson.student(buckets)


def top1(vectors: Matrix, targets: Matrix) -> float:
    """Share of rows whose nearest target is their own."""
    return float(((vectors @ targets.T).argmax(axis=1) == np.arange(len(vectors))).mean())


def as_training(recipe: Recipe, service: int, everyday: int) -> dict[str, Any]:
    """What ``encoder.json`` keeps of the making."""
    return {"service_pairs": service, "everyday_pairs": everyday, **asdict(recipe)}


def _targets(texts: Sequence[str], teacher: Encoder) -> Matrix:
    distinct = list(dict.fromkeys(texts))
    places = {text: place for place, text in enumerate(distinct)}
    vectors: Matrix = teacher.encode(distinct)[[places[text] for text in texts]]
    return vectors


def _grams(texts: Sequence[str], least: int) -> tuple[sparse.csr_matrix, NDArray[np.uint32]]:
    """Texts x n-grams with the loudness of each n-gram (the root of its rarity), and the n-grams' hashes, ascending."""
    rows, columns = [], []
    for start in range(0, len(texts), 2_000):
        features = featurise(texts[start : start + 2_000])
        wanted = np.flatnonzero(is_read(features))
        rows.append(start + np.searchsorted(features.starts, wanted, side="right") - 1)
        columns.append(features.buckets[wanted])
    owners, hashes = np.concatenate(rows), np.concatenate(columns)
    buckets, places, counts = np.unique(hashes, return_inverse=True, return_counts=True)
    kept = counts >= min(least, counts.max())
    renumbered = np.cumsum(kept) - 1
    seen = kept[places]
    loudness = np.sqrt(np.log(1 + len(texts) / counts)).astype(np.float32)
    entries = (loudness[places[seen]], (owners[seen], renumbered[places[seen]]))
    return sparse.csr_matrix(entries, shape=(len(texts), int(kept.sum()))), buckets[kept].astype(np.uint32)


class _Lesson:
    """The weights while they are learned, with Adam's moments."""

    def __init__(
        self,
        grams: sparse.csr_matrix,
        targets: Matrix,
        often: NDArray[np.float64],
        recipe: Recipe,
        chance: np.random.Generator,
    ) -> None:
        self._grams, self._targets, self._often = grams, targets, often
        self._recipe, self._chance = recipe, chance
        width, hidden, out = recipe.width, recipe.hidden, targets.shape[1]
        sizes = {
            "rows": (grams.shape[1], width),
            "hidden": (width, hidden),
            "hidden_bias": (hidden,),
            "out": (hidden, out),
            "out_bias": (out,),
            "straight": (width, out),
        }
        self.weights = {name: self._first(name, size) for name, size in sizes.items()}
        self._means = {name: np.zeros(size, dtype=np.float32) for name, size in sizes.items()}
        self._squares = {name: np.zeros(size, dtype=np.float32) for name, size in sizes.items()}
        self._step = 0
        self._steps = max(1, int(recipe.epochs * grams.shape[0] / min(recipe.batch, grams.shape[0])))

    def _first(self, name: str, size: tuple[int, ...]) -> Matrix:
        spread = 0.0 if name.endswith("bias") else 0.05 if name == "rows" else 1 / np.sqrt(3 * size[0])
        drawn: Matrix = self._chance.normal(0, spread, size).astype(np.float32)
        return drawn

    def epoch(self) -> float:
        """As many draws as there are pairs; returns the mean loss."""
        size = min(self._recipe.batch, self._grams.shape[0])
        losses = []
        for _ in range(self._grams.shape[0] // size):
            if self._step < self._steps:
                picked = self._chance.choice(self._grams.shape[0], size, replace=False, p=self._often)
                losses.append(self._learn(self._grams[picked], self._targets[picked]))
        return float(np.mean(losses)) if losses else 0.0

    def _learn(self, grams: sparse.csr_matrix, targets: Matrix) -> float:
        """One step: forwards, the loss, backwards, and Adam."""
        weights, keep = self.weights, self._keep
        grams.data *= keep(grams.data.shape, self._recipe.drop_grams) > 0
        touched, inverse = np.unique(grams.indices, return_inverse=True)
        compact = sparse.csr_matrix((grams.data, inverse, grams.indptr), shape=(grams.shape[0], len(touched)))
        lengths = np.sqrt(np.asarray(grams.multiply(grams).sum(axis=1)) + 1e-6).astype(np.float32)
        kept = keep((grams.shape[0], self._recipe.width), self._recipe.drop)
        summed = compact @ weights["rows"][touched] / lengths * kept
        before = summed @ weights["hidden"] + weights["hidden_bias"]
        bent, slope = _gelu_and_slope(before)
        kept_hidden = keep(bent.shape, self._recipe.drop)
        bent = bent * kept_hidden
        found = bent @ weights["out"] + weights["out_bias"] + summed @ weights["straight"]
        norms = np.linalg.norm(found, axis=1, keepdims=True) + 1e-9
        unit = found / norms
        loss, pull = self._loss(unit, targets)
        pull = (pull - unit * np.sum(unit * pull, axis=1, keepdims=True)) / norms
        inner = pull @ weights["out"].T * kept_hidden * slope
        back = (inner @ weights["hidden"].T + pull @ weights["straight"].T) * kept / lengths
        self._step += 1
        self._adam("rows", compact.T @ back, touched)
        self._adam("hidden", summed.T @ inner)
        self._adam("hidden_bias", inner.sum(axis=0))
        self._adam("out", bent.T @ pull)
        self._adam("out_bias", pull.sum(axis=0))
        self._adam("straight", summed.T @ pull)
        return loss

    def _keep(self, shape: tuple[int, ...], drop: float) -> Matrix:
        """What dropout leaves: zeros, and the rest louder."""
        left: Matrix = (self._chance.random(shape, dtype=np.float32) >= drop).astype(np.float32) / (1 - drop)
        return left

    def _loss(self, unit: Matrix, targets: Matrix) -> tuple[float, Matrix]:
        """The loss of a batch and its derivative by the vectors."""
        count, recipe = len(unit), self._recipe
        likeness = unit @ targets.T / recipe.temperature
        same = targets @ targets.T > _LIKE
        np.fill_diagonal(same, val=False)
        likeness[same] = -1e4
        across, down = _softmax(likeness), _softmax(likeness.T).T
        own = np.arange(count)
        contrast = -np.log(across[own, own] + 1e-9).mean() - np.log(down[own, own] + 1e-9).mean()
        push = across + down
        push[own, own] -= 2
        pull = -targets / count + recipe.contrast * (push @ targets) / (recipe.temperature * count)
        loss = 1 - np.sum(unit * targets) / count + recipe.contrast * contrast
        return float(loss), pull.astype(np.float32)

    def _adam(self, name: str, slope: Matrix, rows: NDArray[np.int64] | slice = slice(None)) -> None:
        """Kingma & Ba 2015; the rate rises over the first tenth and then falls to nothing along a cosine."""
        done = self._step / self._steps
        rate = self._recipe.rate * (done / 0.1 if done < 0.1 else (1 + np.cos(np.pi * (done - 0.1) / 0.9)) / 2)
        mean = self._means[name][rows] = 0.9 * self._means[name][rows] + 0.1 * slope
        square = self._squares[name][rows] = 0.999 * self._squares[name][rows] + 0.001 * slope * slope
        mean_hat, square_hat = mean / (1 - 0.9**self._step), square / (1 - 0.999**self._step)
        self.weights[name][rows] -= (rate * mean_hat / (np.sqrt(square_hat) + 1e-8)).astype(np.float32)

    def student(self, buckets: NDArray[np.uint32]) -> Student:
        """The weights as they are kept: rows times their loudness, in 8 bits."""
        loudness = np.zeros(len(buckets), dtype=np.float32)
        loudness[self._grams.indices] = self._grams.data
        rows = self.weights["rows"] * loudness[:, None]
        scales = (np.abs(rows).max(axis=1) / 127 + 1e-12).astype(np.float32)
        rest = {name: value for name, value in self.weights.items() if name != "rows"}
        small = np.round(rows / scales[:, None]).astype(np.int8)
        return Student(buckets=buckets, rows=small, scales=scales, loudness=loudness, **rest)


def _gelu_and_slope(values: Matrix) -> tuple[Matrix, Matrix]:
    """The Gaussian error linear unit (tanh form) and its derivative."""
    cubed = np.float32(0.044715) * values * values
    bend = np.tanh(np.float32(0.7978845608) * values * (1 + cubed))
    slope = 0.5 * (1 + bend) + 0.5 * values * (1 - bend * bend) * np.float32(0.7978845608) * (1 + 3 * cubed)
    return 0.5 * values * (1 + bend), slope


def _softmax(values: Matrix) -> Matrix:
    raised = np.exp(values - values.max(axis=1, keepdims=True))
    shares: Matrix = raised / raised.sum(axis=1, keepdims=True)
    return shares


def all_pairs(paths: Iterable[Path]) -> list[Pair]:
    """The pairs of several files."""
    return [pair for path in paths for pair in read_pairs(path)]
