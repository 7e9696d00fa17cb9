"""Incidents of an audit export, and the contradictions that real exports hold."""
from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from random import Random

import pytest

from opsledger.core.tickets.facts import Assigned, Classified, Opened, Status, StatusChanged, TicketFact
from opsledger.core.tickets.order import in_order
from opsledger.core.tickets.state import fold
from opsledger.services.importers.audit_export import ServiceNowReader
from opsledger.services.importers.servicenow import TIME_FORMATS, AuditRow, Incident, RowError, incident_facts, parse_row
from opsledger.services.importers.times import TimeReader
from opsledger.services.importers.writing import Owner
from opsledger.services.journal.memory import MemoryJournal
from tests.kit.imports import imported, states_of, table

OWNER = Owner("acme", "it", "servicenow")
UTC_TIMES = TimeReader(TIME_FORMATS)


def cells(mod_count: int, updated: str, state: str, **others: str) -> dict[str, str]:
    return {
        "number": "INC1", "sys_mod_count": str(mod_count), "sys_updated_at": f"1/3/2016 {updated}", "incident_state": state,
        "opened_at": "1/3/2016 09:00", "reopen_count": "0", **others,
    }


def incident(*rows: dict[str, str], times: TimeReader = UTC_TIMES) -> Incident:
    return incident_facts([parse_row(number, row, times) for number, row in enumerate(rows, start=2)], OWNER, times)


def said(found: Incident) -> list[TicketFact]:
    return [fact for _, facts in found.facts for fact in facts]


def clock(fact: TicketFact) -> str:
    return datetime.fromtimestamp(fact.occurred_at_us / 1e6, UTC).strftime("%H:%M")


def test_it_opens_at_opened_at_and_the_first_row_speaks_at_its_own_time() -> None:
    facts = said(incident(cells(0, "09:05", "Active", assignment_group="G", assigned_to="?", priority="3")))

    assert [(clock(fact), fact.fact) for fact in facts] == [
        ("09:00", Opened(priority="3")), ("09:05", Assigned(group="G")), ("09:05", StatusChanged(Status.OPEN, "Active")),
    ]
    assert [fact.event_id for fact in facts] == ["INC1:opened", "INC1:0:assigned", "INC1:0:status_changed"]


def test_rows_of_one_minute_are_folded_in_the_order_of_sys_mod_count() -> None:
    rows = [cells(count, "09:00", state) for count, state in enumerate(["New", "Resolved", "Active", "Awaiting User Info"])]

    for given in (rows, rows[::-1]):
        facts = said(incident(*given))
        assert {fact.occurred_at_us for fact in facts} == {facts[0].occurred_at_us}
        state = fold(in_order(reversed(facts)))
        assert state is not None
        assert (state.status, state.source_status, state.reopenings) == (Status.PENDING, "Awaiting User Info", 1)


def test_columns_that_look_ahead_are_known_when_the_state_says_so() -> None:
    ahead = {"closed_code": "code 6", "resolved_by": "Bob", "caller_id": "Caller 1", "resolved_at": "1/3/2016 10:00"}

    facts = said(incident(cells(0, "09:00", "New", **ahead), cells(1, "10:00", "Resolved", **ahead), cells(2, "11:00", "Closed", **ahead)))

    assert [(clock(fact), fact.fact.attributes) for fact in facts if isinstance(fact.fact, Classified)] == [
        ("10:00", {"closed_code": "code 6", "resolved_by": "Bob"}), ("11:00", {"caller_id": "Caller 1"}),
    ]
    assert isinstance(facts[0].fact, Opened)
    assert (facts[0].fact.requester_id, dict(facts[0].fact.attributes)) == ("", {})


def test_of_two_rows_with_one_count_the_one_that_fits_in_time_stands() -> None:
    found = incident(cells(1, "10:00", "New"), cells(2, "07:30", "Active"), cells(2, "11:00", "Resolved"), cells(3, "12:00", "Closed"))

    assert found.set_aside == 1
    assert [clock(fact) for fact in said(found)] == ["09:00", "11:00", "12:00"]


def test_the_earlier_of_two_rows_with_one_count_stands_when_both_fit() -> None:
    found = incident(cells(1, "11:10", "New"), cells(1, "09:52", "New"), cells(2, "11:03", "Resolved"))

    assert (found.set_aside, found.moved) == (1, 0)


def test_a_row_earlier_than_the_one_before_it_takes_its_time() -> None:
    found = incident(cells(0, "10:00", "New"), cells(1, "08:00", "Active"), cells(2, "11:00", "Resolved"))

    assert found.moved == 1
    assert [clock(fact) for fact in said(found)] == ["09:00", "10:00", "11:00"]


def test_a_row_updated_before_the_opening_speaks_at_the_opening() -> None:
    found = incident(cells(0, "07:14", "Active"))

    assert found.moved == 1
    assert [clock(fact) for fact in said(found)] == ["09:00", "09:00"]


def test_a_state_that_is_none_leaves_the_status_as_it_was() -> None:
    facts = said(incident(cells(0, "09:00", "Active"), cells(1, "10:00", "-100"), cells(2, "11:00", "Resolved")))

    assert [(clock(fact), fact.fact.source_status) for fact in facts if isinstance(fact.fact, StatusChanged)] == [
        ("09:00", "Active"), ("11:00", "Resolved"),
    ]


def test_an_hour_that_the_clock_shows_twice_is_read_in_the_order_of_the_rows() -> None:
    berlin = TimeReader(TIME_FORMATS, "Europe/Berlin")
    times = {"opened_at": "30/10/2016 01:00"}
    rows = [
        cells(count, "", state, **times, sys_updated_at=f"30/10/2016 {at}")
        for count, (at, state) in enumerate([("02:50", "New"), ("02:10", "Active"), ("03:05", "Resolved")])
    ]

    found = incident(*rows, times=berlin)

    assert found.moved == 0
    assert [clock(fact) for fact in said(found)] == ["23:00", "01:10", "02:05"]  # the day before, UTC


@pytest.mark.parametrize(
    ("wrong", "column"),
    [
        ({"sys_updated_at": "2016-13-01"}, "sys_updated_at"), ({"opened_at": "?"}, "opened_at"), ({"sys_mod_count": "x"}, "sys_mod_count"),
        ({"incident_state": "Asleep"}, "incident_state"), ({"reopen_count": "-1"}, "reopen_count"),
    ],
)
def test_a_value_that_cannot_be_read_names_its_column(wrong: dict[str, str], column: str) -> None:
    with pytest.raises(RowError) as error:
        parse_row(2, cells(0, "09:00", "New") | wrong, UTC_TIMES)
    assert error.value.violation.field == column


def test_rows_say_the_same_in_any_order() -> None:
    rows: list[AuditRow] = [
        parse_row(line, row, UTC_TIMES)
        for line, row in enumerate([cells(0, "09:00", "New"), cells(1, "09:00", "Active", assigned_to="Ann"), cells(1, "09:00", "Active")])
    ]

    assert said(incident_facts(rows, OWNER, UTC_TIMES)) == said(incident_facts(rows[::-1], OWNER, UTC_TIMES))


@pytest.mark.parametrize("seed", range(4))
def test_the_incident_in_which_an_export_is_cut_off_is_left_out_however_its_rows_are_sorted(seed: int, tmp_path: Path) -> None:
    closed = "1/3/2016 12:00"
    rows = [
        f"{number},{state},{count},1/3/2016 09:00,1/3/2016 1{count}:00,0,{closed}"
        for number, states in (("INC9998", ("New", "Closed")), ("INC9999", ("New", "Closed")), ("INC10000", ("New", "Active")))
        for count, state in enumerate(states)
    ]
    Random(seed).shuffle(rows)
    file = tmp_path / "export.csv"
    file.write_text(table("number,incident_state,sys_mod_count,opened_at,sys_updated_at,reopen_count,closed_at", rows), encoding="utf-8")
    journal = MemoryJournal()

    summary = imported(file, ServiceNowReader(OWNER), journal)

    assert sorted(states_of(journal)) == ["INC9998", "INC9999"]
    assert "INC10000, the last incident, was left out with its 2 row(s)" in summary.remarks[0]
