"""Intervals against statsmodels and scipy."""
from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import bootstrap
from statsmodels.stats.proportion import proportion_confint

from opsledger.core.scorecards.statistics import Interval, net_promoter, of_mean, of_median, wilson


@pytest.mark.parametrize("confidence", [0.8, 0.9, 0.95, 0.99])
def test_wilson_is_that_of_statsmodels(confidence: float) -> None:
    for cases in (*range(1, 40), 1_000, 123_457):
        for successes in {0, 1, cases // 3, cases // 2, cases - 1, cases}:
            found = wilson(successes, cases, confidence)
            assert isinstance(found, Interval)
            expected = proportion_confint(successes, cases, alpha=1 - confidence, method="wilson")
            assert (found.low, found.high) == pytest.approx(expected, abs=1e-12)


@pytest.mark.parametrize("size", [8, 40, 400])
@pytest.mark.parametrize("seed", range(3))
def test_the_bootstrap_of_a_mean_is_that_of_scipy(size: int, seed: int) -> None:
    values = np.random.default_rng(seed).lognormal(size=size)
    found = of_mean(values)
    expected = bootstrap((values,), np.mean, n_resamples=20_000, method="BCa", random_state=seed).confidence_interval
    assert isinstance(found, Interval)
    # two bootstraps differ by their draws: a tenth of the width is 5 standard errors of a 2.5 % quantile of 2,000 draws
    assert (found.low, found.high) == pytest.approx(tuple(expected), abs=0.1 * (expected.high - expected.low))


@pytest.mark.parametrize("seed", range(3))
def test_the_bootstrap_of_a_median_is_that_of_scipy(seed: int) -> None:
    values = np.random.default_rng(seed).lognormal(size=200)
    found = of_median(values)
    expected = bootstrap((values,), np.median, n_resamples=20_000, method="percentile", random_state=seed).confidence_interval
    assert isinstance(found, Interval)
    assert (found.low, found.high) == pytest.approx(tuple(expected), abs=0.1 * (expected.high - expected.low))


def test_net_promoter_covers_what_it_claims() -> None:
    # the trinomial of Rocks (2016) with equal thirds: simulated coverage of the 95 % interval, standard error 0.5 points
    random = np.random.default_rng(1)
    for size in (5, 20, 100):
        covered = 0
        for up, middle, down in random.multinomial(size, [1 / 3] * 3, size=2_000):
            found = net_promoter(int(up), int(middle), int(down))
            assert isinstance(found, Interval)
            covered += found.low <= 0 <= found.high
        assert 0.93 < covered / 2_000 < 0.985
