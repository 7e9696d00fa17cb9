"""Audit exports in parts: the first row of an incident in a file is compared with what the ledger holds of the incident."""
from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from google.protobuf.json_format import MessageToJson
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from opsledger.core.tickets.facts import Status
from opsledger.services.importers.audit_export import ServiceNowReader
from opsledger.services.importers.json_lines import EventsReader
from opsledger.services.importers.summary import Summary
from opsledger.services.importers.writing import Owner
from opsledger.services.journal.memory import MemoryJournal
from tests.kit.events import event
from tests.kit.imports import imported, payloads, states_of, table

HEADER = "number,incident_state,sys_mod_count,opened_at,sys_updated_at,reopen_count,priority,assignment_group,assigned_to,location"
READER = ServiceNowReader(Owner("default", "default", "servicenow"), keep_last=True)


def in_parts(*parts: Sequence[str], header: str = HEADER) -> tuple[MemoryJournal, list[Summary]]:
    journal, summaries = MemoryJournal(), []
    with TemporaryDirectory() as folder:
        for number, rows in enumerate(parts):
            file = Path(folder) / f"{number}.csv"
            file.write_text(table(header, rows), encoding="utf-8")
            summaries.append(imported(file, READER, journal))
    return journal, summaries


def row(
    count: int, state: str, reopened: int = 0, priority: str = "3 - Moderate", group: str = "?", agent: str = "?", at: str = "",
    place: str = "?",
) -> str:
    return f"INC1,{state},{count},1/3/2016 09:00,{at or f'1/3/2016 09:{count:02}'},{reopened},{priority},{group},{agent},{place}"


def test_a_priority_that_the_second_part_shows_is_a_fact() -> None:
    journal, summaries = in_parts([row(0, "New")], [row(1, "Active", priority="1 - Critical")])

    state = states_of(journal)["INC1"]
    assert (state.priority, state.status) == ("1 - Critical", Status.OPEN)
    assert (summaries[1].recorded, summaries[1].duplicates, summaries[1].differing) == (2, 1, 0)


REOPENED = [row(0, "New"), row(1, "Resolved"), row(2, "Active", 1), row(3, "Resolved", 1), row(4, "Closed", 1)]


@pytest.mark.parametrize("place", range(1, len(REOPENED)))
def test_a_cut_invents_no_reopening(place: int) -> None:
    journal, _ = in_parts(REOPENED[:place], REOPENED[place:])

    state = states_of(journal)["INC1"]
    assert (state.reopenings, state.resolutions) == (1, 2)
    assert sorted(payloads(journal)) == sorted(payloads(in_parts(REOPENED)[0]))


def test_a_reopening_between_two_exports_is_said() -> None:
    journal, _ = in_parts([row(1, "Resolved")], [row(4, "Resolved", 1)])

    assert (states_of(journal)["INC1"].reopenings, states_of(journal)["INC1"].resolutions) == (1, 2)


def test_a_count_that_began_above_zero_is_no_reopening_each_night() -> None:
    nights = [row(count, "Active", 3, priority=f"{count % 2} - P") for count in (40, 42, 43)]
    journal, summaries = in_parts(*([each] for each in nights))
    overlapping, again = in_parts(nights[:1], nights[:2], [nights[1], row(44, "Active", 4)])

    assert states_of(journal)["INC1"].reopenings == 1
    assert [sum("cannot be compared" in note for note in summary.notes) for summary in summaries] == [0, 1, 1]
    assert states_of(overlapping)["INC1"].reopenings == 2
    assert not any(summary.notes for summary in again[:2])


def test_a_row_that_was_corrected_is_not_dropped_in_silence() -> None:
    first, corrected = row(1, "Active", priority="2 - High"), row(1, "Active", priority="1 - Critical")
    next_row = row(2, "Active", priority="1 - Critical")
    journal, summaries = in_parts([row(0, "New"), first], [corrected], [next_row])

    assert (summaries[1].recorded, summaries[1].differing) == (0, 1)
    assert "INC1:1:priority_changed" in summaries[1].remarks[0]
    assert states_of(journal)["INC1"].priority == "1 - Critical", "the next row says it again"


def test_a_further_export_without_a_column_says_nothing_of_it() -> None:
    journal, _ = in_parts([row(0, "New", group="Desk")])
    with TemporaryDirectory() as folder:
        file = Path(folder) / "narrow.csv"
        file.write_text("number,incident_state,sys_mod_count,opened_at,sys_updated_at\nINC1,Active,1,1/3/2016 09:00,1/3/2016 10:00\n")
        summary = imported(file, READER, journal)

    state = states_of(journal)["INC1"]
    assert (state.status, state.group, state.priority, summary.recorded) == (Status.OPEN, "Desk", "3 - Moderate", 1)


STEPS = st.lists(
    st.tuples(
        st.sampled_from(("New", "Active", "Awaiting Vendor", "Resolved", "Closed", "-100")),
        st.sampled_from(("1 - Critical", "3 - Moderate")),
        st.sampled_from(("?", "Desk", "Field")), st.sampled_from(("?", "Ann", "Bob")), st.sampled_from(("?", "Rome")), st.integers(0, 2),
        st.booleans(),
    ), min_size=2, max_size=9,
)
Step = tuple[str, str, str, str, str, int, bool]
DONE = ("Resolved", "Closed")


def history(steps: Sequence[Step]) -> list[str]:
    """An incident's rows. Its count rises when it is seen to be opened again, or when that happened between two rows."""
    rows: list[str] = []
    minute = reopened = 0
    done = ""
    for count, (state, priority, group, agent, place, pause, again) in enumerate(steps):
        minute += pause
        if done and state not in (*DONE, "-100"):
            reopened, done = reopened + 1, ""
        elif done and again:
            reopened += 1
        done = state if state in DONE else done
        rows.append(row(count, state, reopened, priority, group, agent, f"1/3/2016 09:{minute:02}", place))
    return rows


@settings(max_examples=60)
@given(STEPS, st.data())
def test_every_cut_gives_the_facts_of_the_whole(steps: list[Step], data: st.DataObject) -> None:
    rows = history(steps)
    place = data.draw(st.integers(1, len(rows) - 1))
    overlap = data.draw(st.integers(0, place))
    whole, _ = in_parts(rows)

    journal, summaries = in_parts(rows[:place], rows[place - overlap:], rows)

    assert sorted(payloads(journal)) == sorted(payloads(whole))
    assert (summaries[2].recorded, summaries[2].duplicates) == (0, whole.position)
    assert not any(summary.differing for summary in summaries)


@settings(max_examples=60)
@given(STEPS, st.data())
def test_parts_in_the_wrong_order_end_as_the_last_row_shows(steps: list[Step], data: st.DataObject) -> None:
    rows = history(steps)
    place = data.draw(st.integers(1, len(rows) - 1))
    assume(steps[place][0] != "-100")  # an incident that begins with it begins new
    whole, (journal, _) = states_of(in_parts(rows)[0])["INC1"], in_parts(rows[place:], rows[:place])

    state = states_of(journal)["INC1"]
    assert (state.status, state.priority, state.group, state.agent) == (whole.status, whole.priority, whole.group, whole.agent)
    assert dict(state.attributes) == dict(whole.attributes)


def test_an_event_that_comes_again_with_other_content_is_named(tmp_path: Path) -> None:
    first, again = event(), event()
    first.opened.priority, again.opened.priority = "P2", "P1"
    journal, file = MemoryJournal(), tmp_path / "events.jsonl"
    for message in (first, again):
        file.write_text(MessageToJson(message, indent=None) + "\n")
        summary = imported(file, EventsReader(), journal)

    assert (summary.recorded, summary.duplicates, summary.differing) == (0, 1, 1)
    assert f"event {again.event_id}: opened is recorded with other content" in summary.remarks[0]
