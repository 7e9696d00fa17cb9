"""Intervals against statsmodels and scipy."""
from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import bootstrap, t
from statsmodels.stats.proportion import proportion_confint
from statsmodels.stats.weightstats import DescrStatsW

from opsledger.core.scorecards.statistics import SHARES, Interval, net_promoter, of_mean, wilson
from opsledger.core.scorecards.student import t_of


@pytest.mark.parametrize("confidence", [0.8, 0.9, 0.95, 0.99])
def test_wilson_is_that_of_statsmodels(confidence: float) -> None:
    for cases in (*range(1, 40), 1_000, 123_457):
        for successes in {0, 1, cases // 3, cases // 2, cases - 1, cases}:
            found = wilson(successes, cases, confidence)
            assert isinstance(found, Interval)
            expected = proportion_confint(successes, cases, alpha=1 - confidence, method="wilson")
            assert (found.low, found.high) == pytest.approx(expected, abs=1e-12)


@pytest.mark.parametrize("confidence", [0.5, 0.8, 0.95, 0.99, 0.999])
@pytest.mark.parametrize("freedom", [1, 1.3, 2, 2.7, 3, 10, 33.3, 500, 1e5, 1e6, 1e9])
def test_students_t_is_that_of_scipy(confidence: float, freedom: float) -> None:
    assert t_of(confidence, freedom) == pytest.approx(t.ppf((1 + confidence) / 2, freedom), rel=1e-9)


@pytest.mark.parametrize("size", [3, 8, 40, 4_000])
@pytest.mark.parametrize("seed", range(3))
def test_the_mean_of_an_unbounded_scale_has_the_interval_of_statsmodels(size: int, seed: int) -> None:
    values = np.random.default_rng(seed).normal(5, 2, size=size)
    found = of_mean(values)
    assert isinstance(found, Interval)
    assert (found.low, found.high) == pytest.approx(DescrStatsW(values).tconfint_mean(), rel=1e-9)


@pytest.mark.parametrize("seed", range(3))
def test_means_of_many_scores_have_about_the_interval_of_a_bootstrap(seed: int) -> None:
    """Of 400 values all good intervals are alike: within a tenth of the width of scipy's BCa."""
    values = np.random.default_rng(seed).beta(9, 1, size=400)
    found = of_mean(values, bounds=SHARES)
    expected = bootstrap((values,), np.mean, n_resamples=20_000, method="BCa", random_state=seed).confidence_interval
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
