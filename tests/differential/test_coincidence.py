"""The agreement kernel against its twin, bit for bit."""
from __future__ import annotations

from types import ModuleType

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from opsledger.ext import agreement
from opsledger.ext.agreement import _coincidence as kernel
from opsledger.ext.agreement import twin

BOTH = pytest.mark.parametrize("made", [kernel, twin], ids=["kernel", "twin"])
CATEGORIES = 4


@st.composite
def ratings(draw: st.DrawFn) -> tuple[np.ndarray, np.ndarray]:
    units, raters = draw(st.integers(0, 8)), draw(st.integers(0, 5))
    code = st.integers(-2, CATEGORIES - 1)
    codes = draw(st.lists(st.lists(code, min_size=raters, max_size=raters), min_size=units, max_size=units))
    weights = draw(st.lists(st.integers(0, 5), min_size=units, max_size=units))
    return np.array(codes, dtype=np.int32).reshape(units, raters), np.array(weights, dtype=np.int64)


def test_the_kernel_is_in_use() -> None:
    assert agreement.COMPILED
    assert agreement.coincidences is kernel.coincidences


@given(ratings())
def test_kernel_and_twin_are_one(drawn: tuple[np.ndarray, np.ndarray]) -> None:
    codes, weights = drawn
    assert (kernel.counts(codes, CATEGORIES) == twin.counts(codes, CATEGORIES)).all()
    assert (kernel.coincidences(codes, weights, CATEGORIES) == twin.coincidences(codes, weights, CATEGORIES)).all()


@BOTH
@given(drawn=ratings())
def test_a_weight_is_a_repetition_and_the_sum_is_the_pairable_ratings(made: ModuleType, drawn: tuple[np.ndarray, np.ndarray]) -> None:
    codes, weights = drawn
    repeated = np.repeat(codes, weights, axis=0)
    found = made.coincidences(codes, weights, CATEGORIES)
    assert found == pytest.approx(made.coincidences(repeated, np.ones(len(repeated), dtype=np.int64), CATEGORIES))
    given_ = (repeated >= 0).sum(axis=1)
    assert found.sum() == pytest.approx(given_[given_ >= 2].sum())
    assert found == pytest.approx(found.T)


@BOTH
def test_a_code_that_is_no_category_is_refused(made: ModuleType) -> None:
    codes, weights = np.array([[0, 1], [CATEGORIES, 0]], dtype=np.int32), np.ones(2, dtype=np.int64)
    with pytest.raises(ValueError, match="unit 1: code 4 is not below 4"):
        made.counts(codes, CATEGORIES)
    with pytest.raises(ValueError, match="unit 1: code 4 is not below 4"):
        made.coincidences(codes, weights, CATEGORIES)
    with pytest.raises(ValueError, match="1 weights for 2 units"):
        made.coincidences(codes, weights[:1], CATEGORIES)


@BOTH
def test_coincidences_as_published(made: ModuleType) -> None:
    # Krippendorff (2011), section C: 4 observers, 12 units, values 1 to 5
    missing = -1
    observers = [
        [1, 2, 3, 3, 2, 1, 4, 1, 2, missing, missing, missing], [1, 2, 3, 3, 2, 2, 4, 1, 2, 5, missing, 3],
        [missing, 3, 3, 3, 2, 3, 4, 2, 2, 5, 1, missing], [1, 2, 3, 3, 2, 4, 4, 1, 2, 5, 1, missing],
    ]
    codes = np.array([[rating - 1 if rating > 0 else missing for rating in unit] for unit in zip(*observers, strict=True)], dtype=np.int32)
    found = made.coincidences(codes, np.ones(12, dtype=np.int64), 5)
    expected = [
        [7, 4 / 3, 1 / 3, 1 / 3, 0], [4 / 3, 10, 4 / 3, 1 / 3, 0], [1 / 3, 4 / 3, 8, 1 / 3, 0], [1 / 3, 1 / 3, 1 / 3, 4, 0],
        [0, 0, 0, 0, 3],
    ]
    assert found == pytest.approx(np.array(expected))
