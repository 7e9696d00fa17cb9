"""The time of this process: the machine's clock as long as it keeps step with what counts up since it was started.

A clock that is set wrong for a moment (2036, 1970) would stand in the journal for ever, because recorded_at never goes back. So a jump is
not followed: time goes on from the last reading that was believed. See docs/decisions/0014-clocks-are-not-believed.md.
"""
from __future__ import annotations

import logging
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from threading import Lock
from typing import NamedTuple

SECOND_US = 1_000_000
JUMP_MAX_US = 60 * SECOND_US
"""What a clock may be set by, in all, without being doubted."""
DRIFT = 0.001
"""And may gain or lose beside: NTP corrects by at most half of that (500 ppm)."""
SETTLED_US = 15 * 60 * SECOND_US
"""So long a clock must stand where it jumped to before it is believed."""
CORRECTION_MAX_US = 24 * 3_600 * SECOND_US
"""A jump that is larger is no correction; it is not believed before a restart."""
_log = logging.getLogger(__name__)


class _Reading(NamedTuple):
    wall_us: int
    elapsed_us: int


class SteadyClock:
    """Microseconds since 1970 UTC. Thread-safe."""

    def __init__(self, wall_us: Callable[[], int], elapsed_us: Callable[[], int]) -> None:
        """``elapsed_us`` counts up whatever the wall clock does, also while the machine sleeps."""
        self._wall_us, self._elapsed_us = wall_us, elapsed_us
        self._lock = Lock()
        self._begin = self._good = self._read()
        self._doubted: _Reading | None = None
        """The first reading where the clock stands now."""
        self._doubted_offset_us = 0

    @property
    def offset_us(self) -> int:
        """How far the machine's clock stands ahead of the time that is told; 0 while it is believed."""
        with self._lock:
            return self._doubted_offset_us

    def __call__(self) -> int:
        with self._lock:
            now = self._read()
            told_us = self._good.wall_us + now.elapsed_us - self._good.elapsed_us
            offset_us = now.wall_us - told_us
            if self._is_in_step(self._begin, now):
                self._believe(now, "it is right again")
            elif self._has_settled(now, offset_us):
                self._begin = now
                self._believe(now, "it has stood there for 15 minutes and is believed")
            else:
                return told_us
            return now.wall_us

    def _read(self) -> _Reading:
        return _Reading(self._wall_us(), self._elapsed_us())

    def _is_in_step(self, since: _Reading, now: _Reading) -> bool:
        elapsed_us = now.elapsed_us - since.elapsed_us
        return abs(now.wall_us - since.wall_us - elapsed_us) <= JUMP_MAX_US + DRIFT * elapsed_us

    def _has_settled(self, now: _Reading, offset_us: int) -> bool:
        """Notes a jump, and says whether it was a correction."""
        if self._doubted is None or not self._is_in_step(self._doubted, now):
            self._doubted = now
            _log.error(
                "this machine's clock has jumped by %s to %s and is not believed: time goes on from the last reading before. Set it right; "
                "one that is off by less than a day is believed after 15 minutes, another one after a restart",
                span_text(offset_us), instant_text(now.wall_us),
            )
        self._doubted_offset_us = offset_us
        return now.elapsed_us - self._doubted.elapsed_us >= SETTLED_US and abs(offset_us) <= CORRECTION_MAX_US

    def _believe(self, now: _Reading, why: str) -> None:
        if self._doubted is not None:
            _log.warning("this machine's clock says %s: %s", instant_text(now.wall_us), why)
        self._good, self._doubted, self._doubted_offset_us = now, None, 0


def instant_text(at_us: int) -> str:
    """For people, whatever the number."""
    try:
        return f"{datetime.fromtimestamp(at_us // SECOND_US, UTC):%Y-%m-%dT%H:%M:%SZ}"
    except (ValueError, OverflowError, OSError):
        return f"{at_us} us since 1970"


def span_text(span_us: int) -> str:
    sign = "-" if span_us < 0 else ""
    return f"{sign}{timedelta(seconds=abs(span_us) // SECOND_US)}"


def _elapsed_us() -> int:
    return time.clock_gettime_ns(time.CLOCK_BOOTTIME if hasattr(time, "CLOCK_BOOTTIME") else time.CLOCK_MONOTONIC) // 1_000


PROCESS_CLOCK = SteadyClock(lambda: time.time_ns() // 1_000, _elapsed_us)


def wall_clock_us() -> int:
    """Microseconds since 1970 UTC."""
    return PROCESS_CLOCK()
