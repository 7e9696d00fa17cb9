"""How far ratings disagree: the pure Python twin of the kernel, and its specification.

Ratings are codes: a matrix of units (rows) by raters (columns), each an index into ``values``, the categories in ascending order as
numbers, or negative where the rater did not rate the unit. ``table`` holds the disagreement of every pair of categories for TABLE, and
may be empty otherwise.
"""
from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

IDENTITY, LINEAR, QUADRATIC, ORDINAL, RADICAL, RATIO, CIRCULAR, BIPOLAR, TABLE = range(9)


def apart(values: NDArray[np.float64], one: int, other: int, metric: int, table: NDArray[np.float64]) -> float:
    """How far two categories are apart, 0 where they are one: what Gwet (2014, ch. 3) takes from 1, before it is made to end at 1.

    ORDINAL is of values that are ranks.
    """
    if one == other:
        return 0.0
    x, y, low, high = values[one], values[other], values[0], values[-1]
    difference, whole = float(abs(x - y)), float(x + y)
    match metric:
        case 0:
            return 1.0
        case 1:
            return difference
        case 2:
            return difference * difference
        case 3:
            return difference * (difference + 1) / 2
        case 4:
            return math.sqrt(difference)
        case 5:
            return (difference / whole) * (difference / whole) if whole != 0 else 0.0
        case 6:
            turn = math.sin(math.pi * difference / float(high - low + 1))
            return turn * turn
        case 7:
            return difference * difference / float((whole - 2 * low) * (2 * high - whole))
    return float(table[one, other])


def within(
    codes: NDArray[np.int32], values: NDArray[np.float64], metric: int, table: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Per unit: the sum over all pairs of its ratings, both ways round. Raises ValueError for a code that is no category."""
    _check(codes, len(values))
    found = np.zeros(len(codes), dtype=np.float64)
    for unit, ratings in enumerate(codes):
        given = [int(code) for code in ratings if code >= 0]
        for place, one in enumerate(given):
            for other in given[place + 1:]:
                found[unit] += 2 * apart(values, one, other, metric, table)
    return found


def spread(values: NDArray[np.float64], shares: NDArray[np.float64], metric: int, table: NDArray[np.float64]) -> NDArray[np.float64]:
    """How far each category is from all, weighed by ``shares`` (rows: one weighing each): rows of weighings, columns of categories."""
    if shares.shape[1] != len(values):
        raise ValueError(f"{shares.shape[1]} shares for {len(values)} categories")
    found = np.zeros(shares.shape, dtype=np.float64)
    for one in range(len(values)):
        for other in range(one):
            between = apart(values, one, other, metric, table)
            for row in range(len(shares)):
                found[row, one] += between * shares[row, other]
                found[row, other] += between * shares[row, one]
    return found


def widest(values: NDArray[np.float64], metric: int, table: NDArray[np.float64]) -> float:
    """The greatest of all pairs of categories; 0 where there is no pair."""
    found = 0.0
    for one in range(len(values)):
        for other in range(one):
            found = max(found, apart(values, one, other, metric, table))
    return found


def _check(codes: NDArray[np.int32], categories: int) -> None:
    for unit, ratings in enumerate(codes):
        if len(ratings) and max(ratings) >= categories:
            raise ValueError(f"unit {unit}: code {max(ratings)} is not below {categories}")
