"""Several journals as one: each is a partition, and positions say which."""
from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future
from functools import partial
from threading import Event
from typing import Any, Protocol, TypeVar

from opsledger.core.errors import FieldViolation, InvalidInput, Overloaded
from opsledger.core.partitions import begin_of, home_of, partition_at, partition_of, partition_of_stream
from opsledger.core.ports import Commit, Journal, NewEvent, Receipt, RecordedEvent
from opsledger.services.futures import refused, then, when_all

T = TypeVar("T")


class Partition(Journal, Protocol):
    """A journal that is one of several. Its positions begin after ``begin_of(number)``."""

    @property
    def number(self) -> int: ...

    @property
    def is_owner(self) -> bool:
        """This node writes it, and does the work that is done once for each partition. Where it ``is_shared`` that is so by what this
        node has read: one that was frozen does not know yet who has taken over."""

    @property
    def is_shared(self) -> bool:
        """Other nodes may write it: it may hold more than this node has read."""

    def wait_owner(self, owner: bool, timeout_s: float) -> bool:
        """Block until ``is_owner`` is as wanted (True), or the time is over (False)."""

    def fits(self, events: Sequence[NewEvent]) -> bool:
        """One commit may hold them all."""

    def freshen(self) -> None:
        """Return when this node has read everything that was recorded before the call, through whichever node. Raises what ``append``
        raises."""


class Numbered:
    """A journal of which this process is the only writer, as a partition. See Partition."""

    def __init__(self, journal: Journal, number: int = 0) -> None:
        self.number = number
        self.journal, self._begin = journal, begin_of(number)

    @property
    def is_owner(self) -> bool:
        return True

    @property
    def is_shared(self) -> bool:
        return False

    def wait_owner(self, owner: bool, timeout_s: float) -> bool:
        if not owner:
            Event().wait(timeout_s)
        return owner

    def fits(self, events: Sequence[NewEvent]) -> bool:
        return True  # a disk takes whatever is in bounds

    def freshen(self) -> None:
        pass  # whoever writes it has read it

    def submit(self, commit: Commit) -> Future[Receipt]:
        local = self.journal.submit(commit)
        return then(local, self._numbered) if self._begin else local

    def _numbered(self, receipt: Receipt) -> Receipt:
        return receipt._replace(positions=tuple(self._begin + position for position in receipt.positions))

    def append(self, commit: Commit) -> Receipt:
        return self.submit(commit).result()

    @property
    def position(self) -> int:
        return self._begin + self.journal.position

    def read(self, after: int = 0, limit: int = 1000) -> Sequence[RecordedEvent]:
        return self._renumbered(self.journal.read(self._local(after), limit))

    def read_stream(
        self, stream_id: bytes, *, after: int | None = None, up_to: int | None = None, limit: int | None = None, descending: bool = False
    ) -> Sequence[RecordedEvent]:
        return self._renumbered(self.journal.read_stream(stream_id, after=after, up_to=up_to, limit=limit, descending=descending))

    def version(self, stream_id: bytes) -> int | None:
        return self.journal.version(stream_id)

    def position_of(self, key: bytes) -> int | None:
        found = self.journal.position_of(key)
        return None if found is None else self._begin + found

    def wait_beyond(self, position: int, timeout_s: float | None = None) -> bool:
        return self.journal.wait_beyond(self._local(position), timeout_s)

    def close(self) -> None:
        self.journal.close()

    def _local(self, position: int) -> int:
        return max(position - self._begin, 0)

    def _renumbered(self, events: Sequence[RecordedEvent]) -> Sequence[RecordedEvent]:
        if not self._begin:
            return events
        return [event._replace(position=self._begin + event.position) for event in events]


def divided(events: Sequence[T], fit: Callable[[Sequence[T]], bool]) -> Iterator[Sequence[T]]:
    """What need not be recorded as a whole: in halves, and these in halves, until each is one or they ``fit``. In their order."""
    if len(events) <= 1 or fit(events):
        yield events
        return
    middle = len(events) // 2
    yield from divided(events[:middle], fit)
    yield from divided(events[middle:], fit)


def _merged(commits: Sequence[tuple[Sequence[int], Future[Receipt]]]) -> Future[Receipt]:
    """One receipt of several; each commit holds the events at its indexes."""
    def merge() -> Receipt:
        merged: dict[int, tuple[int, bool]] = {}
        for indexes, commit in commits:
            merged |= zip(indexes, zip(*commit.result(), strict=True), strict=True)
        positions, duplicates = zip(*(merged[index] for index in range(len(merged))), strict=True)
        return Receipt(positions, duplicates)

    return when_all([commit for _, commit in commits], merge)


class PartitionedJournal:
    """All partitions for who writes and looks up: see Journal. A commit goes to the partition of its events, which must be one.

    Who follows the journal follows each of ``parts``: between two partitions there is no order. So ``read`` stays within the
    partition of ``after``, and ``wait_beyond`` waits for that one; ``position`` is that of the last partition that has events.
    """

    def __init__(self, parts: Sequence[Partition]) -> None:
        self.parts = tuple(parts)

    def of_tenant(self, tenant: str) -> Partition:
        """Where its decisions and rules stand."""
        return self.parts[home_of(tenant, len(self.parts))]

    def of_ticket(self, stream_id: bytes) -> Partition:
        """Where its facts stand."""
        return self.parts[partition_of_stream(stream_id, len(self.parts))]

    def of_position(self, position: int) -> Partition:
        """Raises InvalidInput when there is no such partition."""
        number = partition_at(position)
        if number >= len(self.parts):
            raise InvalidInput(FieldViolation("position", "OUT_OF_RANGE", f"there is no partition {number}"))
        return self.parts[number]

    def submit(self, commit: Commit) -> Future[Receipt]:
        return self._of_commit(commit).submit(commit)

    def append(self, commit: Commit) -> Receipt:
        return self._of_commit(commit).append(commit)

    def submit_facts(self, events: Sequence[NewEvent]) -> Future[Receipt]:
        """Events of any partitions: a commit for each partition that has some, or several where one would be too large. The future is
        done when all are; when one of them fails it raises that error, and the others may stand. Raises Overloaded when nothing was
        queued: what is tried again at once must not fill the queues of the other partitions with what they have."""
        chosen = self._commits(events)
        if len(chosen) == 1:
            return self.parts[chosen[0][0]].submit(Commit(events))
        submitted: list[tuple[Sequence[int], Future[Receipt]]] = []
        for number, indexes in chosen:
            commit = Commit([events[index] for index in indexes])
            try:
                submitted.append((indexes, self.parts[number].submit(commit)))
            except Overloaded as error:
                if not submitted:
                    raise
                submitted.append((indexes, refused(error)))
                break
        return _merged(submitted)

    def _commits(self, events: Sequence[NewEvent]) -> Sequence[tuple[int, Sequence[int]]]:
        """The partition of each, and the indexes of its events."""
        chosen: dict[int, list[int]] = {}
        if len(self.parts) == 1:
            chosen[0] = list(range(len(events)))
        else:
            named: dict[bytes, int] = {}
            for index, event in enumerate(events):
                number = self._of_fact(event)
                if event.key:
                    number = named.setdefault(event.key, number)
                chosen.setdefault(number, []).append(index)

        def fit(part: Partition, indexes: Sequence[int]) -> bool:
            return part.fits([events[index] for index in indexes])

        return [
            (number, some) for number, indexes in chosen.items() for some in divided(indexes, partial(fit, self.parts[number]))
        ]

    def _of_fact(self, event: NewEvent) -> int:
        """Where it stands, or would: one whose name is known in another partition, because it was of another ticket, is known."""
        own = partition_of(event, len(self.parts))
        if not event.key or self.parts[own].position_of(event.key) is not None:
            return own
        holder = self._first(lambda part: part.position_of(event.key) is not None)
        return own if holder is None else holder.number

    def fits(self, events: Sequence[NewEvent]) -> bool:
        """One commit may hold them all, in whichever partition they are: there is no difference."""
        return self.parts[0].fits(events)

    def _of_commit(self, commit: Commit) -> Partition:
        if len(self.parts) == 1:
            return self.parts[0]
        numbers = {partition_of(event, len(self.parts)) for event in commit.events}
        if len(numbers) > 1:
            raise InvalidInput(FieldViolation("events", "SEVERAL_PARTITIONS", "must be of one partition: a commit is recorded as a whole"))
        if numbers:
            return self.parts[numbers.pop()]
        return self._first(lambda part: part.position_of(commit.request_key) is not None) or self.parts[0]

    @property
    def position(self) -> int:
        return max((part.position for part in self.parts if part.position > begin_of(part.number)), default=0)

    def read(self, after: int = 0, limit: int = 1000) -> Sequence[RecordedEvent]:
        return self.of_position(after).read(after, limit)

    def read_stream(self, stream_id: bytes, **bounds: Any) -> Sequence[RecordedEvent]:
        part = self._first(lambda part: part.version(stream_id) is not None)
        return part.read_stream(stream_id, **bounds) if part else []

    def version(self, stream_id: bytes) -> int | None:
        return next((version for part in self.parts if (version := part.version(stream_id)) is not None), None)

    def position_of(self, key: bytes) -> int | None:
        return next((position for part in self.parts if (position := part.position_of(key)) is not None), None)

    def _first(self, holds: Callable[[Partition], bool]) -> Partition | None:
        return next((part for part in self.parts if holds(part)), None)

    def wait_beyond(self, position: int, timeout_s: float | None = None) -> bool:
        return self.of_position(position).wait_beyond(position, timeout_s)

    def close(self) -> None:
        for part in self.parts:
            part.close()
