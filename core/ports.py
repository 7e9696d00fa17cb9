"""What the core needs of the world. Each port has one conformance suite in tests/contract, run over every adapter."""
from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import Future
from typing import NamedTuple, Protocol


class NewEvent(NamedTuple):
    """An event that asks to be recorded."""

    stream_id: bytes
    """16 bytes: the ticket or aggregate it belongs to."""
    type: str
    """Names how the payload is to be read: ``tickets.v1.opened``. 1 to 255 bytes of UTF-8."""
    tenant: str
    """0 to 255 bytes of UTF-8."""
    occurred_at_us: int
    """When it was true: microseconds since 1970 UTC."""
    payload: bytes
    """At most 16 MiB."""
    key: bytes = b""
    """16 bytes (not all zero) that name this event for ever, or empty. A key that is in the journal is never recorded again."""
    version: int | None = None
    """The stream version it wants to take, from 0, which must be greater than the stream's last (any, for a new stream).
    None: the one after the last; 1 for a new stream."""


class RecordedEvent(NamedTuple):
    """An event as the journal holds it."""

    position: int
    """From 1, dense: no gaps, one order for all readers."""
    stream_id: bytes
    version: int
    """Within its stream; the first is 1 unless its writer said otherwise."""
    type: str
    tenant: str
    occurred_at_us: int
    recorded_at_us: int
    """When the journal learned it; the same for all events of a commit, never before that of an earlier one."""
    key: bytes
    payload: bytes


class Commit(NamedTuple):
    """Events that are recorded together or not at all: at most 65,536, with at most 64 MiB of payload.

    An event whose key is known, or stands earlier in the same commit, is left out. A commit of which nothing is left is
    answered, but records nothing, its request key neither.
    """

    events: Sequence[NewEvent]
    request_key: bytes = b""
    """Empty for facts. 16 bytes for a decision: if it is known, nothing is recorded and the positions of the events that
    the first commit recorded are the answer. It shares one index with the events' keys."""


class Receipt(NamedTuple):
    """What became of a commit, once it is durable."""

    positions: tuple[int, ...]
    """One for each event, of its first recording. For a repeated request: those that the first commit recorded."""
    duplicates: tuple[bool, ...]
    """For each position: True when it had been recorded before this commit (or earlier within it)."""


class Journal(Protocol):
    """The only truth: an append-only list of commits. Thread-safe.

    What a method returns as durable survives a crash. After ``close`` only ``position``, ``wait_beyond`` and ``close``
    answer; the others raise JournalStopped.
    """

    def submit(self, commit: Commit) -> Future[Receipt]:
        """Queue a commit; the future is done after it is durable, in the order of submission.

        Raises from the future VersionConflict, JournalStopped, and InvalidInput for a commit that breaks the bounds above;
        it leaves nothing behind then. Of a journal that other nodes write too, also JournalMoved, and JournalUnreachable: then the
        commit may stand or not, and the same one is recorded once. Raises Overloaded at once when the bounded queue is full.
        What another node recorded for this one is durable then, and can be read here a moment later; ``append`` waits for that.
        Callbacks of the future may run on the journal's own thread: they must not wait for the journal.
        """

    def append(self, commit: Commit) -> Receipt:
        """``submit`` and wait."""

    @property
    def position(self) -> int:
        """Of the last durable event; 0 when there is none."""

    def read(self, after: int = 0, limit: int = 1000) -> Sequence[RecordedEvent]:
        """Durable events with position > after, in order, at most ``limit`` (fewer when they are large; none only at the end).
        Raises JournalDamaged when the next one cannot be read back."""

    def read_stream(
        self, stream_id: bytes, *, after: int | None = None, up_to: int | None = None, limit: int | None = None, descending: bool = False
    ) -> Sequence[RecordedEvent]:
        """Durable events of one stream with after < version <= up_to, by version, the first ``limit`` of that order."""

    def version(self, stream_id: bytes) -> int | None:
        """Last durable version of a stream; None when it has no events."""

    def position_of(self, key: bytes) -> int | None:
        """Where the event with this key (or the first event of the commit with this request key) was recorded."""

    def wait_beyond(self, position: int, timeout_s: float | None = None) -> bool:
        """Block until ``self.position > position`` (True), or the time is over or the journal closed (False)."""

    def close(self) -> None:
        """Finish what was queued, then release everything. Idempotent."""
