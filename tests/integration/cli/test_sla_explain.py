"""``opsledger sla explain`` as a user runs it."""
from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.kit.command import run

EXAMPLE = Path(__file__).parents[3] / "docs" / "examples" / "explain.yaml"
RULES = """
time_zone: America/New_York
policies: [{name: all, calendar: always, reopen: resume, targets: {resolution: 2h}}]
"""


def explained(*arguments: object, stdin: str = "") -> list[dict[str, Any]]:
    ran = run("sla", "explain", *arguments, "--json", stdin=stdin)
    assert (ran.code, ran.err) == (0, "")
    tickets: list[dict[str, Any]] = json.loads(ran.out)["tickets"]
    return tickets


def clock_of(ticket: dict[str, Any], metric: str) -> dict[str, Any]:
    (clock,) = (clock for clock in ticket["clocks"] if clock["metric"] == metric)
    assert isinstance(clock, dict)
    return clock


def test_the_example_gives_the_figures_of_the_documentation() -> None:
    (ticket,) = explained(EXAMPLE)
    clock = clock_of(ticket, "resolution")
    assert (clock["policy"], clock["cycle"], clock["state"], clock["target_s"]) == ("standard", 1, "met", 7200)
    assert (clock["started"], clock["due"]) == ("2014-04-10T15:00:00+02:00", "2014-04-11T10:00:01+02:00")
    assert (clock["fulfilled"], clock["breached"]) == ("2014-04-11T09:55:00+02:00", None)
    assert (clock["elapsed_s"], clock["paused_s"]) == (7199, 3601)
    assert [(segment["state"], segment["span_s"]) for segment in clock["segments"]] == [
        ("running", 1800), ("paused", 3601), ("running", 5399), ("outside_hours", 57_300),
    ]
    assert clock["segments"][1]["cause"]["text"] == "status changed to on_hold by agent anna"
    assert clock["ended_by"]["actor"] == {"kind": "agent", "id": "bert"}
    assert {"step": "warn", "at": "2014-04-10T17:30:01+02:00", "at_us": 1397143801000000} in clock["steps"]
    assert clock["due_us"] == 1397203201000000


def test_a_conversation() -> None:
    """Counted by hand: Mon-Wed 9-17 in New York. The promise (Wed 12:00) governs the first resolution, not the one reopened after it."""
    (ticket,) = explained(EXAMPLE.with_name("conversation.yaml"))
    assert [
        (f"{clock['metric']} {clock['cycle']}", clock["state"], clock["elapsed_s"] / 60, clock["paused_s"] / 60, clock["due"][5:16])
        for clock in ticket["clocks"]
    ] == [
        ("first_reply 1", "met", 40, 0, "03-03T09:30"),
        ("next_reply 1", "breached", 90, 0, "03-03T12:00"),
        ("periodic_update 1", "met", 200, 0, "03-04T09:10"),
        ("periodic_update 2", "met", 440, 0, "03-04T12:30"),
        ("periodic_update 3", "running", 0, 0, "03-09T15:00"),
        ("resolution 1", "met", 40 + 360 + 170, 110, "03-04T12:00"),
        ("resolution 2", "running", 0, 0, "03-09T11:00"),
    ]


def test_segments_sum_to_the_clock() -> None:
    for ticket in explained(EXAMPLE):
        for clock in ticket["clocks"]:
            for name in ("elapsed_us", "paused_us"):
                assert sum(segment[name] for segment in clock["segments"]) == clock[name]


def test_without_events_there_is_nothing_to_explain() -> None:
    assert explained("-", stdin=RULES + "events: []") == []


def test_it_is_drawn_in_the_terminal() -> None:
    ran = run("sla", "explain", EXAMPLE)
    assert ran.code == 0
    assert "Ticket INC0010001 of servicenow, 5 facts; times in Europe/Berlin" in ran.out
    assert "breached at Thu 2014-04-10 17:00:01" in ran.out
    assert all(cell in ran.out for cell in "█▒·")


@pytest.mark.parametrize("columns", [60, 80, 120])
def test_the_drawing_loses_nothing_on_a_narrow_terminal(columns: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", str(columns))
    lines = run("sla", "explain", EXAMPLE).out.splitlines()
    at = [n for n, line in enumerate(lines) if line.startswith("from ")][1]
    last = lines[at].index("since")
    end = next(n for n in range(at, len(lines)) if lines[n].startswith("ended with"))
    shown = "".join("".join(line[last:] for line in lines[at + 1:end]).split())
    assert shown == "".join((
        "openedasnewbyrequesterr-77", "statuschangedtoon_holdbyagentanna", "statuschangedtoopenbysystem", "statuschangedtoopenbysystem",
    ))


def test_from_standard_input_with_what_is_left_out() -> None:
    document = RULES + """
events:
  - {ticket_id: A, occurred_at: 2026-03-02 09:00, opened: {}}
  - {ticketId: B, occurredAt: "2026-03-02T14:00:00Z", opened: {priority: 1, tags: [vip]}}
  - {ticket_id: A, occurred_at: 2026-03-02 10:00, statusChanged: {status: TICKET_STATUS_CLOSED}, actor: {kind: KIND_AGENT}}
"""
    first, second = explained("-", stdin=document)
    assert [(ticket["ticket_id"], ticket["source"], ticket["facts"]) for ticket in (first, second)] == [("A", "file", 2), ("B", "file", 1)]
    assert clock_of(first, "resolution")["fulfilled"] == "2026-03-02T10:00:00-05:00"
    assert clock_of(second, "resolution")["started"] == "2026-03-02T09:00:00-05:00"
    assert clock_of(second, "resolution")["priority"] == "1"


def test_now_measures_what_is_open() -> None:
    document = RULES + "events: [{occurred_at: 2026-03-02 09:00, opened: {}}]"
    open_clock = clock_of(explained("-", stdin=document)[0], "resolution")
    late_clock = clock_of(explained("-", "--now", "2026-03-02T12:00", stdin=document)[0], "resolution")
    assert (open_clock["elapsed_s"], open_clock["breached"]) == (0, None)
    assert (late_clock["elapsed_s"], late_clock["breached"], late_clock["state"]) == (10_800, "2026-03-02T11:00:00-05:00", "running")


def test_rules_and_events_in_two_files_give_the_same(tmp_path: Path) -> None:
    document = yaml.safe_load(EXAMPLE.read_text())
    events = document.pop("events")
    (tmp_path / "rules.yaml").write_text(yaml.safe_dump({key: document[key] for key in document if key not in ("source", "ticket_id")}))
    lines = [{"source": "servicenow", "ticket_id": "INC0010001", **event, "occurred_at": str(event["occurred_at"])} for event in events]
    (tmp_path / "events.jsonl").write_text("\n".join(map(json.dumps, lines)) + "\n\n")
    assert explained("--rules", tmp_path / "rules.yaml", "--events", tmp_path / "events.jsonl") == explained(EXAMPLE)


def test_a_calendar_may_be_a_file_beside_the_rules(tmp_path: Path) -> None:
    document = yaml.safe_load(EXAMPLE.read_text())
    (tmp_path / "desk.yaml").write_text(yaml.safe_dump(document["calendars"]["desk"]))
    (tmp_path / "case.yaml").write_text(yaml.safe_dump({**document, "calendars": {"desk": "desk.yaml"}}))
    assert explained(tmp_path / "case.yaml") == explained(EXAMPLE)
    (tmp_path / "desk.yaml").unlink()
    ran = run("sla", "explain", tmp_path / "case.yaml")
    assert (ran.code, "desk.yaml" in ran.err) == (2, True)


def test_shuffled_and_repeated_events_change_nothing(tmp_path: Path) -> None:
    document = yaml.safe_load(EXAMPLE.read_text())
    for number, event in enumerate(document["events"]):
        event["event_id"] = f"e{number}"
    plain, shuffled = tmp_path / "plain.yaml", tmp_path / "shuffled.yaml"
    plain.write_text(yaml.safe_dump(document))
    document["events"] = [*reversed(document["events"]), *document["events"]]
    shuffled.write_text(yaml.safe_dump(document))
    assert explained(shuffled) == explained(plain)


@pytest.mark.parametrize(("document", "field", "hint"), [
    ("policies: [", "standard input, line", "expected"),
    ("[]", "standard input", "time_zone"),
    ("time_zone: UTC\nevents: []", "standard input: policies", "must be set"),
    (RULES, "standard input: events", "list"),
    (RULES + "events: [{opened: {}}]", "standard input: events[0].occurred_at", "must be set"),
    (RULES + "events: [{occurred_at: tomorrow, opened: {}}]", "standard input: events[0].occurred_at", "tomorrow"),
    (RULES + "events: [{occurred_at: 2026-03-02 09:00}]", "standard input: events[0].fact", "one fact"),
    (RULES + "events: [opened]", "standard input: events[0]", "mapping"),
    (RULES + "events: [{occurred_at: 2026-03-02 09:00, opend: {}}]", "standard input: events[0].opend", "did you mean opened?"),
    (RULES + "events: [{occurred_at: 2026-03-02 09:00, opened: {prio: 1}}]", "standard input: events[0].opened.prio", "priority"),
    (RULES + "events: [{occurred_at: 2026-03-02 09:00, opened: {priority: [1]}}]", "standard input: events[0]", "priority"),
    (RULES + "events: [{occurred_at: 2026-03-02 09:00, status_changed: {status: waiting}}]",
     "standard input: events[0].status_changed.status", "on_hold"),
    (RULES + "events: [{occurred_at: 2026-03-02 09:00, due_set: {metric: speed}}]",
     "standard input: events[0].due_set.metric", "resolution"),
    (RULES + "events: [{occurred_at: 2026-03-02 09:00, opened: {}, reopened: {}}]", "standard input: events[0]", "oneof"),
    (RULES.replace("2h", "soon") + "events: []", "standard input: policies[0].targets.resolution", "soon"),
])
def test_what_is_wrong_is_named(document: str, field: str, hint: str) -> None:
    ran = run("sla", "explain", "-", stdin=document)
    assert (ran.code, ran.out) == (2, "")
    assert ran.err.startswith(f"error: {field}")
    assert hint in ran.err


def test_a_wrong_line_is_named(tmp_path: Path) -> None:
    rules, events = tmp_path / "rules.yaml", tmp_path / "events.jsonl"
    rules.write_text(RULES)
    events.write_text('{"occurred_at": "2026-03-02T09:00", "opened": {}}\n{"occurred_at": 5}\n')
    ran = run("sla", "explain", "--rules", rules, "--events", events)
    assert (ran.code, ran.err.startswith(f"error: {events}: line 2: occurred_at: ")) == (2, True)


@pytest.mark.parametrize("arguments", [[], ["--rules", "r.yaml"], ["--events", "e.jsonl"], [str(EXAMPLE), "--rules", "r.yaml"]])
def test_which_files_are_needed(arguments: list[str]) -> None:
    ran = run("sla", "explain", *arguments)
    assert ran.code == 2
    assert "give FILE, or both --rules and --events" in " ".join(ran.err.replace("│", " ").split())


def test_a_file_that_is_not_there(tmp_path: Path) -> None:
    ran = run("sla", "explain", tmp_path / "no.yaml")
    assert (ran.code, "no.yaml" in ran.err) == (2, True)


def test_a_wrong_now() -> None:
    ran = run("sla", "explain", EXAMPLE, "--now", "later")
    assert (ran.code, ran.err.startswith("error: --now: ")) == (2, True)


KEPT = """
time_zone: UTC
policies:
  - {name: critical, when: {priority: P1}, calendar: always, reopen: resume, keep_breach: true, targets: {resolution: 4h}}
ticket_id: "1"
source: desk
events:
  - {occurred_at: 2014-04-07T09:00:00, actor: {kind: agent, id: anna}, opened: {priority: P1, agent: anna}}
  - {occurred_at: 2014-04-07T14:00:00, actor: {kind: agent, id: anna}, priority_changed: {priority: P4}}
"""


def test_a_breach_that_is_kept_says_so() -> None:
    (ticket,) = explained("-", stdin=KEPT)
    clock = clock_of(ticket, "resolution")
    assert (clock["state"], clock["fulfilled"], clock["agent"]) == ("breached", None, "anna")
    assert (clock["breached"], clock["cancelled"]) == ("2014-04-07T13:00:00+00:00", "2014-04-07T14:00:00+00:00")
    said = " ".join(run("sla", "explain", "-", stdin=KEPT).out.split())
    assert "nothing is promised any more, but policy critical keeps the breach of before (keep_breach)" in said
