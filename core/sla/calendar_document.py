"""A calendar as people write it (YAML or JSON) -> Schedule. Everything that is wrong is said at once, field by field.

    time_zone: Europe/Berlin
    hours:                      # a weekday without a line is closed; `hours: always` is 24/7
      mon: ["08:00-13:00", "14:00-18:00"]
      sun: ["08:00-24:00"]
    holidays: {country: DE, subdivision: BE, dates: [2026-12-24, "05-01"]}   # a date, or MM-DD every year
    special_days: {2026-12-31: ["08:00-12:00"]}                              # before holidays and hours; [] is closed

``holidays.observed`` (default true) says whether the day off in place of a holiday on a weekend is a holiday too, ``holidays.categories``
(default [public]) which sorts of the country's holidays count, ``holidays.make_up_days`` (default mon, false for none) whose hours a
weekend day has that the country works in exchange for a day off, where the program is closed by its own hours. An interval
lies within one local day: a night shift is two intervals, so that each half follows the holidays of its own date.
"""
from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from datetime import date, datetime
from itertools import pairwise
from zoneinfo import ZoneInfo

from opsledger.core.errors import FieldViolation, InvalidCalendar, InvalidInput
from opsledger.core.sla.schedule import (
    DAY_MINUTES,
    PUBLIC,
    CountryHolidays,
    Interval,
    Schedule,
    categories_of,
    holidays_in,
    subdivisions_of,
)
from opsledger.core.sla.zones import zone

WEEKDAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
_INTERVAL = re.compile(r"(\d{1,2}):(\d\d)\s*[-–]\s*(\d{1,2}):(\d\d)", re.ASCII)
_YEARLY = re.compile(r"(\d\d)-(\d\d)", re.ASCII)
_OF_COUNTRY = ("subdivision", "observed", "categories", "make_up_days")
"""Keys of ``holidays`` that need a country beside them."""
_EXAMPLE = 'must look like "09:00-17:00"'


def read_schedule(document: object, field: str = "") -> tuple[ZoneInfo, Schedule]:
    """The document's time zone and schedule. Raises InvalidCalendar, whose field paths begin with ``field``."""
    return _Reader(field).read(document)


class _Reader:
    """Collects what is wrong while it reads."""

    def __init__(self, field: str) -> None:
        self._root = field
        self._found: list[FieldViolation] = []

    def read(self, document: object) -> tuple[ZoneInfo, Schedule]:
        if not isinstance(document, Mapping):
            self._wrong("", "INVALID", "a calendar has the keys time_zone, hours, holidays, special_days")
            raise InvalidCalendar(*self._found)
        keys = self._mapping("", document, ("time_zone", "hours", "holidays", "special_days"))
        where = self._zone(keys.get("time_zone"))
        week = self._week(keys.get("hours"))
        country, dates, yearly, make_up_weekday = self._holidays(keys.get("holidays"))
        special_days = self._special_days(keys.get("special_days"))
        schedule = Schedule(week, country, dates, yearly, special_days, make_up_weekday)
        if not self._found and not schedule.opens():
            self._wrong("hours", "NEVER_OPEN", "the calendar never opens, so no deadline could ever be reached")
        if self._found or where is None:
            raise InvalidCalendar(*self._found)
        return where, schedule

    def _wrong(self, path: str, reason: str, description: str) -> None:
        self._found.append(FieldViolation(".".join(filter(None, (self._root, path))) or "calendar", reason, description))

    def _mapping(self, path: str, value: object, known: Iterable[str]) -> Mapping[object, object]:
        if not isinstance(value, Mapping):
            self._wrong(path, "INVALID", f"must have the keys {', '.join(known)}")
            return {}
        for key in value:
            if key not in known:
                self._wrong(f"{path}.{key}" if path else str(key), "UNKNOWN", f"is not known; it can be {', '.join(known)}")
        return value

    def _zone(self, value: object) -> ZoneInfo | None:
        if not isinstance(value, str):
            reason = "REQUIRED" if value is None else "INVALID"
            self._wrong("time_zone", reason, "must be an IANA time zone, for example Europe/Berlin")
            return None
        try:
            return zone(value)
        except InvalidInput as error:
            self._wrong("time_zone", error.violations[0].reason, error.violations[0].description)
            return None

    def _week(self, value: object) -> tuple[tuple[Interval, ...], ...]:
        if value == "always":
            return (((0, DAY_MINUTES),),) * 7
        if not isinstance(value, Mapping):
            reason = "REQUIRED" if value is None else "INVALID"
            self._wrong("hours", reason, 'must be "always", or give intervals by weekday: {mon: ["09:00-17:00"]}')
            return ((),) * 7
        days = self._mapping("hours", value, WEEKDAYS)
        return tuple(self._day(f"hours.{name}", days.get(name)) for name in WEEKDAYS)

    def _day(self, path: str, value: object) -> tuple[Interval, ...]:
        """The intervals of one day, sorted; None and an empty list are a closed day."""
        if value is None:
            return ()
        if isinstance(value, str):
            value = [value]
        if not isinstance(value, list | tuple):
            self._wrong(path, "INVALID", f"must be a list of intervals such as [\"09:00-17:00\"], not {value!r}")
            return ()
        intervals: list[tuple[Interval, int]] = []
        for index, text in enumerate(value):
            if (interval := self._interval(f"{path}[{index}]", text)) is not None:
                intervals.append((interval, index))
        intervals.sort()
        for (earlier, first), (later, second) in pairwise(intervals):
            if later[0] < earlier[1]:
                self._wrong(f"{path}[{second}]", "OVERLAP", f"{value[second]!r} overlaps {value[first]!r}")
        return tuple(interval for interval, _ in intervals)

    def _interval(self, path: str, text: object) -> Interval | None:
        if not isinstance(text, str):
            hint = ", in quotes: YAML reads a time without quotes as a number" if isinstance(text, int) else ""
            self._wrong(path, "INVALID", f"{_EXAMPLE}, not {text!r}{hint}")
            return None
        match = _INTERVAL.fullmatch(text.strip())
        if match is None:
            self._wrong(path, "INVALID", f"{_EXAMPLE}, not {text!r}")
            return None
        hour, minute, end_hour, end_minute = map(int, match.groups())
        start, end = hour * 60 + minute, end_hour * 60 + end_minute
        if minute > 59 or end_minute > 59 or start >= DAY_MINUTES or end > DAY_MINUTES:
            self._wrong(path, "OUT_OF_RANGE", f"{text!r} must lie between 00:00 and 24:00")
            return None
        if start >= end:
            evening, morning = f"{hour:02}:{minute:02}-24:00", f"00:00-{end_hour:02}:{end_minute:02}"
            split = f'; over midnight write "{evening}" here and "{morning}" on the next day' if end else f'; write "{evening}"'
            self._wrong(path, "EMPTY" if start == end else "OVER_MIDNIGHT", f"{text!r} must end after it starts{split}")
            return None
        return start, end

    def _holidays(self, value: object) -> tuple[CountryHolidays | None, frozenset[date], frozenset[tuple[int, int]], int | None]:
        if value is None:
            return None, frozenset(), frozenset(), None
        keys = self._mapping("holidays", value, ("country", *_OF_COUNTRY, "dates"))
        dates: set[date] = set()
        yearly: set[tuple[int, int]] = set()
        listed = keys.get("dates") or ()
        if not isinstance(listed, list | tuple):
            self._wrong("holidays.dates", "INVALID", 'must be a list of dates such as [2026-12-24, "05-01"]')
            listed = ()
        for index, entry in enumerate(listed):
            self._holiday(f"holidays.dates[{index}]", entry, dates, yearly)
        return self._country(keys), frozenset(dates), frozenset(yearly), self._make_up_weekday(keys)

    def _make_up_weekday(self, keys: Mapping[object, object]) -> int | None:
        asked = keys.get("make_up_days", WEEKDAYS[0])
        if asked in WEEKDAYS:
            return WEEKDAYS.index(str(asked)) if keys.get("country") is not None else None
        if asked is not False:
            text = f"must be the weekday whose hours they have, such as mon, or false, not {asked!r}"
            self._wrong("holidays.make_up_days", "INVALID", text)
        return None

    def _categories(self, value: object) -> tuple[str, ...]:
        names = (value,) if isinstance(value, str) else value
        if not isinstance(names, list | tuple) or not names or not all(isinstance(name, str) for name in names):
            self._wrong("holidays.categories", "INVALID", f"must be a list of sorts of holidays such as [public, optional], not {value!r}")
            return (PUBLIC,)
        return tuple(sorted(set(names)))

    def _holiday(self, path: str, entry: object, dates: set[date], yearly: set[tuple[int, int]]) -> None:
        if isinstance(entry, str) and (match := _YEARLY.fullmatch(entry.strip())):
            month, day = map(int, match.groups())
            if _is_date(2000, month, day):
                yearly.add((month, day))
            else:
                self._wrong(path, "OUT_OF_RANGE", f"there is no month {month} with a day {day}")
        elif (single := _date(entry)) is not None:
            dates.add(single)
        else:
            self._wrong(path, "INVALID", f'must be a date (2026-12-24) or a day of every year ("12-24"), not {entry!r}')

    def _country(self, keys: Mapping[object, object]) -> CountryHolidays | None:
        country, subdivision, observed = keys.get("country"), keys.get("subdivision"), keys.get("observed", True)
        if not isinstance(observed, bool):
            self._wrong("holidays.observed", "INVALID", f"must be true or false, not {observed!r}")
            observed = True
        if country is None:
            for key in _OF_COUNTRY:
                if key in keys:
                    self._wrong(f"holidays.{key}", "INVALID", "needs a country beside it")
            return None
        if not isinstance(country, str):
            hint = '; YAML reads NO without quotes as "false": write "NO"' if country is False else ""
            self._wrong("holidays.country", "INVALID", f"must be a country code such as DE, not {country!r}{hint}")
            return None
        if not isinstance(subdivision, str | None):
            self._wrong("holidays.subdivision", "INVALID", f"must be a code in quotes, such as \"BE\", not {subdivision!r}")
            return None
        return self._known(CountryHolidays(country, subdivision or "", observed, self._categories(keys.get("categories", PUBLIC))))

    def _known(self, where: CountryHolidays) -> CountryHolidays | None:
        try:
            holidays_in(CountryHolidays(where.country), 2026)
        except NotImplementedError:
            description = f"no holidays are known for {where.country!r}; it must be an ISO 3166 code such as DE"
            self._wrong("holidays.country", "UNKNOWN", description)
            return None
        if wrong := set(where.categories) - set(known := categories_of(where.country)):
            description = f"{', '.join(sorted(wrong))} is no sort of holidays of {where.country}; it can be {', '.join(known)}"
            self._wrong("holidays.categories", "UNKNOWN", description)
            return None
        try:
            holidays_in(where, 2026)
        except NotImplementedError:
            codes = subdivisions_of(where.country)
            hint = f"; it can be {', '.join(codes)}" if codes else ", which has none"
            description = f"{where.subdivision!r} is not a subdivision of {where.country}{hint}"
            self._wrong("holidays.subdivision", "UNKNOWN", description)
            return None
        return where

    def _special_days(self, value: object) -> tuple[tuple[date, tuple[Interval, ...]], ...]:
        if value is None:
            return ()
        if not isinstance(value, Mapping):
            self._wrong("special_days", "INVALID", 'must give intervals by date: {2026-12-31: ["08:00-12:00"]}')
            return ()
        days: dict[date, tuple[Interval, ...]] = {}
        for key, intervals in value.items():
            day, path = _date(key), f"special_days.{key}"
            if day is None:
                self._wrong(path, "INVALID", f"must be a date such as 2026-12-31, not {key!r}")
            elif day in days:
                self._wrong(path, "REPEATED", "is there twice")
            else:
                days[day] = self._day(path, intervals)
        return tuple(sorted(days.items()))


def _is_date(year: int, month: int, day: int) -> bool:
    try:
        date(year, month, day)
    except ValueError:
        return False
    return True


def _date(value: object) -> date | None:
    """YAML reads a date as such; JSON has only text."""
    if isinstance(value, str):
        try:
            return date.fromisoformat(value.strip())
        except ValueError:
            return None
    return value if isinstance(value, date) and not isinstance(value, datetime) else None
