from itertools import pairwise

import numpy as np
import pytest

from contactcenter.triage import calibration
from contactcenter.triage.linear import Calibration, Head, Second

ALL = np.ones(10_000, dtype=bool)


def test_words_decide_alone_where_they_are_as_right_as_both():
    top = np.linspace(1, 0.5, 10_000, dtype=np.float32)
    alone = np.arange(10_000) < 4_000
    line = calibration.line(top, alone, ALL, allowed=5, precision=0.997)
    assert (top >= line).sum() == pytest.approx(4_000, abs=25)


def test_words_that_are_often_wrong_never_decide_alone():
    top = np.linspace(1, 0.5, 10_000, dtype=np.float32)
    wrong = np.arange(10_000) % 10 == 0
    assert calibration.line(top, ~wrong, ALL, allowed=5, precision=0.997) == calibration.NEVER


def test_words_decide_everything_where_a_second_look_gains_nothing():
    top = np.linspace(1, 0.5, 10_000, dtype=np.float32)
    every_tenth, others = np.arange(10_000) % 10 != 0, np.arange(10_000) % 10 != 1
    assert calibration.line(top, every_tenth, others, allowed=5, precision=0.997) == 0.0


def test_who_may_lose_more_rows_asks_less_often():
    top = np.linspace(1, 0.5, 10_000, dtype=np.float32)
    alone = np.arange(10_000) % 100 != 0
    lines = [calibration.line(top, alone, ALL, allowed, precision=0.0) for allowed in (5, 30)]
    assert [int((top >= line).sum()) for line in lines] == pytest.approx([500, 3_000], abs=1)


def test_languages_share_what_may_be_lost_by_what_the_second_look_gains_them():
    random = np.random.default_rng(3)
    truth, spoken = random.integers(0, 4, 8_000), np.repeat(["en", "zh"], 4_000)
    words = np.eye(4)[truth] * random.random((8_000, 1)) + random.random((8_000, 4)) * 0.8
    vectors = np.eye(4)[truth] * 5.0
    head = Head("category", tuple("abcd"), (0.0,) * 4, calibration.calibration(words, truth, spoken))
    joins = calibration.second_look(head, words, vectors, truth, spoken, calibration.PACES["sparing"])
    assert joins is not None
    alone = ~joins.needed(head.calibration.raw(words).max(axis=1), spoken.tolist())
    assert 12 < (words.argmax(axis=1) != truth)[alone].sum() <= 24  # 0.3 % of all rows, not of each language's


def test_few_rows_prove_no_line():
    few = ALL[:50]
    assert calibration.line(np.ones(50, np.float32), few, few, allowed=5, precision=0.5) == calibration.NEVER


def test_a_curve_rises_everywhere_so_that_order_is_kept():
    random = np.random.default_rng(3)
    top = random.random(3_000).astype(np.float32)
    knots = calibration.curve(top, random.random(3_000) < top)
    assert all(before[1] < after[1] for before, after in pairwise(knots))
    assert len(knots) == calibration.KNOTS


def test_vectors_join_in_where_words_know_nothing_and_stay_out_where_they_harm():
    random = np.random.default_rng(5)
    truth = random.integers(0, 3, 600)
    noise, knows = random.normal(size=(600, 3)), np.eye(3)[truth] * 3 + random.normal(size=(600, 3))
    spoken = np.array(["en"] * 600)
    head = Head("category", ("a", "b", "c"), (0, 0, 0), calibration.calibration(knows, truth, spoken))
    joins = calibration.second_look(head, noise, knows, truth, spoken)
    assert joins is not None
    assert joins.vectors > joins.words
    assert calibration.second_look(head, knows, noise, truth, spoken) is None


def test_only_doubtful_rows_take_the_second_look():
    second = Second(0.0, 1.0, Calibration(), {"": 0.9, "zh": 0.0})
    head = Head("category", ("a", "b", "c"), (0, 0, 0), second=second)
    words = np.array([[9.0, 0, 0], [0.1, 0, 0], [0.1, 0, 0]])
    vectors = np.array([[0, 0, 9.0]] * 3)
    probabilities, asked = calibration.cascaded(head, words, vectors, np.array(["en", "en", "zh"]))
    assert asked.tolist() == [False, True, False]
    assert probabilities.argmax(axis=1).tolist() == [0, 2, 0]
