"""The projector: what it writes, and that it writes it once, whatever happens."""
from __future__ import annotations

import random
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier, Event, Thread

import pytest
from sqlalchemy import select

from opsledger.core.errors import DatabaseUnusable, JournalStopped
from opsledger.core.ports import Commit, NewEvent
from opsledger.core.tickets.facts import Actor, ActorKind, Assigned, Opened, Replied, Status, StatusChanged
from opsledger.core.tickets.identity import name16, ticket_stream_id
from opsledger.proto.tickets.v1.ticket_event_pb2 import TicketEvent
from opsledger.services.journal.memory import MemoryJournal
from opsledger.services.journal.partitions import Numbered
from opsledger.services.projections.database import open_database
from opsledger.services.projections.runner import Projector
from opsledger.services.projections.tables import clocks, tickets, unreadable
from tests.kit.read_models import MINUTE_US, RULES, START_US, STRICTER, fact, record, recorded_as, rows, rules_event

HISTORY = [
    fact("1", 0, Opened(priority="high", group="tier 1")),
    fact("1", 10, Replied(True)),
    fact("1", 90, StatusChanged(Status.RESOLVED)),
    fact("2", 5, Opened(group="tier 1"), actor=Actor(ActorKind.REQUESTER, "bob")),
    fact("2", 20, Assigned("tier 2", "eve")),
]


def test_facts_become_rows(database_url: str) -> None:
    journal, engine = MemoryJournal(), open_database(database_url)
    record(journal, [rules_event(1, RULES), *HISTORY])
    assert Projector(Numbered(journal), engine).catch_up() == 6

    with engine.connect() as connection:
        one, two = connection.execute(select(tickets).order_by(tickets.c.ticket_id)).all()
        assert (one.status, one.priority, one.opened_at_us) == ("resolved", "high", START_US)
        assert (one.public_replies, one.facts, one.problem) == (1, 3, "")
        assert (two.group_name, two.agent, two.transfers, two.resolved_at_us) == ("tier 2", "eve", 1, None)
        states = {(row.ticket_id, row.metric): (row.state, row.due_at_us) for row in connection.execute(select(clocks))}
    assert states == {
        ("1", "first_reply"): ("met", START_US + 30 * MINUTE_US),
        ("1", "resolution"): ("breached", START_US + 60 * MINUTE_US),
        ("2", "first_reply"): ("running", START_US + 35 * MINUTE_US),
        ("2", "resolution"): ("running", START_US + 245 * MINUTE_US),
    }
    found = rows(engine)
    lead = [row for row in found["steps"] if row[2:5] == ("1", "resolution", 1)]
    assert [(row[5], row[6], row[9]) for row in lead] == [
        ("breach", "breach", START_US + 60 * MINUTE_US), ("warning", "lead", START_US + 30 * MINUTE_US),
    ]
    assert ("acme", "zendesk", "1", "sla_met.resolution") in {row[:4] for row in found["outcomes"]}
    assert found["changes"] == [("acme", "zendesk", "1", "desk", 4), ("acme", "zendesk", "2", "desk", 6)]
    assert found["unreadable"] == []


def test_rows_at_a_position_know_nothing_of_what_comes_after(sqlite_url: str) -> None:
    journal, engine = MemoryJournal(), open_database(sqlite_url)
    record(journal, HISTORY[:3])
    for position in (1, 2, 3):
        Projector(Numbered(journal), engine).catch_up(up_to=position)
        with engine.connect() as connection:
            assert connection.scalars(select(tickets.c.facts)).all() == [position]


@pytest.mark.parametrize("batch_events", [1, 2, 3])
def test_small_batches_and_restarts_give_the_same_rows_as_one(database_url: str, tmp_path: object, batch_events: int) -> None:
    journal, engine = MemoryJournal(), open_database(database_url)
    events = [*HISTORY[:2], rules_event(1, RULES), *HISTORY[2:], rules_event(2, STRICTER, effective_from_us=START_US)]
    for event in events:
        record(journal, [event])
        Projector(Numbered(journal), engine, batch_events=batch_events).catch_up()
    at_once = open_database(f"sqlite:///{tmp_path}/at-once.db")
    Projector(Numbered(journal), at_once).catch_up()
    assert rows(engine) == rows(at_once)


def test_published_rules_judge_the_tickets_that_are_there(database_url: str) -> None:
    journal, engine = MemoryJournal(), open_database(database_url)
    projector = Projector(Numbered(journal), engine)
    record(journal, [*HISTORY, fact("3", 0, Opened(), program="other")])
    projector.catch_up()
    assert rows(engine)["clocks"] == []
    record(journal, [rules_event(1, STRICTER)])
    projector.catch_up()
    found = rows(engine)
    assert [(row[2], row[3]) for row in found["clocks"]] == [("1", "resolution"), ("2", "resolution")]
    assert [row[-1] for row in found["changes"]] == [7, 7, 6]


def test_two_projectors_on_one_database_apply_every_batch_once(database_url: str, tmp_path: object) -> None:
    journal, engine = MemoryJournal(), open_database(database_url)
    many = [fact(str(number % 7), number, Replied(True)) for number in range(200)]
    record(journal, [rules_event(1, RULES), *many, rules_event(2, STRICTER, effective_from_us=START_US), *HISTORY])
    projectors = [Projector(Numbered(journal), engine, batch_events=9) for _ in range(2)]
    start = Barrier(2)

    def work(projector: Projector) -> int:
        start.wait()
        return projector.catch_up()

    with ThreadPoolExecutor(2) as threads:
        assert list(threads.map(work, projectors)) == [journal.position] * 2
    alone = open_database(f"sqlite:///{tmp_path}/alone.db")
    Projector(Numbered(journal), alone).catch_up()
    assert rows(engine) == rows(alone)


def test_a_recorded_event_that_cannot_be_read_is_noted_and_stops_nothing(database_url: str) -> None:
    journal, engine = MemoryJournal(), open_database(database_url)
    one = HISTORY[0]
    stream = ticket_stream_id(one.ticket)
    nameless = TicketEvent.FromString(recorded_as(HISTORY[1]).payload)
    nameless.event_id = ""
    record(journal, [
        one,
        NewEvent(stream, "tickets.v1.replied", "acme", START_US, b"\xff\xff not a message"),
        NewEvent(stream, "tickets.v1.replied", "acme", START_US, nameless.SerializeToString()),
        NewEvent(stream, "tickets.v1.opened", "acme", START_US, recorded_as(HISTORY[3]).payload),
        NewEvent(name16("x"), "sla.v1.rules_published", "acme", START_US, rules_event(1, {"time_zone": "Mars/Base"}).payload),
        NewEvent(name16("x"), "sla.v1.announcement", "acme", START_US, b"\xff"),
        NewEvent(name16("x"), "somebody.elses.event", "acme", START_US, b"\xff"),
        HISTORY[2],
    ])
    for batch_events in (3, 100):
        Projector(Numbered(journal), engine, batch_events=batch_events).catch_up()
    with engine.connect() as connection:
        noted = {row.position: row.reason for row in connection.execute(select(unreadable))}
        assert [(row.ticket_id, row.facts) for row in connection.execute(select(tickets))] == [("1", 2)]
    assert sorted(noted) == [2, 3, 4, 5, 6]
    assert "event_id" in noted[3]
    assert "ticket_id='2'" in noted[4]
    assert "time_zone" in noted[5]


def test_a_database_of_another_journal_is_refused(database_url: str) -> None:
    engine = open_database(database_url)
    for ticket in ("1", "2"):
        journal = MemoryJournal()
        record(journal, [fact(ticket, 0, Opened())])
        if ticket == "1":
            Projector(Numbered(journal), engine).catch_up()
    with pytest.raises(DatabaseUnusable, match="another journal"):
        Projector(Numbered(journal), engine)


def test_a_journal_that_lost_events_is_refused(database_url: str) -> None:
    whole, restored, engine = MemoryJournal(), MemoryJournal(), open_database(database_url)
    record(whole, HISTORY)
    record(restored, HISTORY[:2])
    Projector(Numbered(whole), engine).catch_up()
    with pytest.raises(DatabaseUnusable, match="has seen 5 events, the journal holds 2"):
        Projector(Numbered(restored), engine)
    assert Projector(Numbered(restored), engine, snapshot=True).catch_up() == 5


def test_who_wrote_can_wait_for_the_rows(sqlite_url: str) -> None:
    journal, engine = MemoryJournal(), open_database(sqlite_url)
    moves: list[int] = []
    projector, stop = Projector(Numbered(journal), engine, on_moved=moves.append), Event()
    thread = Thread(target=projector.run, args=(stop,))
    thread.start()
    try:
        for event in HISTORY:
            position = record(journal, [event])
            assert projector.wait_for(position, timeout_s=30)
        assert len(rows(engine)["tickets"]) == 2
    finally:
        stop.set()
        thread.join()
    assert moves[0] == 0
    assert moves[-1] == 5
    assert projector.lag == 0


def test_it_can_be_told_to_stop_with_a_long_way_to_go(sqlite_url: str) -> None:
    journal, engine, stop = MemoryJournal(), open_database(sqlite_url), Event()
    record(journal, HISTORY)

    def stop_after_the_first_batch(position: int) -> None:
        if position:
            stop.set()

    projector = Projector(Numbered(journal), engine, on_moved=stop_after_the_first_batch, batch_events=2)
    projector.run(stop)
    assert projector.position == 2


def test_a_journal_that_is_closed_ends_it(sqlite_url: str) -> None:
    journal = MemoryJournal()
    projector = Projector(Numbered(journal), open_database(sqlite_url))
    journal.close()
    with pytest.raises(JournalStopped):
        projector.run(Event())


def test_arrival_in_any_order_ends_in_the_same_rows(database_url: str, tmp_path: object) -> None:
    seed = random.randrange(1 << 32)
    shuffled = random.Random(seed).sample(HISTORY, len(HISTORY))
    journal, engine = MemoryJournal(), open_database(database_url)
    record(journal, [*shuffled, *HISTORY, rules_event(1, RULES)], commit_events=2)
    Projector(Numbered(journal), engine, batch_events=2).catch_up()
    straight, at_once = MemoryJournal(), open_database(f"sqlite:///{tmp_path}/straight.db")
    record(straight, [rules_event(1, RULES), *HISTORY])
    Projector(Numbered(straight), at_once).catch_up()
    said = ("tickets", "clocks", "steps", "outcomes")
    assert rows(engine, said) == rows(at_once, said), f"seed {seed}"
    assert journal.append(Commit([recorded_as(HISTORY[0])])).duplicates == (True,)
