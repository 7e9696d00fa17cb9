"""The vectors of the specification of business time, one by one."""
from __future__ import annotations

import pytest

from opsledger.core.sla.calendar import Calendar, parse_calendar

WORKDAYS = {day: ["09:00-17:00"] for day in ("mon", "tue", "wed", "thu", "fri")}
OFFICE = {"time_zone": "UTC", "hours": WORKDAYS}
LUNCH = {"time_zone": "UTC", "hours": {"mon": ["07:00-12:00", "13:00-18:00"]}}
PARIS_SUNDAYS = {"time_zone": "Europe/Paris", "hours": {"sun": ["08:00-21:00"]}}
BERLIN = {
    "time_zone": "Europe/Berlin", "hours": "always",
    "holidays": {"dates": ["01-01", "05-01", "12-24", "12-25", "12-26", "12-31"]},
}


def always(zone: str) -> dict[str, str]:
    return {"time_zone": zone, "hours": "always"}


def elapsed_s(calendar: Calendar, start: str, end: str) -> float:
    return calendar.elapsed_us(calendar.instant_us(start), calendar.instant_us(end)) / 1_000_000


@pytest.mark.parametrize(("document", "start", "end", "expected_s"), [
    (OFFICE, "2014-04-11 20:00", "2014-04-14 05:00", 0),
    (LUNCH, "2014-04-07 11:59", "2014-04-07 13:01", 120),
    (PARIS_SUNDAYS, "2020-03-29 01:00", "2020-03-30 00:00", 13 * 3600),
    (PARIS_SUNDAYS, "2019-10-27 01:00", "2019-10-28 00:00", 13 * 3600),
    (BERLIN, "2015-12-23 08:10:15", "2015-12-28 17:10:14", 205_199),
    (always("America/Sao_Paulo"), "2015-10-17 22:00", "2015-10-18 04:00", 5 * 3600),
    (always("Asia/Tehran"), "2015-09-21 12:00", "2015-09-22 04:00", 17 * 3600),
])
def test_elapsed(document: dict[str, object], start: str, end: str, expected_s: int) -> None:
    assert elapsed_s(parse_calendar(document), start, end) == expected_s
    assert elapsed_s(parse_calendar(document), end, start) == -expected_s


@pytest.mark.parametrize(("start", "target_h", "due"), [
    ("2026-01-09T16:30", 1, "2026-01-12T09:30:00+00:00"),
    ("2026-01-10T10:00", 2, "2026-01-12T11:00:00+00:00"),
    ("2026-01-12T16:00", 10, "2026-01-14T10:00:00+00:00"),
    ("2026-01-12T09:00", 8, "2026-01-12T17:00:00+00:00"),
    ("2026-01-12T17:00", 0, "2026-01-12T17:00:00+00:00"),
    ("2026-01-10T10:00", 0, "2026-01-10T10:00:00+00:00"),
    ("2026-01-12T10:00", -2, "2026-01-09T16:00:00+00:00"),
    ("2026-01-12T17:00", -8, "2026-01-12T09:00:00+00:00"),
])
def test_due(start: str, target_h: int, due: str) -> None:
    calendar = parse_calendar(OFFICE)
    assert calendar.text(calendar.due_us(calendar.instant_us(start), target_h * 3_600_000_000)) == due
