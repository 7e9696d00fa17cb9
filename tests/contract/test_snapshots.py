"""Snapshots that race, over every journal: with other persistence modules of the library an older one that comes late is stored beside
the newer ones, and no save fails by it."""
from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from threading import Thread
from typing import ClassVar
from uuid import UUID, uuid4

import pytest
from eventsourcing.application import Application
from eventsourcing.domain import Aggregate, event
from eventsourcing.persistence import IntegrityError, StoredEvent

from opsledger.core.ports import Journal
from opsledger.services.journal.recorder import JournalAggregateRecorder, lend
from opsledger.services.journal.recorder.sharing import OpenJournal
from tests.kit.coaching import environment
from tests.kit.journals import ADAPTERS, Clock

THREADS, COUNTS = 4, 12


class Counter(Aggregate):
    class Begun(Aggregate.Created):
        TOPIC = "tests.counter.begun"

    class Counted(Aggregate.Event):
        TOPIC = "tests.counter.counted"
        token: str

    @event(Begun)
    def __init__(self) -> None:
        self.seen: list[str] = []

    @event(Counted)
    def count(self, token: str) -> None:
        self.seen.append(token)


class Counters(Application[UUID]):
    is_snapshotting_enabled = True
    snapshotting_intervals: ClassVar[dict[type[Aggregate], int]] = {Counter: 1}  # type: ignore[misc]  # the library's is wider


@pytest.fixture(params=ADAPTERS)
def journal(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Journal]:
    opened = ADAPTERS[request.param](tmp_path / "journal", Clock())
    yield opened
    opened.close()


def test_an_older_snapshot_that_comes_late_is_passed_over(journal: Journal) -> None:
    recorder, id = JournalAggregateRecorder(OpenJournal(journal), "Counters", "snapshots"), uuid4()
    second, third, fifth = (StoredEvent(id, version, "topic", str(version).encode()) for version in (2, 3, 5))
    recorder.insert_events([third])
    recorder.insert_events([second])
    assert recorder.select_events(id) == [third]
    for twice in ([third], [third, fifth], [second, third]):
        with pytest.raises(IntegrityError):
            recorder.insert_events(twice)
    recorder.insert_events([second, fifth])
    assert recorder.select_events(id) == [third, fifth]


def test_events_of_an_older_version_are_refused_as_ever(journal: Journal) -> None:
    recorder, id = JournalAggregateRecorder(OpenJournal(journal), "Counters"), uuid4()
    recorder.insert_events([StoredEvent(id, 3, "topic", b"3")])
    with pytest.raises(IntegrityError):
        recorder.insert_events([StoredEvent(id, 2, "topic", b"2")])


def test_counts_of_several_threads_are_all_there_once(journal: Journal, tmp_path: Path) -> None:
    problems: list[Exception] = []
    with lend(tmp_path, journal), Counters(environment(tmp_path)) as app:
        counter = Counter()
        app.save(counter)

        def count_once(token: str) -> None:
            while True:
                mine = app.repository.get(counter.id)
                mine.count(token)
                try:
                    app.save(mine)
                    return
                except IntegrityError:  # the library's usual way: load, decide and save again
                    continue

        def work(thread: int) -> None:
            try:
                for number in range(COUNTS):
                    count_once(f"{thread}-{number}")
            except Exception as error:  # whatever it is, the test tells
                problems.append(error)

        threads = [Thread(target=work, args=(thread,)) for thread in range(THREADS)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        seen = app.repository.get(counter.id).seen
    assert problems == []
    assert sorted(seen) == sorted(f"{thread}-{number}" for thread in range(THREADS) for number in range(COUNTS))
