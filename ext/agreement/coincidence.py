"""Who agrees with whom on what: the pure Python twin of the kernel, and its specification.

Ratings are codes: a matrix of units (rows) by raters (columns), each 0, 1, … below ``categories``, or negative where the rater did not
rate the unit.
"""
from __future__ import annotations

import numpy as np
from numpy.typing import NDArray


def counts(codes: NDArray[np.int32], categories: int) -> NDArray[np.int64]:
    """How many raters put each unit (rows) into each category (columns). Raises ValueError for a code that is no category."""
    found = np.zeros((len(codes), categories), dtype=np.int64)
    for unit, ratings in enumerate(codes):
        for code in ratings:
            if code >= categories:
                raise ValueError(f"unit {unit}: code {code} is not below {categories}")
            if code >= 0:
                found[unit, code] += 1
    return found


def coincidences(codes: NDArray[np.int32], weights: NDArray[np.int64], categories: int) -> NDArray[np.float64]:
    """Krippendorff's coincidence matrix: of every pair of ratings of a unit by different raters, both ways round, 1 ÷ (ratings − 1).

    Each unit counts ``weights`` times; units with fewer than two ratings do not count. The sum is the number of pairable ratings.
    Krippendorff (2011), Computing Krippendorff's Alpha-Reliability, section C. Raises ValueError as ``counts``, and for
    another number of weights than of units.
    """
    if len(weights) != len(codes):
        raise ValueError(f"{len(weights)} weights for {len(codes)} units")
    found = np.zeros((categories, categories), dtype=np.float64)
    for unit, ratings in enumerate(codes):
        given = [int(code) for code in ratings if code >= 0]
        if given and max(given) >= categories:
            raise ValueError(f"unit {unit}: code {max(given)} is not below {categories}")
        if len(given) < 2 or weights[unit] == 0:
            continue
        share = float(weights[unit]) / (len(given) - 1)
        for one, first in enumerate(given):
            for other, second in enumerate(given):
                if one != other:
                    found[first, second] += share
    return found
