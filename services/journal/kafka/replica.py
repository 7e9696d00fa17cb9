"""A partition's commits in segment files of this machine: the index and the read path. Kafka holds the truth; what is lost here is read
again, so nothing waits for the disk."""
from __future__ import annotations

import logging
from collections.abc import Callable, Iterable
from pathlib import Path
from threading import RLock
from typing import NamedTuple

from opsledger.core.errors import JournalError
from opsledger.ext.journal import SEGMENT_HEADER_BYTES, crc32c, encode_segment_header
from opsledger.services.journal.batches import Batch
from opsledger.services.journal.checkpoint import checkpoint_name
from opsledger.services.journal.files import Files, LocalFiles
from opsledger.services.journal.kafka.cached_files import CachedFile, CachedFiles
from opsledger.services.journal.kafka.fold import LogState
from opsledger.services.journal.kafka.records import Claim, Record
from opsledger.services.journal.kafka.stored_offset import NAME, SEALED, StoredOffset, encode_stored, open_stored, read_stored, write_sealed
from opsledger.services.journal.mark import NAME as MARK
from opsledger.services.journal.recovery import Recovered, recover
from opsledger.services.journal.segment_file import segment_names
from opsledger.services.journal.segment_writer import SegmentWriter

_log = logging.getLogger(__name__)


class Reached(NamedTuple):
    """How far a replica has taken its partition."""

    offset: int
    """Of the next record to be taken."""
    record_crc: int
    """CRC-32C of the record before it; 0 when there is none."""


class Replica:
    """Thread-safe: whoever has read records gives them; what was given before is passed over."""

    def __init__(self, folder: Path, topic: str, partition: int, segment_bytes: int, files: Files | None = None) -> None:
        """Raises JournalLocked, and JournalError for a folder that holds something else."""
        self._topic, self._partition, self._segment_bytes = topic, partition, segment_bytes
        self._lock = RLock()
        self._files = CachedFiles(files or LocalFiles(folder))
        self._files.lock()
        try:
            self._check_source(folder)
            stored, self.recovered = _found(self._files, folder)
            self._writer = SegmentWriter(self._files, self.recovered)
            self._stored = open_stored(self._files)
            self._files.settle_names()
        except BaseException:
            self._files.unlock()
            raise
        self._state = stored.state if stored else LogState()
        self.reached = Reached(self._state.offset, stored.record_crc if stored else 0)
        """Replaced as a whole after each ``take``, so whoever reads it once has what belongs together."""
        self._begins = [(self._state.claim.epoch, self._state.position)]
        self._broken: Exception | None = None
        self.on_taken: Callable[[], None] = lambda: None

    def _check_source(self, folder: Path) -> None:
        names = self._files.names()
        if segment_names(names) and NAME not in names and SEALED not in names:
            raise JournalError(f"{folder} holds a journal that is no replica of a topic; choose another folder")
        for name in (NAME, SEALED):
            if (stored := read_stored(self._files, name)) and (stored.topic, stored.partition) != (self._topic, self._partition):
                raise JournalError(f"{folder} is the replica of partition {stored.partition} of {stored.topic}; choose another folder")

    @property
    def offset(self) -> int:
        """Of the next record to be taken."""
        return self.reached.offset

    @property
    def claim(self) -> Claim:
        return self._state.claim

    def take(self, records: Iterable[Record]) -> None:
        """The next records in order. Raises OSError when the disk refuses, JournalDamaged when they do not follow; nothing is
        taken after that: a start reads them again from the stored offset."""
        with self._lock:
            if self._broken:
                raise self._broken
            try:
                self._take(records)
            except Exception as error:  # whatever it is, what stands in the segments is in doubt
                self._broken = error
                raise
        self.on_taken()

    def _take(self, records: Iterable[Record]) -> None:
        batch: Batch | None = None
        state, last = self._state, None
        for record in records:
            if record.offset < state.offset:
                continue
            batch, before, last = batch or self._begin(), state.claim, record
            found = state.take(record, batch.offset + batch.size)
            if state.claim is not before:
                self._begins.append((state.claim.epoch, state.position))
            if found and state.position > batch.position:
                self._add(batch, record.value, found.entries)
                if batch.offset + batch.size >= self._segment_bytes:
                    self._write(batch)
                    self._settle()
                    write_sealed(self._files, self._stored_after(record))
                    batch = None
        if last:
            if batch:
                self._write(batch)
            stored = self._stored_after(last)
            self._stored.write(encode_stored(stored), 0)
            self.reached = Reached(state.offset, stored.record_crc)

    def _stored_after(self, record: Record) -> StoredOffset:
        return StoredOffset(self._state, crc32c(record.value), self._topic, self._partition)

    def _begin(self) -> Batch:
        segments, position = self._writer.segments, self.recovered.position
        if segments and segments[-1].end < self._segment_bytes:
            return Batch(segments[-1].first_position, segments[-1].end, position, position=position)
        header = encode_segment_header(position + 1, self.recovered.hash)
        return Batch(position + 1, SEGMENT_HEADER_BYTES, position, header, position=position)

    def _add(self, batch: Batch, commit: bytes, entries: bytes) -> None:
        batch.commits.append(commit)
        batch.entries.append(entries)
        batch.size += len(commit)
        batch.position, batch.hash, batch.recorded_at_us = self._state.position, self._state.hash, self._state.recorded_at_us

    def _write(self, batch: Batch) -> None:
        if not batch.commits:
            return
        if batch.header and self._writer.segments:
            self._settle()
        self._writer.write(batch)
        self.recovered.hash, self.recovered.recorded_at_us = batch.hash, batch.recorded_at_us

    def _settle(self) -> None:
        """A checkpoint is trusted on the next start, so what it covers must be on the disk."""
        file = self._writer.segments[-1].file
        assert isinstance(file, CachedFile)
        file.settle()

    def stands(self, epoch: int, position: int) -> bool:
        """Whether the commit that ends at a position, sent in an epoch, is known to count."""
        with self._lock:
            end = next((begin for later, begin in self._begins if later > epoch), self._state.position)
            return position <= end

    def close(self) -> None:
        with self._lock:
            if not self._broken:
                if self._writer.segments:
                    self._settle()
                self._writer.close()
            self._files.unlock()


def _found(files: CachedFiles, folder: Path) -> tuple[StoredOffset | None, Recovered]:
    """How far the partition was read, and what of it is here: after a power cut, all up to the last full segment, which is durable."""
    stored, recovered = read_stored(files), recover(files)
    problem = _unusable(recovered, stored)
    if not problem:
        return stored, recovered
    if sealed := read_stored(files, SEALED):
        _clear(files, sealed.state.position)
        recovered = recover(files)
        if recovered.position == sealed.state.position and not _unusable(recovered, sealed):
            _log.warning("the replica in %s is read again from the topic after position %d: %s", folder, recovered.position, problem)
            return sealed, recovered
    _log.warning("the replica in %s is read again from the topic: %s", folder, problem)
    _clear(files)
    return None, recover(files)


def _unusable(recovered: Recovered, stored: StoredOffset | None) -> str:
    """Why a replica cannot be gone on with; empty when it can. It may be ahead of its stored offset: that is written last."""
    if recovered.damage:
        return str(recovered.damage)
    if stored is None:
        return "how far it has read is not known" if recovered.position else ""
    if recovered.position < stored.state.position:
        return f"it ends at position {recovered.position}, and had read up to {stored.state.position}"
    if recovered.position == stored.state.position and recovered.hash != stored.state.hash:
        return "its last commit is not the one that it had read"
    return ""


def _clear(files: Files, position: int = 0) -> None:
    """Leave nothing but the segments up to a position."""
    names = files.names()
    later = [segment for segment in segment_names(names) if int(segment.split(".")[0]) > position]
    beside = {NAME, MARK, *(checkpoint_name(int(segment.split(".")[0])) for segment in later)} | (set() if position else {SEALED})
    for name in (*later, *sorted(beside & set(names))):
        files.remove(name)
