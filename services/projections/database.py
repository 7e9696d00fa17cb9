"""Opening the database of the read models: SQLite by default, PostgreSQL by URL."""
from __future__ import annotations

import sqlite3
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Engine, ExceptionContext, create_engine, event, insert, inspect, select
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import ArgumentError, SQLAlchemyError

from opsledger.core.errors import DatabaseUnusable, FieldViolation, InvalidSettings, NoRoom
from opsledger.services.projections.columns import metadata
from opsledger.services.projections.tables import SCHEMA_VERSION, about
from opsledger.services.projections.views import create_views

BUSY_TIMEOUT_MS = 60_000
"""How long a writer of SQLite waits for another one."""
LOST_HOST = {"connect_timeout": 10, "keepalives_idle": 15, "keepalives_interval": 5, "keepalives_count": 3, "tcp_user_timeout": 30_000}
"""Of libpq (s, s, s, times, ms), unless the URL says otherwise: a machine that is gone without a word is noticed within half a minute,
not when the system gives up after many."""
POOL_SIZE, POOL_OVERFLOW_MAX = 8, 24
"""Connections to PostgreSQL: those that are kept, and how many more while all partitions' work and the queries want one."""
FROZEN_TIMEOUT_MS = 30_000
"""How long PostgreSQL waits for a writer that is silent in the middle of a transaction: who is frozen must not hold up a successor."""
_FULL = {sqlite3.SQLITE_FULL, sqlite3.SQLITE_IOERR_WRITE, sqlite3.SQLITE_IOERR_SHMSIZE}
"""What SQLite says of a full disk, a quota or a limit on files, and of a full disk where its index of the log is to grow."""
_CREATE_LOCK = 0x6F70736C65646765
"""Number of the PostgreSQL advisory lock under which tables are created."""


def open_database(url: str, *, must_exist: bool = False) -> Engine:
    """The engine of ``sqlite:///FILE`` or ``postgresql://…``, its tables created unless they must exist.

    A connection's transaction covers DDL too, in both. One that will write should come from ``writer(engine)``, so that SQLite
    takes its only write lock at the beginning instead of failing half-way.

    Raises InvalidSettings for another URL, DatabaseUnusable for a database that cannot be reached or is of another version. Whatever
    is done with the engine of an SQLite file raises NoRoom when the disk takes no more of it; nothing of that transaction is there then.
    """
    parsed = _parse(url)
    engine = _sqlite(parsed, must_exist) if parsed.get_backend_name() == "sqlite" else _postgresql(parsed)
    try:
        _check(engine, must_exist)
    except NoRoom:
        engine.dispose()
        raise
    except SQLAlchemyError as error:
        engine.dispose()
        cause = str(getattr(error, "orig", None) or error).strip().splitlines()[0]
        raise DatabaseUnusable(f"--database {shown(engine)}: {cause}") from error
    return engine


def writer(engine: Engine) -> Engine:
    """The same database for transactions that write."""
    return engine.execution_options(writes=True)


def reader(engine: Engine) -> Engine:
    """The same database for transactions whose queries all see one state."""
    return engine.execution_options(isolation_level="REPEATABLE READ") if is_shared(engine) else engine


def is_shared(engine: Engine) -> bool:
    """Whether all nodes have the same one, in which each projects the partitions that it owns. A node's SQLite file is its own."""
    return engine.dialect.name == "postgresql"


def shown(engine: Engine) -> str:
    """Its URL as it may stand in a message: without the password."""
    return engine.url.set(drivername=engine.url.get_backend_name()).render_as_string(hide_password=True)


def _parse(url: str) -> URL:
    try:
        parsed = make_url(url)
        backend = parsed.get_backend_name()
    except (ArgumentError, ValueError):
        backend = ""
    if backend == "sqlite" and parsed.database not in (None, "", ":memory:"):
        return parsed.set(drivername="sqlite")
    if backend in ("postgresql", "postgres"):
        return parsed.set(drivername="postgresql+psycopg")
    raise InvalidSettings(FieldViolation(
        "--database", "INVALID", f"must be sqlite:///FILE or postgresql://USER@HOST/NAME, not {url.partition('://')[0]}://…",
    ))


def _sqlite(url: URL, must_exist: bool) -> Engine:
    file = Path(url.database or "")
    if must_exist and not file.exists():
        raise DatabaseUnusable(f"--database: there is no {file}; `opsledger catch-up` makes it")
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise DatabaseUnusable(f"--database: the folder {file.parent} cannot be created: {error.strerror}") from error
    engine = create_engine(url, max_overflow=-1)  # one for each thread: projectors of many partitions wait for each other

    @event.listens_for(engine, "connect")
    def _connect(connection: Any, _record: object) -> None:
        connection.isolation_level = None  # the driver would commit behind our back before DDL; we say BEGIN ourselves
        connection.execute(f"PRAGMA busy_timeout = {BUSY_TIMEOUT_MS}")
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("PRAGMA synchronous = NORMAL")  # the journal is the truth; a lost last transaction is projected again

    @event.listens_for(engine, "begin")
    def _begin(connection: Connection) -> None:
        connection.exec_driver_sql("BEGIN IMMEDIATE" if connection.get_execution_options().get("writes") else "BEGIN")

    @event.listens_for(engine, "handle_error")
    def _name_the_file(context: ExceptionContext) -> None:
        if getattr(context.original_exception, "sqlite_errorcode", None) in _FULL:
            raise NoRoom(
                f"the read models' database {file} takes no more ({context.original_exception}): make room on its disk, or where temporary "
                "files go, and run the command again; a running server goes on by itself. Nothing is lost, the journal has everything"
            )

    return engine


def _postgresql(url: URL) -> Engine:
    patience = {name: value for name, value in LOST_HOST.items() if name not in url.query}
    engine = create_engine(
        url, pool_pre_ping=True, pool_size=POOL_SIZE, max_overflow=POOL_OVERFLOW_MAX, connect_args=patience,
    )

    @event.listens_for(engine, "begin")
    def _begin(connection: Connection) -> None:
        if connection.get_execution_options().get("writes"):
            connection.exec_driver_sql(f"SET LOCAL idle_in_transaction_session_timeout = {FROZEN_TIMEOUT_MS}")

    return engine


def _check(engine: Engine, must_exist: bool) -> None:
    """Compare the schema version; create what is missing."""
    with engine.connect() as connection:
        if not inspect(connection).has_table(about.name):
            if must_exist:
                raise DatabaseUnusable(f"--database {shown(engine)} holds no read models yet; `opsledger catch-up` makes them")
            connection.rollback()
            _create(engine)
        version = connection.scalar(select(about.c.schema_version))
    if version != SCHEMA_VERSION:
        engine.dispose()
        raise DatabaseUnusable(
            f"--database {shown(engine)} has read models of version {version}, this Opsledger has version {SCHEMA_VERSION}: "
            "name an empty database, or remove this one; everything in it comes from the journal"
        )


def _create(engine: Engine) -> None:
    with writer(engine).begin() as connection:
        if engine.dialect.name == "postgresql":
            connection.exec_driver_sql(f"SELECT pg_advisory_xact_lock({_CREATE_LOCK})")
        if inspect(connection).has_table(about.name):
            return
        metadata.create_all(connection)
        about.create(connection)
        create_views(connection)
        connection.execute(insert(about).values(schema_version=SCHEMA_VERSION))
