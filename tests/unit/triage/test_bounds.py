"""Bounds on an error rate, and thresholds that keep one."""

import random

import pytest
from scipy.stats import beta, binom

from contactcenter.errors import InvalidInput
from contactcenter.triage.bounds import (
    at_most,
    choose,
    keeps,
    lower_bound,
    needed,
    running_bounds,
    threshold_for,
    upper_bound,
)

CASES = [(0, 149), (3, 200), (10, 1000), (500, 1000), (999, 1000), (40, 20_000)]


@pytest.mark.parametrize(("errors", "n"), CASES)
def test_the_bounds_are_those_of_clopper_and_pearson(errors, n):
    assert upper_bound(errors, n) == pytest.approx(beta.ppf(0.95, errors + 1, n - errors), rel=1e-9)
    assert lower_bound(errors, n) == pytest.approx(beta.ppf(0.05, errors, n - errors + 1) if errors else 0, rel=1e-9)


@pytest.mark.parametrize("n", [1, 7, 400, 20_000])
@pytest.mark.parametrize("rate", [0.001, 0.02, 0.5, 0.97])
def test_the_distribution_is_the_binomial_one_on_both_sides_of_its_middle(n, rate):
    for k in (0, n // 50, n // 3, n - 1):
        assert at_most(k, n, rate) == pytest.approx(binom.cdf(k, n, rate), rel=1e-9, abs=1e-300)


def test_nothing_seen_says_nothing():
    assert (lower_bound(0, 0), upper_bound(0, 0), running_bounds(0, 0)) == (0.0, 1.0, (0.0, 1.0))
    assert not keeps(0, 0, 0.5)


def test_for_two_percent_149_faultless_answers_are_needed_and_one_less_is_too_few():
    assert needed(0.02) == 149
    assert keeps(0, 149, 0.02)
    assert not keeps(0, 148, 0.02)
    assert keeps(3, needed(0.02, 3), 0.02)
    assert not keeps(3, needed(0.02, 3) - 1, 0.02)


@pytest.mark.parametrize("wrong", [(-1, 5, 0.95), (6, 5, 0.95), (1, 5, 1.0), (1, 5, 0.0)])
def test_counts_and_confidences_that_cannot_be_are_refused(wrong):
    with pytest.raises(InvalidInput):
        upper_bound(*wrong)


def test_the_running_bounds_hold_at_every_moment_of_nearly_all_samples():
    left = 0
    for seed in range(200):
        chance, errors = random.Random(seed), 0
        for n in range(1, 601):
            errors += chance.random() < 0.03
            if n % 5 == 0:
                low, high = running_bounds(errors, n)
                if not low <= 0.03 <= high:
                    left += 1
                    break
    assert left <= 10  # of 200; one in twenty is allowed


def sample(seed, size):
    """Confidences, and whether the answer was right: wrong with (1 - confidence)² / 2."""
    chance = random.Random(seed)
    scores = [chance.random() for _ in range(size)]
    return scores, [chance.random() >= (1 - score) ** 2 / 2 for score in scores]


def true_error(threshold):
    return (1 - threshold) ** 2 / 6


def test_a_chosen_threshold_keeps_the_target_in_nearly_all_samples():
    chosen = [threshold_for(*sample(seed, 3_000)) for seed in range(100)]
    found = [value for value in chosen if value is not None]
    assert len(found) >= 80
    assert sum(true_error(value) > 0.02 for value in found) <= 5


def test_too_few_outcomes_prove_nothing():
    assert threshold_for([0.9] * 100, [True] * 100) is None
    assert threshold_for([], []) is None


def test_equal_scores_stand_and_fall_together():
    assert threshold_for([0.9] * 400, [True] * 400) == 0.9
    assert threshold_for([0.9] * 400, [True] * 360 + [False] * 40) is None


def test_a_choice_tells_what_it_rests_on():
    chosen = choose([0.9] * 400 + [0.1] * 200, [True] * 600)
    assert (chosen.value, chosen.count, chosen.errors) == (0.1, 600, 0)
    assert chosen.bound == upper_bound(0, 600)


def test_a_wider_target_never_gives_a_higher_threshold():
    scores, correct = sample(1, 3_000)
    strict, wide = (threshold_for(scores, correct, target) for target in (0.02, 0.05))
    assert wide < strict


def test_there_is_one_outcome_for_each_score():
    with pytest.raises(InvalidInput):
        threshold_for([0.5], [])
