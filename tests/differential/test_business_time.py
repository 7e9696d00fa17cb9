"""Calendars against a clerk who looks at the clock every minute.

The clerk's clock never runs backwards: where the local time is set back, it stands still until the local time has caught up. Then
an hour that the clock shows twice belongs to its first showing, an hour that it skips never shows, and an open minute is one
whose local date and time lie within the hours of that date.
"""
from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import date, datetime, timedelta
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from opsledger.core.sla.calendar import Calendar, parse_calendar
from opsledger.core.sla.zones import local_time, zone, zone_names

MINUTE_US, DAY_US = 60_000_000, 86_400_000_000
DAYS = 6
WEEKDAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
ODD_ZONES = (
    "UTC", "Europe/Berlin", "America/New_York", "America/Sao_Paulo", "Asia/Tehran", "Australia/Lord_Howe", "Pacific/Apia", "Asia/Kathmandu",
    "America/St_Johns", "Africa/Casablanca", "Asia/Beirut", "America/Havana", "Atlantic/Azores", "Antarctica/Troll", "Pacific/Kwajalein",
)
unhurried = settings(deadline=None)  # the first question in a far year computes the years up to it
EVERY_DAY_BY_HAND = {"hours": {day: ["00:00-24:00"] for day in WEEKDAYS}}


def text(minutes: int) -> str:
    return f"{minutes // 60:02}:{minutes % 60:02}"


hours = st.lists(st.integers(0, 1440), unique=True, max_size=6).map(
    lambda edges: [f"{text(a)}-{text(b)}" for a, b in list(pairwise(sorted(edges)))[::2]]
)


@st.composite
def floors(draw: st.DrawFn) -> tuple[dict[str, Any], int]:
    """A calendar document and the UTC minute at which the clerk begins; half of the time a day before the clock changes."""
    name, year = draw(st.sampled_from(ODD_ZONES)), draw(st.integers(1990, 2037))
    offsets = [datetime(year, 1, 1, 12) + timedelta(days=n) for n in range(365)]
    changes = [a for a, b in pairwise(offsets) if zone(name).utcoffset(a) != zone(name).utcoffset(b)]
    begin = draw(st.sampled_from(changes if changes and draw(st.booleans()) else offsets)) - timedelta(days=1)
    days = st.dates(begin.date(), begin.date() + timedelta(days=DAYS))
    document = {
        "time_zone": name, "hours": {day: draw(hours) for day in WEEKDAYS},
        "holidays": {"dates": draw(st.lists(days, max_size=2))}, "special_days": draw(st.dictionaries(days, hours, max_size=2)),
    }
    document["hours"][draw(st.sampled_from(WEEKDAYS))] = ["09:00-17:00"]
    return document, int((begin - datetime(1970, 1, 1)).total_seconds()) // 60


def open_minutes(document: dict[str, Any], first_minute: int) -> list[int]:
    """What the clerk writes down: the UTC minutes that are open."""
    found, shown, where = [], datetime.min, zone(document["time_zone"])
    for minute in range(first_minute - 2 * 1440, first_minute + DAYS * 1440):
        shown = max(shown, local_time(minute * MINUTE_US, where).replace(tzinfo=None))
        if minute >= first_minute and is_open(document, shown.date(), shown.hour * 60 + shown.minute):
            found.append(minute)
    return found


def is_open(document: dict[str, Any], day: date, minute: int) -> bool:
    if day in document["special_days"]:
        spans: Sequence[str] = document["special_days"][day]
    else:
        spans = () if day in document["holidays"]["dates"] else document["hours"][WEEKDAYS[day.weekday()]]
    return any(span[:5] <= text(minute) < span[6:] for span in spans)


@settings(unhurried, max_examples=120)
@given(floor=floors(), cuts=st.lists(st.integers(0, DAYS * 1440), min_size=2, max_size=8), data=st.data())
def test_elapsed_and_due_are_what_the_clerk_counts(floor: tuple[dict[str, Any], int], cuts: list[int], data: st.DataObject) -> None:
    document, first = floor
    calendar, opened = parse_calendar(document), open_minutes(*floor)
    for a, b in pairwise(cuts):
        counted = sum(first + a <= minute < first + b for minute in opened) - sum(first + b <= minute < first + a for minute in opened)
        assert calendar.elapsed_us((first + a) * MINUTE_US, (first + b) * MINUTE_US) == counted * MINUTE_US
    start = first + cuts[0]
    for ahead in [minute for minute in opened if minute >= start][:: 97]:
        target = sum(start <= minute <= ahead for minute in opened)
        assert calendar.due_us(start * MINUTE_US, target * MINUTE_US) == (ahead + 1) * MINUTE_US
    for behind in [minute for minute in opened if minute < start][:: 97]:
        target = sum(behind <= minute < start for minute in opened)
        assert calendar.due_us(start * MINUTE_US, -target * MINUTE_US) == behind * MINUTE_US
    listed = calendar.intervals(first * MINUTE_US, (first + DAYS * 1440) * MINUTE_US)
    assert [minute for a, b in listed for minute in range(a // MINUTE_US, b // MINUTE_US)] == opened


CALENDARS = [parse_calendar(document) for document in (
    {"time_zone": "UTC", "hours": "always"},
    {"time_zone": "Europe/Berlin", "hours": {"mon": ["08:00-13:00", "14:00-18:00"], "sun": ["00:00-24:00"]},
     "holidays": {"country": "DE", "subdivision": "BE"}},
    {"time_zone": "America/Sao_Paulo", "hours": "always", "holidays": {"country": "BR", "dates": ["10-17"]}},
    {"time_zone": "Asia/Tehran", "hours": {"sat": ["00:00-06:30", "22:00-24:00"], "sun": ["00:00-02:15"]}},
)]
calendars = st.sampled_from(CALENDARS)
instants_us = st.integers(0, 7_258_118_400_000_000)  # 1970 to 2200
targets_us = st.integers(1, 400 * 3_600_000_000)


@unhurried
@given(calendars, st.lists(instants_us, min_size=3, max_size=6))
def test_elapsed_adds_up_over_any_cut(calendar: Calendar, cuts: list[int]) -> None:
    assert sum(calendar.elapsed_us(a, b) for a, b in pairwise(cuts)) == calendar.elapsed_us(cuts[0], cuts[-1])
    assert calendar.elapsed_us(cuts[0], cuts[1]) == -calendar.elapsed_us(cuts[1], cuts[0])


@unhurried
@given(calendars, instants_us, targets_us)
def test_due_is_the_first_instant_that_reaches_the_target(calendar: Calendar, start: int, target: int) -> None:
    due = calendar.due_us(start, target)
    assert calendar.elapsed_us(start, due) == target
    assert calendar.elapsed_us(start, due - 1) == target - 1
    assert calendar.due_us(start, 0) == start


@unhurried
@given(calendars, instants_us, targets_us)
def test_backwards_it_is_the_last_instant(calendar: Calendar, start: int, target: int) -> None:
    begun = calendar.due_us(start, -target)
    assert calendar.elapsed_us(begun, start) == target
    assert calendar.elapsed_us(begun + 1, start) == target - 1


@unhurried
@given(calendars, instants_us, targets_us, targets_us)
def test_due_grows_with_the_target(calendar: Calendar, start: int, target: int, more: int) -> None:
    assert calendar.due_us(start, target) < calendar.due_us(start, target + more)
    assert calendar.due_us(start, target) <= calendar.due_us(start + more, target)


@unhurried
@given(calendars, st.lists(st.tuples(instants_us, targets_us), max_size=5))
def test_batches_say_the_same(calendar: Calendar, calls: list[tuple[int, int]]) -> None:
    starts, others = [start for start, _ in calls], [other for _, other in calls]
    assert calendar.due_many_us(starts, others) == [calendar.due_us(*call) for call in calls]
    assert calendar.elapsed_many_us(starts, others) == [calendar.elapsed_us(*call) for call in calls]


@pytest.mark.parametrize("document", [{"hours": "always"}, EVERY_DAY_BY_HAND], ids=["always", "by hand"])
@pytest.mark.parametrize("name", ODD_ZONES)
def test_a_floor_that_never_closes_has_no_seam(name: str, document: dict[str, Any]) -> None:
    calendar = parse_calendar({"time_zone": name, **document})
    start, end = calendar.instant_us("1970-06-01"), calendar.instant_us("2037-06-01")
    assert calendar.intervals(start, end) == [(start, end)]


def test_nor_in_any_zone_while_samoa_skips_a_day() -> None:
    for name in sorted(zone_names()):
        calendar = parse_calendar({"time_zone": name, "hours": "always"})
        start, end = calendar.instant_us("2011-12-01"), calendar.instant_us("2012-01-31")
        assert calendar.elapsed_us(start, end) == end - start, name


def test_a_date_that_samoa_skipped_has_no_hours() -> None:
    """Pacific/Apia went from 2011-12-29 to 2011-12-31 (tz database, australasia)."""
    calendar = parse_calendar({"time_zone": "Pacific/Apia", "hours": "always", "holidays": {"dates": ["2011-12-29", "2011-12-31"]}})
    assert calendar.elapsed_us(calendar.instant_us("2011-12-29"), calendar.instant_us("2012-01-01")) == 0


def test_threads_share_a_calendar() -> None:
    shared, alone = (parse_calendar({"time_zone": "Europe/Paris", "hours": {"mon": ["09:00-17:00"]}}) for _ in range(2))
    years = [1970, 2100, 2026, 1990, 2060, 2150, 2000, 2199] * 4
    spans = [(shared.instant_us(f"{year}-01-01"), shared.instant_us(f"{year}-12-31")) for year in years]
    with ThreadPoolExecutor(8) as pool:
        assert list(pool.map(lambda span: shared.elapsed_us(*span), spans)) == [alone.elapsed_us(*span) for span in spans]
