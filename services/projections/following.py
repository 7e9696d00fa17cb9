"""Learning how far the read models are, whoever writes them: PostgreSQL tells all nodes when a projector commits."""
from __future__ import annotations

from collections.abc import Callable
from threading import Event
from time import monotonic
from typing import TYPE_CHECKING, Any, cast

from sqlalchemy import Connection, Engine, func, select

from opsledger.services.projections.tables import positions

if TYPE_CHECKING:
    import psycopg

CHANNEL = "opsledger_moved"
"""Of PostgreSQL's NOTIFY; the message is the position that the read models have reached in its partition."""
STOP_LOOK_S = 0.5
QUIET_S = 5.0
"""After so long without a word it asks: a connection that is dead does not say so."""


def tell(connection: Connection, position: int) -> None:
    """Tell all who follow, when the transaction commits. On SQLite nobody does."""
    if connection.dialect.name == "postgresql":
        connection.execute(select(func.pg_notify(CHANNEL, str(position))))


class Following:
    """One thread works. What it tells comes in the order of the commits."""

    def __init__(self, engine: Engine, told: Callable[[int], object]) -> None:
        """``engine`` is a PostgreSQL. ``told`` is called with every position that is reached, at first with where all partitions are."""
        self._engine = engine.execution_options(isolation_level="AUTOCOMMIT")
        self._told = told

    def run(self, stop: Event) -> None:
        """Follow until ``stop`` is set. Raises what the database raises; may be run again then."""
        with self._engine.connect() as connection:
            driver = cast("psycopg.Connection[Any]", connection.connection.driver_connection)
            connection.exec_driver_sql(f"LISTEN {CHANNEL}")
            try:
                while not stop.is_set():
                    self._look(connection)
                    self._listen(driver, stop)
            finally:
                connection.invalidate()  # closed, not lent to others: it listens

    def _look(self, connection: Connection) -> None:
        for position in connection.scalars(select(positions.c.position)):
            self._told(position)

    def _listen(self, driver: psycopg.Connection[Any], stop: Event) -> None:
        """Until nothing has been said for a while."""
        heard_s = monotonic()
        while not stop.is_set() and monotonic() - heard_s < QUIET_S:
            for notification in driver.notifies(timeout=STOP_LOOK_S, stop_after=1):
                self._told(int(notification.payload))
                heard_s = monotonic()
