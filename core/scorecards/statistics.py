"""How sure a figure is: intervals for shares, means, medians and net promoter scores.

What cannot be said is None with a reason, never 0 or 1. The same data give the same interval, in whatever order they come:
the bootstrap is seeded by its data, and drawn from numpy's RandomState, whose stream is frozen for ever (NEP 19).
"""
from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from enum import StrEnum
from functools import lru_cache
from hashlib import sha256
from statistics import NormalDist
from typing import NamedTuple, TypeAlias

import numpy as np
from numpy.typing import NDArray

CONFIDENCE = 0.95
RESAMPLES = 2_000
BOOTSTRAP_N_MAX = 2_000
"""Beyond this the mean of so many values is as good as normal, and resampling only slower."""
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
    """All values are equal: resampling them would claim a certainty that is not there."""
    EXACT = "EXACT"
    """A plain count has no sampling error of its own."""


class Interval(NamedTuple):
    low: float
    high: float
    method: str


def z_of(confidence: float) -> float:
    """Half-width of the central part of the standard normal that holds ``confidence``: 0.95 → 1.95996…"""
    if not 0 < confidence < 1:
        raise ValueError(f"a confidence level lies between 0 and 1, not at {confidence}")
    return NormalDist().inv_cdf((1 + confidence) / 2)


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


def of_mean(values: Sequence[float] | Numbers, confidence: float = CONFIDENCE) -> Interval | Reason:
    """Interval of a mean: BCa bootstrap (Efron 1987, JASA 82:171–185); for more than BOOTSTRAP_N_MAX values the normal interval."""
    data = np.sort(np.asarray(values, dtype=np.float64))
    if (reason := _unvarying(data)) is not None:
        return reason
    if data.size <= BOOTSTRAP_N_MAX:
        return _bca_of_mean(data.tobytes(), confidence)
    half = z_of(confidence) * float(data.std(ddof=1)) / math.sqrt(data.size)
    middle = math.fsum(data) / data.size
    return Interval(middle - half, middle + half, "normal")


@lru_cache(maxsize=1_000)  # periods that are over are asked for again and again; at most 16 MB of values
def _bca_of_mean(content: bytes, confidence: float) -> Interval:
    """Of at least two different float64 values, in ascending order."""
    data = np.frombuffer(content, dtype=np.float64)
    deviations = data - data.mean()
    # the jackknife's acceleration, in closed form for a mean: Efron and Tibshirani (1993), eq. 14.15
    acceleration = float((deviations**3).sum() / (6 * (deviations**2).sum() ** 1.5))
    means = resampled(data, lambda draws: draws.mean(axis=1))
    below = float(((means < data.mean()).sum() + (means <= data.mean()).sum()) / (2 * means.size))
    bias = NormalDist().inv_cdf(min(max(below, 1 / means.size), 1 - 1 / means.size))
    z = z_of(confidence)
    shares = [NormalDist().cdf(bias + (bias + side) / (1 - acceleration * (bias + side))) for side in (-z, z)]
    low, high = np.quantile(means, shares)
    return Interval(float(low), float(high), "bootstrap_bca")


def of_median(values: Sequence[float] | Numbers, confidence: float = CONFIDENCE) -> Interval | Reason:
    """Interval of a median: percentile bootstrap; for more than BOOTSTRAP_N_MAX values from the order statistics.

    Their ranks are the binomial's quantiles by its normal approximation: Conover (1999), Practical Nonparametric Statistics, 3.2.
    """
    data = np.sort(np.asarray(values, dtype=np.float64))
    if (reason := _unvarying(data)) is not None:
        return reason
    if data.size > BOOTSTRAP_N_MAX:
        half = z_of(confidence) * math.sqrt(data.size) / 2
        low, high = data[math.ceil(data.size / 2 - half) - 1], data[math.ceil(data.size / 2 + half) - 1]
        return Interval(float(low), float(high), "order_statistics")
    medians = resampled(data, lambda draws: np.median(draws, axis=1))
    low, high = np.quantile(medians, [(1 - confidence) / 2, (1 + confidence) / 2])
    return Interval(float(low), float(high), "bootstrap_percentile")


def _unvarying(data: Numbers) -> Reason | None:
    if data.size == 0:
        return Reason.NO_CASES
    if data.size == 1:
        return Reason.ONE_CASE
    return Reason.NO_SPREAD if data[0] == data[-1] else None


def resampled(data: Numbers, statistic: Callable[[Numbers], Numbers], resamples: int = RESAMPLES) -> Numbers:
    """``statistic`` of ``resamples`` draws with replacement of as many values. It is given draws as rows, in blocks of bounded size."""
    random = random_of(data.tobytes())
    rows = max(1, 250_000 // data.size)
    blocks = [
        statistic(np.take(data, random.randint(0, data.size, size=(min(rows, resamples - done), data.size), dtype=np.int32)))
        for done in range(0, resamples, rows)
    ]
    return np.concatenate(blocks)


def random_of(content: bytes) -> np.random.RandomState:
    """A generator whose draws depend on the content alone."""
    return np.random.RandomState(np.frombuffer(sha256(content).digest(), dtype="<u4"))
