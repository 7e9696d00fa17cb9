"""``opsledger catch-up`` and ``opsledger rebuild``."""
from __future__ import annotations

import json
from pathlib import Path

import pytest
from sqlalchemy import text

from opsledger.services.journal.segment import SegmentJournal
from opsledger.services.projections.database import open_database, writer
from tests.integration.projections.test_projector import HISTORY
from tests.kit.command import run
from tests.kit.read_models import RULES, record, rows, rules_event


@pytest.fixture
def where(tmp_path: Path, database_url: str) -> tuple[str, ...]:
    with SegmentJournal.open(tmp_path / "journal") as journal:
        record(journal, [rules_event(1, RULES), *HISTORY])
    return "--journal", str(tmp_path / "journal"), "--database", database_url


def test_catching_up_twice_projects_once(where: tuple[str, ...]) -> None:
    assert json.loads(run("catch-up", *where, "--json").out) == {"position": 6, "events": 6}
    again = run("catch-up", *where)
    assert (again.code, again.out) == (0, "0 events projected; the read models are at position 6\n")


def test_it_works_beside_the_process_that_writes(where: tuple[str, ...]) -> None:
    with SegmentJournal.open(Path(where[1])):
        assert json.loads(run("catch-up", *where, "--json").out)["position"] == 6


def test_a_check_names_what_differs_and_fails_until_it_is_rebuilt(where: tuple[str, ...], database_url: str) -> None:
    run("catch-up", *where)
    assert run("rebuild", "--check", *where).code == 0
    engine = open_database(database_url)
    good = rows(engine)
    with writer(engine).begin() as connection:
        connection.execute(text("UPDATE clocks SET state = 'met'"))
    found = run("rebuild", "--check", *where)
    assert found.code == 1
    assert "clocks" in found.out
    assert "ticket_id=1" in found.out
    [difference] = json.loads(run("rebuild", "--check", "--json", *where).out)["differences"]
    assert (difference["table"], difference["surplus"], difference["missing"]) == ("clocks", 3, 3)
    repaired = run("rebuild", *where)
    assert (repaired.code, "set right" in repaired.out) == (0, True)
    assert rows(engine) == good
    assert json.loads(run("rebuild", "--check", "--json", *where).out) == {"position": 6, "differences": []}


def test_a_check_of_an_empty_database_says_so_and_fails(where: tuple[str, ...], database_url: str) -> None:
    ran = run("rebuild", "--check", *where)
    assert (ran.code, ran.out) == (1, "")
    assert "opsledger catch-up" in ran.err
    open_database(database_url)
    ran = run("rebuild", "--check", "--json", *where)
    assert (ran.code, ran.out) == (1, "")
    assert "the read models are empty, the journal is at position 6" in ran.err


def test_a_dropped_table_is_one_line_that_says_what_to_do_and_rebuild_does_it(where: tuple[str, ...], database_url: str) -> None:
    run("catch-up", *where)
    with writer(open_database(database_url)).begin() as connection:
        connection.execute(text("DROP TABLE steps"))
    for command in (("catch-up",), ("rebuild", "--check")):
        ran = run(*command, *where)
        assert (ran.code, ran.out) == (1, "")
        assert "table steps is missing; `opsledger rebuild`" in ran.err
    assert "table steps was missing: made" in run("rebuild", *where).out
    assert run("rebuild", "--check", *where).code == 0


def test_a_journal_that_is_not_there_is_named(where: tuple[str, ...], tmp_path: Path) -> None:
    for command in ("catch-up", "rebuild"):
        ran = run(command, "--journal", tmp_path / "nowhere", *where[2:])
        assert ran.code == 1
        assert "nowhere" in ran.err
    assert not (tmp_path / "nowhere").exists()


def test_a_wrong_database_is_bad_input(where: tuple[str, ...]) -> None:
    ran = run("catch-up", *where[:2], "--database", "mysql://somewhere/else")
    assert (ran.code, ran.out) == (2, "")
    assert "--database" in ran.err
