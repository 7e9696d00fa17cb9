"""Opening the read models' database."""
from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from time import sleep
from typing import Any

import pytest
from sqlalchemy import insert, inspect, select, text, update

from opsledger.core.errors import DatabaseUnusable, InvalidSettings
from opsledger.services.projections.database import open_database, shown, writer
from opsledger.services.projections.tables import about, metadata, positions


def test_an_empty_database_gets_the_tables_and_opening_again_changes_nothing(database_url: str) -> None:
    for _ in range(2):
        engine = open_database(database_url)
        assert set(metadata.tables) <= set(inspect(engine).get_table_names())
        assert {"open_timers", "finished_clocks"} <= set(inspect(engine).get_view_names())


def test_a_transaction_that_is_rolled_back_takes_its_ddl_with_it(database_url: str) -> None:
    engine = open_database(database_url)
    with writer(engine).connect() as connection:
        connection.execute(text("CREATE TABLE extra (n INTEGER)"))
        connection.execute(insert(positions).values(partition=7, position=1, origin=""))
        connection.rollback()
    assert not inspect(engine).has_table("extra")
    with engine.connect() as connection:
        assert connection.execute(select(positions.c.partition)).all() == []


def test_a_reader_is_not_held_up_by_a_writer(database_url: str) -> None:
    engine = open_database(database_url)
    with writer(engine).begin() as writing, engine.connect() as reading:
        writing.execute(insert(positions).values(partition=7, position=1, origin=""))
        assert reading.execute(select(positions.c.partition)).all() == []


def test_a_reader_finds_room_beside_the_projectors_of_many_partitions(tmp_path: Path) -> None:
    engine, before = open_database(f"sqlite:///{tmp_path}/many.db"), 15

    def write() -> None:
        with writer(engine).begin():
            pass

    with ThreadPoolExecutor(40) as projectors:
        with writer(engine).begin():
            waiting = [projectors.submit(write) for _ in range(40)]
            while engine.pool.checkedout() < before:  # type: ignore[attr-defined]  # the stubs do not know it
                sleep(0.001)  # nothing to wait on but the pool
            with engine.connect() as reading:
                assert reading.execute(select(positions.c.partition)).all() == []
        for each in waiting:
            each.result()


def test_a_database_of_another_version_is_refused(database_url: str) -> None:
    engine = open_database(database_url)
    with writer(engine).begin() as connection:
        connection.execute(update(about).values(schema_version=999))
    with pytest.raises(DatabaseUnusable, match="version 999"):
        open_database(database_url)


@pytest.mark.parametrize("url", ["", "nonsense", "sqlite://", "sqlite:///:memory:", "mysql://me:secret@host/db"])
def test_another_kind_of_url_is_refused_and_its_password_not_repeated(url: str) -> None:
    with pytest.raises(InvalidSettings, match="--database: must be sqlite:///FILE or postgresql://") as caught:
        open_database(url)
    assert "secret" not in str(caught.value)


def test_a_server_that_is_not_there_is_named_without_its_password() -> None:
    with pytest.raises(DatabaseUnusable, match=r"--database postgresql://me:\*\*\*@127.0.0.1:1/ops") as caught:
        open_database("postgresql://me:secret@127.0.0.1:1/ops")
    assert "secret" not in str(caught.value)


def test_a_file_that_is_no_database_is_refused_and_left_alone(tmp_path: Path) -> None:
    file = tmp_path / "notes.txt"
    file.write_text("not a database, but long enough that SQLite looks at its header\n" * 20)
    before = file.read_bytes()
    with pytest.raises(DatabaseUnusable, match=r"notes\.txt"):
        open_database(f"sqlite:///{file}")
    assert file.read_bytes() == before


def test_who_only_reads_is_told_that_there_is_nothing(database_url: str, tmp_path: Path) -> None:
    with pytest.raises(DatabaseUnusable, match="opsledger catch-up"):
        open_database(database_url, must_exist=True)
    assert not (tmp_path / "read-models.db").exists()


def test_the_folder_is_made(tmp_path: Path) -> None:
    engine = open_database(f"sqlite:///{tmp_path}/a/b/c.db")
    assert (tmp_path / "a/b/c.db").exists()
    assert shown(engine) == f"sqlite:///{tmp_path}/a/b/c.db"


def test_a_machine_that_is_gone_without_a_word_is_noticed_unless_the_url_says_otherwise(postgres_url: str) -> None:
    for url, expected in ((postgres_url, "30000"), (f"{postgres_url}{'&' if '?' in postgres_url else '?'}tcp_user_timeout=5000", "5000")):
        engine = open_database(url)
        with engine.connect() as connection:
            driver: Any = connection.connection.driver_connection
            said = driver.info.get_parameters()
        engine.dispose()
        assert (said["tcp_user_timeout"], said["connect_timeout"]) == (expected, "10")
