"""The projector: a partition of the journal in, rows out, exactly once.

The rows of a batch and the position after it are written in one transaction that begins by taking the position. So a
process may be killed at any moment, and two projectors of a partition may run on one database: a batch is applied once or not at all.
Those of different partitions write different rows, so they never wait for each other but where SQLite has one writer at a time.
"""
from __future__ import annotations

from collections.abc import Callable, Sequence
from hashlib import sha256
from threading import Condition, Event

from sqlalchemy import Connection, Engine

from opsledger.core.errors import DatabaseUnusable, JournalDamaged
from opsledger.core.partitions import begin_of
from opsledger.core.ports import RecordedEvent
from opsledger.services.journal.partitions import Partition
from opsledger.services.projections.database import writer
from opsledger.services.projections.fact_cache import FACTS_MAX
from opsledger.services.projections.folding import Folder
from opsledger.services.projections.store import Place, Store
from opsledger.services.projections.table_sets import LIVE, TableSet

BATCH_EVENTS, BATCH_BYTES = 50_000, 64 << 20
"""At most as many events, of about so many bytes, are applied in one transaction: a ticket that many of them touch is folded once."""
STOP_LOOK_S = 0.5
"""How long a quiet projector waits for the journal before it looks whether it is to stop."""
STOP_PAUSE_S = 0.01
"""A journal that has stopped does not make anybody wait: without this, looking would take a whole processor."""

Told = Callable[[int], object]
"""Called with a position that the tables have reached in its partition."""


class Projector:
    """Keeps one set of tables in step with one partition. Thread-safe but for ``catch_up`` and ``run``: one thread works."""

    def __init__(
        self, partition: Partition, engine: Engine, *,
        on_moved: Told | None = None, snapshot: bool = False, table_set: TableSet = LIVE, batch_events: int = BATCH_EVENTS,
        facts_max: int = FACTS_MAX,
    ) -> None:
        """``on_moved`` is told from the projector's thread. ``snapshot``: the journal is what another process had written when it
        was opened, so the tables may be ahead of it. They may be, too, of a partition that this node does not own.

        ``facts_max``: how many facts it keeps in memory while it works.

        Raises DatabaseUnusable when the tables come from another journal.
        """
        self._journal = partition
        self._snapshot = snapshot
        self._engine = writer(engine)
        self._table_set = table_set
        self._batch_events, self._facts_max = batch_events, facts_max
        self._on_moved = on_moved
        self._moved = Condition()
        self._folder: Folder | None = None
        self._begin = begin_of(partition.number)
        self._is_to_look = Event()
        self._place = self._look()

    @property
    def position(self) -> int:
        """Of the last event that is in the tables, as far as this projector knows."""
        return self._place.position

    @property
    def lag(self) -> int:
        """How many recorded events are not in the tables yet."""
        return max(self._journal.position - self.position, 0)

    def wait_for(self, position: int, timeout_s: float | None = None) -> bool:
        """Block until the tables have come to ``position`` (True) or the time is over (False)."""
        with self._moved:
            return self._moved.wait_for(lambda: self.position >= position, timeout_s)

    def look_again(self) -> None:
        """The tables may stand elsewhere than this projector has brought them: ``run`` looks before it goes on. From any thread."""
        self._is_to_look.set()

    def catch_up(self, progress: Told | None = None, *, up_to: int | None = None) -> int:
        """Bring the tables to where the journal is now, or to ``up_to`` if that is earlier; the position reached."""
        goal = self._journal.position if up_to is None else min(up_to, self._journal.position)
        while self.position < goal:
            self._step(min(self._batch_events, goal - self.position))
            if progress is not None:
                progress(self.position)
        if up_to is None:
            self._journal.read(max(self.position, goal), 1)  # raises what hinders reading on: the journal is damaged there, or closed
        return self.position

    def run(self, stop: Event) -> None:
        """Keep the tables in step until ``stop`` is set. Raises what the database or the journal raises; may be run again then."""
        self._find_place()  # where another one has brought them meanwhile
        try:
            while not stop.is_set():
                if self._is_to_look.is_set():
                    self._is_to_look.clear()
                    self._find_place()
                if self._journal.wait_beyond(self.position, STOP_LOOK_S):
                    self.catch_up(up_to=self.position + self._batch_events)  # one batch, so that a long way to go can be interrupted
                else:
                    self._journal.read(self.position, 1)  # raises what hinders reading on: the journal is damaged there, or closed
                    stop.wait(STOP_PAUSE_S)
        finally:
            self._folder = None  # what it remembers is many facts, of a partition that another node may go on with

    def _step(self, events_max: int) -> None:
        """Apply the next batch, or learn that another projector has."""
        place = self._place
        batch = self._read(place.position, events_max)
        new = Place(batch[-1].position, place.origin or fingerprint(batch[0]))
        try:
            taken = self._apply(place, new, batch)
        except BaseException:
            self._folder = None
            raise
        if taken:
            self._move(new)
        else:
            self._find_place()

    def _read(self, after: int, events_max: int) -> list[RecordedEvent]:
        batch: list[RecordedEvent] = []
        size = 0
        while len(batch) < events_max and size < BATCH_BYTES:
            try:
                part = self._journal.read(after + len(batch), events_max - len(batch))
            except JournalDamaged:
                if batch:
                    break  # what stands before the damage
                raise
            batch += part
            size += sum(len(event.payload) for event in part)
        return batch

    def _apply(self, old: Place, new: Place, batch: Sequence[RecordedEvent]) -> bool:
        with self._engine.begin() as connection:
            store = self._store(connection)
            if not store.advance(old, new):
                return False
            if self._folder is None:
                self._folder = Folder(self._journal, store.rules(), self._facts_max)
            for changes in self._folder.fold(batch, store.tickets_of):
                store.write(changes)
        return True

    def _find_place(self) -> None:
        place = self._look()
        if place != self._place:
            self._folder = None
        self._move(place)

    def _look(self) -> Place:
        """Where the tables are. Tables of another journal must not be mixed with this one's."""
        with self._engine.connect() as connection:
            place = self._store(connection).place()
        first = self._journal.read(self._begin, 1)
        if place.origin and first and place.origin != fingerprint(first[0]):
            raise DatabaseUnusable(
                "--database holds the read models of another journal: name another database, "
                "or replace them by this journal's with `opsledger rebuild`"
            )
        if place.position > self._journal.position and self._journal.is_owner and not self._snapshot:
            raise DatabaseUnusable(
                f"--database has seen {place.position - self._begin} events, the journal holds {self._journal.position - self._begin}: "
                "it has lost some, or is another one; `opsledger rebuild` makes the read models follow it"
            )
        return place

    def _store(self, connection: Connection) -> Store:
        return Store(connection, self._table_set, self._journal.number)

    def _move(self, place: Place) -> None:
        with self._moved:
            self._place = place
            self._moved.notify_all()
        if self._on_moved is not None:
            self._on_moved(place.position)


def fingerprint(first: RecordedEvent) -> str:
    """Tells journals apart by their first event; when it was recorded does not matter."""
    return sha256(first.stream_id + first.key + first.payload).hexdigest()[:32]
