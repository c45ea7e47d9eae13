"""``bench selective``: how rows are set apart, and that a threshold proven on one half is kept on the other."""

import csv

import numpy as np
import pytest

from contactcenter.bench import selective
from contactcenter.errors import InvalidInput


def folder(path, **tables):
    for name, rows in tables.items():
        place = path / name.replace("__", "/")
        place.parent.mkdir(exist_ok=True)
        with place.with_suffix(".csv").open("w", encoding="utf-8", newline="") as file:
            csv.writer(file).writerows([("text", "label"), *rows])
    return path


def test_strangers_are_of_labels_that_the_model_is_not_shown(tmp_path):
    banking = [(f"q{label} {row}", f"l{label}") for label in range(77) for row in range(20)]
    clinc = [(f"c{label} {row}", f"l{label}") for label in range(150) for row in range(6)]
    outside = [(f"o{row}", "oos") for row in range(60)]
    place = folder(tmp_path, banking77__train=banking, clinc150__train=clinc + outside, clinc150__valid=clinc)
    for questions in selective.read_questions(place):
        known = {label for _, label in questions.trains}
        assert known == {label for _, label in questions.asks}
        assert not known & {label for _, label in questions.strangers}


@pytest.mark.parametrize("rule", selective.RULES.values())
def test_what_one_half_proves_is_kept_on_the_other(rule):
    random = np.random.default_rng(1)
    sure = random.random(4_000).astype(np.float32)
    right = random.random(4_000) < 2 * sure
    precision, coverage = selective.deal(sure, right, sure[:500] / 2, rule, seed=0)
    assert precision > 0.97
    assert 0.3 < coverage < 0.6


@pytest.mark.parametrize("rule", selective.RULES.values())
def test_where_nothing_is_proven_nothing_is_answered(rule):
    ones = np.ones(200, np.float32)
    assert selective.deal(ones, np.zeros(200, bool), ones, rule, seed=0) == (1.0, 0.0)


def test_a_folder_without_the_tables_is_an_error(tmp_path):
    with pytest.raises(InvalidInput, match="TRAINING_DATA_DIR"):
        selective.read_questions(tmp_path)
