"""A database that lost its tables, got others, or is another version's: everybody is told, and a rebuild sets it right."""
from __future__ import annotations

import sqlite3
from pathlib import Path
from threading import Thread

import pytest
from sqlalchemy import Connection, Engine, inspect, select, text, update

from opsledger.core.errors import DatabaseUnusable
from opsledger.core.tickets.facts import Replied
from opsledger.services.journal.memory import MemoryJournal
from opsledger.services.journal.partitions import Numbered
from opsledger.services.projections.database import open_database, verify, writer
from opsledger.services.projections.database_watch import DatabaseWatch
from opsledger.services.projections.rebuild import rebuild
from opsledger.services.projections.runner import Projector
from opsledger.services.projections.schema import SCHEMA_VERSION
from opsledger.services.projections.tables import about
from tests.integration.projections.test_projector import HISTORY
from tests.kit.read_models import RULES, Rows, fact, opened, record, rows, rules_event

OLD = 7


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


@pytest.fixture
def good(engine: Engine) -> Rows:
    return rows(engine)


def change(engine: Engine, *statements: str) -> None:
    with writer(engine).begin() as connection:
        for statement in statements:
            connection.execute(text(statement))


def make_old(connection: Connection) -> None:
    """Tables as an earlier version could have had them: without a column, with another one, without a table, another index."""
    for statement in (
        "DROP VIEW open_timers", "ALTER TABLE tickets DROP COLUMN channel",
        "ALTER TABLE clocks ADD COLUMN weight BIGINT NOT NULL DEFAULT 1",
        "DROP TABLE coaching_items", "DROP INDEX outcomes_by_kpi", "CREATE INDEX outcomes_by_kpi ON outcomes (kpi)",
    ):
        connection.execute(text(statement))
    connection.execute(update(about).values(schema_version=OLD))


DROPPED = ("DROP TABLE coaching_items", "DROP TABLE positions")
FOREIGN = (
    "DROP TABLE unreadable", "CREATE TABLE unreadable (book TEXT, pages INTEGER)", "INSERT INTO unreadable VALUES ('Ulysses', 732)",
)


@pytest.mark.parametrize(("broken", "named"), [
    (DROPPED, "table positions is missing"), (FOREIGN, "table unreadable has other columns"),
    (("DROP VIEW open_timers",), "view open_timers is missing"),
])
def test_who_opens_it_is_told_what_is_wrong_and_a_rebuild_repairs_it(
    broken: tuple[str, ...], named: str, engine: Engine, good: Rows, journal: MemoryJournal, database_url: str
) -> None:
    change(engine, *broken)
    for must_exist in (False, True):
        with pytest.raises(DatabaseUnusable, match=f"{named}.*opsledger rebuild"):
            open_database(database_url, must_exist=must_exist)
    assert rebuild(opened(journal), open_database(database_url, to_repair=True)).arranged
    assert rows(open_database(database_url)) == good
    assert rebuild(opened(journal), engine).arranged == ()


def test_a_foreign_table_keeps_its_rows_under_another_name(engine: Engine, journal: MemoryJournal) -> None:
    change(engine, *FOREIGN)
    [said] = rebuild(opened(journal), engine).arranged
    assert said == "table unreadable was not one of these read models: it is unreadable_set_aside now"
    with engine.connect() as connection:
        assert connection.execute(text("SELECT * FROM unreadable_set_aside")).all() == [("Ulysses", 732)]


def test_a_foreign_table_in_an_empty_database_is_not_taken_for_a_read_model(database_url: str, journal: MemoryJournal) -> None:
    engine = open_database(database_url, to_repair=True)
    change(engine, "CREATE TABLE tickets (seat TEXT)")
    with pytest.raises(DatabaseUnusable, match="table tickets has other columns"):
        open_database(database_url)
    rebuild(opened(journal), engine)
    assert "tickets_set_aside" in inspect(engine).get_table_names()
    verify(engine)


def test_tables_of_another_version_are_left_alone_until_a_rebuild_swaps_them(
    engine: Engine, good: Rows, journal: MemoryJournal, database_url: str
) -> None:
    with writer(engine).begin() as connection:
        make_old(connection)
    with pytest.raises(DatabaseUnusable, match=rf"version {OLD}.*opsledger rebuild"):
        open_database(database_url)
    seen: list[int | None] = []

    def look(_: int) -> None:
        with engine.connect() as connection:
            seen.append(connection.scalar(select(about.c.schema_version)))
            connection.execute(text("SELECT weight FROM clocks")).all()

    result = rebuild(opened(journal), open_database(database_url, to_repair=True), look)
    assert f"table tickets was of version {OLD}: made anew" in result.arranged
    assert seen == [OLD]
    assert rows(open_database(database_url)) == good
    indexes = {str(index["name"]): index["column_names"] for index in inspect(engine).get_indexes("outcomes")}
    assert indexes["outcomes_by_kpi"] == ["tenant", "program", "kpi", "at_us"]


def test_a_node_of_the_other_version_writes_nothing_and_says_why_until_it_is_upgraded(engine: Engine, journal: MemoryJournal) -> None:
    """The node here is the old one; another has swapped the tables for those of a version with one more column, which has a default."""
    node, watch = Projector(Numbered(journal), engine), DatabaseWatch(engine, ())
    change(engine, "ALTER TABLE tickets ADD COLUMN mood TEXT NOT NULL DEFAULT ''", "UPDATE about SET schema_version = 99")
    before = rows(engine)
    record(journal, [fact("8", 0, Replied(True))])
    with pytest.raises(DatabaseUnusable, match=f"version 99, this Opsledger has version {SCHEMA_VERSION}.*upgrade this one"):
        node.catch_up()
    assert rows(engine) == before
    watch.look()
    assert "version 99" in str(watch.problem)
    rebuild(opened(journal), engine)
    watch.look()
    assert watch.is_usable()
    assert node.catch_up() == 7


def test_an_old_node_that_has_begun_a_batch_and_a_swap_wait_for_each_other(
    postgres_url: str, journal: MemoryJournal
) -> None:
    """The version is looked at after the place is taken: whichever comes first, no row is written into the other's tables."""
    engine, other = open_database(postgres_url), open_database(postgres_url)
    node = Projector(Numbered(journal), engine)
    with writer(other).begin() as swapping:
        swapping.execute(text("LOCK TABLE positions IN SHARE ROW EXCLUSIVE MODE"))
        swapping.execute(update(about).values(schema_version=99))
        failed: list[Exception] = []

        def work() -> None:
            try:
                node.catch_up()
            except DatabaseUnusable as error:
                failed.append(error)

        thread = Thread(target=work)
        thread.start()
        with other.connect() as looking:
            while not looking.scalar(text("SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock'")):
                looking.rollback()
    thread.join()
    assert len(failed) == 1
    assert rows(engine)["tickets"] == []


def test_what_was_granted_is_granted_again_on_a_table_of_another_version(postgres_url: str, journal: MemoryJournal) -> None:
    engine = open_database(postgres_url)
    change(engine, "DROP ROLE IF EXISTS bi_team", "CREATE ROLE bi_team", "GRANT SELECT ON tickets, clocks, open_timers TO bi_team")
    with writer(engine).begin() as connection:
        for statement in ("ALTER TABLE tickets DROP COLUMN channel", "UPDATE about SET schema_version = 7"):
            connection.execute(text(statement))
    rebuild(opened(journal), engine)
    with engine.connect() as connection:
        for name in ("tickets", "clocks", "open_timers"):
            assert connection.scalar(text(f"SELECT has_table_privilege('bi_team', '{name}', 'SELECT')")) is True
        connection.execute(text("DROP OWNED BY bi_team"))
        connection.execute(text("DROP ROLE bi_team"))
        connection.commit()


def test_a_view_of_others_on_a_table_that_changes_is_named_and_nothing_is_changed(postgres_url: str, journal: MemoryJournal) -> None:
    engine = open_database(postgres_url)
    change(
        engine, "CREATE VIEW mine AS SELECT status FROM tickets", "ALTER TABLE tickets DROP COLUMN channel",
        "UPDATE about SET schema_version = 7",
    )
    with pytest.raises(DatabaseUnusable, match="view mine depends on table tickets"):
        rebuild(opened(journal), engine)
    assert not [name for name in inspect(engine).get_table_names() if name.startswith("shadow_")]
    change(engine, "DROP VIEW mine")
    assert rebuild(opened(journal), engine).arranged


def test_a_file_that_is_deleted_is_missed_and_not_made_again_empty(tmp_path: Path, journal: MemoryJournal) -> None:
    file = tmp_path / "models.db"
    engine = open_database(f"sqlite:///{file}")
    projector = Projector(Numbered(journal), engine)
    projector.catch_up()
    good, watch = rows(engine), DatabaseWatch(engine, [projector])
    for path in tmp_path.glob("models.db*"):
        path.unlink()
    watch.look()
    assert "opsledger rebuild" in str(watch.problem)
    record(journal, [fact("8", 0, Replied(True))])
    with pytest.raises(DatabaseUnusable, match="opsledger rebuild"):
        projector.catch_up()
    assert not file.exists()
    rebuild(opened(journal), open_database(f"sqlite:///{file}", to_repair=True))
    watch.look()
    assert watch.is_usable()
    assert len(rows(engine)["tickets"]) == len(good["tickets"]) + 1


def test_a_locked_file_is_said_and_forgotten_when_it_is_free(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("opsledger.services.projections.database_watch.LOCKED_AFTER_MS", 10)
    engine = open_database(f"sqlite:///{tmp_path}/models.db")
    watch = DatabaseWatch(engine, ())
    other = sqlite3.connect(tmp_path / "models.db", isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    watch.look()
    assert "another process holds it" in str(watch.problem)
    other.rollback()
    watch.look()
    assert watch.is_usable()
    other.close()


def test_a_database_that_is_not_there_is_said_with_what_to_do(postgres_url: str) -> None:
    url = postgres_url.replace("/test_", "/nobody_made_")
    assert url != postgres_url
    with pytest.raises(DatabaseUnusable, match="does not exist: create the database"):
        open_database(url)
