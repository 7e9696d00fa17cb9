"""How sure a figure is: intervals for shares, means and net promoter scores.

What cannot be said is None with a reason, never 0 or 1. The same data give the same interval, in whatever order they come.
"""
from __future__ import annotations

import math
from collections.abc import Sequence
from enum import StrEnum
from typing import NamedTuple, TypeAlias

import numpy as np
from numpy.typing import NDArray

from opsledger.core.scorecards.normal import z_of
from opsledger.core.scorecards.student import t_of

CONFIDENCE = 0.95
MEAN_N_MIN = 3
"""Two values say too little of how values vary: an interval that covers is of no use, and one of use does not cover."""
SMALL_SAMPLE_N = 30
"""A figure of fewer cases is marked as of a small sample."""

Numbers: TypeAlias = "NDArray[np.float64]"


class Reason(StrEnum):
    """Why there is no value or no interval."""

    NO_CASES = "NO_CASES"
    """Nothing happened that could be measured."""
    ONE_CASE = "ONE_CASE"
    """One value says nothing of how values vary."""
    FEW_CASES = "FEW_CASES"
    """So few that no interval holds at the level asked for."""
    NO_SPREAD = "NO_SPREAD"
    """All values are equal, and how far others may lie away is not known: an interval would claim a certainty that is not there."""
    EXACT = "EXACT"
    """A plain count has no sampling error of its own."""


class Interval(NamedTuple):
    low: float
    high: float
    method: str


class Bounds(NamedTuple):
    """Between which the values of a scale lie."""

    low: float = -math.inf
    high: float = math.inf


UNBOUNDED = Bounds()
SHARES = Bounds(0.0, 1.0)


def wilson(successes: int, cases: int, confidence: float = CONFIDENCE) -> Interval | Reason:
    """Interval of a share: the score interval of Wilson (1927), JASA 22:209–212.

    Recommended for small samples by Brown, Cai and DasGupta (2001), Statistical Science 16:101–133, whose equation 4 it is.
    It stays within 0 and 1 and keeps its coverage for small samples and for shares at the ends: 5 of 5 is [.5655, 1].
    """
    if cases == 0:
        return Reason.NO_CASES
    z2 = z_of(confidence) ** 2
    share = successes / cases
    middle = (share + z2 / (2 * cases)) / (1 + z2 / cases)
    half = math.sqrt(z2) * math.sqrt(share * (1 - share) / cases + z2 / (4 * cases * cases)) / (1 + z2 / cases)
    # at the ends the formula gives exactly 0 and 1, which rounding would miss
    low = 0.0 if successes == 0 else max(0.0, middle - half)
    high = 1.0 if successes == cases else min(1.0, middle + half)
    return Interval(low, high, "wilson")


def net_promoter(promoters: int, passives: int, detractors: int, confidence: float = CONFIDENCE) -> Interval | Reason:
    """Interval of (promoters − detractors) ÷ all, from −1 to 1: adjusted Wald.

    It adds three answers: 3/4 of a promoter, 3/4 of a detractor, the rest passive. Of six intervals that Rocks (2016), The American
    Statistician 70:365–372, compared, it keeps its coverage best.
    """
    cases = promoters + passives + detractors
    if cases == 0:
        return Reason.NO_CASES
    n = cases + 3
    up, down = (promoters + 0.75) / n, (detractors + 0.75) / n
    half = z_of(confidence) * math.sqrt((up + down - (up - down) ** 2) / n)
    return Interval(max(-1.0, up - down - half), min(1.0, up - down + half), "adjusted_wald")


def of_mean(values: Sequence[float] | Numbers, confidence: float = CONFIDENCE, bounds: Bounds = UNBOUNDED) -> Interval | Reason:
    """Interval of a mean of at least MEAN_N_MIN values: Student's t. Between bounds its ends are the outer ones of two scales.

    Between two bounds the other scale is the logit of the mean's place between them: scores near 100 have their long side below. Above a
    lower one it is the logarithm: few durations are very long. The ends of the scale itself alone would miss too often on that side.
    Where all values are equal the ends are Gaffke's (2005, MODA 7: "Three test statistics for a nonparametric one-sided hypothesis on
    the mean of a nonnegative variable"), who needs both bounds; of shares that all are 1 they are Clopper's and Pearson's.
    docs/scorecards.md says how often these intervals hold, and where they do not.
    """
    data = np.sort(np.asarray(values, dtype=np.float64))
    if data.size < MEAN_N_MIN:
        return (Reason.NO_CASES, Reason.ONE_CASE, Reason.FEW_CASES)[data.size]
    low, high = min(bounds.low, float(data[0])), max(bounds.high, float(data[-1]))
    middle = math.fsum(data) / data.size
    if data[0] == data[-1]:
        return _of_equals(middle, data.size, confidence, Bounds(low, high))
    deviations = data - middle
    half = t_of(confidence, data.size - 1) * math.sqrt(math.fsum(deviations * deviations) / (data.size - 1) / data.size)
    if not math.isfinite(low):
        return Interval(middle - half, middle + half, "t")
    if not math.isfinite(high):
        far = low + (middle - low) * math.exp(min(half / (middle - low), 700.0))
        return Interval(max(low, middle - half), max(middle + half, far), "t_log")
    place = min(max((middle - low) / (high - low), 1e-15), 1 - 1e-15)  # rounding may put it on an end
    logit, reach = math.log(place / (1 - place)), half / (high - low) / (place * (1 - place))
    below, above = (low + (high - low) * (1 + math.tanh((logit + side) / 2)) / 2 for side in (-reach, reach))
    return Interval(max(low, min(middle - half, below)), min(high, max(middle + half, above)), "t_logit")


def _of_equals(value: float, cases: int, confidence: float, bounds: Bounds) -> Interval | Reason:
    if not all(map(math.isfinite, bounds)):
        return Reason.NO_SPREAD
    share = ((1 - confidence) / 2) ** (1 / cases)
    return Interval(bounds.low + (value - bounds.low) * share, bounds.high - (bounds.high - value) * share, "gaffke")
