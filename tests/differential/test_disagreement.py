"""The agreement kernel and its twin, against each other and against sums over all pairs."""
from __future__ import annotations

from types import ModuleType

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from opsledger.core.quality.weights import Disagreement, Weights
from opsledger.ext import agreement
from opsledger.ext.agreement import _disagreement as kernel
from opsledger.ext.agreement import twin

BOTH = pytest.mark.parametrize("made", [kernel, twin], ids=["kernel", "twin"])
VALUES = np.array([0.5, 1.0, 2.0, 4.0])
TABLE = np.array([[0, 0.1, 0.2, 1], [0.1, 0, 0.3, 0.4], [0.2, 0.3, 0, 0.5], [1, 0.4, 0.5, 0]])
METRICS = range(9)


@st.composite
def ratings(draw: st.DrawFn) -> np.ndarray:
    units, raters = draw(st.integers(0, 8)), draw(st.integers(0, 5))
    code = st.integers(-2, len(VALUES) - 1)
    codes = draw(st.lists(st.lists(code, min_size=raters, max_size=raters), min_size=units, max_size=units))
    return np.array(codes, dtype=np.int32).reshape(units, raters)


shares = st.lists(st.lists(st.floats(0, 1), min_size=4, max_size=4), min_size=1, max_size=3).map(np.array)


def test_the_kernel_is_in_use() -> None:
    assert agreement.COMPILED
    assert agreement.within is kernel.within


@given(ratings(), shares, st.sampled_from(METRICS))
def test_kernel_and_twin_are_one(codes: np.ndarray, weighings: np.ndarray, metric: int) -> None:
    assert kernel.within(codes, VALUES, metric, TABLE) == pytest.approx(twin.within(codes, VALUES, metric, TABLE), abs=1e-12)
    assert kernel.spread(VALUES, weighings, metric, TABLE) == pytest.approx(twin.spread(VALUES, weighings, metric, TABLE), abs=1e-12)
    assert kernel.widest(VALUES, metric, TABLE) == pytest.approx(twin.widest(VALUES, metric, TABLE))


@BOTH
@pytest.mark.parametrize("metric", METRICS)
def test_sums_are_over_all_pairs_both_ways_round(made: ModuleType, metric: int) -> None:
    pairs = np.array([[made.apart(VALUES, one, other, metric, TABLE) for other in range(4)] for one in range(4)])
    assert (pairs == pairs.T).all()
    assert (np.diagonal(pairs) == 0).all()
    assert made.within(np.array([[0, 2, -1], [3, 3, 1]], dtype=np.int32), VALUES, metric, TABLE) == pytest.approx(
        [2 * pairs[0, 2], 4 * pairs[3, 1]])
    weighing = np.array([[0.1, 0.2, 0.3, 0.4]])
    assert made.spread(VALUES, weighing, metric, TABLE) == pytest.approx((pairs * weighing).sum(axis=1)[None, :])
    assert made.widest(VALUES, metric, TABLE) == pairs.max()


@BOTH
def test_what_does_not_fit_is_refused(made: ModuleType) -> None:
    with pytest.raises(ValueError, match="unit 1: code 4 is not below 4"):
        made.within(np.array([[0, 1], [4, 0]], dtype=np.int32), VALUES, 0, TABLE)
    with pytest.raises(ValueError, match="3 shares for 4 categories"):
        made.spread(VALUES, np.ones((1, 3)), 0, TABLE)


@given(st.lists(st.integers(-1_000, 1_000), min_size=2, max_size=20, unique=True), st.data())
def test_moments_and_running_sums_are_the_sums_over_all_pairs(values: list[int], data: st.DataObject) -> None:
    numbers = np.array(sorted(values), dtype=np.float64)
    ranks = np.arange(1, len(values) + 1, dtype=np.float64)
    weighing = np.array(data.draw(st.lists(st.floats(0, 1), min_size=len(values), max_size=len(values))))
    for weights, metric, places in (
        (Weights.IDENTITY, twin.IDENTITY, numbers), (Weights.LINEAR, twin.LINEAR, numbers), (Weights.QUADRATIC, twin.QUADRATIC, numbers),
        (Weights.ORDINAL, twin.ORDINAL, ranks),
    ):
        expected = kernel.spread(places, weighing[None, :], metric, TABLE)[0] / kernel.widest(places, metric, TABLE)
        assert Disagreement(weights, places).spread(weighing) == pytest.approx(expected, abs=1e-9)
