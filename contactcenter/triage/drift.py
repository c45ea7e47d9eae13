"""Whether what holds yesterday still holds: an alarm on judged answers, and one on a population nobody judged.

The first is the cumulative sum of Page (1954) for errors among trials (Reynolds and Stoumbos 1999): each outcome adds
the logarithm of how much likelier it is at a far too high error rate than at the target. Below zero it starts anew, so
a long good past hides nothing. At an error rate of the target or less the mean number of trials to a false alarm is
at least ``FALSE_ALARM`` (Lorden 1971), whatever the true rate and however often one looks.

The second is the population stability index over a histogram. Without drift it follows a chi-square distribution scaled
by the sizes of both samples (Yurdakul and Naranjo 2020), which gives the limit that chance alone seldom reaches. Pure.
"""

from __future__ import annotations

import math
from bisect import bisect_right
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from statistics import NormalDist

FALSE_ALARM = 100
"""Audits between two false alarms, at the least, of an error rate that is just the target."""

TOO_HIGH = 5
"""The alarm is most sensitive to this many times the target."""

SHIFTED = 0.2
"""An index below this is no shift that matters, however certain it is (0.1 to 0.25 is the trade's rule)."""

CHANCE = 0.001
"""How often a window without drift may seem one."""

BINS = 10


@dataclass(frozen=True, slots=True)
class Alarm:
    """The cumulative sum over judged answers. ``height`` is where it stands, at ``limit`` it rings."""

    height: float
    limit: float

    @property
    def rings(self) -> bool:
        """Whether the error rate has risen above its target."""
        return self.height >= self.limit


@dataclass(frozen=True, slots=True)
class Shift:
    """How far a window's population lies from the reference."""

    index: float
    limit: float

    @property
    def matters(self) -> bool:
        """Whether the population has moved."""
        return self.index > self.limit


def alarm(errors: Iterable[bool], target: float) -> Alarm:
    """The alarm after these outcomes (True: wrong), oldest first. Once it rang it stays."""
    wrong, right = _steps(target)
    limit, height = math.log(FALSE_ALARM), 0.0
    for error in errors:
        height = max(0.0, height + (wrong if error else right))
        if height >= limit:
            break
    return Alarm(height, limit)


def expected_delay(target: float, error: float) -> float:
    """Judged answers until the alarm rings, at the most and on average, once the error rate is ``error``.

    Wald's identity: the limit and what the last step may add above it, over the mean step. Infinite where the mean
    step does not rise: an error so little above the target is found by the running bound instead.
    """
    wrong, right = _steps(target)
    rise = error * wrong + (1 - error) * right
    return (math.log(FALSE_ALARM) + wrong) / rise if rise > 0 else math.inf


def edges(scores: Sequence[float], bins: int = BINS) -> list[float]:
    """Where to cut so that each bin holds about as many of the scores; fewer cuts where many are equal."""
    ranked = sorted(scores)
    cuts = [ranked[len(ranked) * place // bins] for place in range(1, bins)] if ranked else []
    return sorted(set(cuts))


def histogram(scores: Iterable[float], cuts: Sequence[float]) -> list[int]:
    """How many scores fall below the first cut, between each two, and from the last one on."""
    counts = [0] * (len(cuts) + 1)
    for score in scores:
        counts[bisect_right(cuts, score)] += 1
    return counts


def shift(reference: Sequence[int], window: Sequence[int]) -> Shift:
    """The population stability index of two histograms over the same bins. Nothing moved where one is empty."""
    before, now = sum(reference), sum(window)
    if not before or not now or len(reference) < 2:
        return Shift(0.0, SHIFTED)
    bins = len(reference)
    index = 0.0
    for expected, found in zip(reference, window, strict=True):
        # Half a count more each: an empty bin is rare, not impossible.
        p, q = (expected + 0.5) / (before + bins / 2), (found + 0.5) / (now + bins / 2)
        index += (q - p) * math.log(q / p)
    scale = 1 / before + 1 / now
    return Shift(index, max(SHIFTED, scale * _chi_square(bins - 1)))


def _steps(target: float) -> tuple[float, float]:
    """What a wrong and a right answer add."""
    high = min(0.5, target * TOO_HIGH)
    return math.log(high / target), math.log((1 - high) / (1 - target))


def _chi_square(freedom: int) -> float:
    """What a chi-square variable exceeds with a chance of :data:`CHANCE` (Wilson and Hilferty 1931)."""
    spread = 2 / (9 * freedom)
    return float(freedom * (1 - spread + NormalDist().inv_cdf(1 - CHANCE) * math.sqrt(spread)) ** 3)
