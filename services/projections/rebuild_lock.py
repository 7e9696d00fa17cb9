"""One rebuild at a time on one database; the lock goes with the process that holds it."""
from __future__ import annotations

import fcntl
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from errno import EADDRINUSE
from pathlib import Path
from socket import AF_UNIX, socket
from typing import TextIO

from sqlalchemy import Engine, func, select

from opsledger.core.errors import DatabaseUnusable
from opsledger.services.projections.database import shown

_LOCK = 0x6F70736C65646766
"""Number of the PostgreSQL advisory lock."""


@contextmanager
def rebuild_lock(engine: Engine) -> Iterator[None]:
    """Raises DatabaseUnusable when another process is rebuilding this database."""
    with (_postgresql(engine) if engine.dialect.name == "postgresql" else _sqlite(engine)):
        yield


@contextmanager
def _postgresql(engine: Engine) -> Iterator[None]:
    with engine.connect() as connection:
        if not connection.scalar(select(func.pg_try_advisory_lock(_LOCK))):
            raise _busy(engine)
        connection.commit()
        try:
            yield
        finally:
            connection.scalar(select(func.pg_advisory_unlock(_LOCK)))


@contextmanager
def _sqlite(engine: Engine) -> Iterator[None]:
    """A file beside the database, which keeps out whoever sees the folder, and a name of this machine that nobody can remove. The
    database's own file is not to be locked: closing it once more would release what SQLite holds on it."""
    with _named_after(engine), _beside(engine):
        yield


@contextmanager
def _named_after(engine: Engine) -> Iterator[None]:
    database = Path(str(engine.url.database))
    if not sys.platform.startswith("linux") or not database.exists():  # only Linux has abstract sockets
        yield
        return
    file = database.stat()
    with socket(AF_UNIX) as name:
        try:
            name.bind(f"\0opsledger-rebuild-{file.st_dev}-{file.st_ino}")
        except OSError as error:
            if error.errno != EADDRINUSE:
                raise
            raise _busy(engine) from None
        yield


@contextmanager
def _beside(engine: Engine) -> Iterator[None]:
    path = Path(f"{engine.url.database}-rebuild")
    while True:
        with path.open("w") as file:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                raise _busy(engine) from None
            if not _is_at(path, file):
                continue  # whoever had it before has removed it in between
            try:
                yield
            finally:
                if _is_at(path, file):  # not somebody else's, who found none
                    path.unlink()
            return


def _is_at(path: Path, file: TextIO) -> bool:
    try:
        return os.path.samestat(path.stat(), os.fstat(file.fileno()))
    except FileNotFoundError:
        return False


def _busy(engine: Engine) -> DatabaseUnusable:
    return DatabaseUnusable(f"--database {shown(engine)} is being rebuilt by another process; try again when that is done")
