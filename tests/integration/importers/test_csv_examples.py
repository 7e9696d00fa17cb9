"""The mappings of docs/examples read what their comments show: in file order, shuffled, and with rows twice."""
from __future__ import annotations

import random
import re
from collections import Counter
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from opsledger.core.scorecards.outcomes import ticket_outcomes
from opsledger.core.tickets.facts import FeedbackReceived, InteractionEnded, Opened, Replied, Status
from opsledger.services.importers.csv_table import CsvReader
from opsledger.services.importers.mapping import load_mapping
from opsledger.services.importers.summary import Summary
from opsledger.services.journal.memory import MemoryJournal
from tests.kit.imports import facts_of, imported, payloads, states_of, table

EXAMPLES = Path(__file__).parents[3] / "docs" / "examples"

ACTIVITIES = table("Case ID;Activity;Resource;Complete Timestamp;Seriousness;Product", [
    "Case 1;Assign seriousness;Value 1;2012/10/09 14:50:17.000;Value 1;Value 3",
    "Case 1;Take in charge ticket;Value 2;2012/10/09 14:51:01.000;Value 1;Value 3",
    "Case 1;Take in charge ticket;Value 4;2012/10/12 15:02:56.000;Value 2;Value 3",
    "Case 1;Resolve ticket;Value 4;2012/10/12 15:02:56.000;Value 2;Value 3",
    "Case 1;Closed;Value 5;2012/10/25 11:54:26.000;Value 2;Value 3",
    "Case 2;Take in charge ticket;Value 1;2012/12/01 08:00:00.000;Value 1;Value 4",
    "Case 2;Wait;Value 1;2012/12/01 08:00:00.000;Value 1;Value 4",
])
CALLS = table("Call Id,Agent,Date,Time,Topic,Answered (Y/N),Resolved,Speed of answer in seconds,AvgTalkDuration,Satisfaction rating", [
    "ID0001,Diane,1/5/2021,3:04:11 PM,Contract related,Y,Y,109,0:02:23,3",
    "ID0002,Joe,1/5/2021,3:10:00 PM,Technical support,Y,N,5,0:00:30,",
    "ID0003,Joe,1/5/2021,3:20:00 PM,Technical support,N,N,,,",
])
TICKETS = table("ID,Created,First response,Resolved,Closed,Group,Agent,Priority,Type,Tags,Reopens,CSAT", [
    '1001,2024-03-01 09:00,2024-03-01 09:42,2024-03-04 11:00,2024-03-06 11:00,Desk,Ann,High,Incident,"vpn, laptop",0,Good',
    "1002,2024-03-01 09:05,2024-03-01 10:00,2024-03-05 12:00,-,Desk,Bob,Low,Question,,2,Offered",
    "1003,2024-03-01 09:10,N/A,N/A,N/A,Desk,-,Low,Question,,0,",
])
AUDIT = table("key,changed,by,status,priority,team,assignee,labels,comments", [
    'OPS-1,1709280000000,ann,To Do,P2,,,"net",0',
    "OPS-1,1709280060000,ann,In Progress,P2,Core,bob,net,1",
    "OPS-1,1709280120000,bob,Done,P1,Core,bob,,1",
    "OPS-1,1709280180000,cat,In Progress,P1,Field,,,3",
])

MESSAGES = table("Ticket,When,Who,Role,Action,Type,Severity,Impact", [
    "D-1,30.06.2025 17:58,lea,Customer,Message,Incident,S1,low",
    "D-1,30.06.2025 18:05,ANN,Agent,Take,Incident,S1,low",
    "D-1,30.06.2025 18:05,Ann,Agent,MAIL,Incident,S1,low",
    "D-1,01.07.2025 08:00,Bob,Agent,Take,Incident,S1,low",
    "D-1,01.07.2025 08:00,Bob,Agent,Solve,Incident,S1,low",
    "D-1,01.07.2025 08:00,lea,Customer,Message,Incident,S1,low",
    "D-1,01.07.2025 09:00,bob,Agent,Solve,Incident,S1,low",
    "D-2,01.07.2025 10:00,tim,Customer,Message,Request,,high",
    "D-2,01.07.2025 10:01,,Robot,Message,Request,,high",
])


def read(name: str, text: str, folder: Path, journal: MemoryJournal | None = None) -> tuple[MemoryJournal, Summary]:
    file, mapping = folder / "log.csv", EXAMPLES / f"{name}.yaml"
    file.write_text(text, encoding="utf-8")
    journal = journal or MemoryJournal()
    return journal, imported(file, CsvReader(load_mapping(mapping), str(mapping)), journal)


def test_what_a_spreadsheet_adds_is_no_row_and_no_cell(tmp_path: Path) -> None:
    header, *rows = TICKETS.splitlines()
    width = header.count(",")
    added = "\n".join([header, *(f"{row},," for row in rows), "," * width, f" {',' * width} ", ""])
    plain, summary = read("ticket-table", TICKETS, tmp_path)

    spread, summed = read("ticket-table", added, tmp_path)

    assert [event.payload for event in spread.read(0)] == [event.payload for event in plain.read(0)]
    assert summed == summary


def us(*moment: int) -> int:
    return (datetime(*moment, tzinfo=UTC) - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(microseconds=1)  # type: ignore[arg-type,misc]  # year to second


def test_an_activity_log(tmp_path: Path) -> None:
    states = states_of(read("activity-log", ACTIVITIES, tmp_path)[0])

    one, two = states["Case 1"], states["Case 2"]
    assert (one.status, one.agent, one.priority, one.category) == (Status.CLOSED, "Value 4", "Value 2", "Value 3")
    assert (one.opened_at_us, one.resolved_at_us) == (us(2012, 10, 9, 12, 50, 17), us(2012, 10, 12, 13, 2, 56))  # Rome, summer
    assert (two.status, two.source_status) == (Status.PENDING, "Wait")


def test_a_call_log(tmp_path: Path) -> None:
    journal, _ = read("call-log", CALLS, tmp_path)

    facts = {key.ticket_id: found for key, found in facts_of(journal).items()}
    ended = {
        ticket: (fact.fact, fact.occurred_at_us) for ticket, found in facts.items() for fact in found
        if isinstance(fact.fact, InteractionEnded)
    }
    assert ended["ID0001"][0].queue_wait_us == 109_000_000
    assert ended["ID0001"][0].talk_us == 143_000_000
    assert ended["ID0001"][1] == us(2021, 1, 5, 20, 8, 23)  # 15:04:11 in New York, 109 s of waiting, 143 s of talk
    assert [ended[ticket][0].answered for ticket in sorted(ended)] == [True, True, False]
    assert {ticket for ticket, found in facts.items() for fact in found if isinstance(fact.fact, FeedbackReceived)} == {"ID0001"}
    states = states_of(journal)
    assert [state.status for _, state in sorted(states.items())] == [Status.RESOLVED, Status.PENDING, Status.NEW]
    assert states["ID0003"].tags == ("abandoned",)
    kpis = Counter(outcome.kpi for found in facts.values() for outcome in ticket_outcomes(found, ()) if outcome.numerator)
    assert (kpis["tickets_resolved"], kpis["calls_answered"], kpis["first_contact_resolution"]) == (1, 2, 1)  # nobody resolved ID0003


def test_a_message_log(tmp_path: Path) -> None:
    journal, summary = read("message-log", MESSAGES, tmp_path)

    states = states_of(journal)
    one, two = states["D-1"], states["D-2"]
    assert (one.opened_at_us, one.resolved_at_us) == (us(2025, 6, 30, 15, 58), us(2025, 7, 1, 9))  # Berlin's time, then UTC
    assert (one.priority, one.agent, one.resolutions, one.reopenings) == ("S1", "bob", 2, 1)
    assert (one.public_replies, one.requester_replies, dict(one.attributes)) == (1, 2, {"handed_over": "yes"})
    assert (two.priority, two.status, two.reopenings) == ("S1", Status.RESOLVED, 0)
    assert (summary.remarks, summary.invalid) == ([], 0)


def test_every_example_has_the_row_that_its_comment_shows() -> None:
    texts = {"activity-log": ACTIVITIES, "call-log": CALLS, "ticket-table": TICKETS, "audit-snapshots": AUDIT, "message-log": MESSAGES}
    for name, text in texts.items():
        lines = (EXAMPLES / f"{name}.yaml").read_text("utf-8").splitlines()
        assert [line.removeprefix("#   ") for line in lines if line.startswith("#   ")] == text.splitlines()[:2]


def test_the_mappings_that_the_documentation_shows_can_be_loaded(tmp_path: Path) -> None:
    text = (EXAMPLES.parent / "importing.md").read_text("utf-8")
    shown = re.findall(r"```yaml\n(.*?)```", text, re.DOTALL)
    whole = 'ticket_id: "{Id}"\noccurred_at: "{At}"\n'
    for number, block in enumerate(shown):
        file = tmp_path / f"{number}.yaml"
        rules = "" if "rules:" in block or "snapshot:" in block else "rules: [{emit: opened}]\n"
        file.write_text(("" if "ticket_id" in block else whole + rules) + block)
        load_mapping(file)
    assert len(shown) >= 4


def test_a_table_of_tickets(tmp_path: Path) -> None:
    journal, _ = read("ticket-table", TICKETS, tmp_path)

    states = states_of(journal)
    assert [(state.status, state.reopenings, state.public_replies) for _, state in sorted(states.items())] == [
        (Status.CLOSED, 0, 1), (Status.RESOLVED, 1, 1), (Status.NEW, 0, 0),
    ]
    assert states["1001"].tags == ("laptop", "vpn")
    assert states["1003"].agent == ""
    scores = [fact.fact.score for found in facts_of(journal).values() for fact in found if isinstance(fact.fact, FeedbackReceived)]
    assert scores == [1.0]


def test_a_ticket_that_its_table_dates_backwards_ends_as_the_table_says(tmp_path: Path) -> None:
    """Resolved before it was answered, and answered before it was created: resolved, by its agent, and opened late."""
    journal, _ = read("ticket-table", table(TICKETS.splitlines()[0], [
        "7,2024-03-01 09:00,2024-03-01 08:42,2024-02-28 11:00,,Desk,Ann,High,Incident,vpn,0,Good",
    ]), tmp_path)

    state = states_of(journal)["7"]
    assert (state.status, state.reopenings, state.group, state.agent, state.priority) == (Status.RESOLVED, 0, "Desk", "Ann", "High")
    assert state.late_openings == 1


def test_an_audit_of_snapshots(tmp_path: Path) -> None:
    journal, _ = read("audit-snapshots", AUDIT, tmp_path)

    state = states_of(journal)["OPS-1"]
    assert (state.status, state.priority, state.group, state.agent, state.reopenings, state.transfers, state.public_replies) == (
        Status.OPEN, "P1", "Field", "", 1, 1, 2)
    assert dict(state.attributes) == {}
    facts = [fact.fact for fact in facts_of(journal)[("default", "tracker", "OPS-1")]]  # type: ignore[index]  # a tuple is as good
    assert [type(fact) for fact in facts].count(Opened) == 1
    assert [type(fact) for fact in facts].count(Replied) == 2


@pytest.mark.parametrize(
    ("name", "text"), [("activity-log", ACTIVITIES), ("call-log", CALLS), ("ticket-table", TICKETS), ("audit-snapshots", AUDIT)],
)
@pytest.mark.parametrize("seed", range(5))
def test_shuffled_and_with_rows_twice_the_journal_is_the_same(name: str, text: str, seed: int, tmp_path: Path) -> None:
    chance = random.Random(seed)
    header, *rows = text.splitlines()
    mixed = [*rows, *chance.sample(rows, 2)]
    chance.shuffle(mixed)

    expected, first = read(name, text, tmp_path)
    journal, summary = read(name, table(header, mixed), tmp_path)

    assert payloads(journal) == payloads(expected)
    assert summary.tickets == first.tickets
    assert read(name, text, tmp_path, journal)[1].recorded == 0
