"""Builds batches: commits become the bytes of one write, their writers' answers waiting beside them."""
from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import Future
from dataclasses import dataclass, field
from threading import Lock
from typing import NamedTuple

from opsledger.core.ports import Commit, Receipt
from opsledger.ext.journal import SEGMENT_HEADER_BYTES, encode_commit, encode_segment_header
from opsledger.services.journal.planning import Found, Plan, StreamEnd, plan
from opsledger.services.journal.recorded_at import RecordedAt
from opsledger.services.journal.recovery import Recovered


class Request(NamedTuple):
    commit: Commit
    size: int
    """Bytes that it takes, about."""
    answer: Future[Receipt]


@dataclass(slots=True)
class Batch:
    """What one write and one sync make durable."""

    segment: int
    """First position of the segment it is for."""
    offset: int
    """In the segment's file, where it begins."""
    durable: int
    """Position before its first event: when it is written, all before it is durable."""
    header: bytes = b""
    """Of the segment that this batch begins; empty when it continues one."""
    size: int = 0
    commits: list[bytes] = field(default_factory=list)
    entries: list[bytes] = field(default_factory=list)
    position: int = 0
    """Of the last event of this batch or before it; ``hash`` and ``recorded_at_us`` likewise."""
    hash: bytes = b""
    recorded_at_us: int = 0
    keys: dict[bytes, Found] = field(default_factory=dict)
    ends: dict[bytes, StreamEnd] = field(default_factory=dict)
    answers: list[tuple[Future[Receipt], Receipt | Exception, int]] = field(default_factory=list)
    """Who waits, what for, and how many of the batch's commits must stand for it to be true."""
    stood: int = -1
    """When the batch could not be stored as a whole: how many of its commits stand all the same; -1: nobody knows."""


class Builder:
    """Used by one thread, except ``forget``. It knows what is planned but not yet in the index."""

    def __init__(self, recovered: Recovered, *, now_us: Callable[[], int], segment_bytes: int, epoch: int = 0) -> None:
        self._index, self._segment_bytes, self._epoch = recovered.index, segment_bytes, epoch
        self._position, self._hash = recovered.position, recovered.hash
        self.recorded_at = RecordedAt(now_us, recovered.recorded_at_us)
        last = recovered.segments[-1] if recovered.segments else None
        self._segment, self._offset = (last.first_position, last.end) if last else (1, segment_bytes)
        self._open: tuple[Batch, ...] = ()
        self._lock = Lock()

    def build(self, requests: Sequence[Request]) -> Batch:
        """One batch of all requests. A refused commit leaves nothing behind but its error."""
        self.recorded_at()
        batch = self._begin()
        with self._lock:
            self._open += (batch,)
        for commit, _, answer in requests:
            if not answer.set_running_or_notify_cancel():
                continue
            try:
                planned = plan(commit, self, self._position + 1)
                if planned.placed:
                    self._add(batch, planned, commit.request_key)
                batch.answers.append((answer, planned.receipt, len(batch.commits)))
            except Exception as error:  # whatever a commit breaks, it breaks for its writer alone
                batch.answers.append((answer, error, len(batch.commits)))
        batch.position, batch.hash, batch.recorded_at_us = self._position, self._hash, self.recorded_at.last_us
        return batch

    def _begin(self) -> Batch:
        # Where writers are fenced in the log, batches are sent before it is known that those before them stand.
        durable = self._index.events if self._epoch else self._position
        if self._offset < self._segment_bytes:
            return Batch(self._segment, self._offset, durable)
        header = encode_segment_header(self._position + 1, self._hash)
        return Batch(self._position + 1, SEGMENT_HEADER_BYTES, durable, header)

    def _add(self, batch: Batch, planned: Plan, request_key: bytes) -> None:
        offset = batch.offset + batch.size
        data, digest, entries = encode_commit(
            planned.placed, self._position + 1, self.recorded_at.last_us, batch.durable, request_key, self._hash, offset, self._epoch
        )
        batch.commits.append(data)
        batch.entries.append(entries)
        batch.size += len(data)
        batch.keys.update(planned.keys)
        batch.ends.update(planned.ends)
        self._segment, self._offset, self._hash = batch.segment, offset + len(data), digest
        self._position += len(planned.placed)

    def forget(self, batch: Batch) -> None:
        """It is in the index now."""
        with self._lock:
            self._open = tuple(other for other in self._open if other is not batch)

    def find(self, key: bytes) -> Found | None:
        # Open batches before the index: a batch is in the index before it is forgotten, so nothing falls between.
        for batch in self._open:
            if found := batch.keys.get(key):
                return found
        return self._index.find(key)

    def end_of(self, stream_id: bytes) -> StreamEnd | None:
        for batch in reversed(self._open):
            if end := batch.ends.get(stream_id):
                return end
        return self._index.end_of(stream_id)
