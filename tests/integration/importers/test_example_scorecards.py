"""Every mapping of docs/examples against a scorecard that was computed by hand from the rows."""
from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from pathlib import Path

from opsledger.core.scorecards.outcomes import ticket_outcomes
from opsledger.core.tickets.facts import TicketFact
from opsledger.services.cli.explain_input import read_case
from opsledger.services.importers.csv_table import CsvReader
from opsledger.services.importers.mapping import load_mapping
from opsledger.services.journal.memory import MemoryJournal
from tests.integration.importers.test_csv_examples import EXAMPLES
from tests.kit.imports import facts_of, imported, table

MINUTE_S, DAY_S = 60, 86_400


class Scorecard(dict[str, tuple[float, float]]):
    """(sum of numerators, sum of denominators) of a KPI over all tickets; (0, 0) of one that has no cases."""

    def __missing__(self, kpi: str) -> tuple[float, float]:
        return (0, 0)


def scorecard(*tickets: Sequence[TicketFact]) -> Scorecard:
    sums: dict[str, list[float]] = defaultdict(lambda: [0, 0])
    for facts in tickets:
        for row in ticket_outcomes(facts, ()):
            sums[row.kpi][0] += row.numerator if row.value is None else row.value
            sums[row.kpi][1] += row.denominator
    return Scorecard({kpi: (round(one, 6), round(other, 6)) for kpi, (one, other) in sums.items()})


def of_example(name: str, text: str, folder: Path) -> Scorecard:
    journal, file, mapping = MemoryJournal(), folder / "log.csv", EXAMPLES / f"{name}.yaml"
    file.write_text(text, encoding="utf-8")
    imported(file, CsvReader(load_mapping(mapping), str(mapping)), journal)
    return scorecard(*facts_of(journal).values())


TICKETS = "ID,Created,First response,Resolved,Closed,Group,Agent,Priority,Type,Tags,Reopens,CSAT"


def test_ticket_table(tmp_path: Path) -> None:
    found = of_example("ticket-table", table(TICKETS, [
        "1,2024-03-01 09:00,2024-03-01 09:42,2024-03-04 11:00,2024-03-06 11:00,Desk,Ann,High,Incident,vpn,0,Good",
        "2,2024-03-01 09:05,2024-03-01 10:00,2024-03-05 12:05,-,Desk,Bob,Low,Question,,2,Bad",
        "3,2024-03-01 09:10,N/A,N/A,N/A,Desk,-,Low,Question,,0,",
    ]), tmp_path)

    # 1 and 2 were resolved, once each as far as the table knows; 2 was reopened. 3 is open.
    assert found["tickets_resolved"][0] == 2
    assert found["reopen_rate"] == (1, 2)
    assert found["resolution_rate"] == (2, 3)
    # somebody took up 1 and 2; 2 needed more than that one contact
    assert found["first_contact_resolution"] == (1, 2)
    # 1: 3 days 2 h; 2: 4 days 3 h
    assert found["resolution_time"] == (7 * DAY_S + 5 * 60 * MINUTE_S, 2)
    assert found["first_reply_time"] == (42 * MINUTE_S + 55 * MINUTE_S, 2)
    assert found["csat"] == (1, 2)


def test_one_reopened_ticket_of_a_ticket_table(tmp_path: Path) -> None:
    for closed in ("", "2024-03-06 11:00"):
        found = of_example("ticket-table", table(TICKETS, [
            f"2,2024-03-01 09:05,2024-03-01 10:00,2024-03-05 12:05,{closed},Desk,Bob,Low,Question,,1,",
        ]), tmp_path)

        assert (found["reopen_rate"], found["first_contact_resolution"], found["tickets_resolved"][0]) == ((1, 1), (0, 1), 1)


def test_call_log(tmp_path: Path) -> None:
    header = "Call Id,Agent,Date,Time,Topic,Answered (Y/N),Resolved,Speed of answer in seconds,AvgTalkDuration,Satisfaction rating"
    found = of_example("call-log", table(header, [
        "ID0001,Diane,1/5/2021,3:04:11 PM,Contract related,Y,Y,109,0:02:23,3",
        "ID0002,Joe,1/5/2021,3:10:00 PM,Technical support,Y,N,5,0:00:30,",
        "ID0003,Joe,1/5/2021,3:20:00 PM,Technical support,N,N,,,",
    ]), tmp_path)

    # two calls were answered, one of them resolved; the third was abandoned and is no resolution
    assert found["contacts_handled"][0] == 2
    assert found["tickets_resolved"][0] == 1
    assert found["resolution_rate"] == (1, 3)
    assert found["first_contact_resolution"] == (1, 2)
    assert found["handle_time"] == (143 + 30, 2)
    assert found["reopen_rate"] == (0, 1)


def test_activity_log(tmp_path: Path) -> None:
    found = of_example("activity-log", table("Case ID;Activity;Resource;Complete Timestamp;Seriousness;Product", [
        "1;Assign seriousness;Ann;2012/10/09 14:50:00.000;High;Mail",
        "1;Take in charge ticket;Bob;2012/10/09 14:51:00.000;High;Mail",
        "1;Resolve ticket;Bob;2012/10/10 14:50:00.000;High;Mail",
        "1;Wait;Bob;2012/10/11 14:50:00.000;High;Mail",
        "1;Resolve ticket;Bob;2012/10/12 14:50:00.000;High;Mail",
        "1;Closed;Ann;2012/10/25 11:54:00.000;High;Mail",
        "2;Take in charge ticket;Cid;2012/12/01 08:00:00.000;Low;Mail",
        "2;Wait;Cid;2012/12/01 08:00:00.000;Low;Mail",
    ]), tmp_path)

    # 1 was resolved on the 10th, taken up again on the 11th, and resolved on the 12th, three days after it began; 2 waits
    assert found["reopen_rate"] == (1, 2)
    assert found["tickets_resolved"][0] == 1
    assert found["resolution_rate"] == (1, 2)
    assert found["resolution_time"] == (3 * DAY_S, 1)


def test_audit_snapshots(tmp_path: Path) -> None:
    found = of_example("audit-snapshots", table("key,changed,by,status,priority,team,assignee,labels,comments", [
        "1,1709280000000,ann,To Do,P2,,,net,0",
        "1,1709280060000,bob,In Progress,P2,Core,bob,net,1",
        "1,1709280120000,bob,Done,P1,Core,bob,net,1",
        "2,1709280000000,ann,To Do,P2,Core,,net,0",
        "2,1709280300000,cat,Done,P2,Field,cat,net,0",
        "2,1709280600000,ann,In Progress,P2,Field,cat,net,0",
    ]), tmp_path)

    # 1: answered after a minute, resolved after two. 2: moved from Core to Field, resolved and opened again
    assert found["first_reply_time"] == (MINUTE_S, 1)
    assert found["resolution_time"] == (2 * MINUTE_S, 1)
    assert found["reopen_rate"] == (1, 2)
    assert found["resolution_rate"] == (1, 2)
    assert found["first_contact_resolution"] == (1, 1)
    assert found["transfer_rate"] == (0, 1)


def test_conversation() -> None:
    found = scorecard(*read_case(EXAMPLES / "conversation.yaml").tickets.values())

    # opened on the 2nd at 16:30, first answered on the 3rd at 09:10; resolved on the 4th at 11:50 and reopened at 15:00
    assert found["first_reply_time"] == (16 * 3600 + 40 * MINUTE_S, 1)
    assert found["reopen_rate"] == (1, 1)
    assert found["resolution_rate"] == (0, 1)
    assert found["first_contact_resolution"] == (0, 1)
    assert found["tickets_resolved"] == (0, 0)
