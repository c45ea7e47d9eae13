"""Training: linear heads over hashed n-grams and an encoder's vectors, probabilities calibrated by cross-validation.

Without an encoder a head is a support vector machine over n-grams. With one it is a mixture of two experts: such a
machine over n-grams and vectors, and a logistic regression over the vectors alone, which also reads the names of the
labels and so learns from few rows. Both are linear, so the mixture is one set of weights again; how much each of them
counts is what predicts unseen rows best.

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
from contactcenter.triage.assess import CATEGORY, COMPLAINT, IS_COMPLAINT, SENTIMENT, URGENCY, original_text, whole_text
from contactcenter.triage.corpus import Corpus, Example
from contactcenter.triage.encoder import OnnxEncoder
from contactcenter.triage.features import Encoder, NoEncoder, featurise
from contactcenter.triage.linear import Curve, Head, LinearModel, softmax
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

COMPLAINT_RECALL = 0.84
"""Share of complaints that must be recognised in cross-validation; the threshold follows from it.

The training rows are harder than what comes in: most of them were written where a model errs.
"""

KNOTS = 12
ROWS_PER_KNOT = 100
"""Most knots of a calibration curve, and fewest rows behind each."""

ROWS_FOR_OWN_CURVE = 5 * ROWS_PER_KNOT
"""Rows of a language that give it a curve of its own."""

DENSE_LOUDNESS = 3.0
"""What an encoder's vector is multiplied by beside n-grams: both then have about the same say."""

DENSE_REGULARISATION = 30.0
"""The C of the logistic regression over vectors of unit length."""

MIXTURES = ((1.0, 0.0), (1.0, 0.5), (1.0, 1.0), (0.5, 1.0), (0.0, 1.0))
"""Weights of the two experts among which cross-validation chooses."""

_LARGE = 1_000_000
"""Rows times labels from which three folds are enough to choose and calibrate by."""

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
        trainer = _Trainer(head, corpus, examples, phrases, encoder)
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
    whole = linear if base is None else _with_heads_of(linear, base.linear)
    return TrainedModel(name, whole, threshold, training, encoder_name(encoder))


def encoder_name(encoder: Encoder) -> str:
    """The name by which a model finds its encoder again; empty for none."""
    return encoder.name if isinstance(encoder, OnnxEncoder) else ""


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
        featurise(
            [whole_text(example.text) for example in examples[start : start + _BATCH]],
            encoder,
            [original_text(example.text) for example in examples[start : start + _BATCH]],
        )
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

    def __init__(self, head: str, corpus: Corpus, examples: _Matrix, phrases: _Matrix, encoder: Encoder) -> None:
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
        # What a label is called says something about it, if words are all there is to go by.
        named = head == CATEGORY and encoder.width > 0
        self._names = encoder.encode([label.replace("_", " ") for label in self.labels] if named else [])

    def run(self) -> tuple[_Fit, Head, NDArray[np.float64]]:
        """The head fitted on everything, the same calibrated, and each row's margins by a model that never saw it."""
        experts = (self._machine, self._logistic) if self._examples.dense.shape[1] else (self._machine,)
        unseen_margins = [np.zeros((len(self.truth), len(self.labels))) for _ in experts]
        for seen, unseen in self._folds():
            for expert, margins in zip(experts, unseen_margins, strict=True):
                margins[unseen] = expert(seen).margins(_rows(self._examples, unseen))
        right = np.searchsorted(self.labels, self.truth)
        shares = _best_mixture(unseen_margins, right) if len(experts) > 1 else [1.0]
        everything = np.arange(len(self.truth))
        fit = _mixed([expert(everything) for expert in experts], shares)
        margins = np.add.reduce([share * margins for share, margins in zip(shares, unseen_margins, strict=True)])
        bias = tuple(round(float(value), 6) for value in fit.bias)
        return fit, _calibrated(Head(self.head, self.labels, bias), margins, right, self.spoken), margins

    def _folds(self) -> list[tuple[NDArray[np.int64], NDArray[np.int64]]]:
        folds = 3 if len(self.truth) * len(self.labels) >= _LARGE and self._examples.dense.shape[1] else FOLDS
        rarest = min(np.unique(self.truth, return_counts=True)[1])
        kind = StratifiedKFold if rarest >= folds else KFold
        return list(kind(folds, shuffle=True, random_state=SEED).split(self.truth, self.truth))

    def _logistic(self, rows: NDArray[np.int64]) -> _Fit:
        """Logistic regression over the vectors of some of the examples, of all phrases and of the labels' names."""
        names = np.array(self.labels, dtype=object)[: len(self._names)]
        vectors = np.vstack([self._examples.dense[rows], self._phrases.dense, self._names])
        labels = np.concatenate([self.truth[rows], self._hints, names]).astype(str)
        weight = self._weights(labels, len(rows), len(self._hints))
        regression = LogisticRegression(C=DENSE_REGULARISATION, max_iter=100)
        regression.fit(vectors, labels, sample_weight=weight)
        dense = self._columns_of(regression, np.ones(0))
        return replace(dense, weights=np.zeros((self._examples.sparse.shape[1], len(self.labels))))

    def _weights(self, labels: NDArray[np.str_], examples: int, hints: int) -> NDArray[np.float64]:
        """What each row counts: phrases less than examples, rare labels more where the head wants it."""
        weight = np.ones(len(labels))
        weight[examples : examples + hints] = self._settings.phrase_weight
        names, place, count = np.unique(labels, return_inverse=True, return_counts=True)
        weight *= (len(labels) / len(names) / count[place]) ** self._settings.balance
        return weight

    def _machine(self, rows: NDArray[np.int64]) -> _Fit:
        """A support vector machine of some of the examples and all phrases, over n-grams and vectors."""
        examples = _rows(self._examples, rows)
        stacked = sparse.vstack([examples.sparse, self._phrases.sparse]).tocsr()
        dense = np.vstack([examples.dense, self._phrases.dense])
        # Scaling the columns by their rarity lets rare n-grams speak up under the same penalty.
        seen_in = np.bincount(stacked.indices, minlength=stacked.shape[1])
        rarity = np.log((1 + stacked.shape[0]) / (1 + seen_in)) + 1
        loud = sparse.csr_matrix(dense * DENSE_LOUDNESS)
        scaled = sparse.hstack([stacked @ sparse.diags_array(rarity), loud]).tocsr()
        labels = np.concatenate([self.truth[rows], self._hints]).astype(str)
        weight = self._weights(labels, len(rows), len(self._hints))
        machine = LinearSVC(C=self._settings.regularisation, random_state=SEED, max_iter=5_000)
        machine.fit(scaled, labels, sample_weight=weight)
        fit = self._columns_of(machine, rarity)
        return replace(fit, dense_weights=fit.dense_weights * DENSE_LOUDNESS)

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


def _best_mixture(margins: Sequence[NDArray[np.float64]], truth: NDArray[np.int64]) -> list[float]:
    """How much each expert's margins count, their spread brought to one, so that unseen rows are predicted best."""
    spread = [float(one.std(axis=1).mean()) or 1.0 for one in margins]

    losses = [
        _least_loss(np.add.reduce([m / s * one for m, s, one in zip(mixture, spread, margins, strict=True)]), truth)[0]
        for mixture in MIXTURES
    ]
    return [share / size for share, size in zip(MIXTURES[int(np.argmin(losses))], spread, strict=True)]


def _least_loss(margins: NDArray[np.float64], truth: NDArray[np.int64]) -> tuple[float, float]:
    """The smallest mean negative log-likelihood over all scales of the margins, and that scale."""

    def loss(log_scale: float) -> float:
        right = softmax(float(np.exp(log_scale)) * margins)[np.arange(len(truth)), truth]
        return float(-np.log(np.maximum(right, 1e-12)).mean())

    best = minimize_scalar(loss, bounds=(-3.0, 4.0), method="bounded")
    return float(best.fun), float(np.exp(best.x))


def _mixed(fits: Sequence[_Fit], shares: Sequence[float]) -> _Fit:
    """Several linear heads with the same labels as one."""
    return _Fit(
        fits[0].labels,
        np.add.reduce([share * fit.weights for share, fit in zip(shares, fits, strict=True)]),
        np.add.reduce([share * fit.dense_weights for share, fit in zip(shares, fits, strict=True)]),
        np.add.reduce([share * fit.bias for share, fit in zip(shares, fits, strict=True)]),
    )


def _rows(matrix: _Matrix, rows: NDArray[np.int64]) -> _Matrix:
    return _Matrix(matrix.sparse[rows], matrix.dense[rows])


def _calibrated(head: Head, margins: NDArray[np.float64], truth: NDArray[np.int64], spoken: NDArray[np.str_]) -> Head:
    """The head with the calibration that makes its probabilities on unseen rows come true."""
    if len(head.labels) == 2:
        platt = LogisticRegression(C=1e6).fit(margins[:, 1:] - margins[:, :1], truth)
        shift = (0.0, round(float(platt.intercept_[0]), 6))
        return replace(head, scale=round(float(platt.coef_[0, 0]), 6), shift=shift)

    head = replace(head, scale=round(_least_loss(margins, truth)[1], 6))
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
    dense = base.dense_weights[:, columns]
    if not len(dense):  # heads that read no vectors go on without
        dense = np.zeros((len(linear.dense_weights), len(columns)), dtype=np.float32)
    if len(linear.dense_weights) != len(dense):
        raise InvalidInput("the base model was trained with another encoder")
    return LinearModel(
        [*linear.heads, *taken], buckets, np.hstack([own, others]), np.hstack([linear.dense_weights, dense])
    )


def _spread(
    weights: NDArray[np.float32], buckets: NDArray[np.uint32], wider: NDArray[np.uint32]
) -> NDArray[np.float32]:
    """Weights over some buckets as weights over more of them."""
    spread = np.zeros((len(wider), weights.shape[1]), dtype=np.float32)
    spread[np.searchsorted(wider, buckets)] = weights
    return spread
