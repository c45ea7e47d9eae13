"""Comparing questions with articles by vectors."""

import numpy as np
import pytest

from contactcenter.knowledge.meaning import AT_ONCE, Comparer, Meanings
from contactcenter.knowledge.understanding import Material, parts
from tests.unit.knowledge.concepts import Concepts

PASSWORD = parts("Reset your password", ["I forgot my password"], "Open the page.")
PARCEL = parts("包裹在哪里", [], "在网站上看包裹。")


@pytest.fixture
def encoder():
    return Concepts()


@pytest.fixture
def comparer(encoder):
    return Comparer(lambda: encoder)


def test_an_article_is_its_title_each_question_and_its_title_with_its_text():
    assert parts("T", ["q1", "q2"], "x" * 1000) == ("T", "q1", "q2", "T\n" + "x" * 400)


def test_a_question_is_nearest_to_the_article_that_means_it_whatever_the_languages(comparer):
    near = comparer.nearness("base", "where is the parcel", [0, 1], [], [Material(PASSWORD), Material(PARCEL)])
    assert near[1].centre > 0.9 > near[0].centre
    assert near[1].nearest >= near[1].centre


def test_a_base_that_is_not_known_is_asked_for_and_then_kept(comparer, encoder):
    assert comparer.nearness("base", "password", [0], []) is None
    comparer.nearness("base", "password", [0], [], [Material(PASSWORD)])
    before = encoder.encoded
    assert comparer.nearness("base", "password", [0], [])
    assert encoder.encoded == before + 1  # the question alone


def test_stored_vectors_are_not_computed_again(comparer, encoder):
    (stored,) = comparer.encode([PASSWORD])
    before = encoder.encoded
    near = comparer.nearness("base", "my password", [0], [], [Material(PASSWORD, stored)])
    assert encoder.encoded == before + 1
    assert near[0].nearest == pytest.approx(1, abs=0.01)


def test_a_few_articles_without_vectors_are_computed_and_of_many_none_is_compared(comparer, encoder):
    few = [Material(("parcel",))] * AT_ONCE
    assert sorted(comparer.nearness("few", "parcel", range(AT_ONCE), range(AT_ONCE), few)) == list(range(AT_ONCE))
    before = encoder.encoded
    assert comparer.nearness("many", "parcel", [0], [0], [*few, few[0]]) == {}
    assert encoder.encoded == before


def test_only_the_articles_in_question_and_those_named_are_compared():
    rows = np.eye(3, dtype=np.float32)
    meanings = Meanings([rows[[0]], rows[[1]], rows[[2]]])
    assert set(meanings.nearness(rows[0], [1])) == {1}
    assert set(meanings.nearness(rows[0], [1], [2])) == {1, 2}


def test_nothing_known_is_near_to_nothing():
    assert Meanings([]).nearness(np.ones(3, dtype=np.float32), []) == {}
    known = Meanings([np.eye(2, dtype=np.float32)])
    assert known.nearness(np.zeros(2, dtype=np.float32), [0]) == {}


def test_bases_that_nobody_asks_for_any_more_are_forgotten(comparer):
    for name in "abcdefghij":
        comparer.nearness(name, "password", [0], [], [Material(PASSWORD)])
    assert comparer.nearness("a", "password", [0], []) is None
    assert comparer.nearness("j", "password", [0], []) is not None
