"""Sorted on disk: rows by ticket, events by ticket and the order in which they are folded.

What goes in comes out in an order that depends on its content alone, never on the order of arrival. So a file read twice, or
shuffled, or read again after a crash gives the journal the same events in the same order.
"""
from __future__ import annotations

import json
import os
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import groupby
from types import TracebackType
from typing import Any, NamedTuple

from opsledger.core.errors import FieldViolation, InvalidInput, NoRoom
from opsledger.core.tickets.facts import TicketFact, TicketKey
from opsledger.core.tickets.order import rank
from opsledger.services.importers.files import Row

ROWS_PER_TICKET_MAX = 200_000
"""Rows of one ticket are compared in memory."""
_PENDING_MAX = 5_000
PROGRAMS_MAX = 100

_SCHEMA = """
PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF; PRAGMA locking_mode = EXCLUSIVE; PRAGMA temp_store = FILE;
CREATE TABLE rows (ticket TEXT, line INTEGER, cells TEXT);
CREATE TABLE events (
    tenant TEXT, source TEXT, ticket TEXT, at INTEGER, sequence INTEGER, rank INTEGER, event_id TEXT, payload BLOB, line INTEGER,
    again INTEGER
);
CREATE TABLE retold (tenant TEXT, source TEXT, ticket TEXT, PRIMARY KEY (tenant, source, ticket)) WITHOUT ROWID;
CREATE VIEW told AS SELECT * FROM events WHERE again OR NOT EXISTS (
    SELECT * FROM retold WHERE retold.tenant = events.tenant AND retold.source = events.source AND retold.ticket = events.ticket
);
"""


class Program(NamedTuple):
    """Whose work a ticket is."""

    tenant: str
    program: str


class TicketRows(NamedTuple):
    """The rows of one ticket, in no order that means anything."""

    ticket: str
    rows: list[Row]


class Spool:
    """A temporary file of rows and events; gone when closed, and when the process is killed.

    Every method raises NoRoom when the folder for temporary files takes no more.
    """

    def __init__(self) -> None:
        # no name: a file of SQLite's own that has none in its folder either, so that nothing of it can be left behind
        self._database = sqlite3.connect("", isolation_level=None)
        with _room():
            self._database.executescript(_SCHEMA)
        self._rows: list[tuple[object, ...]] = []
        self._events: list[tuple[object, ...]] = []
        self.programs: set[Program] = set()
        """Those that the events belong to; no more than PROGRAMS_MAX of them."""

    def __enter__(self) -> Spool:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._database.close()

    def add_row(self, ticket: str, row: Row) -> None:
        self._rows.append((ticket, row.line, json.dumps(row.cells)))
        if len(self._rows) >= _PENDING_MAX:
            self._flush()

    def retell(self, ticket: TicketKey) -> None:
        """The ticket's events count no more, only those that are added ``again``."""
        with _room():
            self._database.execute("INSERT OR IGNORE INTO retold VALUES (?, ?, ?)", ticket)

    def add_event(self, fact: TicketFact, payload: bytes, line: int = 0, *, again: bool = False) -> None:
        """``line`` is that of the row which says it; ``again``: of a ticket that is retold."""
        if len(self.programs) < PROGRAMS_MAX:
            self.programs.add(Program(fact.tenant, fact.program))
        self._events.append((
            fact.tenant, fact.source, fact.ticket_id, fact.occurred_at_us, fact.sequence, rank(fact), fact.event_id, payload, line, again,
        ))
        if len(self._events) >= _PENDING_MAX:
            self._flush()

    def tickets(self) -> Iterator[TicketRows]:
        """All rows, ticket by ticket. Raises InvalidInput for a ticket with more rows than are compared in memory."""
        self._flush()
        found = self._select("SELECT ticket, line, cells FROM rows ORDER BY ticket")
        for ticket, group in groupby(found, key=lambda item: item[0]):
            rows: list[Row] = []
            for _, line, cells in group:
                if len(rows) == ROWS_PER_TICKET_MAX:
                    raise InvalidInput(FieldViolation(
                        f"line {line}", "TOO_MANY", f"ticket {ticket!r} has more than {ROWS_PER_TICKET_MAX:,} rows: is it the right column?"
                    ))
                rows.append(Row(line, tuple(json.loads(cells))))
            yield TicketRows(ticket, rows)

    def events(self) -> Iterator[bytes]:
        """All events, ticket by ticket, in the order of the fold."""
        self._flush()
        for (payload,) in self._select(
            "SELECT payload FROM told ORDER BY tenant, source, ticket, at, sequence, rank, event_id, payload"
        ):
            yield payload

    def events_of(self, ticket_id: str) -> Iterator[tuple[int, bytes]]:
        """(line, event) of the tickets of that id, in the order of the fold."""
        self._flush()
        yield from self._select(
            "SELECT line, payload FROM told WHERE ticket = ? ORDER BY tenant, source, at, sequence, rank, event_id, payload", ticket_id
        )

    def counts(self) -> tuple[int, int]:
        """(tickets, events)."""
        self._flush()
        [(tickets, events)] = self._select(
            "SELECT (SELECT count(*) FROM (SELECT DISTINCT tenant, source, ticket FROM told)), (SELECT count(*) FROM told)"
        )
        return tickets, events

    def _select(self, query: str, *values: object) -> Iterator[Any]:
        with _room():  # sorting needs room too
            yield from self._database.cursor().execute(query, values)

    def _flush(self) -> None:
        with _room(), self._database:
            self._database.execute("BEGIN")
            self._database.executemany("INSERT INTO rows VALUES (?, ?, ?)", self._rows)
            self._database.executemany("INSERT INTO events VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)", self._events)
        self._rows.clear()
        self._events.clear()


@contextmanager
def _room() -> Iterator[None]:
    try:
        yield
    except sqlite3.OperationalError as error:
        raise NoRoom(
            f"the folder for temporary files, {_temporary_folder()}, takes no more of what is sorted there ({error}); make room in it, "
            "or name another one: TMPDIR=FOLDER"
        ) from error


def _temporary_folder() -> str:
    """Where SQLite keeps a file without a name: https://www.sqlite.org/tempfiles.html#temporary_file_storage_locations"""
    places = (os.environ.get("SQLITE_TMPDIR"), os.environ.get("TMPDIR"), "/var/tmp", "/usr/tmp", "/tmp")
    return next((place for place in places if place and os.path.isdir(place) and os.access(place, os.W_OK | os.X_OK)), os.getcwd())
