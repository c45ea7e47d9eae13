"""The assessor: a trained model, the language and entity rules, put together for batches of messages."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from contactcenter.errors import ModelError
from contactcenter.patterns import NumberPattern
from contactcenter.triage import explain, language, registry, scoring
from contactcenter.triage.assessment import Assessment, Category, Complaint, ComplaintKind, Label, Reason, TriageInput
from contactcenter.triage.complaints import KINDS, kind_probabilities
from contactcenter.triage.entities import EntityFinder
from contactcenter.triage.features import Encoder, Features, NoEncoder
from contactcenter.triage.text import clean, cut, plain

CATEGORY, URGENCY, SENTIMENT, COMPLAINT = "category", "urgency", "sentiment", "complaint"
HEADS = (CATEGORY, URGENCY, SENTIMENT, COMPLAINT)
COMPLAINT_KIND = "complaint_kind"
"""What a complaint is about: labelled as the heads are, yet told from the category."""

NOT_COMPLAINT, IS_COMPLAINT = "no", "yes"

BATCH = 64
"""Messages scored at once; more only costs memory."""

_SEEN = (400, 130)
"""Characters of a long text's head and tail that an encoder reads, some 128 tokens: more costs much, tells little."""

_ALTERNATIVES = 3
_REASONS = 5
_COMPLAINT_REASONS = 3


def whole_text(text: str, subject: str = "") -> str:
    """Subject and text as the heads read them, cleaned."""
    return clean(f"{cut(subject, 300, 100)}\n{text}" if subject else text)


def original_text(text: str, subject: str = "") -> str:
    """Subject and text as an encoder reads them: the words as they were written."""
    return plain(cut(f"{cut(subject, 300, 100)}\n{text}" if subject else text, *_SEEN))


class Assessor:
    """Turns messages into assessments. Loading takes about a second; share one between threads."""

    def __init__(
        self,
        model: registry.TrainedModel,
        encoder: Encoder | None = None,
        numbers: Sequence[NumberPattern] = (),
    ) -> None:
        """``numbers``: what the company's own numbers look like."""
        missing = [name for name in HEADS if name not in {head.name for head in model.linear.heads}]
        if missing:
            raise ModelError(f"model {model.name!r} has no head for {', '.join(missing)}")
        self._encoder = encoder or NoEncoder()
        scoring.check_encoder(model, self._encoder)
        self._model = model
        self._entities = EntityFinder(numbers)

    @classmethod
    def load(cls, path: Path, data: Path | None = None, numbers: Sequence[NumberPattern] = ()) -> Assessor:
        """The assessor of a model folder, with the encoder it was trained with; raises :class:`ModelError`.

        ``data`` is the data directory, where an encoder of one's own may lie; ``numbers`` are ``triage.numbers`` of
        the settings.
        """
        model = registry.load(path)
        return cls(model, registry.encoder_of(model, path, data), numbers)

    @property
    def name(self) -> str:
        """The model's name."""
        return self._model.name

    @property
    def version(self) -> str:
        """The model's version (see :class:`contactcenter.triage.registry.TrainedModel`)."""
        return self._model.version

    @property
    def complaint_threshold(self) -> float:
        """The probability from which a message counts as a complaint."""
        return self._model.complaint_threshold

    def assess(self, items: Sequence[TriageInput]) -> list[Assessment]:
        """One assessment for each message, in order; any number of messages."""
        return [
            assessment
            for start in range(0, len(items), BATCH)
            for assessment in self._batch(items[start : start + BATCH])
        ]

    def _batch(self, items: Sequence[TriageInput]) -> list[Assessment]:
        texts = [whole_text(item.text, item.subject) for item in items]
        originals = [original_text(item.text, item.subject) for item in items] if self._encoder.width else []
        spoken = [language.detect(f"{item.subject}\n{item.text}") for item in items]
        scored = scoring.score(self._model, texts, originals, spoken, self._encoder)
        probabilities = scored.probabilities
        kinds = kind_probabilities(self._model.linear.head(CATEGORY).labels, probabilities[CATEGORY])
        entities = self._entities.find(items, spoken)
        assessments = []
        for index, found in enumerate(entities):
            category = self._category(probabilities[CATEGORY][index])
            complaint = self._complaint(probabilities[COMPLAINT][index], kinds[index])
            assessments.append(
                Assessment(
                    language=spoken[index],
                    category=category,
                    urgency=self._best(URGENCY, probabilities[URGENCY][index]),
                    sentiment=self._best(SENTIMENT, probabilities[SENTIMENT][index]),
                    complaint=complaint,
                    entities=found,
                    why=self._why(scored.features, index, category, complaint),
                    model=self._model.identity,
                )
            )
        return assessments

    def _best(self, head: str, row: NDArray[np.float32]) -> Label:
        best = int(row.argmax())
        return Label(self._model.linear.head(head).labels[best], _rounded(row[best]))

    def _category(self, row: NDArray[np.float32]) -> Category:
        labels = self._model.linear.head(CATEGORY).labels
        best = np.argsort(-row, kind="stable")[: 1 + _ALTERNATIVES]
        first, *others = [Label(labels[place], _rounded(row[place])) for place in best]
        return Category(first.label, first.probability, tuple(others))

    def _complaint(self, row: NDArray[np.float32], kinds: NDArray[np.float32]) -> Complaint:
        probability = _rounded(row[self._model.linear.head(COMPLAINT).labels.index(IS_COMPLAINT)])
        kind = ComplaintKind(KINDS[int(kinds.argmax())])
        return Complaint(probability, kind if probability >= self._model.complaint_threshold else None)

    def _why(self, features: Features, index: int, category: Category, complaint: Complaint) -> tuple[Reason, ...]:
        """What spoke for the category, then what spoke for a complaint where it is one."""
        asked = [(CATEGORY, category.label, _REASONS)]
        if complaint.is_complaint:
            asked.append((COMPLAINT, IS_COMPLAINT, _COMPLAINT_REASONS))
        why, *more = explain.reasons(self._model.linear, features, index, asked)
        return why + tuple(Reason(reason.term, reason.weight, COMPLAINT) for told in more for reason in told)


def _rounded(probability: np.float32) -> float:
    return round(float(probability), 4)
