"""The specification of the calendar kernel, in plain Python. ``_timeline.pyx`` is the same in C.

A timeline is a list of open intervals [start, end) on one axis of integers (microseconds since 1970 UTC), sorted and
disjoint. With F(t) the open time before t, elapsed(a, b) is F(b) - F(a), and due is F read backwards.
"""
from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from itertools import accumulate


class Timeline:
    """Open intervals with what stands open before each of them. Immutable.

    ``starts[k] < ends[k] <= starts[k + 1]`` for all k, else ValueError.
    """

    def __init__(self, starts: Sequence[int], ends: Sequence[int]) -> None:
        if len(starts) != len(ends):
            raise ValueError("as many starts as ends")
        edges = [edge for pair in zip(starts, ends, strict=True) for edge in pair]
        if any(start >= end for start, end in zip(starts, ends, strict=True)) or edges != sorted(edges):
            raise ValueError("intervals must be sorted, disjoint and not empty")
        self._starts, self._ends = list(starts), list(ends)
        self._before = list(accumulate((end - start for start, end in zip(starts, ends, strict=True)), initial=0))

    def __len__(self) -> int:
        return len(self._starts)

    def open_before(self, at: int) -> int:
        """F(at): open time before it."""
        k = bisect_right(self._starts, at) - 1
        return 0 if k < 0 else self._before[k] + min(at, self._ends[k]) - self._starts[k]

    def elapsed(self, start: int, end: int) -> int:
        """Open time from start to end; negative when end lies before start."""
        return self.open_before(end) - self.open_before(start)

    def due(self, start: int, target: int) -> int | None:
        """target > 0: the first instant with elapsed(start, it) = target. target < 0: the last one with
        elapsed(it, start) = -target. 0: start itself. None when the intervals do not reach that far."""
        if target == 0:
            return start
        wanted = self.open_before(start) + target
        if wanted < 0 or wanted > self._before[-1]:
            return None
        k = bisect_left(self._before, wanted) - 1 if target > 0 else bisect_right(self._before, wanted) - 1
        return self._starts[k] + wanted - self._before[k]

    def elapsed_many(self, starts: Sequence[int], ends: Sequence[int]) -> list[int]:
        """``elapsed`` for each pair."""
        return [self.elapsed(start, end) for start, end in zip(starts, ends, strict=True)]

    def due_many(self, starts: Sequence[int], targets: Sequence[int]) -> list[int | None]:
        """``due`` for each pair."""
        return [self.due(start, target) for start, target in zip(starts, targets, strict=True)]

    def between(self, start: int, end: int) -> list[tuple[int, int]]:
        """The open intervals within [start, end), clipped to it; none when end is not after start."""
        if end <= start:
            return []
        first = bisect_right(self._ends, start)
        last = bisect_left(self._starts, end)
        return [(max(self._starts[k], start), min(self._ends[k], end)) for k in range(first, last)]
