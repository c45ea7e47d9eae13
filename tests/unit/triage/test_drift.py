"""The alarm on judged answers and the index of a population that moves."""

import math
import random
import statistics

import pytest
from scipy.stats import chi2

from contactcenter.triage import drift
from contactcenter.triage.drift import FALSE_ALARM, SHIFTED, alarm, edges, expected_delay, histogram, shift


def run_length(error, seed, most=5_000):
    """Judged answers until the alarm rings."""
    chance = random.Random(seed)
    errors = [chance.random() < error for _ in range(most)]
    low, high = 0, most
    if not alarm(errors, 0.02).rings:
        return most
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (low, middle) if alarm(errors[:middle], 0.02).rings else (middle, high)
    return high


def test_at_the_target_itself_false_alarms_are_rarer_than_promised():
    assert statistics.mean(run_length(0.02, seed) for seed in range(60)) > 10 * FALSE_ALARM


@pytest.mark.parametrize("error", [0.1, 0.2, 0.3, 0.5])
def test_a_risen_error_is_found_within_the_expected_delay(error):
    found = statistics.mean(run_length(error, seed) for seed in range(200))
    assert found <= expected_delay(0.02, error)


def test_an_error_the_alarm_does_not_rise_at_has_no_delay():
    assert expected_delay(0.02, 0.02) == math.inf


def test_a_long_good_past_hides_nothing():
    bad = [True, True, False, True, False, True]
    assert alarm([False] * 3_000 + bad, 0.02).rings
    assert alarm(bad, 0.02).rings


def test_one_error_now_and_then_is_no_alarm():
    assert not alarm(([False] * 99 + [True]) * 20, 0.02).rings


def test_the_limit_of_the_index_is_what_chance_alone_seldom_reaches():
    for freedom in range(1, drift.BINS):
        assert drift._chi_square(freedom) == pytest.approx(chi2.isf(drift.CHANCE, freedom), rel=0.04)


def drawn(seed, size, power=1.0):
    chance = random.Random(seed)
    return [chance.random() ** power for _ in range(size)]


def test_two_samples_of_one_population_have_not_moved():
    cuts = edges(drawn(0, 1_000))
    before = histogram(drawn(0, 1_000), cuts)
    assert sum(shift(before, histogram(drawn(seed, 250), cuts)).matters for seed in range(1, 201)) <= 1


def test_a_population_that_grows_less_sure_has_moved():
    cuts = edges(drawn(0, 1_000))
    before = histogram(drawn(0, 1_000), cuts)
    assert all(shift(before, histogram(drawn(seed, 250, 2.5), cuts)).matters for seed in range(1, 21))


def test_questions_without_an_article_are_a_bin_of_their_own():
    cuts = edges([0.0] * 300 + drawn(0, 700))
    before, now = histogram([0.0] * 300 + drawn(0, 700), cuts), histogram([0.0] * 150 + drawn(1, 100), cuts)
    assert before[1] == 300 or before[0] == 0
    assert shift(before, now).matters


def test_equal_scores_make_fewer_bins_and_nothing_makes_no_shift():
    assert edges([0.5] * 100) == [0.5]
    assert edges([]) == []
    assert shift([0], [5]) == drift.Shift(0.0, SHIFTED)
