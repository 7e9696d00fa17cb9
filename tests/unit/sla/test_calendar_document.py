"""What a calendar document may say, and what is answered to one that is wrong."""
from __future__ import annotations

from datetime import date

import pytest
import yaml

from opsledger.core.errors import InvalidCalendar, InvalidInput, TargetUnreachable
from opsledger.core.sla.calendar import ALWAYS, Calendar, parse_calendar

HOUR_US = 3_600_000_000


def calendar_of(text: str) -> Calendar:
    return parse_calendar(yaml.safe_load(text))


def hours_of(calendar: Calendar, day: str) -> list[str]:
    """The open intervals of one local date."""
    start = calendar.instant_us(day)
    opened = calendar.intervals(start, calendar.due_us(start, 0) + 24 * HOUR_US)
    return [f"{calendar.text(a)[11:16]}-{calendar.text(b)[11:16]}" for a, b in opened]


FULL = """
time_zone: Europe/Berlin
hours:                      # a weekday without a line is closed; `hours: always` is 24/7
  mon: ["08:00-13:00", "14:00-18:00"]
  sun: ["08:00-24:00"]
holidays: {country: DE, subdivision: BE, dates: [2026-12-24, "05-01"]}   # a date, or MM-DD every year
special_days: {2026-12-31: ["08:00-12:00"]}
"""


@pytest.mark.parametrize(("day", "hours"), [
    ("2026-01-05", ["08:00-13:00", "14:00-18:00"]),
    ("2026-01-06", []),                # a weekday without a line
    ("2026-01-11", ["08:00-00:00"]),
    ("2026-03-08", []),                # International Women's Day: a holiday in Berlin only
    ("2026-04-06", []),                # Easter Monday
    ("2028-05-01", []),                # a Monday, by "05-01" and by country
    ("2026-12-31", ["08:00-12:00"]),   # a Thursday that is open for once
])
def test_the_documented_calendar(day: str, hours: list[str]) -> None:
    assert hours_of(calendar_of(FULL), day) == hours


def test_json_says_the_same_as_yaml() -> None:
    document = {
        "time_zone": "Europe/Berlin", "hours": {"mon": ["08:00-13:00", "14:00-18:00"], "sun": ["08:00-24:00"]},
        "holidays": {"country": "DE", "subdivision": "BE", "dates": ["2026-12-24", "05-01"]},
        "special_days": {"2026-12-31": ["08:00-12:00"]},
    }
    assert parse_calendar(document) == calendar_of(FULL)
    assert hash(parse_calendar(document)) == hash(calendar_of(FULL))
    assert parse_calendar(document) != ALWAYS


def test_a_special_day_comes_before_a_holiday_and_the_week() -> None:
    calendar = parse_calendar({
        "time_zone": "UTC", "hours": "always", "holidays": {"dates": ["12-24"]},
        "special_days": {"2026-12-24": ["10:00-12:00"], "2026-12-23": []},
    })
    assert hours_of(calendar, "2026-12-24") == ["10:00-12:00"]
    assert hours_of(calendar, "2026-12-23") == []
    assert hours_of(calendar, "2025-12-24") == []


def test_the_day_off_for_a_holiday_on_a_weekend() -> None:
    """Independence Day 2026 is a Saturday; US federal offices close on Friday, July 3rd (opm.gov, federal holidays 2026)."""
    document = {"time_zone": "America/New_York", "hours": {"fri": ["09:00-17:00"]}, "holidays": {"country": "US"}}
    assert hours_of(parse_calendar(document), "2026-07-03") == []
    document["holidays"] = {"country": "US", "observed": False}
    assert hours_of(parse_calendar(document), "2026-07-03") == ["09:00-17:00"]


CHINA = """
time_zone: Asia/Shanghai
hours: {mon: ["09:00-18:00"], tue: ["09:00-18:00"], wed: ["09:00-18:00"], thu: ["09:00-18:00"], fri: ["09:00-15:00"]%s}
holidays: {country: CN%s}
"""


# the State Council's notice for 2026: the Spring Festival is off from 15 to 23 February, 14 and 28 February are worked
@pytest.mark.parametrize(("more_hours", "more", "day", "hours"), [
    ("", "", "2026-02-14", ["09:00-18:00"]), ("", "", "2026-02-28", ["09:00-18:00"]),
    ("", "", "2026-02-16", []), ("", "", "2026-02-07", []),
    ("", ", make_up_days: fri", "2026-02-14", ["09:00-15:00"]), ("", ", make_up_days: false", "2026-02-14", []),
    (', sat: ["10:00-12:00"]', "", "2026-02-14", ["10:00-12:00"]), ("", ", dates: [2026-02-14]", "2026-02-14", []),
    ("", "", "2006-12-31", ["09:00-18:00"]),  # a Sunday worked for a day off of the next year
])
def test_make_up_days_are_worked(more_hours: str, more: str, day: str, hours: list[str]) -> None:
    assert hours_of(calendar_of(CHINA % (more_hours, more)), day) == hours


def test_a_deadline_falls_on_a_make_up_day() -> None:
    calendar = calendar_of(CHINA.replace('fri: ["09:00-15:00"]', 'fri: ["09:00-18:00"]') % ("", ""))
    assert calendar.text(calendar.due_us(calendar.instant_us("2026-02-13T17:00"), 2 * HOUR_US)) == "2026-02-14T10:00:00+08:00"


@pytest.mark.parametrize(("categories", "closed"), [
    ("", []), (", categories: [public]", []), (", categories: [public, optional]", ["2026-04-03", "2026-04-04"]),
    (", categories: optional", ["2026-04-03", "2026-04-04"]),
])
def test_sorts_of_holidays_by_name(categories: str, closed: list[str]) -> None:
    """The general holidays of Hong Kong are Good Friday and the day after it too; the statutory ones are not."""
    calendar = calendar_of(f"{{time_zone: Asia/Hong_Kong, hours: always, holidays: {{country: HK{categories}}}}}")
    assert [day for day in ("2026-04-01", "2026-04-02", "2026-04-03", "2026-04-04") if not hours_of(calendar, day)] == closed


def test_the_day_off_may_lie_in_the_year_before() -> None:
    """New Year's Day 2022 is a Saturday; US federal offices close on Friday, December 31st, 2021 (opm.gov, federal holidays 2022)."""
    calendar = parse_calendar({"time_zone": "America/New_York", "hours": {"fri": ["09:00-17:00"]}, "holidays": {"country": "US"}})
    assert hours_of(calendar, "2021-12-31") == []


@pytest.mark.parametrize("name", ["Pacific/Kiritimati", "Pacific/Pago_Pago", "UTC"])
def test_a_year_ends_by_the_local_clock(name: str) -> None:
    document = {"time_zone": name, "hours": "always", "holidays": {"dates": ["2027-01-01"]}}
    for start, end, hours in (
        ("2026-12-31T22:00", "2026-12-31T23:30", 1.5), ("2026-12-31T22:00", "2027-01-01T12:00", 2),
        ("2027-01-01T00:30", "2027-01-02T01:00", 1),
    ):
        fresh = parse_calendar(document)
        assert fresh.elapsed_us(fresh.instant_us(start), fresh.instant_us(end)) == hours * HOUR_US


def test_a_batch_may_reach_far_beyond_its_starts() -> None:
    calendar = parse_calendar({"time_zone": "UTC", "hours": {"mon": ["09:00-10:00"]}})
    start = calendar.instant_us("2026-01-05")
    assert calendar.due_many_us([start, start], [HOUR_US, 400 * HOUR_US]) == [
        calendar.instant_us("2026-01-05T10:00"), calendar.instant_us("2026-01-05T10:00") + 399 * 7 * 24 * HOUR_US,
    ]


def test_intervals_that_touch_are_one_and_lists_need_no_order() -> None:
    calendar = parse_calendar({"time_zone": "UTC", "hours": {"mon": ["12:00-24:00", "08:00-12:00"], "tue": ["00:00-06:00"]}})
    start = calendar.instant_us("2026-01-05T08:00")
    assert calendar.intervals(start, start + 48 * HOUR_US) == [(start, start + 22 * HOUR_US)]


def test_an_unordered_range_is_empty() -> None:
    assert ALWAYS.intervals(2 * HOUR_US, HOUR_US) == []


@pytest.mark.parametrize(("text", "field", "reason"), [
    ("", "calendar", "INVALID"),
    ("[1]", "calendar", "INVALID"),
    ("hours: always", "time_zone", "REQUIRED"),
    ("{time_zone: Europe/Berln, hours: always}", "time_zone", "UNKNOWN"),
    ("{time_zone: ../../etc/passwd, hours: always}", "time_zone", "UNKNOWN"),
    ("{time_zone: 1, hours: always}", "time_zone", "INVALID"),
    ("time_zone: UTC", "hours", "REQUIRED"),
    ("{time_zone: UTC, hours: sometimes}", "hours", "INVALID"),
    ("{time_zone: UTC, hours: {}}", "hours", "NEVER_OPEN"),
    ("{time_zone: UTC, hours: {mon: []}, special_days: {2026-01-01: []}}", "hours", "NEVER_OPEN"),
    ("{time_zone: UTC, hour: always, hours: always}", "hour", "UNKNOWN"),
    ("{time_zone: UTC, hours: {monday: []}}", "hours.monday", "UNKNOWN"),
    ('{time_zone: UTC, hours: {mon: ["09:00-17:00", "9-5"]}}', "hours.mon[1]", "INVALID"),
    ('{time_zone: UTC, hours: {mon: ["22:00-06:00"]}}', "hours.mon[0]", "OVER_MIDNIGHT"),
    ('{time_zone: UTC, hours: {mon: ["09:00-09:00"]}}', "hours.mon[0]", "EMPTY"),
    ('{time_zone: UTC, hours: {mon: ["24:00-24:00"]}}', "hours.mon[0]", "OUT_OF_RANGE"),
    ('{time_zone: UTC, hours: {mon: ["08:00-24:30"]}}', "hours.mon[0]", "OUT_OF_RANGE"),
    ('{time_zone: UTC, hours: {mon: ["08:60-09:30"]}}', "hours.mon[0]", "OUT_OF_RANGE"),
    ('{time_zone: UTC, hours: {mon: ["08:00-10:00", "12:00-13:00", "09:30-12:00"]}}', "hours.mon[2]", "OVERLAP"),
    ("{time_zone: UTC, hours: {mon: [22:00]}}", "hours.mon[0]", "INVALID"),
    ("{time_zone: UTC, hours: {mon: 22:00}}", "hours.mon", "INVALID"),
    ("{time_zone: UTC, hours: always, holidays: [2026-01-01]}", "holidays", "INVALID"),
    ("{time_zone: UTC, hours: always, holidays: {state: BE}}", "holidays.state", "UNKNOWN"),
    ("{time_zone: UTC, hours: always, holidays: {country: XX}}", "holidays.country", "UNKNOWN"),
    ("{time_zone: UTC, hours: always, holidays: {country: NO}}", "holidays.country", "INVALID"),
    ("{time_zone: UTC, hours: always, holidays: {country: DE, subdivision: CA}}", "holidays.subdivision", "UNKNOWN"),
    ("{time_zone: UTC, hours: always, holidays: {subdivision: BE}}", "holidays.subdivision", "INVALID"),
    ("{time_zone: UTC, hours: always, holidays: {country: DE, observed: maybe}}", "holidays.observed", "INVALID"),
    ("{time_zone: UTC, hours: always, holidays: {country: HK, categories: [bank]}}", "holidays.categories", "UNKNOWN"),
    ("{time_zone: UTC, hours: always, holidays: {country: HK, categories: []}}", "holidays.categories", "INVALID"),
    ("{time_zone: UTC, hours: always, holidays: {categories: [public]}}", "holidays.categories", "INVALID"),
    ("{time_zone: UTC, hours: always, holidays: {country: CN, make_up_days: yes}}", "holidays.make_up_days", "INVALID"),
    ("{time_zone: UTC, hours: always, holidays: {make_up_days: mon}}", "holidays.make_up_days", "INVALID"),
    ("{time_zone: UTC, hours: always, holidays: {dates: 2026-12-24}}", "holidays.dates", "INVALID"),
    ('{time_zone: UTC, hours: always, holidays: {dates: ["12-24", "02-30"]}}', "holidays.dates[1]", "OUT_OF_RANGE"),
    ("{time_zone: UTC, hours: always, holidays: {dates: [24.12.]}}", "holidays.dates[0]", "INVALID"),
    ("{time_zone: UTC, hours: always, special_days: [2026-12-24]}", "special_days", "INVALID"),
    ("{time_zone: UTC, hours: always, special_days: {12-24: []}}", "special_days.12-24", "INVALID"),
    ("{time_zone: UTC, hours: always, special_days: {2026-12-24 00:00:00: []}}", "special_days.2026-12-24 00:00:00", "INVALID"),
    ('{time_zone: UTC, hours: always, special_days: {2026-12-24: ["8-12"]}}', "special_days.2026-12-24[0]", "INVALID"),
    ('{time_zone: UTC, hours: always, special_days: {2026-12-24: [], "2026-12-24": []}}', "special_days.2026-12-24", "REPEATED"),
])
def test_what_is_wrong_is_named(text: str, field: str, reason: str) -> None:
    with pytest.raises(InvalidCalendar) as caught:
        calendar_of(text)
    assert (field, reason) in [(violation.field, violation.reason) for violation in caught.value.violations]


def test_overlapping_intervals_are_both_named() -> None:
    with pytest.raises(InvalidCalendar, match=r"'09:30-12:00' overlaps '08:00-10:00'"):
        calendar_of('{time_zone: UTC, hours: {mon: ["08:00-10:00", "09:30-12:00"]}}')


def test_everything_wrong_is_said_at_once_under_the_path_of_the_document() -> None:
    with pytest.raises(InvalidCalendar) as caught:
        parse_calendar({"time_zone": "Mars", "hours": {"mon": ["x"]}}, field="calendars.berlin")
    assert [violation.field for violation in caught.value.violations] == ["calendars.berlin.time_zone", "calendars.berlin.hours.mon[0]"]


def test_a_calendar_whose_every_open_day_is_a_holiday_never_opens() -> None:
    every_day = [date.fromordinal(n).isoformat()[5:] for n in range(date(2000, 1, 1).toordinal(), date(2001, 1, 1).toordinal())]
    with pytest.raises(InvalidCalendar, match="never opens"):
        parse_calendar({"time_zone": "UTC", "hours": "always", "holidays": {"dates": every_day}})
    every_day.remove("02-29")  # a Sunday in 28 years is enough
    assert parse_calendar({"time_zone": "UTC", "hours": {"sun": ["08:00-09:00"]}, "holidays": {"dates": every_day}})


def test_a_target_that_no_open_hour_reaches() -> None:
    calendar = parse_calendar({"time_zone": "UTC", "hours": {}, "special_days": {"2026-12-31": ["08:00-12:00"]}})
    start = calendar.instant_us("2026-01-01")
    assert calendar.due_us(start, 4 * HOUR_US) == calendar.instant_us("2026-12-31T12:00")
    with pytest.raises(TargetUnreachable):
        calendar.due_us(start, 4 * HOUR_US + 1)
    with pytest.raises(TargetUnreachable):
        calendar.due_us(start, -1)
    with pytest.raises(TargetUnreachable):
        calendar.due_many_us([start, start], [HOUR_US, 10**30])


@pytest.mark.parametrize("text", ["", "tomorrow", "2026-01-05x09:00", "2026-13-01", "09:00", None, 5])
def test_a_time_that_is_none(text: object) -> None:
    with pytest.raises(InvalidInput) as caught:
        ALWAYS.instant_us(text, field="from")
    assert caught.value.violations[0].field == "from"


@pytest.mark.parametrize(("text", "utc"), [
    ("2026-01-05T09:00", "2026-01-05T08:00:00+00:00"),
    ("2026-01-05 09:00:30", "2026-01-05T08:00:30+00:00"),
    ("2026-01-05T09:00:30.25", "2026-01-05T08:00:30.250000+00:00"),
    ("2026-01-05T09:00Z", "2026-01-05T09:00:00+00:00"),
    ("2026-01-05T09:00:00-05:30", "2026-01-05T14:30:00+00:00"),
    ("2026-01-05", "2026-01-04T23:00:00+00:00"),
    ("2026-03-29T02:30", "2026-03-29T01:00:00+00:00"),  # the clock skips it: the instant of the skip
    ("2026-03-29T02:30:00.5", "2026-03-29T01:00:00+00:00"),
    ("2026-10-25T02:30", "2026-10-25T00:30:00+00:00"),  # the clock shows it twice: the first
])
def test_a_time_without_offset_is_in_the_calendars_zone(text: str, utc: str) -> None:
    berlin = parse_calendar({"time_zone": "Europe/Berlin", "hours": "always"})
    assert ALWAYS.text(berlin.instant_us(text)) == utc


@pytest.mark.parametrize("year", ["1899", "2500", "9999", "0001"])
def test_years_without_an_answer(year: str) -> None:
    with pytest.raises(InvalidInput, match="between the years"):
        ALWAYS.instant_us(f"{year}-06-01")
    with pytest.raises(InvalidInput, match="between the years"):
        ALWAYS.elapsed_us(0, 10**18)


def test_the_zone_database_is_known() -> None:
    assert ALWAYS.tz_version[:4].isdigit()
