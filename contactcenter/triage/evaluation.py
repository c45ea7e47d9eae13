"""Figures: how often a model is right, and whether its probabilities can be believed. Numpy alone."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from contactcenter.triage.assess import COMPLAINT, IS_COMPLAINT, original_text, whole_text
from contactcenter.triage.corpus import Corpus
from contactcenter.triage.features import Encoder, NoEncoder, featurise
from contactcenter.triage.registry import TrainedModel

_BATCH = 256
_BINS = 10
_MOST_CONFUSED = 10


def scores(truth: NDArray[np.str_], labels: Sequence[str], probabilities: NDArray[np.float32]) -> dict[str, Any]:
    """``{"rows", "accuracy", "macro_f1", "ece"}`` of the likeliest labels against the truth."""
    predicted = np.array(labels)[probabilities.argmax(axis=1)]
    per_label = label_scores(truth, predicted)
    return {
        "rows": len(truth),
        "accuracy": _rounded((truth == predicted).mean()),
        "macro_f1": _rounded(np.mean([row["f1"] for row in per_label.values()])),
        "ece": _rounded(calibration_error(truth == predicted, probabilities.max(axis=1))),
    }


def label_scores(truth: NDArray[np.str_], predicted: NDArray[np.str_]) -> dict[str, dict[str, Any]]:
    """Precision, recall, F1 and number of rows of every label that occurs in the truth."""
    result = {}
    for label in sorted(set(truth.tolist())):
        hits = int(((truth == label) & (predicted == label)).sum())
        found, real = int((predicted == label).sum()), int((truth == label).sum())
        precision = hits / found if found else 0.0
        recall = hits / real
        f1 = 2 * precision * recall / (precision + recall) if hits else 0.0
        result[label] = {"precision": _rounded(precision), "recall": _rounded(recall), "f1": _rounded(f1), "rows": real}
    return result


def calibration_error(right: NDArray[np.bool_], confidence: NDArray[np.float32]) -> float:
    """Expected calibration error over ten bins of equal width (Guo et al. 2017): 0 is perfect."""
    place = np.minimum((confidence * _BINS).astype(int), _BINS - 1)
    error = 0.0
    for bin_ in range(_BINS):
        inside = place == bin_
        if inside.any():
            error += abs(right[inside].mean() - confidence[inside].mean()) * inside.mean()
    return float(error)


def evaluate(model: TrainedModel, corpus: Corpus, encoder: Encoder | None = None) -> dict[str, Any]:
    """A report on every head the corpus has labels for, overall and for each language, as plain JSON values."""
    logits = _logits(model, corpus, encoder or NoEncoder())
    spoken = np.array([example.language for example in corpus.examples])
    heads: dict[str, Any] = {}
    for name in corpus.heads:
        head = model.linear.head(name)
        probabilities = head.probabilities(logits[:, model.linear.columns(name)], spoken.tolist())
        truth = np.array([example.labels[name] for example in corpus.examples])
        predicted = np.array(head.labels)[probabilities.argmax(axis=1)]
        report = scores(truth, head.labels, probabilities)
        report["languages"] = {
            language: scores(truth[spoken == language], head.labels, probabilities[spoken == language])
            for language in sorted(set(spoken.tolist()))
        }
        report["labels"] = label_scores(truth, predicted)
        wrong = Counter((str(a), str(b)) for a, b in zip(truth, predicted, strict=True) if a != b)
        report["confused"] = [
            {"truth": pair[0], "predicted": pair[1], "rows": rows} for pair, rows in wrong.most_common(_MOST_CONFUSED)
        ]
        if name == COMPLAINT:
            found = probabilities[:, head.labels.index(IS_COMPLAINT)] >= model.complaint_threshold
            report["at_threshold"] = _at_threshold(truth, found, spoken, model.complaint_threshold)
        heads[name] = report
    return {"model": model.name, "rows": len(corpus.examples), "heads": heads}


def _at_threshold(
    truth: NDArray[np.str_], found: NDArray[np.bool_], spoken: NDArray[np.str_], threshold: float
) -> dict[str, Any]:
    """How many complaints the threshold finds (recall), and how many of what it finds are some (precision)."""
    report: dict[str, Any] = {"threshold": threshold}
    everywhere = np.ones(len(truth), dtype=bool)
    for language, rows in (("all", everywhere), *((name, spoken == name) for name in sorted(set(spoken.tolist())))):
        real, said = (truth == IS_COMPLAINT) & rows, found & rows
        hits = int((real & said).sum())
        report[language] = {
            "recall": _rounded(hits / max(int(real.sum()), 1)),
            "precision": _rounded(hits / max(int(said.sum()), 1)),
            "complaints": int(real.sum()),
        }
    return report


def _logits(model: TrainedModel, corpus: Corpus, encoder: Encoder) -> NDArray[np.float32]:
    parts = [
        model.linear.logits(
            featurise(
                [whole_text(example.text) for example in corpus.examples[start : start + _BATCH]],
                encoder,
                [original_text(example.text) for example in corpus.examples[start : start + _BATCH]],
            )
        )
        for start in range(0, len(corpus.examples), _BATCH)
    ]
    return np.vstack(parts)


def _rounded(value: float | np.floating[Any]) -> float:
    return round(float(value), 4)
