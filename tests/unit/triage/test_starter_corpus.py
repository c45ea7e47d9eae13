"""The starter model's own data: what its files promise."""

import csv
import re
from pathlib import Path

import numpy as np
import pytest
from scipy import sparse

from contactcenter.triage.assessment import ComplaintKind
from contactcenter.triage.check_digits import luhn, resident_id
from contactcenter.triage.text import clean

FOLDER = Path(__file__).parents[3] / "models/triage-service/corpus"
HOLD_OUTS = ("holdout.csv", "holdout-mails.csv")
MOODS = {"negative", "neutral", "positive"}
NEAR = 0.9
"""Cosine of character 2-4-grams above which two texts are as good as one."""


def rows_of(path):
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


@pytest.fixture(scope="module")
def files():
    return {path.name: rows_of(path) for path in sorted(FOLDER.glob("*.csv"))}


@pytest.fixture(scope="module")
def categories(assessor):
    return set(assessor._model.linear.head("category").labels)


def test_every_row_says_what_it_is(files, categories):
    for name, rows in files.items():
        for row in rows:
            where = f"{name}: {row['text'][:60]}"
            assert row["text"].strip(), where
            assert row["category"] in categories, where
            assert row["urgency"] in {"low", "normal", "high"}, where
            assert row["sentiment"] in MOODS, where
            assert row["language"] in {"en", "zh"}, where
            assert row["split"] in {"train", "test"}, where


def test_what_a_complaint_is_about_is_said_of_complaints_and_of_nothing_else(files):
    for name, rows in files.items():
        for row in rows:
            kinds = set(ComplaintKind) if row["complaint"] == "1" else {""}
            assert row["kind"] in kinds, f"{name}: {row['text'][:60]}"


def test_every_category_has_its_long_mails_in_both_languages(files, categories):
    for rows in (files["mails.csv"], files["holdout-mails.csv"]):
        assert {(row["language"], row["category"]) for row in rows} == {
            (language, category) for language in ("en", "zh") for category in categories
        }


def test_the_long_mails_held_out_are_long(files):
    words = [len(row["text"].split()) for row in files["holdout-mails.csv"] if row["language"] == "en"]
    signs = [len(row["text"]) for row in files["holdout-mails.csv"] if row["language"] == "zh"]
    assert min(len(words), len(signs)) >= 100
    assert min(words) >= 80
    assert min(signs) >= 120


def test_nothing_held_out_is_nearly_a_training_row(files):
    held_out = [clean(row["text"]) for name in HOLD_OUTS for row in files[name]]
    training = [clean(row["text"]) for rows in files.values() for row in rows if row["split"] == "train"]
    known: dict[str, int] = {}
    likeness = _grams(held_out, known) @ _grams(training, known).T
    close = [held_out[row] for row in np.flatnonzero(likeness.max(axis=1).toarray() > NEAR)]
    assert not close


def _grams(texts, known):
    """Rows of length one over the character 2-4-grams of texts; ``known`` numbers the n-grams."""
    columns, starts = [], [0]
    for text in texts:
        found = {text[at : at + size] for size in (2, 3, 4) for at in range(len(text) - size + 1)}
        columns += [known.setdefault(gram, len(known)) for gram in found]
        starts.append(len(columns))
    sizes = np.maximum(np.diff(starts), 1)
    return sparse.csr_matrix((np.repeat(sizes**-0.5, np.diff(starts)), columns, starts), shape=(len(texts), 2**23))


def test_addresses_and_numbers_are_nobodys(files):
    for name, rows in files.items():
        for row in rows:
            where = f"{name}: {row['text'][:60]}"
            hosts = re.findall(r"[\w.+-]+@([\w-]+(?:\.[a-z]+)+)", row["text"], re.ASCII)
            assert all(re.search(r"(^|\.)(example|example\.(com|org|net)|test)$", host) for host in hosts), where
            long = [re.sub(r"[ -]", "", number) for number in re.findall(r"\d[\d -]{12,22}[\dXx]", row["text"])]
            assert not any(13 <= len(number) <= 19 and luhn(number) for number in long), where
            assert not any(resident_id(number.upper()) for number in long), where
