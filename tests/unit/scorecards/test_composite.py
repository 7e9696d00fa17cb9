"""One figure out of several, with the share of each."""
from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from opsledger.core.errors import InvalidInput
from opsledger.core.scorecards.composite import Band, Definition, Part, Reason, check_definition, composite
from opsledger.core.scorecards.kpis import KPIS, MILLIONTHS
from opsledger.core.scorecards.scorecard import Figure, figure

QA, TIME, CSAT = Part("qa_score", 50, 0, 100), Part("handle_time", 20, 600, 300), Part("csat", 30, 0.5, 1)
BANDS = (Band("red", 0), Band("amber", 60), Band("green", 80))


def figures(**tallies: dict[int, int]) -> dict[str, Figure]:
    return {name: figure(kpi, tallies.get(name, {})) for name, kpi in KPIS.items()}


def scores(*percents: int) -> dict[int, int]:
    return {percent * MILLIONTHS: 1 for percent in percents}


ALL = figures(qa_score=scores(70, 80, 90), handle_time={360 * MILLIONTHS: 1, 480 * MILLIONTHS: 1}, csat={1: 9, 0: 3})


def test_marks_are_weighed_and_their_shares_sum_to_the_whole() -> None:
    found = composite(Definition((QA, TIME, CSAT), BANDS), ALL)
    # by hand: 80 of 100; 420 s is 60 % of the way from 600 to 300; .75 is half-way from .5 to 1
    assert [share.mark for share in found.shares] == pytest.approx([80, 60, 50])
    assert [share.share for share in found.shares] == pytest.approx([40, 12, 15])
    assert (found.value, found.band) == (pytest.approx(67), "amber")


def test_a_kpi_without_a_value_leaves_and_the_others_take_its_weight() -> None:
    found = composite(Definition((QA, CSAT)), figures(csat={1: 3, 0: 1}))
    assert (found.value, [share.mark for share in found.shares]) == (pytest.approx(50), [None, 50])
    nothing = composite(Definition((QA, CSAT), BANDS), figures())
    assert (nothing.value, nothing.reason, nothing.band) == (None, Reason.NO_VALUES, "")


def test_beyond_none_and_full_nothing_is_lost_or_won() -> None:
    assert [TIME.mark(seconds) for seconds in (900, 600, 450, 300, 10)] == [0, 0, 50, 100, 100]


def test_the_interval_of_one_part_is_that_of_its_kpi() -> None:
    found, of_kpi = composite(Definition((QA._replace(weight=100),)), ALL), ALL["qa_score"].interval
    assert found.interval is not None
    assert of_kpi is not None
    assert (found.interval.low, found.interval.high) == pytest.approx((of_kpi.low, of_kpi.high))


def test_two_equal_parts_are_surer_than_one_by_the_root_of_two() -> None:
    halves = Definition((Part("csat", 50, 0, 1), Part("reopen_rate", 50, 0, 1)))
    both = composite(halves, figures(csat={1: 9, 0: 3}, reopen_rate={1: 9, 0: 3}))
    one = composite(Definition((Part("csat", 100, 0, 1),)), figures(csat={1: 9, 0: 3}))
    assert both.interval is not None
    assert one.interval is not None
    assert both.value == one.value == 75
    assert (75 - both.interval.low) * math.sqrt(2) == pytest.approx(75 - one.interval.low)
    assert (both.interval.high - 75) * math.sqrt(2) == pytest.approx(one.interval.high - 75)


def test_a_part_without_an_interval_leaves_none() -> None:
    found = composite(Definition((QA, CSAT)), figures(qa_score=scores(70), csat={1: 3}))
    assert (found.interval, found.reason) == (None, Reason.PART_WITHOUT_INTERVAL)


@given(st.lists(st.tuples(st.integers(1, 50), st.integers(0, 50), st.integers(0, 50)), min_size=3, max_size=3))
def test_the_value_lies_in_its_interval_between_0_and_100(parts: list[tuple[int, int, int]]) -> None:
    names = ("csat", "reopen_rate", "calls_answered")
    definition = Definition(tuple(Part(name, weight, 0, 1) for name, (weight, _, _) in zip(names, parts, strict=True)))
    found = composite(definition, figures(**{name: {1: yes, 0: no} for name, (_, yes, no) in zip(names, parts, strict=True) if yes + no}))
    if found.value is not None:
        assert found.interval is not None
        assert 0 <= found.interval.low <= found.value + 1e-9
        assert found.value - 1e-9 <= found.interval.high <= 100
        assert math.fsum(share.share for share in found.shares) == found.value


@pytest.mark.parametrize(("definition", "field"), [
    (Definition((QA,)), "composite.parts"), (Definition((QA, QA)), "composite.parts[1].kpi"),
    (Definition((Part("nonsense", 100, 0, 1),)), "composite.parts[0].kpi"),
    (Definition((Part("csat", 100, 1, 1),)), "composite.parts[0].full"),
    (Definition((Part("csat", -1, 0, 1),)), "composite.parts[0].weight"),
    (Definition((Part("csat", 100, 0, 1),), (Band("green", 80),)), "composite.bands"),
])
def test_what_is_wrong_is_named(definition: Definition, field: str) -> None:
    with pytest.raises(InvalidInput) as caught:
        check_definition(definition, "composite")
    assert [violation.field for violation in caught.value.violations] == [field]
