"""Medians and their intervals, against the binomial distribution of scipy and by simulation."""
from __future__ import annotations

from collections import Counter
from statistics import median as plain_median

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import binom

from opsledger.core.scorecards.median import EXACT_MAX, interval, median
from opsledger.core.scorecards.statistics import Interval, Reason


@given(st.lists(st.integers(-1_000, 1_000), min_size=1, max_size=60))
def test_the_median_of_a_tally_is_that_of_its_values(values: list[int]) -> None:
    assert median(Counter(values)) == plain_median(values)


@pytest.mark.parametrize("confidence", [0.8, 0.95, 0.99])
@pytest.mark.parametrize("cases", [6, 7, 10, 25, 100, 999, EXACT_MAX + 1, 20_000])
def test_it_leaves_out_as_many_values_as_the_level_allows(cases: int, confidence: float) -> None:
    """The ranks k and n + 1 - k with the greatest k for which 1 - 2 P(X < k) >= confidence, X ~ B(n, 1/2)."""
    k = next((k for k in range(cases // 2 + 1, 0, -1) if 1 - 2 * binom.cdf(k - 1, cases, 0.5) >= confidence), 0)
    found = interval(dict.fromkeys(range(1, cases + 1), 1), confidence)
    if k == 0:
        assert found is Reason.FEW_CASES
    else:
        assert isinstance(found, Interval)
        assert found.high == cases + 1 - found.low
        assert k - (cases > EXACT_MAX) <= found.low <= k


def test_six_cases_are_the_fewest_at_95_percent() -> None:
    """1 - 2 / 2^6 = 0.96875, 1 - 2 / 2^5 = 0.9375."""
    assert interval({1: 5}, 0.95) is Reason.FEW_CASES
    assert interval({1: 6}, 0.95) == Interval(1, 1, "order_statistics")
    assert interval({}, 0.95) is Reason.NO_CASES


@pytest.mark.parametrize("cases", [6, 12, 40])
def test_what_says_95_percent_covers(cases: int) -> None:
    """Of skewed handle times in whole seconds: at least the level, whatever the ties."""
    draws = np.round(np.random.default_rng(7).lognormal(4, 1, size=(4_000, cases))).astype(int)
    truth = round(np.exp(4))
    covered = 0
    for values in draws:
        found = interval(Counter(values.tolist()), 0.95)
        assert isinstance(found, Interval)
        covered += found.low <= truth <= found.high
    assert covered / len(draws) >= 0.945  # 95 % less two standard errors of 4,000 draws
