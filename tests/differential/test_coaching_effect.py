"""Intervals of differences against the published ones and against statsmodels and scipy."""
from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from statsmodels.stats.proportion import confint_proportions_2indep
from statsmodels.stats.weightstats import CompareMeans, DescrStatsW

from opsledger.core.coaching.differences import Share, net_of_shares, of_means, of_shares
from opsledger.core.scorecards.statistics import Bounds, Interval, Reason, of_mean

NEWCOMBE = [  # Newcombe (1998), Statistics in Medicine 17:873-890, table II, method 10
    (56, 70, 48, 80, 0.0524, 0.3339), (9, 10, 3, 10, 0.1705, 0.8090), (6, 7, 2, 7, 0.0582, 0.8062), (5, 56, 0, 29, -0.0381, 0.1926),
    (0, 10, 0, 20, -0.1611, 0.2775), (0, 10, 0, 10, -0.2775, 0.2775), (10, 10, 0, 20, 0.6791, 1.0), (10, 10, 0, 10, 0.6075, 1.0),
]


@pytest.mark.parametrize(("a", "m", "b", "n", "low", "high"), NEWCOMBE)
def test_newcombes_own_examples(a: int, m: int, b: int, n: int, low: float, high: float) -> None:
    found = of_shares(Share(b, n), Share(a, m))
    assert found.value == pytest.approx(a / m - b / n)
    assert found.interval is not None
    assert (round(found.interval.low, 4), round(found.interval.high, 4)) == (low, high)


shares = st.integers(1, 500).flatmap(lambda cases: st.builds(Share, st.integers(0, cases), st.just(cases)))


@given(shares, shares, st.sampled_from([0.8, 0.95, 0.99]))
def test_shares_against_statsmodels(before: Share, after: Share, confidence: float) -> None:
    expected = confint_proportions_2indep(*after, *before, method="newcomb", compare="diff", alpha=1 - confidence)
    found = of_shares(before, after, confidence).interval
    assert found is not None
    assert found[:2] == pytest.approx(expected, abs=1e-9)


def test_the_net_change_is_covered_as_often_as_it_says() -> None:
    """Of 4 000 agents and groups with known shares the interval holds the true net change in about 95 %."""
    random = np.random.RandomState(5)
    truth, sizes = (0.6, 0.75, 0.7, 0.72), (25, 30, 200, 220)
    held = 0
    for _ in range(4_000):
        before, after, group_before, group_after = (
            Share(int(random.binomial(size, share)), size) for share, size in zip(truth, sizes, strict=True))
        net = net_of_shares(of_shares(before, after), of_shares(group_before, group_after))
        assert net.interval is not None
        held += net.interval.low <= 0.13 <= net.interval.high
    assert 0.94 <= held / 4_000 <= 0.97


@pytest.mark.parametrize("sizes", [(3, 3), (3, 20), (80, 60)])
def test_means_against_welchs_interval_of_statsmodels(sizes: tuple[int, int]) -> None:
    random = np.random.RandomState(7)
    after, before = (np.sort(random.lognormal(mean, 0.6, size)) for mean, size in zip((5.6, 5.9), sizes, strict=True))
    expected = CompareMeans(DescrStatsW(after), DescrStatsW(before)).tconfint_diff(usevar="unequal")
    found = of_means([after, before], (1, -1))
    assert found.interval is not None
    assert found.interval[:2] == pytest.approx(expected, rel=1e-9)


def test_a_sample_without_spread_has_its_bounds_to_go_by() -> None:
    perfect, mixed = np.full(5, 100.0), np.array([70.0, 80.0, 95.0])
    assert of_means([perfect, mixed], (1, -1)).reason is Reason.NO_SPREAD
    found = of_means([perfect, mixed], (1, -1), bounds=Bounds(0.0, 100.0))
    one, other = (of_mean(values, bounds=Bounds(0.0, 100.0)) for values in (perfect, mixed))
    assert found.interval is not None
    assert isinstance(one, Interval)
    assert isinstance(other, Interval)
    value = 100 - mixed.mean()
    assert found.interval.low == pytest.approx(value - math.hypot(100 - one.low, other.high - mixed.mean()))
    assert found.interval.high == pytest.approx(value + math.hypot(one.high - 100, mixed.mean() - other.low))


def test_the_net_change_of_means_is_as_wide_as_its_parts_say() -> None:
    """Variances of independent means add up: against the normal interval of four large samples."""
    random = np.random.RandomState(11)
    samples = [np.sort(random.normal(100, 20, 5_000)) for _ in range(4)]
    found = of_means(samples, (1, -1, -1, 1))
    half = 1.96 * math.sqrt(sum(values.var(ddof=1) / values.size for values in samples))
    assert found.interval is not None
    assert (found.interval.high - found.interval.low) / 2 == pytest.approx(half, rel=0.05)
