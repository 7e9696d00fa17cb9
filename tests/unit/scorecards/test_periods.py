"""Days, weeks and months of a time zone as ranges of UTC."""
from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from opsledger.core.errors import InvalidInput
from opsledger.core.scorecards.periods import Almanac, Period, PeriodKind
from opsledger.core.sla.zones import local_time, zone

HOUR_US = 3_600_000_000
SUNDAY = 6


def hours(period: Period) -> float:
    return (period.end_us - period.start_us) / HOUR_US


def utc(period: Period) -> tuple[str, str]:
    start, end = (datetime.fromtimestamp(at_us / 1e6, UTC) for at_us in (period.start_us, period.end_us))
    return f"{start:%Y-%m-%dT%H:%M}", f"{end:%Y-%m-%dT%H:%M}"


def test_a_month_begins_at_local_midnight() -> None:
    march = Almanac(zone("Europe/Berlin")).named(PeriodKind.MONTH, "2026-03")
    assert utc(march) == ("2026-02-28T23:00", "2026-03-31T22:00")


@pytest.mark.parametrize(
    ("name", "day", "expected_hours"),
    [
        ("Europe/Berlin", "2026-03-29", 23), ("Europe/Berlin", "2026-10-25", 25), ("Europe/Berlin", "2026-06-01", 24),
        ("America/Sao_Paulo", "2015-10-18", 23),  # its clocks skip midnight itself
        ("Australia/Lord_Howe", "2026-04-05", 24.5),
        ("Pacific/Apia", "2011-12-30", 0),  # a day that Samoa left out
    ],
)
def test_a_day_is_as_long_as_the_clocks_make_it(name: str, day: str, expected_hours: float) -> None:
    assert hours(Almanac(zone(name)).named(PeriodKind.DAY, day)) == expected_hours


def test_weeks_from_monday_are_those_of_iso_8601() -> None:
    almanac = Almanac(zone("UTC"))
    day = date(2000, 1, 1)
    while day < date(2030, 1, 1):
        year, week, _ = day.isocalendar()
        assert almanac.at(PeriodKind.WEEK, _noon_us(day)).label == f"{year}-W{week:02}"
        day += timedelta(days=1)


@pytest.mark.parametrize(
    ("first", "label"),
    # the CDC's calendars of MMWR weeks: week 1 of these years begins on these Sundays
    [
        (date(2014, 12, 28), "2014-W53"), (date(2015, 1, 4), "2015-W01"), (date(2020, 12, 27), "2020-W53"),
        (date(2023, 1, 1), "2023-W01"), (date(2025, 12, 28), "2025-W53"),
    ],
)
def test_weeks_from_sunday_are_those_of_the_mmwr(first: date, label: str) -> None:
    almanac = Almanac(zone("UTC"), SUNDAY)
    week = almanac.named(PeriodKind.WEEK, label)
    assert utc(week)[0][:10] == str(first)
    assert almanac.at(PeriodKind.WEEK, _noon_us(first)) == week


def test_a_range_has_both_its_days_and_is_compared_with_as_many_before() -> None:
    almanac = Almanac(zone("UTC"))
    ten_days = almanac.range(date(2016, 3, 1), date(2016, 3, 10))
    assert hours(ten_days) == 240
    assert almanac.before(ten_days).label == "2016-02-20..2016-02-29"
    assert almanac.named(PeriodKind.RANGE, ten_days.label) == ten_days
    assert almanac.before(almanac.range(date(2016, 3, 1), date(2016, 3, 1))).label == "2016-02-29"


@pytest.mark.parametrize(
    ("kind", "label"),
    [
        ("day", "2026-02-30"), ("day", "yesterday"), ("week", "2026-07"), ("week", "2026-W00"), ("week", "2026-W54"),
        ("week", "2025-W53"), ("week", "9999-W99"), ("month", "2026-13"), ("month", "0000-01"), ("month", "March"),
        ("range", "2026-03-02..2026-03-01"), ("range", ""), ("day", "1500-01-01"),
    ],
)
def test_what_is_no_period_is_refused_by_name(kind: str, label: str) -> None:
    with pytest.raises(InvalidInput) as error:
        Almanac(zone("UTC")).named(PeriodKind(kind), label)
    assert error.value.violations[0].field == "period"


zones = st.sampled_from([
    "UTC", "Europe/Berlin", "America/St_Johns", "America/Sao_Paulo", "Asia/Tehran", "Pacific/Apia", "Australia/Lord_Howe",
])
kinds = st.sampled_from([PeriodKind.DAY, PeriodKind.WEEK, PeriodKind.MONTH])


@given(zones, kinds, st.integers(0, 6), st.integers(86_400_000_000, 4_000_000_000_000_000))
def test_every_instant_lies_in_one_period_that_touches_its_neighbours(name: str, kind: PeriodKind, week_starts: int, at_us: int) -> None:
    almanac = Almanac(zone(name), week_starts)
    period = almanac.at(kind, at_us)
    assert period.start_us <= at_us < period.end_us
    assert almanac.named(kind, period.label) == period
    before = almanac.before(period)
    assert before.end_us == period.start_us
    assert almanac.at(kind, period.start_us - 1).end_us == period.start_us
    if kind is PeriodKind.WEEK:
        assert local_time(period.start_us, almanac.zone).weekday() == week_starts or name == "Pacific/Apia"


def _noon_us(day: date) -> int:
    return int(datetime(day.year, day.month, day.day, 12, tzinfo=UTC).timestamp()) * 1_000_000
