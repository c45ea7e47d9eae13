"""Words and meaning as one score."""

import pytest

from contactcenter.knowledge.fusion import MIXTURES, Nearness, Pairing, fused, is_chinese, pairing, related


@pytest.mark.parametrize(
    ("text", "chinese"),
    [
        ("Where is my parcel?", False),
        ("我的包裹在哪", True),
        ("SIM卡怎么激活", True),
        ("My name is 王芳, hello", False),
        ("", False),
    ],
)
def test_a_question_is_chinese_when_most_of_it_is(text, chinese):
    assert is_chinese(text) is chinese


def test_the_pair_of_languages_is_of_question_and_article():
    assert pairing(True, "zh") is Pairing.CHINESE
    assert pairing(False, "en") is Pairing.ENGLISH
    assert pairing(True, "en") is pairing(False, "zh") is Pairing.ACROSS


def test_every_mixture_is_whole_and_words_say_nothing_across_languages():
    for mixture in MIXTURES.values():
        assert mixture.words + mixture.centre + mixture.nearest == pytest.approx(1, abs=0.011)
    assert MIXTURES[Pairing.ACROSS].words == 0


def test_without_vectors_the_words_are_the_score():
    assert fused(0.4, None, Pairing.ENGLISH) == 0.4
    assert fused(1.2, None, Pairing.ACROSS) == 1.0


def test_the_score_rises_with_each_figure_and_stays_between_nought_and_one():
    low = fused(0.2, Nearness(0.2, 0.2), Pairing.ENGLISH)
    assert 0 < low < fused(0.3, Nearness(0.2, 0.2), Pairing.ENGLISH)
    assert low < fused(0.2, Nearness(0.3, 0.2), Pairing.ENGLISH) < fused(0.2, Nearness(0.3, 0.3), Pairing.ENGLISH)
    assert fused(1.0, Nearness(1.0, 1.0), Pairing.CHINESE) <= 1.0


def test_what_any_two_texts_have_in_common_counts_as_nought():
    assert related(0.1) == related(-1.0) == 0.0
    assert related(1.0) == 1.0
    assert 0 < related(0.5) < 0.5
