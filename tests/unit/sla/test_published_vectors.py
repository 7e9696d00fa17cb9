"""Expected values that other libraries publish in their own test suites; each table names its source.

Left out are cases whose meaning differs here: business *days*, results rounded to seconds, and biz's interval whose start the
clock skips (it drops the interval, here the part that the clock shows stays open).
"""
from __future__ import annotations

import pytest

from opsledger.core.sla.calendar import parse_calendar

WORKDAYS = ("mon", "tue", "wed", "thu", "fri")
NINE_TO_FIVE = {day: ["09:00-17:00"] for day in WORKDAYS}
TWO_SPANS = {"mon": ["07:00-12:00", "13:00-18:00"]}
BIZ = {
    "mon": ["09:00-17:00"], "tue": ["10:00-16:00"], "wed": ["09:00-17:00"], "thu": ["10:00-16:00"], "fri": ["09:00-17:00"],
    "sat": ["11:00-14:30"],
}
MON_FRI_SAT = {"mon": ["09:00-17:00"], "fri": ["09:00-17:00"], "sat": ["10:00-15:00"]}
SOME_WHOLE_DAYS = {"mon": ["00:00-24:00"], "fri": ["00:00-24:00"], "sat": ["11:00-15:00"]}
LUNCH_BREAK = {day: ["09:00-12:00", "13:00-18:00"] for day in WORKDAYS}
US_2014 = {"dates": ["2014-01-01", "2014-01-20"]}

# Intrepidd/working_hours, spec/working_hours/computation_spec.rb
WORKING_HOURS_ELAPSED = [
    (NINE_TO_FIVE, "2014-04-07T08:00", "2014-04-07T08:00", 0),
    (NINE_TO_FIVE, "2014-04-11T20:00", "2014-04-14T05:00", 0),
    (NINE_TO_FIVE, "2014-04-07T10:00", "2014-04-07T15:00", 5 * 3600),
    (NINE_TO_FIVE, "2014-04-07T15:00", "2014-04-07T10:00", -5 * 3600),
    (NINE_TO_FIVE, "2014-04-07T07:00", "2014-04-07T20:00", 8 * 3600),
    ({"mon": ["00:00-24:00"]}, "2014-04-06T12:00", "2016-04-06T12:00", 24 * 105 * 3600),
    (TWO_SPANS, "2014-04-07T11:59", "2014-04-07T13:01", 120),
    (TWO_SPANS, "2014-04-07T11:00", "2014-04-14T13:00", 11 * 3600),
    (NINE_TO_FIVE, "2014-04-07T01:00-09:00", "2014-04-07T15:00-04:00", 7 * 3600),
]
# its README
WORKING_HOURS_ELAPSED += [(NINE_TO_FIVE, "2014-08-03T08:32", "2014-08-04T10:32", 5520)]
WORKING_HOURS_DUE = [
    (NINE_TO_FIVE, "1991-11-15T14:00:42", 2 * 3600, "1991-11-15T16:00:42"),
    (NINE_TO_FIVE, "1991-11-18T14:00:42", -7 * 3600, "1991-11-15T15:00:42"),
    (TWO_SPANS, "1991-11-11T05:00", 6 * 3600, "1991-11-11T14:00"),
    (NINE_TO_FIVE, "1991-11-15T16:30:42", 45 * 60, "1991-11-18T09:15:42"),
    (NINE_TO_FIVE, "1991-11-15T16:59:42", 120, "1991-11-18T09:01:42"),
    ({"mon": ["00:00-24:00"]}, "2014-04-07T23:59:30", 60, "2014-04-14T00:00:30"),
    ({"mon": ["00:00-24:00"], "tue": ["08:00-18:00"]}, "2014-04-08T00:00:30", -60, "2014-04-07T23:59:00"),
]
# bokmann/business_time, test/test_calculating_business_duration.rb
BUSINESS_TIME_ELAPSED = [
    (MON_FRI_SAT, "2010-12-24T15:00", "2010-12-27T11:00", 9 * 3600),
    ({day: ["09:00-18:00"] for day in ("mon", "tue", "wed")}, "2012-05-28T11:04:26+03:00", "2012-05-29T17:56:45+03:00", 53_805),
    (SOME_WHOLE_DAYS, "2010-12-24T15:00", "2010-12-27T11:00", 24 * 3600),
    ({day: ["00:00-24:00"] for day in ("mon", "fri", "sat", "sun")}, "2010-12-24T15:00", "2010-12-27T11:00", 68 * 3600),
    ({day: ["08:00-20:00"] for day in ("mon", "tue")}, "2014-05-12T20:50", "2014-05-13T08:10", 600),
]
# bokmann/business_time, test/test_business_hours.rb
BUSINESS_TIME_DUE = [
    (NINE_TO_FIVE, "2010-08-04T09:35", 8 * 3600, "2010-08-05T09:35"),
    (NINE_TO_FIVE, "2010-08-04T09:35", -8 * 3600, "2010-08-03T09:35"),
    (NINE_TO_FIVE, "2010-04-09T16:50", 3600, "2010-04-12T09:50"),
    (NINE_TO_FIVE, "2010-04-12T09:50", -3600, "2010-04-09T16:50"),
    (NINE_TO_FIVE, "2010-04-12T09:50", 3 * 3600, "2010-04-12T12:50"),
    (MON_FRI_SAT, "2010-12-24T15:00", 9 * 3600, "2010-12-27T11:00"),
    (MON_FRI_SAT, "2010-12-24T08:00", 15 * 3600, "2010-12-27T11:00"),
    (SOME_WHOLE_DAYS, "2010-12-24T15:00", 24 * 3600, "2010-12-27T11:00"),
    ({"fri": ["09:00-17:00"]}, "2010-12-24T08:00", 8 * 3600, "2010-12-24T17:00"),
    (SOME_WHOLE_DAYS, "2010-12-25T08:00", 15 * 3600, "2010-12-27T11:00"),
]
# zendesk/biz, spec/biz_spec.rb and spec/calculation/*_spec.rb
BIZ_ELAPSED = [
    ({"sun": ["11:00-12:00"]}, "2006-01-01T11:30", "2006-01-08T11:30", 3600),
    (BIZ, "2006-01-01", "2006-01-01", 0),
    (BIZ, "2006-01-01", "2006-01-08", 39.5 * 3600),
]
BIZ_DUE = [
    ({"sun": ["11:00-12:00"]}, "2006-01-01", 2 * 3600, "2006-01-08T12:00"),
    (BIZ, "2006-01-02T11:00", 19 * 3600, "2006-01-04T16:00"),
    (BIZ, "2006-01-04T16:00", -19 * 3600, "2006-01-02T11:00"),
]
# seppemans/businesstimedelta, businesstimedelta/test/businesstimedelta_tests.py
BUSINESSTIMEDELTA_ELAPSED = [(LUNCH_BREAK, "2016-01-18T09:00", "2016-01-25T09:00", 40 * 3600)]
BUSINESSTIMEDELTA_DUE = [
    (NINE_TO_FIVE, "2016-01-23T13:14", 2 * 3600, "2016-01-25T11:00"),
    (NINE_TO_FIVE, "2016-01-22T09:00", 8 * 3600, "2016-01-22T17:00"),
    (NINE_TO_FIVE, "2016-01-23T13:14", 12 * 3600, "2016-01-26T13:00"),
    (NINE_TO_FIVE, "2016-01-25T11:14", -2 * 3600, "2016-01-25T09:14"),
    (NINE_TO_FIVE, "2016-01-22T18:00", -8 * 3600, "2016-01-22T09:00"),
    (NINE_TO_FIVE, "2016-01-25T11:14", -8 * 3600, "2016-01-22T11:14"),
    (LUNCH_BREAK, "2016-01-18T09:00", 40 * 3600, "2016-01-22T18:00"),
    (LUNCH_BREAK, "2016-01-25T09:00", -40 * 3600, "2016-01-18T09:00"),
]
# seatgeek/businesstime, businesstime/test/businesstimetest.py (its days are 8 open hours)
BUSINESSTIME_ELAPSED = [
    ("2014-01-16T18:30", "2014-01-22T10:00", 17 * 3600),
    ("2014-01-12T12:00", "2014-01-17T19:30", 40 * 3600),
    ("2014-01-13T04:00", "2014-01-17T19:30", 40 * 3600),
    ("2014-01-30T12:15", "2014-01-31T19:30", 12 * 3600 + 45 * 60),
    ("2014-08-04T11:00", "2014-08-06T05:00", 14 * 3600),
    ("2014-01-10T16:15", "2014-01-12T12:30", 45 * 60),
    ("2014-01-02T09:12", "2014-01-03T09:10", 7 * 3600 + 58 * 60),
    ("2014-01-03T09:10", "2014-01-02T09:12", -7 * 3600 - 58 * 60),
    ("2014-01-16T09:00", "2014-01-17T15:00", 14 * 3600),
    ("2014-08-08T09:00", "2014-08-11T23:00", 16 * 3600),
]
# lennym/moment-business-time, test/spec.business-hours.js
MOMENT_DUE = [
    (NINE_TO_FIVE, "2015-02-28T10:13:00", 2 * 3600, "2015-03-02T11:00:00"),
    (NINE_TO_FIVE, "2015-02-26T10:12:34", 19 * 3600, "2015-03-02T13:12:34"),
    (NINE_TO_FIVE, "2016-03-21T15:30:00", 17 * 3600, "2016-03-23T16:30:00"),
    (NINE_TO_FIVE, "2016-03-21T15:30:00", 18 * 3600, "2016-03-24T09:30:00"),
    (NINE_TO_FIVE, "2015-02-26T10:12:34", 108 * 3600, "2015-03-17T14:12:34"),
    (NINE_TO_FIVE, "2015-02-26T16:59:59.700", 45, "2015-02-27T09:00:44.700"),
    (NINE_TO_FIVE, "2015-02-26T16:59:59.700", 0.555, "2015-02-27T09:00:00.255"),
    (NINE_TO_FIVE, "2015-02-26T16:12:34", -108 * 3600, "2015-02-09T12:12:34"),
    (NINE_TO_FIVE, "2015-03-01T16:12:34", -45 * 60, "2015-02-27T16:15:00"),
    (NINE_TO_FIVE, "2015-02-26T09:00:00.100", -0.555, "2015-02-25T16:59:59.545"),
]


@pytest.mark.parametrize(
    ("hours", "start", "end", "expected_s"), WORKING_HOURS_ELAPSED + BUSINESS_TIME_ELAPSED + BIZ_ELAPSED + BUSINESSTIMEDELTA_ELAPSED
)
def test_elapsed(hours: object, start: str, end: str, expected_s: float) -> None:
    calendar = parse_calendar({"time_zone": "UTC", "hours": hours})
    assert calendar.elapsed_us(calendar.instant_us(start), calendar.instant_us(end)) == expected_s * 1_000_000


@pytest.mark.parametrize(("start", "end", "expected_s"), BUSINESSTIME_ELAPSED)
def test_elapsed_over_holidays(start: str, end: str, expected_s: int) -> None:
    calendar = parse_calendar({"time_zone": "UTC", "hours": NINE_TO_FIVE, "holidays": US_2014})
    assert calendar.elapsed_us(calendar.instant_us(start), calendar.instant_us(end)) == expected_s * 1_000_000


@pytest.mark.parametrize(
    ("hours", "start", "target_s", "due"), WORKING_HOURS_DUE + BUSINESS_TIME_DUE + BIZ_DUE + BUSINESSTIMEDELTA_DUE + MOMENT_DUE
)
def test_due(hours: object, start: str, target_s: float, due: str) -> None:
    calendar = parse_calendar({"time_zone": "UTC", "hours": hours})
    assert calendar.due_us(calendar.instant_us(start), round(target_s * 1_000_000)) == calendar.instant_us(due)


def test_public_holidays_of_a_state() -> None:
    """businesstimedelta's README test: the week of Christmas 2015 in California has 32 open hours."""
    calendar = parse_calendar({"time_zone": "UTC", "hours": LUNCH_BREAK, "holidays": {"country": "US", "subdivision": "CA"}})
    assert calendar.elapsed_us(calendar.instant_us("2015-12-21T09:00"), calendar.instant_us("2015-12-28T09:00")) == 32 * 3_600_000_000


def test_a_holiday_on_the_way() -> None:
    """business_time's test/test_business_hours.rb: one hour from the Friday before July 5th, 2010."""
    calendar = parse_calendar({"time_zone": "UTC", "hours": NINE_TO_FIVE, "holidays": {"dates": ["2010-07-05"]}})
    assert calendar.due_us(calendar.instant_us("2010-07-02T16:50"), 3_600_000_000) == calendar.instant_us("2010-07-06T09:50")


def test_hours_of_another_zone() -> None:
    """businesstimedelta's README test: a San Francisco day has four of Santiago's open hours."""
    calendar = parse_calendar({"time_zone": "America/Santiago", "hours": LUNCH_BREAK})
    morning, evening = calendar.instant_us("2016-01-18T09:00-08:00"), calendar.instant_us("2016-01-18T18:00-08:00")
    assert calendar.elapsed_us(morning, evening) == 4 * 3_600_000_000
