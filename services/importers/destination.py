"""Where imported facts go: the journal folder, with the read models after it, or a running server."""
from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Protocol

from opsledger.services.importers.recording import Sink
from opsledger.services.importers.runner import Progress


class Destination(Protocol):
    def open_sink(self) -> Sink: ...

    def project(self, progress: Progress) -> None:
        """Bring the read models up to what was recorded, where that is the importer's task."""


class JournalDestination:
    """Opens the journal only when there is something to record, so that wrong input does not even create it."""

    def __init__(self, folder: Path, database: str | None) -> None:
        self._folder, self._database = folder, database

    def open_sink(self) -> Sink:
        from opsledger.services.journal.segment import SegmentJournal
        from opsledger.services.tickets.intake import Intake

        self._journal = SegmentJournal.open(self._folder)
        return Intake(self._journal)

    def project(self, progress: Progress) -> None:
        if self._database is None:
            return
        from opsledger.services.projections.database import open_database
        from opsledger.services.projections.runner import Projector

        engine = open_database(self._database)
        try:
            Projector(self._journal, engine).catch_up(lambda done: progress("projecting", done, self._journal.position))
        finally:
            engine.dispose()

    def close(self) -> None:
        if hasattr(self, "_journal"):
            self._journal.close()


@contextmanager
def to_journal(folder: Path, database: str | None) -> Iterator[Destination]:
    """``database`` None: leave the read models alone."""
    destination = JournalDestination(folder, database)
    try:
        yield destination
    finally:
        destination.close()
