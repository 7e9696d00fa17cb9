"""Commands over the folder of a node, which holds a replica of every partition."""
from __future__ import annotations

import json
from pathlib import Path

import pytest
from sqlalchemy import text

from opsledger.core.partitions import begin_of, partition_of
from opsledger.core.ports import Commit
from opsledger.core.tickets.facts import Opened, Replied
from opsledger.core.tickets.identity import ticket_stream_id
from opsledger.services.journal.segment import SegmentJournal
from opsledger.services.projections.database import open_database, writer
from tests.kit.command import run
from tests.kit.read_models import RULES, fact, recorded_as, rows, rules_event

PARTITIONS = 3
TICKETS = [str(number) for number in range(12)]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    journals = [SegmentJournal.open(tmp_path / "node" / str(number)) for number in range(PARTITIONS)]
    facts = [fact(ticket, minute, what) for ticket in TICKETS for minute, what in enumerate([Opened(), Replied(True)])]
    for new in [rules_event(1, RULES), *map(recorded_as, facts)]:
        journals[partition_of(new, PARTITIONS)].append(Commit([new]))
    for journal in journals:
        journal.close()
    return tmp_path / "node"


def test_the_read_models_follow_all_of_them(folder: Path, database_url: str) -> None:
    where = ("--journal", folder, "--database", database_url)
    caught_up = json.loads(run("catch-up", *where, "--json").out)
    assert caught_up["events"] == 25
    assert [position >> 40 for position in caught_up["positions"]] == [0, 1, 2]
    assert "positions" in run("catch-up", *where).out
    engine = open_database(database_url)
    good = rows(engine)
    assert len(good["tickets"]) == len(TICKETS)
    assert run("rebuild", "--check", *where).code == 0
    with writer(engine).begin() as connection:
        connection.execute(text("DELETE FROM outcomes"))
        connection.execute(text("DELETE FROM positions WHERE partition = 1"))
    assert run("rebuild", "--check", *where).code == 1
    assert json.loads(run("rebuild", *where, "--json").out)["positions"] == caught_up["positions"]
    assert rows(engine) == good


def test_each_is_verified_and_counted(folder: Path) -> None:
    verified = json.loads(run("journal", "verify", "--journal", folder, "--json").out)
    assert verified["ok"]
    assert [part["partition"] for part in verified["partitions"]] == [0, 1, 2]
    assert sum(part["events"] for part in verified["partitions"]) == 25
    counted = json.loads(run("journal", "stat", "--journal", folder, "--json").out)
    assert sum(part["types"].get("tickets.v1.replied", 0) for part in counted["partitions"]) == len(TICKETS)
    assert "Partition 2 is whole" in run("journal", "verify", "--journal", folder).out


def test_damage_in_one_is_told_beside_what_is_whole(folder: Path) -> None:
    segment = folder / "1" / "00000000000000000001.segment"
    segment.write_bytes(segment.read_bytes()[:-1])
    ran = run("journal", "verify", "--journal", folder, "--json")
    assert (ran.code, json.loads(ran.out)["ok"]) == (1, False)
    assert [part["ok"] for part in json.loads(ran.out)["partitions"]] == [True, False, True]
    assert run("journal", "stat", "--journal", folder).code == 1


def test_events_are_printed_partition_after_partition_under_their_own_positions(folder: Path) -> None:
    def positions(*more: object) -> list[int]:
        return [json.loads(line)["position"] for line in run("journal", "cat", "--journal", folder, *more).out.splitlines()]

    everything = positions()
    assert everything == sorted(everything)
    assert len(everything) == 25
    assert {position >> 40 for position in everything} == {0, 1, 2}
    assert positions("--after", begin_of(1) + 1) == [position for position in everything if position > begin_of(1) + 1]
    assert positions("--limit", 7) == everything[:7]
    stream = ticket_stream_id(fact("3", 0, Opened()).ticket).hex()
    assert len(positions("--stream", stream)) == 2
    assert positions("--after", begin_of(PARTITIONS)) == []


def test_what_is_only_read_is_found_and_writing_is_for_the_server(folder: Path, database_url: str) -> None:
    run("catch-up", "--journal", folder, "--database", database_url)
    where = ("--journal", folder, "--database", database_url)
    assert "policies" in run("rules", "show", "--tenant", "acme", "--program", "desk", "--journal", folder, "--json").out
    assert run("explain", "5", *where).code == 0
    rules = folder.parent / "rules.json"
    rules.write_text(json.dumps(RULES))
    ran = run("rules", "publish", rules, "--tenant", "acme", "--program", "desk", *where)
    assert ran.code == 1
    assert "--server" in ran.err
    assert sorted(path.name for path in folder.iterdir()) == ["0", "1", "2"]
