"""``opsledger import`` as its users meet it: a process, files, exit codes, what is printed."""
from __future__ import annotations

import bz2
import gzip
import io
import json
import lzma
import subprocess
import sys
from pathlib import Path
from zipfile import ZipFile

import pytest
from google.protobuf.json_format import MessageToJson

from opsledger.core.tickets.facts import Actor, ActorKind, Assigned, Opened, TicketFact
from opsledger.proto.sla.v1.rules_pb2 import RulesPublished
from opsledger.services.journal.segment import SegmentJournal
from opsledger.services.tickets.codec import decode_bytes, encode
from tests.kit import command
from tests.kit.command import Ran

HEADER = "number,incident_state,sys_mod_count,opened_at,sys_updated_at,reopen_count,closed_at"
EXPORT = "\n".join((
    HEADER,
    "INC1,New,0,1/3/2016 09:00,1/3/2016 09:00,0,?", "INC1,Closed,1,1/3/2016 09:00,1/3/2016 10:00,0,1/3/2016 10:00",
    "INC2,New,0,1/3/2016 09:00,1/3/2016 09:00,0,2/3/2016 09:00",
)) + "\n"
MAPPING = 'ticket_id: "{id}"\noccurred_at: "{at}"\nrules: [{emit: {opened: {priority: "{prio}"}}}]\n'


def event(event_id: str, fact: object) -> str:
    message = encode(TicketFact("t", "p", "s", "1", event_id, 1_000_000, 0, Actor(ActorKind.SYSTEM), fact))  # type: ignore[arg-type]  # any fact
    return MessageToJson(message, indent=None)


CSV = ["csv", "--mapping", "{mapping}"]
EVENTS = "\n".join((event("a", Opened(attributes={"x": "1", "y": "2"})), "", event("b", Assigned(agent="Ann")))) + "\n"


@pytest.fixture
def journal(tmp_path: Path) -> Path:
    return tmp_path / "journal"


def run(journal: Path, *words: object) -> Ran:
    return command.run("import", *words, "--journal", journal, "--no-project")


def summary(done: Ran) -> dict[str, object]:
    assert done.code == 0, done.err
    return json.loads(done.out)  # type: ignore[no-any-return]  # an object


def recorded(journal: Path) -> int:
    opened = SegmentJournal.open(journal, read_only=True)
    try:
        return opened.position
    finally:
        opened.close()


def zipped(content: bytes) -> bytes:
    file = io.BytesIO()
    with ZipFile(file, "w") as archive:
        archive.mkdir("export")
        archive.writestr("export/events.jsonl", content)
        archive.writestr("__MACOSX/export/._events.jsonl", b"\0")
    return file.getvalue()


@pytest.mark.parametrize(
    "pack", [bytes, gzip.compress, lzma.compress, bz2.compress, zipped, lambda content: gzip.compress(zipped(content))]
)
def test_events_are_recorded_once_plain_or_compressed(pack: object, journal: Path, tmp_path: Path) -> None:
    file = tmp_path / "events"
    file.write_bytes(pack(EVENTS.encode()))  # type: ignore[operator]  # bytes to bytes

    first, again = summary(run(journal, "events", file, "--json")), summary(run(journal, "events", file, "--json"))

    assert (first["rows"], first["tickets"], first["recorded"], first["duplicates"]) == (2, 1, 2, 0)
    assert (again["recorded"], again["duplicates"]) == (0, 2)
    assert recorded(journal) == 2


def test_an_event_that_comes_again_with_other_content_is_named_and_ends_with_1(journal: Path, tmp_path: Path) -> None:
    file = tmp_path / "events"
    for priority in ("P2", "P1"):
        file.write_text(event("a", Opened(priority=priority)) + "\n")
        done = run(journal, "events", file)

    assert done.code == 1
    assert "1  of these with other content: what was recorded first stands" in done.out
    assert "ticket 1, event a: opened is recorded with other content" in done.err
    assert json.loads(run(journal, "events", file, "--json").out)["differing"] == 1


def test_events_come_from_standard_input_too(journal: Path) -> None:
    words = [sys.executable, "-m", "opsledger.services.cli.main", "import", "events", "-", "--journal", str(journal), "--no-project"]

    subprocess.run(words, input=EVENTS.encode(), check=True, capture_output=True, timeout=60)

    assert recorded(journal) == 2


def test_an_export_that_is_cut_off_says_so_and_leaves_its_last_incident_out(journal: Path, tmp_path: Path) -> None:
    file = tmp_path / "export.csv"
    file.write_text(EXPORT)

    cut = run(journal, "servicenow", file, "--dry-run")
    kept = summary(run(journal, "servicenow", file, "--dry-run", "--keep-last", "--json"))

    assert "INC2, the last incident, was left out" in cut.err
    assert "recorded: this was a dry run" in cut.out
    assert kept["tickets"] == 2
    assert not journal.exists()


@pytest.mark.parametrize(
    ("words", "text", "complaint"),
    [
        (["events"], EVENTS + "{]\n", "{file}: line 4: "),
        (["events"], EVENTS + '{"eventId": "c"}\n', "{file}: line 4: fact: must carry one fact"),
        (["events"], EVENTS.replace('"eventId": "b"', '"eventId": ""'), "{file}: line 3: event_id: must not be empty"),
        (["events"], EVENTS.replace('"eventId": "b"', '"eventID": "b"'), "{file}: line 3: "),
        (["servicenow"], EXPORT.replace("1/3/2016 10:00,0", "then,0"), "{file}: line 3: sys_updated_at: 'then' is not a time"),
        (["servicenow"], EXPORT.replace("Closed", "Asleep"), "{file}: line 3: incident_state: 'Asleep' is not one of"),
        (["servicenow"], EXPORT + "INC3,New\n", "{file}: line 5: has 2 cells where there are 7 columns"),
        (["servicenow"], "a,b\n1,2\n", "{file}: header: has no column number, incident_state, sys_mod_count"),
        (["servicenow"], "", "{file}: line 1: must name the columns"),
        (["servicenow", "--time-zone", "Mars/Base"], EXPORT, "--time-zone: 'Mars/Base' is not an IANA time zone"),
        (["servicenow", "--tenant", "x" * 300], EXPORT, "{file}: line 2: tenant: '" + "x" * 60 + "…' must be at most 200 bytes"),
        (CSV, "id,at,prio\n1,2024-01-01,x\n2,soon,y\n", "{file}: line 3: occurred_at: 'soon' is not a time"),
        (CSV, 'id,at,prio\n1,2024-01-01,"a\nb"\n,2024-01-01,x\n', "{file}: line 4: ticket_id: {{id}} is empty"),
        (CSV, "id,at\n1,2024-01-01\n", "{mapping}: rules[0].emit[0].opened.priority: there is no column 'prio'"),
        (CSV, 'id,at,prio\n1,2024-01-01,"a\n2,2024-01-01,b\n', "{file}: after line 1: is not a table: unexpected end of data"),
        (["csv", "--mapping", "/nowhere.yaml"], "id,at\n", "/nowhere.yaml: No such file"),
    ],
)
def test_wrong_input_is_named_and_nothing_is_recorded(words: list[str], text: str, complaint: str, journal: Path, tmp_path: Path) -> None:
    file, mapping = tmp_path / "input", tmp_path / "mapping.yaml"
    file.write_text(text)
    mapping.write_text(MAPPING)

    done = run(journal, *(word.format(mapping=mapping) for word in words), file)

    assert done.code == 2
    assert f"error: {complaint.format(file=file, mapping=mapping)}" in done.err
    assert not journal.exists()


def test_invalid_rows_can_be_left_out(journal: Path, tmp_path: Path) -> None:
    file = tmp_path / "input"
    file.write_text(EVENTS + "{]\n")

    done = run(journal, "events", file, "--skip-invalid")

    assert done.code == 0
    assert f"left out: {file}: line 4" in done.err
    assert recorded(journal) == 2


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (lzma.compress(EVENTS.encode())[:-20], "after line 3: cannot be read on"),
        (gzip.compress(EVENTS.encode() * 3_000)[:-200], "cannot be read on"),
        (b"\xff\xfe{}", "begins with the byte order mark of utf-16"),
        (EVENTS.encode() + b"caf\xe9 noir\n", "byte 0xe9 of b'caf\\xe9 noir'. It would be 'café noir' in cp1252 (western Windows)"),
        (b"PK\x03\x04 and no more", "is a damaged zip file or workbook"),
    ],
)
def test_a_damaged_file_is_named(content: bytes, words: str, journal: Path, tmp_path: Path) -> None:
    file = tmp_path / "events.jsonl.xz"
    file.write_bytes(content)

    done = run(journal, "events", file)

    assert done.code == 2
    assert f"error: {file}: " in done.err
    assert words in done.err
    assert not journal.exists()


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "cp1252", "utf-16-le", "utf-32", "gb18030"])
def test_tables_come_in_many_encodings(encoding: str, journal: Path, tmp_path: Path) -> None:
    file, mapping = tmp_path / "input", tmp_path / "mapping.yaml"
    file.write_bytes('id;at;prio\r\n1;2024-01-01;höher\r\n2;2024-01-02;"a;b"\r\n'.encode(encoding))
    told = "" if encoding.startswith("utf-8") else f", encoding: {encoding}"
    mapping.write_text(f'{MAPPING}format: {{delimiter: ";"{told}}}\n')

    assert summary(run(journal, "csv", file, "--mapping", mapping, "--json"))["recorded"] == 2

    with SegmentJournal.open(journal, read_only=True) as opened:
        facts = [decode_bytes(event.payload).fact for event in opened.read()]
    assert [fact.priority for fact in facts if isinstance(fact, Opened)] == ["höher", "a;b"]


RULES = "time_zone: UTC\npolicies: [{name: all, calendar: always, reopen: resume, targets: {resolution: 1h}}]\n"


def test_rules_are_published_for_the_program_of_the_events(journal: Path, tmp_path: Path) -> None:
    file, rules = tmp_path / "events", tmp_path / "rules.yaml"
    file.write_text(EVENTS)
    rules.write_text(RULES)

    assert summary(run(journal, "events", file, "--rules", rules, "--json"))["recorded"] == 2

    with SegmentJournal.open(journal, read_only=True) as opened:
        [first, *_] = opened.read()
    published = RulesPublished.FromString(first.payload)
    assert (first.type, published.tenant, published.program) == ("sla.v1.rules_published", "t", "p")


@pytest.mark.parametrize("dry_run", [[], ["--dry-run"]])
@pytest.mark.parametrize(
    ("text", "words"),
    [
        (EVENTS.replace('"program": "p"', '"program": "q"', 1), "because the events are of several: p, q"),
        ("", "because there are no events"),
    ],
)
def test_rules_must_say_whose_they_are_where_the_events_do_not(
    text: str, words: str, dry_run: list[str], journal: Path, tmp_path: Path
) -> None:
    file, rules = tmp_path / "events", tmp_path / "rules.yaml"
    file.write_text(text)
    rules.write_text(RULES)

    done = run(journal, "events", file, "--rules", rules, *dry_run)

    assert done.code == 2
    assert f"error: {rules}: program: must be given, {words}" in done.err
    assert not journal.exists()


def test_machines_are_told_of_a_refusal_too(journal: Path, tmp_path: Path) -> None:
    file, mapping = tmp_path / "input", tmp_path / "mapping.yaml"
    file.write_text("id,at,prio\n1,soon,x\n2,soon,y\n3,2026-01-05,z\n")
    mapping.write_text(MAPPING)

    rows = run(journal, "csv", file, "--mapping", mapping, "--json")
    command_line = run(journal, "csv", file, "--mapping", tmp_path / "nowhere.yaml", "--json")

    assert (rows.code, command_line.code) == (2, 2)
    told = json.loads(rows.out)
    assert (told["refused"], told["recorded"], told["invalid"]) == (True, 0, 2)
    assert [(problem["field"], problem["reason"]) for problem in told["problems"]] == [(f"{file}: line 2: occurred_at", "INVALID")]
    assert json.loads(command_line.out)["problems"][0]["reason"] == "UNREADABLE"
    assert json.loads(run(journal, "csv", file, "--mapping", mapping, "--json", "--skip-invalid").out)["refused"] is False


def test_a_dry_run_shows_the_facts_of_a_ticket(journal: Path, tmp_path: Path) -> None:
    file, mapping = tmp_path / "input", tmp_path / "mapping.yaml"
    file.write_text("id,at,prio\n2,2026-01-05 10:00,low\n1,2026-01-05 09:00,high\n2,2026-01-05 09:30,\n")
    mapping.write_text(MAPPING)

    shown = run(journal, "csv", file, "--mapping", mapping, "--dry-run", "--ticket", "2")
    told = summary(run(journal, "csv", file, "--mapping", mapping, "--dry-run", "--ticket", "2", "--json"))

    lines = [line.split() for line in shown.out.splitlines()]
    assert lines[1:3] == [
        ["4", "2026-01-05", "09:30:00", "system", "opened"], ["2", "2026-01-05", "10:00:00", "system", "opened", "priority:", "low"],
    ]
    assert [(fact["line"], fact["event"]["ticket_id"]) for fact in told["facts"]] == [(4, "2"), (2, "2")]  # type: ignore[attr-defined]  # a list
    assert "note: no row says anything of a ticket '9'" in run(journal, "csv", file, "--mapping", mapping, "--dry-run", "--ticket", "9").err
    assert run(journal, "csv", file, "--mapping", mapping, "--ticket", "2").code == 2
    assert not journal.exists()


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ('[{"eventId": "1"}]', "the file is a JSON array; one event belongs on each line: jq -c '.[]'"),
        ('{\n"eventId": "1"\n}', "the event goes on over several lines"),
        ("id,at\n1,2\n", "is no JSON object; a table is read by `opsledger import csv`"),
    ],
)
def test_other_json_than_lines_says_what_it_is(text: str, words: str, journal: Path, tmp_path: Path) -> None:
    file = tmp_path / "input"
    file.write_text(text)

    done = run(journal, "events", file)

    assert (done.code, len(done.err.splitlines())) == (2, 1)
    assert f"{file}: line 1: {words}" in done.err
