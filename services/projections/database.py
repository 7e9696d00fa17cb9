"""Opening the database of the read models: SQLite by default, PostgreSQL by URL."""
from __future__ import annotations

import sqlite3
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Engine, ExceptionContext, create_engine, event
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import ArgumentError, DisconnectionError, SQLAlchemyError

from opsledger.core.errors import DatabaseUnusable, FieldViolation, InvalidSettings, NoRoom
from opsledger.services.projections.arranging import arrange, hold_schema
from opsledger.services.projections.database_faults import REPAIR, say_what_to_do
from opsledger.services.projections.schema import SCHEMA_VERSION, Found, look

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


def open_database(url: str, *, must_exist: bool = False, to_repair: bool = False) -> Engine:
    """The engine of ``sqlite:///FILE`` or ``postgresql://…``, its tables created in an empty database unless they must exist.

    ``to_repair``: for who will make the tables right whatever they are; they are not looked at.

    A connection's transaction covers DDL too, in both. One that will write should come from ``writer(engine)``, so that SQLite
    takes its only write lock at the beginning instead of failing half-way.

    Raises InvalidSettings for another URL, DatabaseUnusable for a database that cannot be reached, is of another version, or has
    not the tables that it should have. Whatever is done with the engine raises DatabaseUnusable when the database is away, locked or
    without its tables, and NoRoom when the disk takes no more of an SQLite file; nothing of that transaction is there then.
    """
    parsed = _parse(url)
    engine = _sqlite(parsed, must_exist) if parsed.get_backend_name() == "sqlite" else _postgresql(parsed)
    say_what_to_do(engine, shown(engine))
    try:
        if to_repair:
            engine.connect().close()
        else:
            _check(engine, must_exist)
    except (NoRoom, DatabaseUnusable):
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
    try:
        file.open("ab").close()
    except OSError as error:
        raise DatabaseUnusable(f"--database: {file} cannot be written: {error.strerror}") from error

    def connect() -> sqlite3.Connection:
        """Never to a file that was not there: one that was deleted is missed, not made again, empty."""
        return sqlite3.connect(f"{file.absolute().as_uri()}?mode=rw", uri=True, check_same_thread=False)

    engine = create_engine(url, creator=connect, max_overflow=-1)  # one for each thread: projectors of many partitions wait for each other

    @event.listens_for(engine, "connect")
    def _connect(connection: Any, record: Any) -> None:
        record.info["file"] = _identity(file)
        connection.isolation_level = None  # the driver would commit behind our back before DDL; we say BEGIN ourselves
        connection.execute(f"PRAGMA busy_timeout = {BUSY_TIMEOUT_MS}")
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("PRAGMA synchronous = NORMAL")  # the journal is the truth; a lost last transaction is projected again

    @event.listens_for(engine, "checkout")
    def _is_the_file_still(_connection: Any, record: Any, _proxy: object) -> None:
        if record.info["file"] != _identity(file):
            raise DisconnectionError("the file is another one")  # the pool connects again

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


def verify(engine: Engine) -> Found:
    """What the database has. Raises DatabaseUnusable when those are not the tables of this version, or when there are none."""
    with engine.connect() as connection:
        found = look(connection)
    if found.is_empty:
        raise DatabaseUnusable(f"--database {shown(engine)} holds no read models yet; `opsledger catch-up` makes them")
    if found.version not in (None, SCHEMA_VERSION):
        raise other_version(engine, found.version)
    if found.faults:
        raise DatabaseUnusable(f"--database {shown(engine)}: {'; '.join(found.faults)}; {REPAIR}")
    return found


def other_version(engine: Engine, version: int | None) -> DatabaseUnusable:
    return DatabaseUnusable(
        f"--database {shown(engine)} has read models of version {version}, this Opsledger has version {SCHEMA_VERSION}. "
        "If this one is newer, run its `opsledger rebuild`: it makes its tables beside the others and swaps them in one step. "
        "If another node has done so, upgrade this one: until then its read models wait, and what is recorded is kept"
    )


def _identity(file: Path) -> tuple[int, int] | None:
    try:
        found = file.stat()
    except FileNotFoundError:
        return None
    return found.st_dev, found.st_ino


def _check(engine: Engine, must_exist: bool) -> None:
    """Compare the schema; create it where there is nothing."""
    if not must_exist:
        with engine.connect() as connection:
            is_empty = look(connection).is_empty
        if is_empty:
            _create(engine)
    verify(engine)


def _create(engine: Engine) -> None:
    with writer(engine).begin() as connection:
        hold_schema(connection)
        if look(connection).is_empty:
            arrange(connection)
