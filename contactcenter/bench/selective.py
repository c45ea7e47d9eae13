"""``bench selective``: answers at a chosen error rate, on public questions of which 18 % are about nothing known.

What a model says of questions set apart is its confidence. They are dealt into calibration and test at random, again
and again: a bound on the calibration half chooses the threshold, the test half tells how often answers above it are
right, and how many of all questions get one. Two rules choose: the lowest threshold whose own bound holds, and the
product's, which also pays for having looked at many of them.

The strangers of banking77 are questions about labels that the model was not shown. Those of clinc150 are its rows
outside every label; as there are only 200, either half draws its share from 100 of them with replacement. The rows
are read from a folder of training data (``banking77/train.csv``, ``clinc150/train.csv`` and ``valid.csv``); none of
them come with the product.
"""

from __future__ import annotations

import csv
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType

import numpy as np
from numpy.typing import NDArray

from contactcenter.errors import InvalidInput
from contactcenter.triage import bounds, evaluation, registry
from contactcenter.triage.assess import CATEGORY
from contactcenter.triage.corpus import Corpus, Example
from contactcenter.triage.features import Encoder

STRANGERS = 0.18
"""Share of the questions that are about none of the labels."""

TARGET = 0.02
SPLITS = 20

_SEED = 7
_OUTSIDE = "oos"
_APART = 0.5  # of the rows of known labels of banking77: a proof wants many questions
_BANKING_HIDDEN = 14  # of 77 labels, nearly a fifth: strangers of the same trade
_STEP = 5  # questions from one tried threshold to the next

Scores = NDArray[np.float32]
Rights = NDArray[np.bool_]
Rule = Callable[[Scores, Rights], float | None]


@dataclass(frozen=True, slots=True)
class Questions:
    """What a model learns from, what it is asked, and by whom it is asked what none of its labels means."""

    name: str
    trains: tuple[tuple[str, str], ...]
    asks: tuple[tuple[str, str], ...]
    strangers: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class Selective:
    """What the thresholds of all splits kept: ``kept`` of ``splits`` had at least the precision that was asked."""

    data: str
    rule: str
    asked: int
    in_scope_accuracy: float
    splits: int
    kept: int
    lowest_precision: float
    mean_precision: float
    mean_coverage: float
    lowest_coverage: float


def read_questions(folder: Path) -> list[Questions]:
    """The two trials; raises :class:`InvalidInput` where a file is missing."""
    banking = _rows(folder / "banking77" / "train.csv")
    clinc, more = (_rows(folder / "clinc150" / name) for name in ("train.csv", "valid.csv"))
    return [_banking(banking), _clinc(clinc, more)]


def _rows(path: Path) -> list[tuple[str, str]]:
    try:
        with path.open(encoding="utf-8", newline="") as file:
            return [(row["text"], row["label"]) for row in csv.DictReader(file)]
    except (OSError, KeyError) as error:
        raise InvalidInput(f"{path}: {error}; TRAINING_DATA_DIR names the folder") from error


def _banking(rows: Sequence[tuple[str, str]]) -> Questions:
    """Some labels are hidden; half of the rows of the others is asked, the strangers are of the hidden ones."""
    random = np.random.default_rng(_SEED)
    hidden = set(random.permutation(sorted({label for _, label in rows}))[:_BANKING_HIDDEN].tolist())
    mixed = [rows[place] for place in random.permutation(len(rows))]
    inside = [row for row in mixed if row[1] not in hidden]
    apart = int(len(inside) * _APART)
    strangers = [row for row in mixed if row[1] in hidden]
    return Questions("banking77", tuple(inside[apart:]), tuple(inside[:apart]), tuple(strangers))


def _clinc(train: Sequence[tuple[str, str]], valid: Sequence[tuple[str, str]]) -> Questions:
    """The validation rows are asked; the strangers are all rows outside every label."""
    known, asks = ([row for row in part if row[1] != _OUTSIDE] for part in (train, valid))
    strangers = [row for row in (*train, *valid) if row[1] == _OUTSIDE]
    return Questions("clinc150", tuple(known), tuple(asks), tuple(strangers))


def run_selective(questions: Questions, encoder: Encoder) -> list[Selective]:
    """Train once, ask once, deal the outcomes many times; a result for each rule."""
    from contactcenter.triage import training  # here: it needs scikit-learn

    model = training.train(_corpus(questions.trains), questions.name, encoder=encoder)
    sure, right = _outcomes(model, questions.asks, encoder)
    strange, _ = _outcomes(model, questions.strangers, encoder)
    results = []
    for rule, choose in RULES.items():
        outcomes = [deal(sure, right, strange, choose, seed) for seed in range(SPLITS)]
        precisions, coverages = (np.array(values) for values in zip(*outcomes, strict=True))
        results.append(
            Selective(
                data=questions.name,
                rule=rule,
                asked=round(len(sure) / (1 - STRANGERS)),
                in_scope_accuracy=float(right.mean()),
                splits=SPLITS,
                kept=int((precisions >= 1 - TARGET).sum()),
                lowest_precision=float(precisions.min()),
                mean_precision=float(precisions.mean()),
                mean_coverage=float(coverages.mean()),
                lowest_coverage=float(coverages.min()),
            )
        )
    return results


def _outcomes(model: registry.TrainedModel, asks: Sequence[tuple[str, str]], encoder: Encoder) -> tuple[Scores, Rights]:
    """How sure the model is of each question, and whether it is right."""
    said = evaluation.probabilities_of(model, _corpus(asks), encoder)[CATEGORY]
    labels = np.array(model.linear.head(CATEGORY).labels)
    return said.max(axis=1), labels[said.argmax(axis=1)] == np.array([label for _, label in asks])


def deal(sure: Scores, right: Rights, strange: Scores, choose: Rule, seed: int) -> tuple[float, float]:
    """Precision and coverage (of all) on one half with the threshold that the other half proves."""
    random = np.random.default_rng(seed)
    halves = []
    for known, odd in zip(
        np.array_split(random.permutation(len(sure)), 2),
        np.array_split(random.permutation(len(strange)), 2),
        strict=True,
    ):
        wanted = round(len(known) * STRANGERS / (1 - STRANGERS))
        drawn = random.choice(odd, wanted, replace=wanted > len(odd))
        halves.append((np.r_[sure[known], strange[drawn]], np.r_[right[known], np.zeros(wanted, dtype=bool)]))
    (scores, outcomes), (asked, truth) = halves
    threshold = choose(scores, outcomes)
    answered = np.zeros(len(asked), dtype=bool) if threshold is None else asked >= threshold
    return (float(truth[answered].mean()) if answered.any() else 1.0), float(answered.mean())


def _lowest_bound(scores: Scores, right: Rights) -> float | None:
    """The lowest threshold above which the error's upper bound is at most the target."""
    order = np.argsort(-scores, kind="stable")
    wrong = np.cumsum(~right[order])
    first = bounds.needed(TARGET)
    held = [n for n in range(first, len(order), _STEP) if bounds.keeps(int(wrong[n - 1]), n, TARGET)]
    return float(scores[order[held[-1] - 1]]) if held else None


def _product(scores: Scores, right: Rights) -> float | None:
    return bounds.threshold_for(scores.tolist(), right.tolist(), TARGET)


RULES: Mapping[str, Rule] = MappingProxyType({"bound": _lowest_bound, "product": _product})


def _corpus(rows: Sequence[tuple[str, str]]) -> Corpus:
    return Corpus(tuple(Example(text, "en", {CATEGORY: label}) for text, label in rows))
