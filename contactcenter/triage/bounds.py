"""How often the machine is wrong, as numbers that hold: exact bounds on an error rate, and thresholds that keep one.

Errors are counted among independent trials (answers that people judged). The one-sided bounds are those of Clopper
and Pearson (1934): whatever the true rate is, the upper one lies above it in at least ``confidence`` of all samples.
They hold for a sample whose size was fixed beforehand; for a count that is looked at again and again there is
:func:`running_bounds` (Robbins 1970: a mixture over all rates, whose bounds hold at all times at once).

A threshold is chosen by testing "the error above it exceeds the target" for one threshold after another, from the
safest on. The chance of a wrong choice is shared out among them by the fallback procedure (Wiens 2003), which keeps
it below one less ``confidence`` for all together (Angelopoulos et al. 2021, "Learn then test"). Pure; no numpy.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import accumulate

from contactcenter.errors import InvalidInput

_STEPS = 60  # halvings: a bound is exact to 1e-18
_STARTS = 2  # places from which the chain of tests begins: more would each have less of the risk to spend
_GROWTH = 1.04  # each tested set is larger than the one before by this factor


@dataclass(frozen=True, slots=True)
class Threshold:
    """A chosen threshold: who reaches ``value`` is wrong at most ``bound`` of the time.

    ``errors`` of the ``count`` trials that reached it were wrong.
    """

    value: float
    count: int
    errors: int
    bound: float


def upper_bound(errors: int, n: int, confidence: float = 0.95) -> float:
    """The rate that the true one exceeds in at most ``1 - confidence`` of all samples; 1 where nothing was seen."""
    _check(errors, n, confidence)
    if errors >= n:
        return 1.0
    return _halve(lambda rate: at_most(errors, n, rate) > 1 - confidence, 0.0, 1.0)


def lower_bound(errors: int, n: int, confidence: float = 0.95) -> float:
    """The rate that the true one falls below in at most ``1 - confidence`` of all samples; 0 without an error."""
    _check(errors, n, confidence)
    if errors == 0:
        return 0.0
    return _halve(lambda rate: 1 - at_most(errors - 1, n, rate) < 1 - confidence, 0.0, 1.0)


def keeps(errors: int, n: int, target: float, confidence: float = 0.95) -> bool:
    """Whether the upper bound is at most ``target``; far cheaper than the bound itself."""
    _check(errors, n, confidence)
    return n > 0 and errors < n and at_most(errors, n, target) <= 1 - confidence


def needed(target: float, errors: int = 0, confidence: float = 0.95) -> int:
    """The smallest sample with this many errors whose upper bound is at most ``target`` (149 for none and 2 %)."""
    _check(errors, errors + 1, confidence)
    if not 0 < target < 1:
        raise InvalidInput("a target lies between 0 and 1", field="target_error")
    small, large = errors, errors + 1
    while not keeps(errors, large, target, confidence):
        small, large = large, large * 2
    while large - small > 1:
        middle = (small + large) // 2
        small, large = (small, middle) if keeps(errors, middle, target, confidence) else (middle, large)
    return large


def running_bounds(errors: int, n: int, confidence: float = 0.95) -> tuple[float, float]:
    """Lower and upper bound that hold at every moment of a growing sample at once.

    The mixture is Beta(1/2, 8): weight where error rates of answers lie. The true rate ever leaves the interval with a
    chance of at most ``1 - confidence``. (0, 1) where nothing was seen.
    """
    _check(errors, n, confidence)
    mixture = _log_beta(errors + 0.5, n - errors + 8) - _log_beta(0.5, 8)
    limit = mixture + math.log(1 - confidence)
    rate = errors / n if n else 0.5

    def excluded(guess: float) -> bool:
        return _log_likelihood(errors, n, guess) < limit

    low = _halve(excluded, 0.0, rate) if errors else 0.0
    high = _halve(lambda guess: not excluded(guess), rate, 1.0) if errors < n else 1.0
    return low, high


def threshold_for(
    scores: Sequence[float], correct: Sequence[bool], target_error: float = 0.02, confidence: float = 0.95
) -> float | None:
    """The lowest score from which on answers keep ``target_error`` (see :func:`choose`), or None: no score does."""
    chosen = choose(scores, correct, target_error, confidence)
    return None if chosen is None else chosen.value


def choose(
    scores: Sequence[float], correct: Sequence[bool], target_error: float = 0.02, confidence: float = 0.95
) -> Threshold | None:
    """The widest threshold that labelled trials prove: "answer from this score on" errs at most ``target_error``.

    Holds for new trials like these with ``confidence``, the freedom of choosing included. None where the trials prove
    nothing, because they are too few or too often wrong.
    """
    if len(scores) != len(correct):
        raise InvalidInput("there is one outcome for each score", field="correct")
    ranked = sorted(zip(scores, correct, strict=True), key=lambda pair: -pair[0])
    wrong = list(accumulate((not right for _, right in ranked), initial=0))
    first = needed(target_error, 0, 1 - (1 - confidence) / _STARTS)
    best: Threshold | None = None
    risk = 0.0  # what the tests before have left over
    for count, share in _plan(first, len(ranked)):
        risk += share * (1 - confidence)
        while count < len(ranked) and ranked[count][0] == ranked[count - 1][0]:
            count += 1  # equal scores are answered together
        if risk > 0 and keeps(wrong[count], count, target_error, 1 - risk):
            bound = upper_bound(wrong[count], count, confidence)
            best = Threshold(ranked[count - 1][0], count, wrong[count], bound)
        else:
            risk = 0.0
    return best


def at_most(k: int, n: int, rate: float) -> float:
    """The chance of at most ``k`` errors in ``n`` trials (binomial), from the short side of the distribution."""
    if k >= n or rate <= 0:
        return 1.0
    if rate >= 1 or k < 0:
        return 0.0
    odds = rate / (1 - rate)
    if k < n * rate:
        return _tail(k, n, rate, lambda i: i / ((n - i + 1) * odds), -1)
    return 1.0 - _tail(k + 1, n, rate, lambda i: (n - i) * odds / (i + 1), 1)


def _tail(start: int, n: int, rate: float, ratio: Callable[[int], float], step: int) -> float:
    """The sum of binomial terms from ``start`` outwards, until they no longer matter."""
    choices = math.lgamma(n + 1) - math.lgamma(start + 1) - math.lgamma(n - start + 1)
    term = math.exp(choices + start * math.log(rate) + (n - start) * math.log1p(-rate))
    total, i = term, start
    while 0 <= i + step <= n and term > total * 1e-17:
        term *= ratio(i)
        total, i = total + term, i + step
    return min(1.0, total)


def _plan(first: int, size: int) -> list[tuple[int, float]]:
    """The sets to test, smallest first, each with its own share of the risk; fixed before any outcome is seen."""
    if first > size:
        return [(size, 1.0)] if size else []
    counts, count = [], float(first)
    while count < size:
        counts.append(int(count))
        count = max(count * _GROWTH, count + 1)
    counts.append(size)
    starts = {round(place * (len(counts) - 1) / _STARTS) for place in range(_STARTS)}
    return [(count, 1 / len(starts) if place in starts else 0.0) for place, count in enumerate(counts)]


def _log_likelihood(errors: int, n: int, rate: float) -> float:
    """The log-likelihood of a rate, -inf where it cannot be."""
    if (errors and rate <= 0) or (errors < n and rate >= 1):
        return -math.inf
    wrong = errors * math.log(rate) if errors else 0.0
    return wrong + ((n - errors) * math.log1p(-rate) if errors < n else 0.0)


def _log_beta(a: float, b: float) -> float:
    return math.lgamma(a) + math.lgamma(b) - math.lgamma(a + b)


def _halve(below: Callable[[float], bool], low: float, high: float) -> float:
    """Where ``below`` turns from true to false."""
    for _ in range(_STEPS):
        middle = (low + high) / 2
        low, high = (middle, high) if below(middle) else (low, middle)
    return high


def _check(errors: int, n: int, confidence: float) -> None:
    if not 0 <= errors <= n:
        raise InvalidInput("errors are counted among the trials", field="errors")
    if not 0 < confidence < 1:
        raise InvalidInput("a confidence lies between 0 and 1", field="confidence")
