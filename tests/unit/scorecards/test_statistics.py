"""Intervals against published values; what cannot be said is said to be so."""
from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from opsledger.core.scorecards.normal import z_of
from opsledger.core.scorecards.statistics import SHARES, Bounds, Interval, Reason, net_promoter, of_mean, wilson


def test_z_of_the_usual_levels() -> None:
    # any table of the normal distribution
    assert z_of(0.95) == pytest.approx(1.959964, abs=1e-6)
    assert z_of(0.90) == pytest.approx(1.644854, abs=1e-6)
    assert z_of(0.99) == pytest.approx(2.575829, abs=1e-6)


@pytest.mark.parametrize("confidence", [0, 1, -0.5, 95])
def test_a_level_that_is_none_is_refused(confidence: float) -> None:
    with pytest.raises(ValueError, match="between 0 and 1"):
        z_of(confidence)


@pytest.mark.parametrize(
    ("successes", "cases", "low", "high"),
    [
        (5, 5, 0.5655, 1.0), (9, 10, 0.5958, 0.9821),
        # Newcombe (1998), Statistics in Medicine 17:857–872, table I, method 3
        (81, 263, 0.2553, 0.3662), (15, 148, 0.0624, 0.1605), (0, 20, 0.0000, 0.1611), (1, 29, 0.0061, 0.1718),
    ],
)
def test_wilson_as_published(successes: int, cases: int, low: float, high: float) -> None:
    found = wilson(successes, cases)
    assert isinstance(found, Interval)
    assert (round(found.low, 4), round(found.high, 4)) == (low, high)


def test_net_promoter_by_hand() -> None:
    # 19 promoters, 8 passives, 9 detractors, with 3 answers added: up 19.75/39 = .50641, down 9.75/39 = .25,
    # half-width 1.96·√((.75641 − .25641²) ÷ 39) = .26083
    found = net_promoter(19, 8, 9)
    assert isinstance(found, Interval)
    assert (found.low, found.high) == pytest.approx((0.25641 - 0.26083, 0.25641 + 0.26083), abs=2e-5)


def test_nothing_of_nothing() -> None:
    assert wilson(0, 0) is Reason.NO_CASES
    assert net_promoter(0, 0, 0) is Reason.NO_CASES
    assert of_mean([]) is Reason.NO_CASES


def test_one_value_or_equal_values_claim_no_certainty() -> None:
    assert of_mean([3.0]) is Reason.ONE_CASE
    assert of_mean([3.0, 3.0, 3.0]) is Reason.NO_SPREAD
    assert of_mean([3.0, 3.0, 3.0], bounds=Bounds(0.0)) is Reason.NO_SPREAD


def test_two_values_are_too_few_for_a_mean() -> None:
    assert of_mean([3.0, 4.0]) is of_mean([1.0, 1.0], bounds=SHARES) is Reason.FEW_CASES


@pytest.mark.parametrize("cases", [3, 5, 44, 1_000])
def test_equal_values_between_bounds_have_cloppers_and_pearsons_ends(cases: int) -> None:
    # of a share they are those of all of all and of none of all: (1 − confidence)/2 = p^n
    end = 0.025 ** (1 / cases)
    assert of_mean([1.0] * cases, bounds=SHARES) == Interval(pytest.approx(end), 1.0, "gaffke")
    assert of_mean([1.0] * cases, bounds=Bounds(1.0, 5.0)) == Interval(1.0, pytest.approx(5 - 4 * end), "gaffke")


def test_an_even_mean_between_bounds_is_as_wide_as_t_where_they_are_far() -> None:
    data = [68.0, 72.0, 75.0, 80.0]
    far, plain = of_mean(data, bounds=Bounds(-1e9, 1e9)), of_mean(data)
    assert isinstance(far, Interval)
    assert isinstance(plain, Interval)
    assert far[:2] == pytest.approx(plain[:2], abs=1e-3)


def test_values_beyond_the_bounds_widen_them() -> None:
    found = of_mean([90.0, 120.0, 120.0], bounds=Bounds(0.0, 100.0))
    assert isinstance(found, Interval)
    assert 0 < found.low < 110 < found.high <= 120


values = st.lists(st.integers(0, 10_000).map(float), min_size=2, max_size=40)


@given(values, st.randoms())
def test_the_same_values_have_the_same_interval_in_any_order(data: list[float], random: object) -> None:
    shuffled = list(data)
    random.shuffle(shuffled)  # type: ignore[attr-defined]  # a random.Random
    assert of_mean(shuffled) == of_mean(data)


@given(values, st.sampled_from([Bounds(), Bounds(0.0), Bounds(0.0, 10_000.0), Bounds(0.0, 5_000.0)]))
def test_the_mean_lies_in_its_interval_and_the_interval_between_the_bounds(data: list[float], bounds: Bounds) -> None:
    if isinstance(found := of_mean(data, bounds=bounds), Interval):
        assert bounds.low <= found.low <= math.fsum(data) / len(data) <= found.high <= max(bounds.high, *data)


@given(st.integers(1, 500).flatmap(lambda cases: st.tuples(st.integers(0, cases), st.just(cases))))
def test_a_share_lies_in_its_interval(share: tuple[int, int]) -> None:
    found = wilson(*share)
    assert isinstance(found, Interval)
    assert 0 <= found.low <= share[0] / share[1] <= found.high <= 1
