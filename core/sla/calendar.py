"""Business time: when a program is open, and the two questions that every SLA clock asks of it.

Elapsed is the overlap of a span with the open intervals. Due is the instant at which elapsed *reaches* a target, so a
deadline at closing time stays there and does not wait for the next opening. All instants are microseconds since 1970 UTC.
"""
from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import date, datetime, time, timedelta
from threading import Lock
from typing import NamedTuple
from zoneinfo import ZoneInfo

from opsledger.core.errors import FieldViolation, InvalidInput, TargetUnreachable
from opsledger.core.sla.calendar_document import read_schedule
from opsledger.core.sla.schedule import Schedule
from opsledger.core.sla.zones import TZ_VERSION, instant_us, local_time, to_us
from opsledger.ext.calendar import Timeline

YEAR_MIN, YEAR_MAX = 1900, 2499
"""Local years that a calendar answers for; far enough from every ticket, near enough to compute."""
_MARGIN_US = 2 * 86_400_000_000
"""More than any zone is off UTC."""
_TARGET_US_MAX = (YEAR_MAX - YEAR_MIN) * 366 * 86_400_000_000
_EPOCH = datetime(1970, 1, 1)


class _Window(NamedTuple):
    """The open intervals of some whole local years."""

    first_year: int
    last_year: int
    start_us: int
    end_us: int
    timeline: Timeline


class Calendar:
    """A schedule in a time zone. Immutable to its readers, hashable by content, thread-safe.

    Open intervals are computed by local year when a question first needs them, and kept.
    """

    __slots__ = ("_growing", "_special_days", "_window", "_years", "schedule", "time_zone")

    tz_version: str = TZ_VERSION
    """Of the time-zone database by which local times become instants."""

    def __init__(self, time_zone: ZoneInfo, schedule: Schedule) -> None:
        self.time_zone, self.schedule = time_zone, schedule
        self._years: dict[int, list[tuple[int, int]]] = {}
        self._special_days = dict(schedule.special_days)
        self._window: _Window | None = None
        self._growing = Lock()

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Calendar) and (self.time_zone.key, self.schedule) == (other.time_zone.key, other.schedule)

    def __hash__(self) -> int:
        return hash((self.time_zone.key, self.schedule))

    def elapsed_us(self, from_us: int, to_us: int) -> int:
        """Open time from one instant to another; negative when ``to_us`` is the earlier. Raises InvalidInput out of range."""
        return self._covering(min(from_us, to_us), max(from_us, to_us)).timeline.elapsed(from_us, to_us)

    def due_us(self, from_us: int, target_us: int) -> int:
        """Where a target of open time is reached.

        Positive: the first instant with ``elapsed_us(from_us, it) == target_us``. Negative, the same in the past: the last
        instant with ``elapsed_us(it, from_us) == -target_us``. Zero: ``from_us``.
        Raises TargetUnreachable when it lies beyond the years YEAR_MIN to YEAR_MAX.
        """
        _check_bounds(target_us)
        window = self._covering(from_us, from_us)
        while (due_us := window.timeline.due(from_us, target_us)) is None:
            window = self._longer(window, forward=target_us > 0)
        return due_us

    def elapsed_many_us(self, from_us: Sequence[int], to_us: Sequence[int]) -> list[int]:
        """``elapsed_us`` for each pair."""
        if not from_us:
            return []
        window = self._covering(min(min(from_us), min(to_us)), max(max(from_us), max(to_us)))
        return window.timeline.elapsed_many(from_us, to_us)

    def due_many_us(self, from_us: Sequence[int], target_us: Sequence[int]) -> list[int]:
        """``due_us`` for each pair."""
        if not from_us:
            return []
        _check_bounds(min(target_us))
        _check_bounds(max(target_us))
        found = self._covering(min(from_us), max(from_us)).timeline.due_many(from_us, target_us)
        return [
            self.due_us(at_us, us) if due_us is None else due_us for at_us, us, due_us in zip(from_us, target_us, found, strict=True)
        ]

    def intervals(self, from_us: int, to_us: int) -> list[tuple[int, int]]:
        """The open intervals within [from_us, to_us), clipped to it; intervals that touch are one."""
        return self._covering(from_us, max(from_us, to_us)).timeline.between(from_us, to_us)

    def instant_us(self, text: object, *, field: str = "time") -> int:
        """The instant of an ISO 8601 time; one without offset is in the calendar's zone. Raises InvalidInput, naming ``field``."""
        try:
            if not isinstance(text, str) or text[10:11] not in ("", "T", "t", " "):
                raise ValueError
            moment = datetime.fromisoformat(text)
            _check_year(moment.year, field)
            if moment.tzinfo is None:
                return instant_us(moment, self.time_zone)
            return to_us(moment.replace(tzinfo=None) - (moment.utcoffset() or timedelta()))
        except ValueError:
            if text is None:
                raise InvalidInput(FieldViolation(field, "REQUIRED", "must be set")) from None
            description = f"{text!r} is not a time such as 2026-01-05T09:00 or 2026-01-05T09:00:00+01:00"
            raise InvalidInput(FieldViolation(field, "INVALID", description)) from None

    def text(self, at_us: int) -> str:
        """An instant as ISO 8601 in the calendar's zone, with its offset."""
        return local_time(at_us, self.time_zone).isoformat()

    def _covering(self, from_us: int, to_us: int) -> _Window:
        window = self._window
        if window is not None and window.start_us <= from_us and to_us <= window.end_us:
            return window
        return self._grown(_year(from_us - _MARGIN_US), _year(to_us + _MARGIN_US))

    def _longer(self, window: _Window, *, forward: bool) -> _Window:
        """Twice as long, in one direction. Raises TargetUnreachable when there is nothing left to add."""
        years = window.last_year - window.first_year + 1
        if forward and window.last_year < YEAR_MAX:
            return self._grown(window.first_year, min(window.last_year + years, YEAR_MAX))
        if not forward and window.first_year > YEAR_MIN:
            return self._grown(max(window.first_year - years, YEAR_MIN), window.last_year)
        raise _unreachable()

    def _grown(self, first_year: int, last_year: int) -> _Window:
        """A window of these years and of all that were held before, which is held from now on."""
        with self._growing:
            if self._window is not None:
                first_year, last_year = min(first_year, self._window.first_year), max(last_year, self._window.last_year)
            years = range(first_year, last_year + 1)
            for year in years:
                if year not in self._years:
                    self._years[year] = _merged(self._open_in(year))
            intervals = _merged(interval for year in years for interval in self._years[year])
            self._window = _Window(
                first_year, last_year, self._instant_us(date(first_year, 1, 1), 0), self._instant_us(date(last_year + 1, 1, 1), 0),
                Timeline([start for start, _ in intervals], [end for _, end in intervals]),
            )
            return self._window

    def _open_in(self, year: int) -> Iterator[tuple[int, int]]:
        for ordinal in range(date(year, 1, 1).toordinal(), date(year + 1, 1, 1).toordinal()):
            day = date.fromordinal(ordinal)
            intervals = self._special_days.get(day)
            if intervals is None:
                intervals = self.schedule.hours_of(day)
            for start, end in intervals:
                yield self._instant_us(day, start), self._instant_us(day, end)

    def _instant_us(self, day: date, minutes: int) -> int:
        return instant_us(datetime.combine(day, time()) + timedelta(minutes=minutes), self.time_zone)


def parse_calendar(document: object, *, field: str = "") -> Calendar:
    """The calendar of a document (see calendar_document.py for its form). Raises InvalidCalendar, whose violations name every
    field that is wrong; ``field`` is the path of the document within a larger one."""
    return Calendar(*read_schedule(document, field))


def _merged(intervals: Iterable[tuple[int, int]]) -> list[tuple[int, int]]:
    """Sorted intervals without the empty ones (all of it fell into a gap of the clock), those that touch put together."""
    merged: list[tuple[int, int]] = []
    for start, end in intervals:
        if merged and start == merged[-1][1]:
            merged[-1] = (merged[-1][0], end)
        elif start < end:
            merged.append((start, end))
    return merged


def _year(at_us: int) -> int:
    """The UTC year of an instant. Raises InvalidInput where a calendar has no answer."""
    try:
        year = (_EPOCH + timedelta(microseconds=at_us)).year
    except OverflowError:
        year = 0
    _check_year(year, "time")
    return year


def _check_year(year: int, field: str) -> None:
    if not YEAR_MIN <= year <= YEAR_MAX:
        raise InvalidInput(FieldViolation(field, "OUT_OF_RANGE", f"must lie between the years {YEAR_MIN} and {YEAR_MAX}"))


def _check_bounds(target_us: int) -> None:
    if abs(target_us) > _TARGET_US_MAX:
        raise _unreachable()


def _unreachable() -> TargetUnreachable:
    description = f"the calendar has too few open hours between the years {YEAR_MIN} and {YEAR_MAX} to reach it"
    return TargetUnreachable(FieldViolation("target", "UNREACHABLE", description))


ALWAYS = parse_calendar({"time_zone": "UTC", "hours": "always"})
"""Open without end."""
