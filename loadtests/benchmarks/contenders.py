"""The stores that are compared, each behind the same few calls. Ours and SQLite run in this process."""
from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from pathlib import Path
from time import time_ns
from uuid import UUID

from eventsourcing.persistence import ApplicationRecorder, InfrastructureFactory, StoredEvent

from opsledger.core.ports import Commit, NewEvent
from opsledger.services.journal.segment import SegmentJournal

PAGE_EVENTS = 1_000
JOURNAL, RECORDER, SQLITE = "opsledger journal", "opsledger recorder", "sqlite recorder"


class Contender(ABC):
    """A store with its data in a folder of its own."""

    name: str

    @abstractmethod
    def append(self, events: Sequence[StoredEvent]) -> None:
        """Durable when it returns; all new aggregates. Thread-safe."""

    @abstractmethod
    def read_log(self, count: int) -> int:
        """Read the first ``count`` events in their one order, by pages, as Python objects. How many there were."""

    @abstractmethod
    def read_stream(self, originator_id: UUID | str) -> int:
        """Read one aggregate's events as Python objects. How many there were."""

    @abstractmethod
    def close(self) -> None: ...


class JournalContender(Contender):
    """The journal itself, without the library."""

    name = JOURNAL

    def __init__(self, folder: Path) -> None:
        self._journal = SegmentJournal.open(folder)

    def append(self, events: Sequence[StoredEvent]) -> None:
        now_us = time_ns() // 1_000
        self._journal.append(Commit([
            NewEvent(_bytes(e.originator_id), e.topic, "", now_us, e.state, b"", e.originator_version) for e in events
        ]))

    def read_log(self, count: int) -> int:
        seen = 0
        while seen < count and (events := self._journal.read(seen, min(PAGE_EVENTS, count - seen))):
            seen = events[-1].position
        return seen

    def read_stream(self, originator_id: UUID | str) -> int:
        return len(self._journal.read_stream(_bytes(originator_id)))

    def close(self) -> None:
        self._journal.close()


class RecorderContender(Contender):
    """A persistence module of the library."""

    def __init__(self, name: str, **env: str) -> None:
        self.name = name
        self._factory = InfrastructureFactory.construct(env)
        self.recorder: ApplicationRecorder = self._factory.application_recorder()

    def append(self, events: Sequence[StoredEvent]) -> None:
        self.recorder.insert_events(events)

    def read_log(self, count: int) -> int:
        seen = last = 0
        while seen < count:
            page = self.recorder.select_notifications(last, min(PAGE_EVENTS, count - seen), inclusive_of_start=False)
            if not page:
                break
            seen, last = seen + len(page), page[-1].id
        return seen

    def read_stream(self, originator_id: UUID | str) -> int:
        return len(self.recorder.select_events(originator_id))

    def close(self) -> None:
        self._factory.close()


def our_recorder(folder: Path) -> Contender:
    return RecorderContender(RECORDER, PERSISTENCE_MODULE="opsledger.services.journal.recorder", OPSLEDGER_JOURNAL=str(folder))


def sqlite_recorder(folder: Path) -> Contender:
    """Write-ahead log and synchronous=FULL, as the library sets it up: an fsync for each commit."""
    folder.mkdir(parents=True)
    return RecorderContender(SQLITE, PERSISTENCE_MODULE="eventsourcing.sqlite", SQLITE_DBNAME=str(folder / "events.db"))


def _bytes(originator_id: UUID | str) -> bytes:
    assert isinstance(originator_id, UUID), "the workload has UUIDs"
    return originator_id.bytes
