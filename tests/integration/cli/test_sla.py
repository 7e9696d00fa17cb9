"""``opsledger sla elapsed`` and ``opsledger sla due``."""
from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.kit.command import run

OFFICE = """
time_zone: Europe/Berlin
hours: {mon: ["09:00-17:00"], tue: ["09:00-17:00"], wed: ["09:00-17:00"], thu: ["09:00-17:00"], fri: ["09:00-17:00"]}
"""


@pytest.fixture
def office(tmp_path: Path) -> Path:
    path = tmp_path / "office.yaml"
    path.write_text(OFFICE)
    return path


@pytest.mark.parametrize(("start", "end", "printed"), [
    ("2026-01-05T09:00", "2026-01-06T10:00", "32400"),
    ("2026-01-06T10:00", "2026-01-05T09:00", "-32400"),
    ("2026-01-05 08:00:00Z", "2026-01-05T10:00:00.25+01:00", "3600.25"),
    ("2026-01-05T10:00:00.000001", "2026-01-05T10:00", "-0.000001"),
    ("2026-01-10", "2026-01-11", "0"),
])
def test_elapsed(office: Path, start: str, end: str, printed: str) -> None:
    assert run("sla", "elapsed", "--calendar", office, "--from", start, "--to", end) == (0, printed + "\n", "")


@pytest.mark.parametrize(("target", "printed"), [
    ("1h30m", "2026-01-09T17:30:00+01:00"), ("90m", "2026-01-09T17:30:00+01:00"), ("PT1H30M", "2026-01-09T17:30:00+01:00"),
    ("5400", "2026-01-09T17:30:00+01:00"), ("5400.5", "2026-01-09T17:30:00.500000+01:00"), ("0", "2026-01-09T16:00:00+01:00"),
    ("2h", "2026-01-09T18:00:00+01:00"), ("1d", "2026-01-14T16:00:00+01:00"), ("P1D", "2026-01-14T16:00:00+01:00"),
    ("-1h", "2026-01-09T15:00:00+01:00"), ("-PT9H", "2026-01-08T15:00:00+01:00"),
])
def test_due(tmp_path: Path, target: str, printed: str) -> None:
    late = tmp_path / "late.yaml"
    late.write_text(OFFICE.replace("09:00-17:00", "10:00-18:00"))
    assert run("sla", "due", "--calendar", late, "--from", "2026-01-09T16:00", "--target", target) == (0, printed + "\n", "")


def test_due_crosses_the_weekend(office: Path) -> None:
    ran = run("sla", "due", "--calendar", office, "--from", "2026-01-09T16:30", "--target", "1h")
    assert ran == (0, "2026-01-12T09:30:00+01:00\n", "")


def test_lines_come_back_with_elapsed(office: Path) -> None:
    lines = """
        {"id": 7, "from": "2026-01-05T09:00", "to": "2026-01-05T10:00", "note": "ä"}

        {"to": "2026-01-05T09:00", "from": "2026-01-05T09:00:00.5"}"""
    ran = run("sla", "elapsed", "--calendar", office, "--input", "-", stdin=lines)
    assert (ran.code, ran.err) == (0, "")
    assert [json.loads(line) for line in ran.out.splitlines()] == [
        {"id": 7, "from": "2026-01-05T09:00", "to": "2026-01-05T10:00", "note": "ä", "elapsed_s": 3600},
        {"to": "2026-01-05T09:00", "from": "2026-01-05T09:00:00.5", "elapsed_s": -0.5},
    ]
    assert list(json.loads(ran.out.splitlines()[1])) == ["to", "from", "elapsed_s"]


def test_lines_come_back_with_due(office: Path, tmp_path: Path) -> None:
    lines = tmp_path / "lines.jsonl"
    lines.write_text('{"from": "2026-01-09T16:30", "target_s": 3600}\n{"from": "2026-01-09T16:30", "target_s": -0.5}\n')
    ran = run("sla", "due", "--calendar", office, "--input", lines)
    assert [json.loads(line)["due"] for line in ran.out.splitlines()] == ["2026-01-12T09:30:00+01:00", "2026-01-09T16:29:59.500000+01:00"]


@pytest.mark.parametrize(("line", "named"), [
    ('{"from": "2026-01-05T09:00", "target_s": "soon"}', "line 2: target_s:"),
    ('{"from": "2026-01-05T09:00", "target_s": true}', "line 2: target_s:"),
    ('{"from": "2026-01-05T09:00", "target_s": NaN}', "line 2: target_s:"),
    ('{"from": "2026-01-05T09:00"}', "line 2: target_s: must be set"),
    ('{"target_s": 1}', "line 2: from: must be set"),
    ('{"from": "yesterday", "target_s": 1}', "line 2: from:"),
    ('{"from": "9026-01-05T09:00", "target_s": 1}', "line 2: from: must lie between the years"),
    ('{"from": "2026-01-05T09:00", "target_s": 1e15}', "line 2: target:"),
    ("[1, 2]", "line 2: must be a JSON object"),
    ('{"from": ', "line 2: is not JSON"),
])
def test_a_wrong_line_is_named(office: Path, tmp_path: Path, line: str, named: str) -> None:
    lines = tmp_path / "lines.jsonl"
    lines.write_text('{"from": "2026-01-05T09:00", "target_s": 1}\n' + line + "\n")
    ran = run("sla", "due", "--calendar", office, "--input", lines)
    assert ran.code == 2
    assert f"{lines}, {named}" in ran.err


@pytest.mark.parametrize(("text", "named"), [
    ('time_zone: UTC\nhours: {mon: ["9-17"]}', "hours.mon[0]: must look like"),
    ('time_zone: UTC\nhours:\n  mon: ["09:00-17:00"]\n  mon: []', "line 4: the key 'mon' is there twice"),
    ("time_zone: UTC\nhours: [", "line 2: "),
    ("time_zone: UTC\nhours: always\nspecial_days: {2026-02-30: []}", "line 3: 2026-02-30"),
])
def test_a_wrong_calendar_is_named(tmp_path: Path, text: str, named: str) -> None:
    path = tmp_path / "wrong.yaml"
    path.write_text(text)
    ran = run("sla", "elapsed", "--calendar", path, "--from", "2026-01-05", "--to", "2026-01-06")
    assert (ran.code, ran.out) == (2, "")
    assert str(path) in ran.err
    assert named in ran.err


@pytest.mark.parametrize("arguments", [
    ["elapsed"], ["elapsed", "--from", "2026-01-05"], ["elapsed", "--from", "2026-01-05", "--to", "tomorrow"],
    ["due", "--from", "2026-01-05", "--target", "1 fortnight"], ["due", "--input", "-", "--target", "1h"], ["due", "--input", "/nowhere"],
])
def test_a_wrong_command_line_is_refused(office: Path, arguments: list[str]) -> None:
    ran = run("sla", arguments[0], "--calendar", office, *arguments[1:])
    assert (ran.code, ran.out) == (2, "")
    assert ran.err
