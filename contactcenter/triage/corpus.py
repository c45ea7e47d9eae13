"""Labelled texts for training and evaluation, read from CSV files."""

from __future__ import annotations

import csv
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from contactcenter.errors import InvalidInput
from contactcenter.triage import language, phrases
from contactcenter.triage.assess import CATEGORY, COMPLAINT, HEADS, IS_COMPLAINT, NOT_COMPLAINT

TRAIN, TEST = "train", "test"
_COMPLAINT_LABELS = {"0": NOT_COMPLAINT, "1": IS_COMPLAINT}
_LONGEST_FIELD = 10_000_000


@dataclass(frozen=True, slots=True)
class Example:
    """A text, its language and what each head should say of it (heads may be missing)."""

    text: str
    language: str
    labels: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Corpus:
    """Real messages, each with all its labels, and phrases that say something about one head only."""

    examples: tuple[Example, ...]
    phrases: tuple[Example, ...] = ()

    @property
    def heads(self) -> tuple[str, ...]:
        """The heads that every example has a label for."""
        return tuple(head for head in HEADS if all(head in example.labels for example in self.examples))


def _rows(path: Path, columns: Sequence[str]) -> list[dict[str, str]]:
    """The rows of a CSV file with a header; raises :class:`InvalidInput` when a column or a value is missing."""
    csv.field_size_limit(_LONGEST_FIELD)
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            reader = csv.DictReader(file)
            missing = [column for column in columns if column not in (reader.fieldnames or ())]
            if missing:
                there = ", ".join(reader.fieldnames or ())
                raise InvalidInput(f"{path}: no column {', '.join(missing)}; it has {there}")
            rows = list(reader)
    except (UnicodeDecodeError, csv.Error) as error:
        raise InvalidInput(f"{path}: {error}") from error
    except OSError as error:
        raise InvalidInput(f"{path}: {error.strerror}") from error
    for number, row in enumerate(rows, 2):
        if any(row[column] is None for column in columns):
            raise InvalidInput(f"{path}: row {number} is too short")
    return rows


def read_table(path: Path, text: str, label: str, language_column: str | None = None) -> Corpus:
    """Categories from any CSV file; languages are detected where no column states them. Empty labels are left out."""
    columns = [text, label, *([language_column] if language_column else [])]
    examples = [
        Example(
            row[text],
            (row[language_column] if language_column else "") or language.detect(row[text]),
            {CATEGORY: row[label].strip()},
        )
        for row in _rows(path, columns)
        if row[label].strip()
    ]
    if not examples:
        raise InvalidInput(f"{path}: no labelled rows")
    return Corpus(tuple(examples))


def read_folder(folder: Path, split: str) -> Corpus:
    """All ``*.csv`` of a corpus folder with the four heads' columns, rows of one split; for training, phrases too.

    Columns: text, category, urgency, sentiment, complaint (0 or 1), language, split (train or test). Phrase files are
    ``phrases.<language>.txt`` (see :mod:`contactcenter.triage.phrases`).
    """
    examples = []
    for path in sorted(folder.glob("*.csv")):
        for number, row in enumerate(_rows(path, ["text", *HEADS, "language", "split"]), 2):
            if row["split"] not in (TRAIN, TEST) or row[COMPLAINT] not in _COMPLAINT_LABELS:
                raise InvalidInput(f"{path}: row {number}: split is train or test, complaint is 0 or 1")
            if row["split"] == split:
                labels = {head: row[head] for head in HEADS} | {COMPLAINT: _COMPLAINT_LABELS[row[COMPLAINT]]}
                examples.append(Example(row["text"], row["language"], labels))
    if not examples:
        raise InvalidInput(f"{folder}: no rows of the split {split!r}")
    helpers = []
    for path in sorted(folder.glob("phrases.*.txt")) if split == TRAIN else ():
        spoken = path.name.split(".")[1]
        helpers += [Example(phrase.text, spoken, phrase.labels) for phrase in phrases.read(path)]
    return Corpus(tuple(examples), tuple(helpers))
