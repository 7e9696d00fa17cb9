"""Periods of a scorecard: days, weeks and months of a program's time zone, as half-open ranges of UTC microseconds.

A day begins at the first instant of its local date, so that days touch whatever the clocks do. A week belongs to the year
that holds its fourth day and is counted from 1 there: for weeks from Monday that is ISO 8601, for weeks from Sunday the
MMWR week of the CDC.
"""
from __future__ import annotations

import re
from datetime import date, datetime, time, timedelta
from enum import StrEnum
from typing import NamedTuple
from zoneinfo import ZoneInfo

from opsledger.core.errors import FieldViolation, InvalidInput
from opsledger.core.sla.zones import instant_us, local_time

MONDAY = 0
_DAY, _WEEK = timedelta(days=1), timedelta(days=7)
_FIRST_DAY, _LAST_DAY = date(1900, 1, 1), date(2300, 1, 1)
_FORMS = {
    "day": (re.compile(r"(\d{4})-(\d\d)-(\d\d)"), "a day such as 2026-03-31"),
    "week": (re.compile(r"(\d{4})-[Ww](\d\d)"), "a week such as 2026-W07"),
    "month": (re.compile(r"(\d{4})-(\d\d)"), "a month such as 2026-03"),
}


class PeriodKind(StrEnum):
    DAY = "day"
    WEEK = "week"
    MONTH = "month"
    RANGE = "range"
    """Any whole days."""


class Period(NamedTuple):
    kind: PeriodKind
    label: str
    """``2026-03-31``, ``2026-W07``, ``2026-03``; for a range ``2026-03-01..2026-03-10``, both days included."""
    start_us: int
    end_us: int
    """Not included."""


def kind_of(label: str) -> PeriodKind:
    """What kind of period a label names, by its form. Raises InvalidInput (field ``period``)."""
    if ".." in label:
        return PeriodKind.RANGE
    for kind, (pattern, _) in _FORMS.items():
        if pattern.fullmatch(label.strip()):
            return PeriodKind(kind)
    raise _invalid(f"{label!r} is none of {', '.join(form for _, form in _FORMS.values())}")


class Almanac(NamedTuple):
    """How a program counts its days and weeks."""

    zone: ZoneInfo
    week_starts: int = MONDAY
    """0 is Monday, 6 is Sunday."""

    def named(self, kind: PeriodKind, label: str) -> Period:
        """The period of a label. Raises InvalidInput (field ``period``)."""
        if kind is PeriodKind.RANGE:
            first, _, last = label.partition("..")
            return self.range(_date(first), _date(last or first))
        pattern, form = _FORMS[kind]
        found = pattern.fullmatch(label.strip())
        if found is None:
            raise _invalid(f"{label!r} is not {form}")
        year, part, *day = map(int, found.groups())
        try:
            if kind is not PeriodKind.WEEK:
                return self._from(kind, date(year, part, *(day or [1])))
            start = self._week_start(year, part)
            if self._week_name(start) != (year, part):
                raise ValueError("that year has no such week")
            return self._from(kind, start)
        except (ValueError, OverflowError) as error:
            raise _invalid(f"{label!r} is not {form}: {error}") from None

    def at(self, kind: PeriodKind, at_us: int) -> Period:
        """The day, week or month that holds an instant."""
        day = local_time(at_us, self.zone).date()
        found = self._from(kind, self._start_of(kind, day))
        if at_us < found.start_us:  # the clocks went back over midnight: the date is shown again, but its day is not yet
            return self.before(found)
        return found if at_us < found.end_us else self._from(kind, self._next(kind, self._start_of(kind, day)))

    def range(self, first: date, last: date) -> Period:
        """Whole days, both included. Raises InvalidInput when the last comes before the first."""
        if last < first:
            raise _invalid(f"it ends on {last}, before it begins on {first}")
        label = str(first) if first == last else f"{first}..{last}"
        return self._checked(PeriodKind.RANGE, label, first, last + _DAY)

    def before(self, period: Period) -> Period:
        """The period of the same kind (for a range: of as many days) that ends where this one starts."""
        first = self._first_day(period)
        if period.kind is not PeriodKind.RANGE:
            return self._from(period.kind, self._start_of(period.kind, first - _DAY))
        start, _, end = period.label.partition("..")
        days = _date(end or start) - first + _DAY
        return self.range(first - days, first - _DAY)

    def _first_day(self, period: Period) -> date:
        if period.kind is PeriodKind.WEEK:
            year, week = period.label.split("-W")
            return self._week_start(int(year), int(week))
        return _date(f"{period.label}-01" if period.kind is PeriodKind.MONTH else period.label.partition("..")[0])

    def _start_of(self, kind: PeriodKind, day: date) -> date:
        if kind is PeriodKind.WEEK:
            return day - timedelta(days=(day.weekday() - self.week_starts) % 7)
        return day.replace(day=1) if kind is PeriodKind.MONTH else day

    def _next(self, kind: PeriodKind, start: date) -> date:
        if kind is PeriodKind.MONTH:
            return (start + timedelta(days=31)).replace(day=1)
        return start + (_WEEK if kind is PeriodKind.WEEK else _DAY)

    def _from(self, kind: PeriodKind, start: date) -> Period:
        if kind is PeriodKind.WEEK:
            year, week = self._week_name(start)
            label = f"{year}-W{week:02}"
        else:
            label = f"{start:%Y-%m}" if kind is PeriodKind.MONTH else str(start)
        return self._checked(kind, label, start, self._next(kind, start))

    def _checked(self, kind: PeriodKind, label: str, start: date, end: date) -> Period:
        if start < _FIRST_DAY or end > _LAST_DAY:
            raise _invalid(f"{label} does not lie between 1900 and 2300")
        return Period(kind, label, self._midnight_us(start), self._midnight_us(end))

    def _midnight_us(self, day: date) -> int:
        return instant_us(datetime.combine(day, time.min), self.zone)

    def _week_name(self, start: date) -> tuple[int, int]:
        fourth = start + 3 * _DAY
        return fourth.year, (fourth.timetuple().tm_yday - 1) // 7 + 1

    def _week_start(self, year: int, week: int) -> date:
        fourth_of_january = date(year, 1, 4)  # always in week 1, wherever weeks start
        return self._start_of(PeriodKind.WEEK, fourth_of_january) + (week - 1) * _WEEK


def _date(text: str) -> date:
    try:
        return date.fromisoformat(text.strip())
    except ValueError:
        raise _invalid(f"{text!r} is not a day such as 2026-03-31") from None


def _invalid(description: str) -> InvalidInput:
    return InvalidInput(FieldViolation("period", "INVALID", description))
