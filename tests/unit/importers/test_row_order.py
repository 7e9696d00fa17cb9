"""Rows of a ticket in the order of what they say, also in the hour that clocks show twice."""
from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from opsledger.services.importers.files import Row
from opsledger.services.importers.row_order import TimedRow, in_order
from opsledger.services.importers.times import TimeReader
from tests.kit.imports import mapped

# (zone, an instant inside its doubled time, how long that is)
DOUBLED = [
    ("Europe/Berlin", datetime(2026, 10, 25, 1, tzinfo=UTC), 60), ("America/New_York", datetime(2026, 11, 1, 6, tzinfo=UTC), 60),
    ("Australia/Lord_Howe", datetime(2026, 4, 4, 15, tzinfo=UTC), 30), ("America/Santiago", datetime(2026, 4, 5, 3, tzinfo=UTC), 60),
    ("Asia/Tehran", datetime(2021, 9, 21, 19, 30, tzinfo=UTC), 60),
]


def ordered(zone: str, rows: list[tuple[str, int]], *, sequenced: bool = True) -> list[tuple[str, int]]:
    """(time in UTC, sequence) of (local time, sequence)."""
    times = TimeReader(zone=zone)
    timed = [TimedRow(Row(line, (text, str(number))), times.instants(text), number) for line, (text, number) in enumerate(rows, start=2)]
    found = in_order(timed, sequenced=sequenced, as_in_file=False, numbered=False)
    return [(datetime.fromtimestamp(row.at_us / 1e6, UTC).strftime("%H:%M"), row.sequence) for row in found]


def test_a_sequence_says_which_of_two_equal_hours_a_row_is_of() -> None:
    day = "2026-10-25"
    rows = [(f"{day} 02:10", 1), (f"{day} 02:50", 2), (f"{day} 02:20", 3), (f"{day} 02:40", 4)]

    for given_rows in (rows, rows[::-1]):
        assert ordered("Europe/Berlin", given_rows) == [("00:10", 1), ("00:50", 2), ("01:20", 3), ("01:40", 4)]


@pytest.mark.parametrize(
    "rows",
    [
        [("02:50", 1), ("02:10", 2), ("04:00", 1)],     # numbers of the rows of one instant
        [("02:50", 1), ("02:10", 2), ("01:00", 3)],     # a number that contradicts times that are certain
        [("02:50", 7), ("02:10", 7)],
    ],
)
def test_a_number_that_does_not_order_the_whole_ticket_says_nothing_of_its_times(rows: list[tuple[str, int]]) -> None:
    found = ordered("Europe/Berlin", [(f"2026-10-25 {text}", number) for text, number in rows])

    assert [time for time, _ in found if time < "02"][:2] == ["00:10", "00:50"]


def test_without_a_sequence_the_first_of_two_equal_hours_is_taken() -> None:
    rows = [("2026-10-25 02:50", 0), ("2026-10-25 02:20", 0)]
    assert ordered("Europe/Berlin", rows, sequenced=False) == [("00:20", 0), ("00:50", 0)]


@given(st.sampled_from(DOUBLED), st.lists(st.integers(-120, 120), min_size=1, max_size=8), st.randoms(use_true_random=False))
def test_rows_stay_in_their_sequence_and_at_the_time_that_clocks_showed(
    doubled: tuple[str, datetime, int], minutes: list[int], chance,  # type: ignore[no-untyped-def]  # hypothesis' Random
) -> None:
    zone, middle, length = doubled
    instants = [middle + timedelta(minutes=minute) for minute in sorted(minutes)]
    rows = [(at.astimezone(ZoneInfo(zone)).strftime("%Y-%m-%d %H:%M"), number) for number, at in enumerate(instants)]
    chance.shuffle(rows)

    found = ordered(zone, rows)

    assert [number for _, number in found] == sorted(number for _, number in rows)
    late = timedelta(minutes=length)
    for (text, number) in found:
        assert text in {at.strftime("%H:%M") for at in (instants[number], instants[number] - late, instants[number] + late)}


def test_nothing_of_a_ticket_table_lies_before_its_opening() -> None:
    facts = mapped(
        "id,created,replied\n1,2026-10-25 02:50,2026-10-25 02:20\n2,2026-10-25 02:20,2026-10-25 02:50\n",
        {
            "ticket_id": "{id}", "rows": "tickets", "time": {"zone": "Europe/Berlin"},
            "rules": [{"at": "{replied}", "emit": {"replied": {"public": "true"}}}, {"at": "{created}", "emit": "opened"}],
        },
    )

    hours = [(fact.ticket_id, datetime.fromtimestamp(fact.occurred_at_us / 1e6, UTC).strftime("%H:%M")) for fact in facts]
    assert hours == [("1", "00:50"), ("1", "01:20"), ("2", "00:20"), ("2", "00:50")]


def test_rows_of_one_instant_stay_as_the_file_has_them_where_identical_rows_are_kept() -> None:
    rows = ["Open", "Waiting", "Open", "Waiting", "Done", "Open"]
    mapping = {
        "ticket_id": "{id}", "occurred_at": "{at}", "identical_rows": "keep",
        "rules": [{"emit": {"status_changed": {
            "status": {"value": "{state}", "map": {"Open": "open", "Waiting": "pending", "Done": "resolved"}}, "source_status": "{state}",
        }}}],
    }

    facts = mapped("id,at,state\n" + "".join(f"1,2026-01-05 09:00,{state}\n" for state in rows), mapping)

    assert [fact.fact.source_status for fact in facts] == rows  # type: ignore[union-attr]  # status changes
    assert len({fact.event_id for fact in facts}) == len(rows)
