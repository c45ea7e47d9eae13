"""Labelled texts for training and evaluation, read from CSV files."""

from __future__ import annotations

import csv
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from contactcenter.errors import InvalidInput
from contactcenter.triage import language, phrases
from contactcenter.triage.assess import (
    CATEGORY,
    COMPLAINT,
    COMPLAINT_KIND,
    HEADS,
    IS_COMPLAINT,
    NOT_COMPLAINT,
)

TRAIN, TEST = "train", "test"
_COMPLAINT_LABELS = {"0": NOT_COMPLAINT, "1": IS_COMPLAINT}
_LONGEST_FIELD = 10_000_000


@dataclass(frozen=True, slots=True)
class Example:
    """A text, its language, what each head should say of it (heads may be missing), and what it counts in training."""

    text: str
    language: str
    labels: Mapping[str, str]
    weight: float = 1.0


@dataclass(frozen=True, slots=True)
class Corpus:
    """Real messages, each with all its labels, and phrases that say something about one head only."""

    examples: tuple[Example, ...]
    phrases: tuple[Example, ...] = ()

    @property
    def heads(self) -> tuple[str, ...]:
        """The heads that examples have labels for."""
        return tuple(head for head in HEADS if any(head in example.labels for example in self.examples))


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

    Columns: text, category, urgency, sentiment, complaint (0 or 1), language, split (train or test), and where they
    are known, kind (what a complaint is about). Phrase files are ``phrases.<language>.txt`` (see
    :mod:`contactcenter.triage.phrases`).
    """
    examples = [example for path in sorted(folder.glob("*.csv")) for example in _labelled(path, split)]
    if not examples:
        raise InvalidInput(f"{folder}: no rows of the split {split!r}")
    helpers = []
    for path in sorted(folder.glob("phrases.*.txt")) if split == TRAIN else ():
        spoken = path.name.split(".")[1]
        helpers += [Example(phrase.text, spoken, phrase.labels) for phrase in phrases.read(path)]
    return Corpus(tuple(examples), tuple(helpers))


def read_english(path: Path) -> list[str]:
    """The English texts of a CSV file (column ``text``, or ``en``) or of the training rows of a corpus folder."""
    if path.is_dir():
        return [example.text for example in read_folder(path, TRAIN).examples if example.language == language.EN]
    rows = _rows(path, [])
    column = "en" if rows and "en" in rows[0] else "text"
    found = [row[column] for row in _rows(path, [column]) if language.detect(row[column]) != language.ZH]
    if not found:
        raise InvalidInput(f"{path}: no English texts")
    return found


def read_tests(folder: Path) -> dict[str, Corpus]:
    """The test rows of a corpus folder by the name of their file, most rows first; files without any are left out."""
    found = [(path.name, tuple(_labelled(path, TEST))) for path in sorted(folder.glob("*.csv"))]
    found.sort(key=lambda file: len(file[1]), reverse=True)
    return {name: Corpus(examples) for name, examples in found if examples}


def _labelled(path: Path, split: str) -> Iterator[Example]:
    """The rows of one split in a file with the four heads' columns."""
    for number, row in enumerate(_rows(path, ["text", *HEADS, "language", "split"]), 2):
        if row["split"] not in (TRAIN, TEST) or row[COMPLAINT] not in _COMPLAINT_LABELS:
            raise InvalidInput(f"{path}: row {number}: split is train or test, complaint is 0 or 1")
        if row["split"] == split:
            labels = {head: row[head] for head in HEADS} | {COMPLAINT: _COMPLAINT_LABELS[row[COMPLAINT]]}
            kind = {COMPLAINT_KIND: row["kind"]} if row.get("kind") else {}
            yield Example(row["text"], row["language"], labels | kind)
