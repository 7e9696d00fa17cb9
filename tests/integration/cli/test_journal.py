"""``opsledger journal`` over a real folder."""
from __future__ import annotations

import json
from pathlib import Path

import pytest

from opsledger.core.errors import JournalError
from opsledger.core.tickets.facts import Actor, ActorKind, Opened, PriorityChanged, TicketFact
from opsledger.core.tickets.identity import ticket_stream_id
from opsledger.services.journal.segment import SegmentJournal
from opsledger.services.tickets.codec import encode
from opsledger.services.tickets.intake import Intake
from tests.kit.command import run
from tests.kit.journals import START_US, Clock, event, facts, name

OPENED = TicketFact("acme", "gold", "desk", "T1", "e1", START_US - 5, 0, Actor(ActorKind.AGENT, "ann"), Opened(priority="high"))
CHANGED = TicketFact("beta", "gold", "desk", "T1", "e2", START_US - 4, 0, Actor(ActorKind.AGENT, "ann"), PriorityChanged("low"))


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A journal of two commits: two ticket facts, and one event of a type that the command does not know."""
    folder = tmp_path / "journal"
    with SegmentJournal.open(folder, now_us=Clock()) as journal:
        Intake(journal).record([encode(fact).SerializeToString() for fact in (OPENED, CHANGED)])
        journal.append(facts(event("other", payload=b"\x00\xff", key="k")))
    return folder


def test_a_whole_journal_is_verified(folder: Path) -> None:
    ran = run("journal", "verify", "--journal", folder, "--json")
    assert ran.code == 0
    said = json.loads(ran.out)
    assert (said["ok"], said["events"], said["commits"], said["segments"], said["damage"]) == (True, 3, 2, 1, None)
    assert "whole" in run("journal", "verify", "--journal", folder).out


def test_damage_is_named_with_position_file_and_byte(folder: Path) -> None:
    segment = folder / "00000000000000000001.segment"
    data = bytearray(segment.read_bytes())
    data[data.index(b"\x00\xff", len(data) - 40)] ^= 1
    segment.write_bytes(data)
    ran = run("journal", "verify", "--journal", folder, "--json")
    assert ran.code == 1
    said = json.loads(ran.out)
    assert (said["ok"], said["events"]) == (False, 2)
    assert said["damage"]["position"] == 3
    assert said["damage"]["segment"] == segment.name
    assert f"position 3 ({segment.name}, byte {said['damage']['offset']})" in ran.err


def test_cat_prints_what_stands_before_damage_and_then_fails(folder: Path) -> None:
    segment = folder / "00000000000000000001.segment"
    segment.write_bytes(segment.read_bytes()[:-1])
    ran = run("journal", "cat", "--journal", folder)
    assert [json.loads(line)["position"] for line in ran.out.splitlines()] == [1, 2]
    assert ran.code == 1
    assert "position 3" in ran.err


def test_stat_counts(folder: Path) -> None:
    said = json.loads(run("journal", "stat", "--journal", folder, "--json").out)
    assert said["tenants"] == {"acme": 2, "beta": 1}
    assert said["types"] == {"tickets.v1.opened": 1, "tickets.v1.priority_changed": 1, "test.v1.happened": 1}
    assert (said["events"], said["streams"], said["commits"]) == (3, 3, 2)
    assert said["first_recorded_at"] == said["last_recorded_at"] == "2023-11-14T22:13:20Z"
    assert "tickets.v1.opened: 1" in run("journal", "stat", "--journal", folder).out


def test_cat_decodes_ticket_events_and_gives_other_payloads_in_base64(folder: Path) -> None:
    first, _, third = (json.loads(line) for line in run("journal", "cat", "--journal", folder).out.splitlines())
    assert (first["position"], first["tenant"], first["type"]) == (1, "acme", "tickets.v1.opened")
    assert first["event"]["ticket_id"] == "T1"
    assert first["event"]["opened"]["priority"] == "high"
    assert first["stream_id"] == ticket_stream_id(OPENED.ticket).hex()
    assert (third["payload_base64"], third["key"]) == ("AP8=", name("k").hex())


@pytest.mark.parametrize(("options", "positions"), [
    ((), [1, 2, 3]), (("--after", 1), [2, 3]), (("--limit", 2), [1, 2]), (("--limit", 0), []), (("--tenant", "acme"), [1, 3]),
    (("--type", "tickets.v1."), [1, 2]), (("--type", "tickets.v1.opened"), [1]), (("--stream", name("other").hex()), [3]),
    (("--after", 1, "--limit", 1, "--tenant", "acme"), [3]), (("--after", 99), []),
])
def test_cat_chooses(folder: Path, options: tuple[object, ...], positions: list[int]) -> None:
    ran = run("journal", "cat", "--journal", folder, *options)
    assert [json.loads(line)["position"] for line in ran.out.splitlines()] == positions


def test_a_journal_that_is_being_written_can_be_looked_at(folder: Path) -> None:
    with SegmentJournal.open(folder) as journal:
        journal.append(facts(event()))
        assert json.loads(run("journal", "verify", "--journal", folder, "--json").out)["events"] == 4


@pytest.mark.parametrize("command", ["verify", "stat", "cat"])
def test_a_folder_without_journal_is_an_error_and_stays_as_it_was(tmp_path: Path, command: str) -> None:
    for folder in (tmp_path, tmp_path / "none"):
        ran = run("journal", command, "--journal", folder)
        assert ran.code == 1
        assert f"there is no journal '{folder}'" in ran.err
    assert list(tmp_path.iterdir()) == []


def test_a_stream_that_is_no_stream_is_named(folder: Path) -> None:
    ran = run("journal", "cat", "--journal", folder, "--stream", "T1")
    assert ran.code == 2
    assert "--stream" in ran.err


def test_a_folder_that_cannot_be_used_is_an_error_for_people(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(JournalError, match="cannot be opened"):
        SegmentJournal.open(tmp_path / "file" / "journal")
