"""Training: linear support vector machines over hashed n-grams, probabilities calibrated by cross-validation.

Needs scikit-learn (the extra ``train``). Reproducible: the same corpus gives the same weights, bit for bit, on one
version of scikit-learn.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy import sparse  # type: ignore[import-untyped]
from scipy.optimize import minimize_scalar  # type: ignore[import-untyped]
from sklearn.isotonic import IsotonicRegression
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import KFold, StratifiedKFold
from sklearn.svm import LinearSVC

from contactcenter.errors import InvalidInput
from contactcenter.triage import evaluation
from contactcenter.triage.assess import COMPLAINT, IS_COMPLAINT, SENTIMENT, URGENCY, whole_text
from contactcenter.triage.corpus import Corpus, Example
from contactcenter.triage.features import Encoder, NoEncoder, featurise
from contactcenter.triage.linear import Curve, Head, LinearModel
from contactcenter.triage.registry import TrainedModel

SEED = 7
FOLDS = 5
FEWEST_ROWS = 10


class Settings(NamedTuple):
    """How a head is trained.

    ``regularisation`` is the C of its support vector machines, ``phrase_weight`` what a phrase counts against a real
    message, ``balance`` how much rare labels are favoured: 0 not at all, 1 so that all labels weigh the same.
    """

    regularisation: float = 0.05
    phrase_weight: float = 0.7
    balance: float = 0.0


SETTINGS = {
    URGENCY: Settings(phrase_weight=0.3, balance=1.6),
    SENTIMENT: Settings(phrase_weight=0.3, balance=1.3),
    COMPLAINT: Settings(phrase_weight=0.2),
}
"""Chosen by cross-validation on the training rows; heads that are not named use the defaults."""

COMPLAINT_RECALL = 0.95
"""Share of complaints that must be recognised in cross-validation; the threshold follows from it."""

KNOTS = 12
ROWS_PER_KNOT = 100
"""Most knots of a calibration curve, and fewest rows behind each."""

ROWS_FOR_OWN_CURVE = 5 * ROWS_PER_KNOT
"""Rows of a language that give it a curve of its own."""

_BATCH = 256
_ABSENT = -4.0
"""The margin of a label that a training fold did not contain."""

Progress = Callable[[str, float], None]


@dataclass(frozen=True, slots=True)
class _Matrix:
    """Features of many texts: sparse columns are ``buckets`` in order, ``dense`` what an encoder added."""

    sparse: Any
    dense: NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class _Fit:
    """One trained head before calibration: a column of weights for each label."""

    labels: tuple[str, ...]
    weights: NDArray[np.float64]
    dense_weights: NDArray[np.float64]
    bias: NDArray[np.float64]

    def margins(self, matrix: _Matrix) -> NDArray[np.float64]:
        """Scores, one row a text."""
        scores: NDArray[np.float64] = matrix.sparse @ self.weights + matrix.dense @ self.dense_weights + self.bias
        return scores


def train(
    corpus: Corpus,
    name: str,
    *,
    base: TrainedModel | None = None,
    encoder: Encoder | None = None,
    progress: Progress | None = None,
) -> TrainedModel:
    """A model with a head for everything the corpus labels; other heads are taken over from ``base``.

    ``progress`` hears what is being done and the share that is done (0 to 1). Raises :class:`InvalidInput` when there
    is too little to learn from.
    """
    if len(corpus.examples) < FEWEST_ROWS:
        raise InvalidInput(f"{len(corpus.examples)} labelled rows; at least {FEWEST_ROWS} are needed")
    tell = progress or (lambda *_: None)
    tell("features", 0.0)
    encoder = encoder or NoEncoder()
    buckets, examples, phrases = _matrices(corpus, encoder)
    heads: list[Head] = []
    fits: list[_Fit] = []
    measured: dict[str, Any] = {}
    threshold = base.complaint_threshold if base else 0.5
    for done, head in enumerate(corpus.heads):
        tell(head, (done + 0.5) / (len(corpus.heads) + 0.5))
        trainer = _Trainer(head, corpus, examples, phrases)
        fit, calibrated, margins = trainer.run()
        fits.append(fit)
        heads.append(calibrated)
        probabilities = calibrated.probabilities(margins, trainer.spoken.tolist())
        measured[head] = evaluation.scores(trainer.truth, calibrated.labels, probabilities)
        if head == COMPLAINT:
            threshold = _threshold(trainer.truth, probabilities[:, calibrated.labels.index(IS_COMPLAINT)])
    tell("done", 1.0)
    training = {
        "rows": len(corpus.examples),
        "phrases": len(corpus.phrases),
        "seed": SEED,
        "folds": FOLDS,
        "cross_validation": measured,
    }
    linear = LinearModel(heads, buckets, _columns(fits, "weights"), _columns(fits, "dense_weights"))
    return TrainedModel(name, linear if base is None else _with_heads_of(linear, base.linear), threshold, training)


def _columns(fits: Sequence[_Fit], part: str) -> NDArray[np.float32]:
    """The weights of all heads side by side, as exact as they will be stored."""
    return np.hstack([getattr(fit, part) for fit in fits]).astype(np.float16).astype(np.float32)


def _matrices(corpus: Corpus, encoder: Encoder) -> tuple[NDArray[np.uint32], _Matrix, _Matrix]:
    """The buckets in use (ascending) and the features of examples and phrases over them."""
    raw = [_featurised(part, encoder) for part in (corpus.examples, corpus.phrases)]
    used = np.unique(np.concatenate([indices for indices, _, _, _ in raw]))
    matrices = [
        _Matrix(
            sparse.csr_matrix((values, np.searchsorted(used, indices), pointers), shape=(len(pointers) - 1, len(used))),
            dense,
        )
        for indices, values, pointers, dense in raw
    ]
    return used.astype(np.uint32), matrices[0], matrices[1]


def _featurised(
    examples: Sequence[Example], encoder: Encoder
) -> tuple[NDArray[np.int64], NDArray[np.float32], NDArray[np.int64], NDArray[np.float32]]:
    """Buckets, values and row pointers of texts, and their dense rows."""
    parts = [
        featurise([whole_text(example.text) for example in examples[start : start + _BATCH]], encoder)
        for start in range(0, max(len(examples), 1), _BATCH)
    ]
    pointers = np.concatenate([[0], *(np.diff(part.starts) for part in parts)]).cumsum()
    return (
        np.concatenate([part.buckets for part in parts]),
        np.concatenate([part.values for part in parts]),
        pointers,
        np.concatenate([part.dense for part in parts]),
    )


class _Trainer:
    """Fits and calibrates one head."""

    def __init__(self, head: str, corpus: Corpus, examples: _Matrix, phrases: _Matrix) -> None:
        self.head = head
        self.spoken = np.array([example.language for example in corpus.examples])
        self._settings = SETTINGS.get(head, Settings())
        self.truth = np.array([example.labels[head] for example in corpus.examples])
        self.labels = tuple(sorted(set(self.truth.tolist())))
        if len(self.labels) < 2:
            raise InvalidInput(f"{head}: all rows have the same label")
        about = np.array(
            [row for row, phrase in enumerate(corpus.phrases) if phrase.labels.get(head) in self.labels], dtype=np.int64
        )
        self._hints = np.array([corpus.phrases[row].labels[head] for row in about], dtype=object)
        self._examples = examples
        self._phrases = _Matrix(phrases.sparse[about], phrases.dense[about])

    def run(self) -> tuple[_Fit, Head, NDArray[np.float64]]:
        """The head fitted on everything, the same calibrated, and each row's margins by a model that never saw it."""
        margins = np.zeros((len(self.truth), len(self.labels)))
        for seen, unseen in self._folds():
            margins[unseen] = self._fit(seen).margins(_rows(self._examples, unseen))
        fit = self._fit(np.arange(len(self.truth)))
        bias = tuple(round(float(value), 6) for value in fit.bias)
        head = Head(self.head, self.labels, bias)
        return fit, _calibrated(head, margins, np.searchsorted(self.labels, self.truth), self.spoken), margins

    def _folds(self) -> list[tuple[NDArray[np.int64], NDArray[np.int64]]]:
        rarest = min(np.unique(self.truth, return_counts=True)[1])
        kind = StratifiedKFold if rarest >= FOLDS else KFold
        return list(kind(FOLDS, shuffle=True, random_state=SEED).split(self.truth, self.truth))

    def _fit(self, rows: NDArray[np.int64]) -> _Fit:
        """One model of some of the examples and all phrases."""
        examples = _rows(self._examples, rows)
        stacked = sparse.vstack([examples.sparse, self._phrases.sparse]).tocsr()
        dense = np.vstack([examples.dense, self._phrases.dense])
        # Scaling the columns by their rarity lets rare n-grams speak up under the same penalty.
        seen_in = np.bincount(stacked.indices, minlength=stacked.shape[1])
        rarity = np.log((1 + stacked.shape[0]) / (1 + seen_in)) + 1
        scaled = sparse.hstack([stacked @ sparse.diags_array(rarity), sparse.csr_matrix(dense)]).tocsr()
        weight = np.concatenate([np.ones(len(rows)), np.full(len(self._hints), self._settings.phrase_weight)])
        labels = np.concatenate([self.truth[rows], self._hints]).astype(str)
        names, place, count = np.unique(labels, return_inverse=True, return_counts=True)
        weight *= (len(labels) / len(names) / count[place]) ** self._settings.balance
        machine = LinearSVC(C=self._settings.regularisation, random_state=SEED, max_iter=5_000)
        machine.fit(scaled, labels, sample_weight=weight)
        return self._columns_of(machine, rarity)

    def _columns_of(self, machine: Any, rarity: NDArray[np.float64]) -> _Fit:
        """A column for each label of the head; two labels share one hyperplane, the first stays at zero."""
        coefficients, intercepts = machine.coef_, machine.intercept_
        if len(machine.classes_) == 2:
            coefficients = np.vstack([np.zeros_like(coefficients), coefficients])
            intercepts = np.array([0.0, intercepts[0]])
        weights = np.zeros((coefficients.shape[1], len(self.labels)))
        bias = np.full(len(self.labels), _ABSENT)
        places = np.searchsorted(self.labels, machine.classes_)
        weights[:, places], bias[places] = coefficients.T, intercepts
        words = len(rarity)
        return _Fit(self.labels, weights[:words] * rarity[:, None], weights[words:], bias)


def _rows(matrix: _Matrix, rows: NDArray[np.int64]) -> _Matrix:
    return _Matrix(matrix.sparse[rows], matrix.dense[rows])


def _calibrated(head: Head, margins: NDArray[np.float64], truth: NDArray[np.int64], spoken: NDArray[np.str_]) -> Head:
    """The head with the calibration that makes its probabilities on unseen rows come true."""
    if len(head.labels) == 2:
        platt = LogisticRegression(C=1e6).fit(margins[:, 1:] - margins[:, :1], truth)
        shift = (0.0, round(float(platt.intercept_[0]), 6))
        return replace(head, scale=round(float(platt.coef_[0, 0]), 6), shift=shift)

    def loss(log_scale: float) -> float:
        right = replace(head, scale=float(np.exp(log_scale))).probabilities(margins)[np.arange(len(truth)), truth]
        return float(-np.log(np.maximum(right, 1e-12)).mean())

    best = minimize_scalar(loss, bounds=(-3.0, 4.0), method="bounded")
    head = replace(head, scale=round(float(np.exp(best.x)), 6))
    raw = head.probabilities(margins)
    top, right = raw.max(axis=1), raw.argmax(axis=1) == truth
    curves = {"": _curve(top, right)}
    for language, rows in zip(*np.unique(spoken, return_counts=True), strict=True):
        if rows >= ROWS_FOR_OWN_CURVE:
            curves[str(language)] = _curve(top[spoken == language], right[spoken == language])
    return replace(head, curves=curves)


def _curve(top: NDArray[np.float32], right: NDArray[np.bool_]) -> Curve:
    """How often the best label was right against how sure the softmax was, as a rising line of a few knots."""
    order = np.argsort(top, kind="stable")
    groups = np.array_split(order, min(KNOTS, max(len(order) // ROWS_PER_KNOT, 1)))
    sure, often = (np.array([values[group].mean() for group in groups]) for values in (top, right))
    rising = IsotonicRegression().fit_transform(sure, often)
    # A knot seen right every time still promises less than certainty (rule of succession).
    most = (ROWS_PER_KNOT + 1) / (ROWS_PER_KNOT + 2)
    knots = {round(float(x), 5): round(float(min(y, most)), 5) for x, y in zip(sure, rising, strict=True)}
    return tuple(sorted(knots.items()))


def _threshold(truth: NDArray[np.str_], probabilities: NDArray[np.float32]) -> float:
    """The highest probability above which ``COMPLAINT_RECALL`` of the complaints lie, at most one half."""
    complaints = np.sort(probabilities[truth == IS_COMPLAINT])
    allowed = int((1 - COMPLAINT_RECALL) * len(complaints))
    return min(round(float(complaints[allowed]) - 5e-5, 4), 0.5)


def _with_heads_of(linear: LinearModel, base: LinearModel) -> LinearModel:
    """The model with the heads of another that it lacks itself."""
    taken = [head for head in base.heads if head.name not in {own.name for own in linear.heads}]
    buckets = np.union1d(linear.buckets, base.buckets).astype(np.uint32)
    columns = np.r_[tuple(np.r_[base.columns(head.name)] for head in taken)] if taken else np.zeros(0, dtype=np.int64)
    own = _spread(linear.weights[:-1], linear.buckets, buckets)
    others = _spread(base.weights[:-1][:, columns], base.buckets, buckets)
    if len(linear.dense_weights) != len(base.dense_weights):
        raise InvalidInput("the base model was trained with another encoder")
    return LinearModel(
        [*linear.heads, *taken],
        buckets,
        np.hstack([own, others]),
        np.hstack([linear.dense_weights, base.dense_weights[:, columns]]),
    )


def _spread(
    weights: NDArray[np.float32], buckets: NDArray[np.uint32], wider: NDArray[np.uint32]
) -> NDArray[np.float32]:
    """Weights over some buckets as weights over more of them."""
    spread = np.zeros((len(wider), weights.shape[1]), dtype=np.float32)
    spread[np.searchsorted(wider, buckets)] = weights
    return spread
