"""Rebuilding beside the live tables."""
from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from pathlib import Path
from threading import Event, Thread

import pytest
from sqlalchemy import Engine, delete, inspect, text, update

from opsledger.core.errors import DatabaseUnusable
from opsledger.core.tickets.facts import Replied
from opsledger.services.journal.memory import MemoryJournal
from opsledger.services.journal.partitions import Numbered
from opsledger.services.projections.database import open_database, writer
from opsledger.services.projections.rebuild import Difference, check, rebuild
from opsledger.services.projections.rebuild_lock import rebuild_lock
from opsledger.services.projections.runner import Projector
from opsledger.services.projections.table_sets import create_shadow
from opsledger.services.projections.tables import clocks, outcomes, tickets
from tests.integration.projections.test_projector import HISTORY
from tests.kit.read_models import RULES, fact, opened, record, rows, rules_event


@pytest.fixture
def journal() -> MemoryJournal:
    journal = MemoryJournal()
    record(journal, [rules_event(1, RULES), *HISTORY])
    return journal


@pytest.fixture
def engine(database_url: str, journal: MemoryJournal) -> Engine:
    """Read models that are up to date."""
    engine = open_database(database_url)
    Projector(Numbered(journal), engine).catch_up()
    return engine


def spoil(engine: Engine) -> None:
    with writer(engine).begin() as connection:
        connection.execute(update(clocks).where(clocks.c.metric == "resolution", clocks.c.ticket_id == "1").values(state="met"))
        connection.execute(delete(outcomes))
        connection.execute(update(tickets).where(tickets.c.ticket_id == "2").values(ticket_id="never was"))


def test_what_was_spoilt_is_reported_and_not_touched_by_a_check(engine: Engine, journal: MemoryJournal) -> None:
    assert check(opened(journal), engine) == ((6,), (), ())
    count = len(rows(engine)["outcomes"])
    spoil(engine)
    spoilt = rows(engine)
    positions, found, _ = check(opened(journal), engine)
    key = {"tenant": "acme", "source": "zendesk"}
    assert positions == (6,)
    assert [(item.table, item.surplus, item.missing) for item in found] == [("tickets", 1, 1), ("clocks", 1, 1), ("outcomes", 0, count)]
    assert found[0] == Difference("tickets", 1, 1, ({**key, "ticket_id": "never was"}, {**key, "ticket_id": "2"}))
    assert found[1].examples == ({**key, "ticket_id": "1", "metric": "resolution", "cycle": 1},)
    assert rows(engine) == spoilt


def test_a_rebuild_sets_it_right(engine: Engine, journal: MemoryJournal) -> None:
    good = rows(engine)
    spoil(engine)
    assert len(rebuild(opened(journal), engine).differences) == 3
    assert rows(engine) == good
    assert rebuild(opened(journal), engine).differences == ()


def test_a_rebuild_goes_on_to_the_end_of_the_journal_and_a_check_stays_where_the_tables_are(engine: Engine, journal: MemoryJournal) -> None:
    projector = Projector(Numbered(journal), engine)
    record(journal, [fact("3", 0, Replied(True))])
    assert check(opened(journal), engine) == ((6,), (), ())
    assert rebuild(opened(journal), engine).positions == (7,)
    record(journal, [fact("4", 0, Replied(True))])
    assert projector.catch_up() == 8
    assert check(opened(journal), engine) == ((8,), (), ())


def test_nothing_is_left_behind_and_what_a_killed_one_left_is_dropped(engine: Engine, journal: MemoryJournal) -> None:
    before = set(inspect(engine).get_table_names())
    with writer(engine).begin() as connection:
        create_shadow(connection)
        connection.execute(text("INSERT INTO shadow_rules VALUES ('acme', 'desk', 9, 0, '{}', '', 1)"))
    rebuild(opened(journal), engine)
    assert set(inspect(engine).get_table_names()) == before
    assert len(rows(engine)["rules"]) == 1


def test_a_database_of_another_journal_becomes_this_ones(engine: Engine) -> None:
    other = MemoryJournal()
    record(other, [fact("9", 0, Replied(True))])
    rebuild(opened(other), engine)
    assert [row[2] for row in rows(engine)["tickets"]] == ["9"]
    assert Projector(Numbered(other), engine).position == 1


def test_two_rebuilds_at_once_are_refused(engine: Engine, journal: MemoryJournal) -> None:
    with rebuild_lock(engine), pytest.raises(DatabaseUnusable, match="is being rebuilt by another process"):
        rebuild(opened(journal), engine)
    rebuild(opened(journal), engine)


def test_removing_the_locks_file_lets_nobody_in(tmp_path: Path) -> None:
    engine, lock = open_database(f"sqlite:///{tmp_path}/models.db"), tmp_path / "models.db-rebuild"
    with rebuild_lock(engine):
        lock.unlink()
        with pytest.raises(DatabaseUnusable, match="is being rebuilt by another process"), rebuild_lock(engine):
            pass
        lock.touch()  # of an earlier version, which has no other lock
    assert lock.exists()
    with rebuild_lock(engine):
        pass


def test_a_reader_sees_the_live_rows_while_the_shadow_is_filled(engine: Engine, journal: MemoryJournal) -> None:
    good = rows(engine)
    seen: list[object] = []
    rebuild(opened(journal), engine, progress=lambda position: seen.append(rows(engine)))
    assert seen == [good]


def test_a_projector_that_runs_meanwhile_goes_on(engine: Engine, journal: MemoryJournal, tmp_path: Path) -> None:
    projector, stop = Projector(Numbered(journal), engine, batch_events=3), Event()
    thread = Thread(target=projector.run, args=(stop,))
    thread.start()

    @contextmanager
    def while_it_grows() -> object:
        record(journal, [fact("5", journal.position, Replied(True))])
        yield [Numbered(journal)]
        projector.wait_for(record(journal, [fact("6", journal.position, Replied(True)) for _ in range(3)]))

    for _ in range(3):
        rebuild(while_it_grows, engine)  # type: ignore[arg-type]  # a generator stands for the context it makes
    assert projector.wait_for(record(journal, [fact("7", 0, Replied(True))]), timeout_s=30)
    stop.set()
    thread.join()
    alone = open_database(f"sqlite:///{tmp_path}/alone.db")
    Projector(Numbered(journal), alone).catch_up()
    assert rows(engine) == rows(alone)


def test_the_lock_leaves_no_file_and_holds_while_others_come_and_go(tmp_path: Path) -> None:
    engine = open_database(f"sqlite:///{tmp_path}/models.db")
    inside: list[int] = []
    most = 0

    def come_and_go(number: int) -> int:
        nonlocal most
        held = 0
        for _ in range(200):
            with suppress(DatabaseUnusable), rebuild_lock(engine):
                inside.append(number)
                most = max(most, len(inside))
                inside.remove(number)
                held += 1
        return held

    with ThreadPoolExecutor(4) as threads:
        assert sum(threads.map(come_and_go, range(4))) > 0
    assert most == 1
    assert list(tmp_path.glob("*-rebuild")) == []
