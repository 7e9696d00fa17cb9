"""A table of tickets that is exported again and again: a row shows its ticket as it was at the date of the export."""
from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from opsledger.core.tickets.facts import Assigned, FeedbackReceived, PriorityChanged, Status, StatusChanged
from opsledger.services.importers.csv_table import CsvReader
from opsledger.services.importers.mapping import load_mapping
from opsledger.services.importers.mapping_values import ValueSpec
from opsledger.services.importers.summary import Summary
from opsledger.services.journal.memory import MemoryJournal
from tests.integration.importers.test_csv_examples import EXAMPLES, us
from tests.kit.imports import facts_of, imported, states_of, table

HEADER = "ID,Created,First response,Resolved,Closed,Group,Agent,Priority,Type,Tags,Reopens,CSAT"
MONDAY = "7,2024-03-01 09:00,,,,Desk,Ann,High,Incident,vpn,0,"
TUESDAY = "7,2024-03-01 09:00,2024-03-02 09:00,2024-03-02 10:00,,Field,Bob,Low,Incident,,0,Good"
TUESDAY_US = us(2024, 3, 2, 9, 0)  # 10:00 in Berlin


def nights(folder: Path, *rows: str, as_of: Sequence[str] = ()) -> tuple[MemoryJournal, list[Summary]]:
    """The ledger after an export of one row each night; ``as_of`` their dates."""
    journal, summaries, mapping = MemoryJournal(), [], load_mapping(EXAMPLES / "ticket-table.yaml")
    for night, row in enumerate(rows):
        file = folder / f"{night}.csv"
        file.write_text(table(HEADER, [row]), encoding="utf-8")
        spec = mapping.model_copy(update={"as_of": ValueSpec(value=as_of[night])}) if as_of else mapping
        summaries.append(imported(file, CsvReader(spec, "ticket-table.yaml"), journal))
    return journal, summaries


def test_what_a_newer_export_shows_is_recorded_at_its_date(tmp_path: Path) -> None:
    journal, summaries = nights(tmp_path, MONDAY, TUESDAY, TUESDAY)

    state = states_of(journal)["7"]
    assert (state.agent, state.group, state.priority, state.tags, state.status) == ("Bob", "Field", "Low", (), Status.RESOLVED)
    [facts] = facts_of(journal).values()
    later = [(fact.fact, fact.occurred_at_us) for fact in facts[1:]]
    assert (Assigned("Field", "Bob"), TUESDAY_US) in later
    assert (PriorityChanged("Low"), TUESDAY_US) in later
    said = [fact for fact, _ in later]
    assert said.index(Assigned("Field", "Bob")) < said.index(StatusChanged(Status.RESOLVED)), "Bob resolved it"
    assert (summaries[1].duplicates, summaries[1].differing, summaries[1].notes) == (1, 0, {})
    assert (summaries[2].recorded, summaries[2].differing, summaries[2].notes) == (0, 0, {})


def test_a_change_without_a_moment_of_its_own_comes_after_what_is_known(tmp_path: Path) -> None:
    rows = [MONDAY.replace("Ann", name) for name in ("Ann", "Bob", "Ann", "-")]
    journal, summaries = nights(tmp_path, *rows)

    assert states_of(journal)["7"].agent == ""
    assert [summary.recorded for summary in summaries] == [1, 1, 1, 1]


def test_an_export_can_say_its_date(tmp_path: Path) -> None:
    journal, _ = nights(tmp_path, MONDAY, MONDAY.replace("Ann", "Bob"), as_of=("2024-03-04 23:00", "2024-03-05 23:00"))

    [facts] = facts_of(journal).values()
    assert (facts[-1].fact, facts[-1].occurred_at_us) == (Assigned(agent="Bob"), us(2024, 3, 5, 22, 0))


def test_a_resolution_that_a_newer_export_does_not_show_any_more_is_taken_back(tmp_path: Path) -> None:
    wednesday = TUESDAY.replace("2024-03-02 10:00", "").replace(",0,Good", ",1,")
    journal, _ = nights(tmp_path, TUESDAY, wednesday, as_of=("2024-03-02 23:00", "2024-03-03 23:00"))

    state = states_of(journal)["7"]
    assert (state.status, state.resolutions, state.reopenings) == (Status.OPEN, 1, 1)


def test_an_older_export_that_comes_late_changes_nothing_and_says_so(tmp_path: Path) -> None:
    journal, summaries = nights(tmp_path, TUESDAY, MONDAY)

    state = states_of(journal)["7"]
    assert (state.agent, state.group, state.priority, state.status) == ("Bob", "Field", "Low", Status.RESOLVED)
    assert summaries[1].recorded == 0
    assert [(count, "older" in note) for note, count in summaries[1].notes.items()] == [(1, True)]


def test_a_rating_that_changes_is_named(tmp_path: Path) -> None:
    journal, summaries = nights(tmp_path, TUESDAY, TUESDAY.replace("Good", "Bad"))

    assert summaries[1].differing == 1
    assert "feedback_received is recorded with other content" in summaries[1].remarks[-1]
    scores = [fact.fact.score for facts in facts_of(journal).values() for fact in facts if isinstance(fact.fact, FeedbackReceived)]
    assert scores == [1.0]
