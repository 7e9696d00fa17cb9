"""Whether the read models can be used, looked at every now and then: a quiet projector does not notice that its tables are gone."""
from __future__ import annotations

from collections.abc import Sequence
from threading import Event

import structlog
from sqlalchemy import Engine

from opsledger.core.errors import DatabaseUnusable
from opsledger.services.projections.database import BUSY_TIMEOUT_MS, is_shared, verify
from opsledger.services.projections.runner import Projector

LOOK_S = 1.0
LOCKED_AFTER_MS = 5_000
"""A lock on an SQLite file for so long, while no projector moves, is another process's."""

log = structlog.get_logger(__name__)


class DatabaseWatch:
    """One thread works."""

    def __init__(self, engine: Engine, projectors: Sequence[Projector]) -> None:
        self._engine, self._projectors = engine, projectors
        self.problem: str | None = None
        """Why they cannot be used, since it was last looked."""

    def is_usable(self) -> bool:
        return self.problem is None

    def run(self, stop: Event) -> None:
        """Look until ``stop`` is set. What it finds is said once; the projectors look again where the tables are when they can be used."""
        while not stop.is_set():
            self.look()
            stop.wait(LOOK_S)

    def look(self) -> None:
        try:
            verify(self._engine)
            if not is_shared(self._engine):
                self._try_lock()
        except DatabaseUnusable as error:
            if self.problem != str(error):
                log.error("the read models cannot be used; what is recorded is kept", reason=str(error))
            self.problem = str(error)
            return
        if self.problem is not None:
            for projector in self._projectors:
                projector.look_again()
            log.info("the read models can be used again")
        self.problem = None

    def _try_lock(self) -> None:
        before = [projector.position for projector in self._projectors]
        try:
            with self._engine.connect() as connection:
                connection.exec_driver_sql(f"PRAGMA busy_timeout = {LOCKED_AFTER_MS}")
                try:
                    connection.exec_driver_sql("COMMIT")
                    connection.exec_driver_sql("BEGIN IMMEDIATE")
                finally:
                    connection.exec_driver_sql(f"PRAGMA busy_timeout = {BUSY_TIMEOUT_MS}")
        except DatabaseUnusable:
            if before == [projector.position for projector in self._projectors]:
                raise
