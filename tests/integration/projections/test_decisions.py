"""Decisions become rows like tickets do: folded from all their events, the same whatever the batches, rebuilt to the byte."""
from __future__ import annotations

from pathlib import Path

import pytest
from eventsourcing.domain import Aggregate, event

from opsledger.core.ports import Commit, Journal, NewEvent
from opsledger.services.decisions.decisions import Decisions
from opsledger.services.decisions.requests import Request
from opsledger.services.journal.memory import MemoryJournal
from opsledger.services.journal.partitions import Numbered
from opsledger.services.projections.database import open_database
from opsledger.services.projections.rebuild import check, rebuild
from opsledger.services.projections.runner import Projector
from tests.kit.read_models import START_US, opened, rows


class Note(Aggregate):
    class Written(Aggregate.Created):
        TOPIC = "tests.projections.note.written"
        tenant: str

    class Amended(Aggregate.Event):
        TOPIC = "tests.projections.note.amended"

    @event(Written)
    def __init__(self, tenant: str) -> None:
        self.tenant = tenant
        self.amendments = 0

    @event(Amended)
    def amend(self) -> None:
        self.amendments += 1


@pytest.fixture
def journal(tmp_path: Path) -> Journal:
    journal = MemoryJournal(lambda: START_US)
    decisions = Decisions(journal, tmp_path, lambda: START_US)
    note = decisions.create(Note, Request("acme", "write"), make=lambda: Note("acme")).aggregate
    for number in range(3):
        decisions.change(Note, note.id, Request("acme", f"amend {number}"), command=lambda note: note.amend())
    decisions.close()
    return journal


@pytest.mark.parametrize("batch_events", [1, 2, 1000])
def test_a_decision_is_a_row_with_its_version_and_place(journal: Journal, database_url: str, batch_events: int) -> None:
    engine = open_database(database_url)
    Projector(Numbered(journal), engine, batch_events=batch_events).catch_up()
    [(_, tenant, kind, version, position)] = rows(engine)["decisions"]
    assert (tenant, kind, version, position) == ("acme", "Note", 4, 4)
    assert check(opened(journal), engine).differences == ()
    rebuild(opened(journal), engine)
    assert [row[3:] for row in rows(engine)["decisions"]] == [(4, 4)]


@pytest.mark.parametrize("batch_events", [1, 2, 1000])
def test_a_decision_that_cannot_be_read_is_noted_and_the_others_stand(journal: Journal, sqlite_url: str, batch_events: int) -> None:
    stream_id = journal.read()[0].stream_id
    journal.append(Commit([
        NewEvent(stream_id, "es:decisions:tests.gone", "acme", START_US, b"{}"),
        NewEvent(b"another stream 1", "es:decisions:tests.projections.note.written", "acme", START_US, b"not JSON"),
    ]))
    engine = open_database(sqlite_url)
    Projector(Numbered(journal), engine, batch_events=batch_events).catch_up()
    found = rows(engine)
    assert [row[3] for row in found["decisions"]] == [4]
    assert [row[0] for row in found["unreadable"]] == [5, 6]
