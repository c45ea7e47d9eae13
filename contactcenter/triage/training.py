"""Training: heads over hashed n-grams and an encoder's vectors, probabilities calibrated by cross-validation.

Every head has an expert on words, a linear support vector machine over n-grams. With an encoder it may have a second
one on vectors, which learns from likeness to the examples and reads the names of the labels, and so needs few rows.
Cross-validation says what each of them counts, what their probabilities are worth, and from which probability on
words decide alone (see :mod:`contactcenter.triage.calibration`).

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
from sklearn.model_selection import KFold, StratifiedKFold

from contactcenter.errors import InvalidInput
from contactcenter.triage import calibration, evaluation, lending
from contactcenter.triage.assess import CATEGORY, COMPLAINT, IS_COMPLAINT, SENTIMENT, URGENCY
from contactcenter.triage.corpus import Corpus
from contactcenter.triage.encoder import OnnxEncoder
from contactcenter.triage.experts import SEED, WordFit, WordSettings, fit_words, row_weights
from contactcenter.triage.features import Encoder, NoEncoder, Read
from contactcenter.triage.linear import Head, LinearModel
from contactcenter.triage.matrices import Matrix, matrices
from contactcenter.triage.neighbours import Neighbours
from contactcenter.triage.registry import TrainedModel
from contactcenter.triage.second import Folds, Found, Lessons, SecondLook

FOLDS = 5
FEWEST_ROWS = 10

FEW = 20
"""Examples a label, on average, below which the names of the labels are made more of.

With five or ten examples a name halfway to each of them and a prompt gain 0.6 to 1.6 points, with many they gain
nothing (see decision 12).
"""


class Settings(NamedTuple):
    """How a head is trained.

    ``regularisation`` is the C of its support vector machines (0: chosen where that is cheap), ``phrase_weight`` what
    a phrase counts against a real message, ``balance`` how much rare labels are favoured: 0 not at all, 1 so that all
    labels weigh the same. Without ``vectors`` a head goes by words alone.
    """

    regularisation: float = 0.0
    phrase_weight: float = 0.7
    balance: float = 0.0
    vectors: bool = True


SETTINGS = {
    URGENCY: Settings(0.05, phrase_weight=0.3, balance=1.6, vectors=False),
    SENTIMENT: Settings(0.05, phrase_weight=0.3, balance=1.3, vectors=False),
    COMPLAINT: Settings(0.05, phrase_weight=0.2),
}
"""Chosen by cross-validation on the training rows; heads that are not named use the defaults."""

REGULARISATION = 0.1
"""The C of a machine where choosing one would take too long."""

REGULARISATIONS = (0.03, 0.1, 0.3, 1.0)
"""The Cs to choose from where there are few rows or few labels."""

CONTRASTS = (0.1, 0.3)
"""The Cs to choose from, besides, where two labels are to be told apart: then with a second machine beside."""

COMPLAINT_RECALL = 0.86
"""Share of complaints that must be recognised in cross-validation; the threshold follows from it.

The training rows are harder than what comes in: most of them were written where a model errs.
"""

_SMALL = 60_000
"""Rows times labels up to which a C is chosen."""

_LARGE = 500_000
"""Rows times labels from which three folds are enough to choose and calibrate by."""

Progress = Callable[[str, float], None]


def train(
    corpus: Corpus,
    name: str,
    *,
    base: TrainedModel | None = None,
    encoder: Encoder | None = None,
    pace: str = calibration.THOROUGH,
    progress: Progress | None = None,
) -> TrainedModel:
    """A model with a head for everything the corpus labels; other heads are taken over from ``base``.

    ``pace`` is one of :data:`contactcenter.triage.calibration.PACES`. ``progress`` hears what is being done and the
    share that is done (0 to 1). Raises :class:`InvalidInput` when there is too little to learn from.
    """
    if len(corpus.examples) < FEWEST_ROWS:
        raise InvalidInput(f"{len(corpus.examples)} labelled rows; at least {FEWEST_ROWS} are needed")
    tell = progress or (lambda *_: None)
    tell("features", 0.0)
    encoder = encoder or NoEncoder()
    prompt = _prompt(corpus, encoder)
    buckets, examples, phrases = matrices(corpus, encoder, prompt)
    known = _known(corpus, encoder)
    learned: list[_Learned] = []
    threshold = base.complaint_threshold if base else 0.5
    for done, head in enumerate(corpus.heads):
        tell(head, (done + 0.5) / (len(corpus.heads) + 0.5))
        names = _names(corpus, encoder, prompt) if head == CATEGORY else encoder.read([])
        trainer = _Trainer(head, corpus, examples, phrases, names, calibration.PACES[pace], known)
        learned.append(trainer.run())
        if head == COMPLAINT:
            threshold = _threshold(trainer.truth, learned[-1].unseen[:, trainer.labels.index(IS_COMPLAINT)])
    tell("done", 1.0)
    training = {
        "rows": len(corpus.examples),
        "phrases": len(corpus.phrases),
        "seed": SEED,
        "folds": FOLDS,
        "pace": pace,
        **({"rows_encoder_was_taught": int(known.sum())} if known.any() else {}),
        "cross_validation": {one.head.name: one.measured for one in learned},
    }
    weights = np.hstack([one.words.weights for one in learned])
    linear = LinearModel([one.head for one in learned], buckets, weights)
    experts = {one.head.name: one.neighbours for one in learned if one.neighbours is not None}
    model = TrainedModel(name, linear, threshold, training, neighbours=experts, prompt=prompt)
    whole = model if base is None else lending.with_heads_of(model, base, encoder)
    return whole.reading(encoder)


def _scarce(labels: Sequence[str]) -> bool:
    """Whether there are few examples of each label; given one label for each example."""
    return len(labels) < FEW * len(set(labels))


def _prompt(corpus: Corpus, encoder: Encoder) -> str:
    """What stands before each text when the encoder reads it: something where few examples tell the labels apart."""
    return encoder.prompt if _scarce(_categories(corpus)) else ""


def _categories(corpus: Corpus) -> list[str]:
    return [example.labels[CATEGORY] for example in corpus.examples if CATEGORY in example.labels]


def _known(corpus: Corpus, encoder: Encoder) -> NDArray[np.bool_]:
    """Which examples the encoder was taught with: they flatter it."""
    if isinstance(encoder, OnnxEncoder):
        return encoder.taught_with([example.text for example in corpus.examples])
    return np.zeros(len(corpus.examples), dtype=bool)


def _names(corpus: Corpus, encoder: Encoder, prompt: str) -> Read:
    """What the categories are called: names say something about what they stand for."""
    return encoder.read([prompt + label.replace("_", " ") for label in sorted(set(_categories(corpus)))])


@dataclass(frozen=True, slots=True)
class _Learned:
    """A head with its experts, the probabilities it gives to rows it never saw, and what these are worth."""

    head: Head
    words: WordFit
    neighbours: Neighbours | None
    unseen: NDArray[np.float32]
    measured: dict[str, Any]


class _Trainer:
    """Fits and calibrates one head."""

    def __init__(
        self,
        head: str,
        corpus: Corpus,
        examples: Matrix,
        phrases: Matrix,
        names: Read,
        pace: calibration.Pace,
        known: NDArray[np.bool_],
    ) -> None:
        self.head = head
        self._pace = pace
        rows = np.array([row for row, example in enumerate(corpus.examples) if head in example.labels], dtype=np.int64)
        labelled = [corpus.examples[row] for row in rows]
        self.spoken = np.array([example.language for example in labelled])
        self._known = known[rows]
        self._settings = SETTINGS.get(head, Settings())
        self.truth = np.array([example.labels[head] for example in labelled])
        self._counts = np.array([example.weight for example in labelled])
        self.labels = tuple(sorted(set(self.truth.tolist())))
        if len(self.labels) < 2:
            raise InvalidInput(f"{head}: all rows have the same label")
        self._right = np.searchsorted(self.labels, self.truth)
        about = np.array(
            [row for row, phrase in enumerate(corpus.phrases) if phrase.labels.get(head) in self.labels], dtype=np.int64
        )
        self._hints = np.searchsorted(self.labels, [corpus.phrases[row].labels[head] for row in about]).astype(np.int64)
        self._examples = examples if len(rows) == len(corpus.examples) else examples.rows(rows)
        self._phrases = phrases.rows(about)
        self._names = names

    def run(self) -> _Learned:
        """The head fitted on everything and calibrated by what models said of rows they never saw."""
        folds = self._folds()
        settings, margins = self._chosen(folds)
        words = self._words(np.arange(len(self.truth)), settings)
        bias = tuple(round(float(value), 6) for value in words.bias)
        head = Head(self.head, self.labels, bias, calibration.calibration(margins, self._right, self.spoken))
        found = Found(None, margins, None)
        if self._examples.read.meaning.shape[1] and self._settings.vectors:
            found = SecondLook(head, self._lessons(), margins, folds, self._pace).learned()
            head = replace(head, second=found.second)
        probabilities, asked = calibration.cascaded(head, margins, found.scores, self.spoken)
        measured = evaluation.scores(self.truth, self.labels, probabilities)
        measured |= {"second_look": round(float(asked.mean()), 4)} if found.second else {}
        return _Learned(head, words, found.neighbours, probabilities, measured)

    def _folds(self) -> Folds:
        folds = 3 if len(self.truth) * len(self.labels) >= _LARGE else FOLDS
        rarest = min(np.unique(self.truth, return_counts=True)[1])
        kind = StratifiedKFold if rarest >= folds else KFold
        return list(kind(folds, shuffle=True, random_state=SEED).split(self.truth, self.truth))

    def _chosen(self, folds: Folds) -> tuple[WordSettings, NDArray[np.float64]]:
        """The settings that predict unseen rows best, and each row's margins by a machine that never saw it."""
        small = len(self.truth) * len(self.labels) <= _SMALL
        choices = [WordSettings(choice) for choice in (REGULARISATIONS if small else (REGULARISATION,))]
        if small and len(self.labels) == 2:
            choices += [WordSettings(choice, contrast=True) for choice in CONTRASTS]
        if self._settings.regularisation:
            choices = [WordSettings(self._settings.regularisation)]
        margins = [np.zeros((len(self.truth), len(self.labels))) for _ in choices]
        for own, choice in zip(margins, choices, strict=True):
            for seen, unseen in folds:
                own[unseen] = self._words(seen, choice).margins(self._examples.sparse[unseen])
        losses = [calibration.least_loss(own, self._right)[0] for own in margins] if len(choices) > 1 else [0.0]
        best = int(np.argmin(losses))
        return choices[best], margins[best]

    def _words(self, rows: NDArray[np.int64], settings: WordSettings) -> WordFit:
        """The expert on words, from some of the examples and all phrases."""
        stacked = sparse.vstack([self._examples.sparse[rows], self._phrases.sparse]).tocsr()
        truth = np.concatenate([self._right[rows], self._hints])
        counts = np.concatenate([self._counts[rows], np.ones(len(self._hints))])
        weight = row_weights(truth, counts, self._settings.balance)
        weight[len(rows) :] *= self._settings.phrase_weight
        return fit_words(stacked, truth, len(self.labels), weight, settings)

    def _lessons(self) -> Lessons:
        """What there is to learn from vectors."""
        scarce = bool(len(self._names.meaning)) and _scarce(self.truth.tolist())
        return Lessons(
            self._examples.read,
            self._names,
            self._right,
            self.spoken,
            self._counts,
            self._known,
            self._settings.balance,
            scarce,
        )


def _threshold(truth: NDArray[np.str_], probabilities: NDArray[np.float32]) -> float:
    """The highest probability above which ``COMPLAINT_RECALL`` of the complaints lie, at most one half."""
    complaints = np.sort(probabilities[truth == IS_COMPLAINT])
    allowed = int((1 - COMPLAINT_RECALL) * len(complaints))
    return min(round(float(complaints[allowed]) - 5e-5, 4), 0.5)
