"""The median of a tally, and its interval from order statistics: it holds whatever the distribution, for ties too."""
from __future__ import annotations

from collections.abc import Mapping
from itertools import accumulate
from math import comb, floor, sqrt

from opsledger.core.scorecards.normal import z_of
from opsledger.core.scorecards.statistics import Interval, Reason

METHOD = "order_statistics"
EXACT_MAX = 1_000
"""Up to so many cases the binomial distribution is summed up; beyond, the normal one stands for it."""


def median(tally: Mapping[int, int]) -> float:
    """Of values by how often they occur, which must be at least one; between the two middle ones where there are two."""
    cases = sum(tally.values())
    low, high = _at(tally, ((cases + 1) // 2, cases // 2 + 1))
    return (low + high) / 2


def interval(tally: Mapping[int, int], confidence: float) -> Interval | Reason:
    """Of the median: from the k-th smallest to the k-th greatest value, with the greatest k that covers it at least at the level.

    Reason NO_CASES, or FEW_CASES when not even the smallest and the greatest value do: under 6 cases at 95 %. In the values' unit.
    Source: Conover, Practical Nonparametric Statistics (1999), 3.2; David and Nagaraja, Order Statistics (2003), 7.1.
    """
    cases = sum(tally.values())
    if cases == 0:
        return Reason.NO_CASES
    k = _rank(cases, confidence)
    if k == 0:
        return Reason.FEW_CASES
    low, high = _at(tally, (k, cases + 1 - k))
    return Interval(low, high, METHOD)


def _rank(cases: int, confidence: float) -> int:
    """The greatest k with 1 − 2·P(X < k) ≥ confidence for X ~ Binomial(cases, ½); 0 when there is none."""
    if cases > EXACT_MAX:
        return floor((cases - z_of(confidence) * sqrt(cases)) / 2)
    tails = accumulate(comb(cases, x) for x in range(cases // 2 + 1))
    limit = (1 - confidence) / 2 * 2 ** cases
    return sum(1 for tail in tails if tail <= limit)


def _at(tally: Mapping[int, int], ranks: tuple[int, int]) -> tuple[int, int]:
    """The values with two ranks in ascending order, from 1."""
    found: list[int] = []
    counted = 0
    for value in sorted(tally):
        counted += tally[value]
        while len(found) < len(ranks) and counted >= ranks[len(found)]:
            found.append(value)
    return found[0], found[1]
