"""The calendar kernel and its twin against counting unit cells one by one."""
from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from opsledger.ext import calendar as ext

MAX = 60
kernels = pytest.mark.parametrize("timeline", [ext.Timeline, ext.twin.Timeline], ids=["kernel", "twin"])
edges = st.lists(st.integers(0, MAX), unique=True, max_size=20).map(sorted)
instants = st.integers(-5, MAX + 5)


def pairs(points: list[int]) -> tuple[list[int], list[int]]:
    """Sorted points -> intervals; every second one is an end."""
    points = points[: len(points) // 2 * 2]
    return points[::2], points[1::2]


def cells(points: list[int]) -> list[int]:
    """The open unit cells, as their starts."""
    return [cell for start, end in zip(*pairs(points), strict=True) for cell in range(start, end)]


def test_the_kernel_is_compiled() -> None:
    assert ext.COMPILED
    assert ext.Timeline is not ext.twin.Timeline


@kernels
@given(points=edges, start=instants, end=instants)
def test_elapsed_counts_open_cells(timeline: Any, points: list[int], start: int, end: int) -> None:
    line, opened = timeline(*pairs(points)), cells(points)
    counted = sum(start <= cell < end for cell in opened) - sum(end <= cell < start for cell in opened)
    assert line.elapsed(start, end) == counted
    assert line.elapsed_many([start, end], [end, start]) == [counted, -counted]
    assert line.open_before(end) == sum(cell < end for cell in opened)


@kernels
@settings(max_examples=40, deadline=None)
@given(points=edges, start=instants)
def test_due_is_the_edge_of_a_cell(timeline: Any, points: list[int], start: int) -> None:
    """For every target, so that each end of each interval is met exactly."""
    line, opened = timeline(*pairs(points)), cells(points)
    ahead, behind = [cell + 1 for cell in opened if cell >= start], [cell for cell in reversed(opened) if cell < start]
    for target in range(1, MAX + 2):
        expected = (ahead[target - 1 :] or [None])[0], (behind[target - 1 :] or [None])[0]
        assert (line.due(start, target), line.due(start, -target)) == expected
        assert line.due_many([start, start], [target, -target]) == list(expected)
    assert line.due(start, 0) == start


@kernels
@given(points=edges, start=instants, end=instants)
def test_between_holds_the_open_cells(timeline: Any, points: list[int], start: int, end: int) -> None:
    found = timeline(*pairs(points)).between(start, end)
    assert [cell for low, high in found for cell in range(low, high)] == [cell for cell in cells(points) if start <= cell < end]
    assert all(low < high for low, high in found)


@given(
    points=st.lists(st.integers(-(2**61), 2**61), unique=True, max_size=12).map(sorted),
    calls=st.lists(st.tuples(st.integers(-(2**61), 2**61), st.integers(-(2**60), 2**60)), max_size=20),
)
def test_kernel_and_twin_agree_on_large_numbers(points: list[int], calls: list[tuple[int, int]]) -> None:
    kernel, twin = ext.Timeline(*pairs(points)), ext.twin.Timeline(*pairs(points))
    assert len(kernel) == len(twin)
    for start, other in calls:
        assert kernel.elapsed(start, other) == twin.elapsed(start, other)
        assert kernel.due(start, other) == twin.due(start, other)
        assert kernel.between(start, other) == twin.between(start, other)


@kernels
@pytest.mark.parametrize(("starts", "ends"), [([1], []), ([1], [1]), ([2], [1]), ([1, 2], [3, 4]), ([5, 1], [6, 2])])
def test_what_is_not_a_timeline(timeline: Any, starts: list[int], ends: list[int]) -> None:
    with pytest.raises(ValueError, match=r"sorted|as many"):
        timeline(starts, ends)


@kernels
def test_intervals_may_touch(timeline: Any) -> None:
    line = timeline([0, 10], [10, 20])
    assert (line.due(0, 10), line.due(20, -10), line.elapsed(5, 15)) == (10, 10, 10)


@kernels
def test_pairs_of_different_length_are_refused(timeline: Any) -> None:
    with pytest.raises(ValueError, match="zip"):
        timeline([0], [10]).elapsed_many([1, 2], [3])
