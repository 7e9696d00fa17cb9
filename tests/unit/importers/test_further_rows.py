"""Logs and snapshots in parts, by a mapping: the ledger ends as after the whole file."""
from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from tempfile import TemporaryDirectory

from hypothesis import given, settings
from hypothesis import strategies as st

from opsledger.core.tickets.facts import Replied
from opsledger.services.importers.csv_table import CsvReader
from opsledger.services.importers.mapping import MappingSpec, load_mapping
from opsledger.services.importers.summary import Summary
from opsledger.services.journal.memory import MemoryJournal
from tests.kit.imports import facts_of, imported, payloads, states_of, table

EXAMPLES = Path(__file__).parents[3] / "docs" / "examples"
SNAPSHOTS = "key,changed,status,priority,team,assignee,reopens,labels,number"
MAPPING = MappingSpec.model_validate({
    "ticket_id": "{key}", "occurred_at": "{changed}", "time": {"formats": "epoch_s"}, "sequence": "{number}",
    "snapshot": {
        "status": "{status}", "source_status": "{status}", "priority": "{priority}", "group": "{team}", "agent": "{assignee}",
        "reopenings": "{reopens}", "attributes": {"labels": "{labels}"},
    },
})
UNNUMBERED = MAPPING.model_copy(update={"sequence": None})


def in_parts(mapping: MappingSpec, header: str, *parts: Sequence[str]) -> tuple[MemoryJournal, list[Summary]]:
    journal, summaries = MemoryJournal(), []
    with TemporaryDirectory() as folder:
        for number, rows in enumerate(parts):
            file = Path(folder) / f"{number}.csv"
            file.write_text(table(header, rows), encoding="utf-8")
            summaries.append(imported(file, CsvReader(mapping, "mapping.yaml"), journal))
    return journal, summaries


STEPS = st.lists(
    st.tuples(
        st.sampled_from(("new", "open", "pending", "resolved", "closed")), st.sampled_from(("P1", "P2")),
        st.sampled_from(("", "Desk", "Field")), st.sampled_from(("", "ann", "bob")), st.sampled_from(("", "net")), st.integers(0, 2),
    ), min_size=2, max_size=8,
)
DONE = ("resolved", "closed")


def history(steps: Sequence[tuple[str, str, str, str, str, int]], *, pause: int = 0) -> list[str]:
    rows: list[str] = []
    at = reopened = 0
    before = ""
    for number, (status, priority, team, agent, labels, later) in enumerate(steps, start=1):
        at += max(pause, later)
        reopened += before in DONE and status not in DONE
        rows.append(f"1,{1_700_000_000 + at},{status},{priority},{team},{agent},{reopened},{labels},{number}")
        before = status
    return rows


@settings(max_examples=60)
@given(STEPS, st.data())
def test_numbered_snapshots(steps: list[tuple[str, str, str, str, str, int]], data: st.DataObject) -> None:
    check_every_cut(MAPPING, history(steps), data)


@settings(max_examples=60)
@given(STEPS, st.data())
def test_snapshots_by_their_time(steps: list[tuple[str, str, str, str, str, int]], data: st.DataObject) -> None:
    check_every_cut(UNNUMBERED, history(steps, pause=1), data)


def check_every_cut(mapping: MappingSpec, rows: list[str], data: st.DataObject) -> None:
    place = data.draw(st.integers(1, len(rows) - 1))
    overlap = data.draw(st.integers(0, place))
    whole, _ = in_parts(mapping, SNAPSHOTS, rows)

    journal, summaries = in_parts(mapping, SNAPSHOTS, rows[:place], rows[place - overlap:], rows)

    assert sorted(payloads(journal)) == sorted(payloads(whole))
    assert (summaries[2].recorded, summaries[2].duplicates) == (0, whole.position)
    assert not any(summary.differing for summary in summaries)


@settings(max_examples=60)
@given(STEPS, st.data())
def test_snapshots_of_one_instant_end_as_the_file_has_them(steps: list[tuple[str, str, str, str, str, int]], data: st.DataObject) -> None:
    """What says no more than the time of rows, the file's order does, where it is kept."""
    rows = history([(*step[:5], 0) for step in steps])
    place = data.draw(st.integers(1, len(rows) - 1))
    mapping = UNNUMBERED.model_copy(update={"identical_rows": "keep"})
    whole, (journal, _) = in_parts(mapping, SNAPSHOTS, rows)[0], in_parts(mapping, SNAPSHOTS, rows[:place], rows[place:])

    assert states_of(journal) == states_of(whole)


ACTIVITIES = "Case ID;Activity;Resource;Complete Timestamp;Seriousness;Product"
LOG = [
    "1;Assign seriousness;Ann;2012/10/09 14:50:17.000;Low;Mail",
    "1;Take in charge ticket;Bob;2012/10/09 14:51:01.000;Low;Mail",
    "1;Take in charge ticket;Cid;2012/10/12 15:02:56.000;High;Mail",
    "1;Resolve ticket;Cid;2012/10/12 15:02:56.000;High;Mail",
    "1;Closed;Eve;2012/10/25 11:54:26.000;Low;Mail",
]


def test_an_activity_log_in_every_two_parts() -> None:
    mapping = load_mapping(EXAMPLES / "activity-log.yaml")
    whole, _ = in_parts(mapping, ACTIVITIES, LOG)

    for place in range(1, len(LOG)):
        journal, summaries = in_parts(mapping, ACTIVITIES, LOG[:place], LOG[place:], LOG)

        assert sorted(payloads(journal)) == sorted(payloads(whole))
        assert [summary.differing for summary in summaries] == [0, 0, 0]
        assert (summaries[2].recorded, summaries[2].duplicates) == (0, whole.position)


AUDIT = "key,changed,by,status,priority,team,assignee,labels,comments"
COMMENTED = [
    "1,1709280000000,ann,To Do,P2,,,net,0", "1,1709280060000,ann,In Progress,P2,Core,bob,net,1",
    "1,1709280120000,bob,Done,P1,Core,bob,,1", "1,1709280180000,cat,In Progress,P1,Field,,,3",
]


def test_what_a_rule_compares_needs_the_row_before_in_the_file() -> None:
    mapping = load_mapping(EXAMPLES / "audit-snapshots.yaml")
    whole, _ = in_parts(mapping, AUDIT, COMMENTED)

    overlapping, _ = in_parts(mapping, AUDIT, COMMENTED[:3], COMMENTED[2:])
    journal, summaries = in_parts(mapping, AUDIT, COMMENTED[:3], COMMENTED[3:])

    assert sorted(payloads(overlapping)) == sorted(payloads(whole))
    replies = [fact for facts in facts_of(journal).values() for fact in facts if isinstance(fact.fact, Replied)]
    assert len(replies) == 1
    assert [(count, "only in an earlier export" in note) for note, count in summaries[1].notes.items()] == [(1, True)]
