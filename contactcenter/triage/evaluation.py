"""Figures: how often a model is right, and whether its probabilities can be believed. Numpy alone."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from contactcenter.triage import scoring
from contactcenter.triage.assess import CATEGORY, COMPLAINT, COMPLAINT_KIND, IS_COMPLAINT, original_text, whole_text
from contactcenter.triage.complaints import KINDS, kind_probabilities
from contactcenter.triage.corpus import Corpus
from contactcenter.triage.features import Encoder, NoEncoder
from contactcenter.triage.registry import TrainedModel

_BATCH = 256
_BINS = 10
_MOST_CONFUSED = 10
_LIKELIEST = 3


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


def figures(truth: NDArray[np.str_], labels: Sequence[str], probabilities: NDArray[np.float32]) -> dict[str, Any]:
    """:func:`scores`, how often the truth is among the likeliest three, ``labels`` and ``reliability`` of all."""
    predicted, top = np.array(labels)[probabilities.argmax(axis=1)], probabilities.max(axis=1)
    likeliest = np.array(labels)[np.argsort(-probabilities, axis=1, kind="stable")[:, :_LIKELIEST]]
    return {
        **scores(truth, labels, probabilities),
        "among_three": _rounded((likeliest == truth[:, None]).any(axis=1).mean()),
        "labels": label_scores(truth, predicted),
        "reliability": reliability(truth == predicted, top),
    }


def reliability(right: NDArray[np.bool_], confidence: NDArray[np.float32]) -> list[dict[str, Any]]:
    """What probabilities came to, in ten bins of equal width: ``{"from", "rows", "said", "right"}`` of those with rows.

    ``said`` is the mean probability in a bin, ``right`` the share of its rows that were.
    """
    place = np.minimum((confidence * _BINS).astype(int), _BINS - 1)
    return [
        {
            "from": bin_ / _BINS,
            "rows": int((place == bin_).sum()),
            "said": _rounded(confidence[place == bin_].mean()),
            "right": _rounded(right[place == bin_].mean()),
        }
        for bin_ in sorted(set(place.tolist()))
    ]


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
    said = probabilities_of(model, corpus, encoder or NoEncoder())
    said[COMPLAINT_KIND] = kind_probabilities(model.linear.head(CATEGORY).labels, said[CATEGORY])
    heads: dict[str, Any] = {}
    kinds = [COMPLAINT_KIND] if any(COMPLAINT_KIND in example.labels for example in corpus.examples) else []
    for name in (*corpus.heads, *kinds):
        labels = KINDS if name == COMPLAINT_KIND else model.linear.head(name).labels
        rows = [row for row, example in enumerate(corpus.examples) if name in example.labels]
        truth = np.array([corpus.examples[row].labels[name] for row in rows])
        spoken = np.array([corpus.examples[row].language for row in rows])
        probabilities = said[name][rows]
        predicted = np.array(labels)[probabilities.argmax(axis=1)]
        report = figures(truth, labels, probabilities)
        report["languages"] = {
            language: figures(truth[spoken == language], labels, probabilities[spoken == language])
            for language in sorted(set(spoken.tolist()))
        }
        wrong = Counter((str(a), str(b)) for a, b in zip(truth, predicted, strict=True) if a != b)
        report["confused"] = [
            {"truth": pair[0], "predicted": pair[1], "rows": rows} for pair, rows in wrong.most_common(_MOST_CONFUSED)
        ]
        if name == COMPLAINT:
            found = probabilities[:, labels.index(IS_COMPLAINT)] >= model.complaint_threshold
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


def probabilities_of(model: TrainedModel, corpus: Corpus, encoder: Encoder) -> dict[str, NDArray[np.float32]]:
    """What every head says of all examples, one row each; raises :class:`ModelError` for another encoder."""
    scoring.check_encoder(model, encoder)
    parts = []
    for start in range(0, len(corpus.examples), _BATCH):
        batch = corpus.examples[start : start + _BATCH]
        texts = [whole_text(example.text) for example in batch]
        originals = [original_text(example.text) for example in batch]
        spoken = [example.language for example in batch]
        parts.append(scoring.score(model, texts, originals, spoken, encoder).probabilities)
    return {name: np.vstack([part[name] for part in parts]) for name in parts[0]}


def _rounded(value: float | np.floating[Any]) -> float:
    return round(float(value), 4)
