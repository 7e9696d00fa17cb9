"""A partition's commits in segment files of this machine: the index and the read path. Kafka holds the truth; what is lost here is read
again, so nothing waits for the disk."""
from __future__ import annotations

import logging
import os
from collections.abc import Callable, Iterable
from pathlib import Path
from threading import RLock

from opsledger.core.errors import JournalError
from opsledger.ext.journal import SEGMENT_HEADER_BYTES, crc32c, encode_segment_header
from opsledger.services.journal.batches import Batch
from opsledger.services.journal.checkpoint import checkpoint_name
from opsledger.services.journal.files import Files, LocalFile, LocalFiles
from opsledger.services.journal.kafka.fold import LogState
from opsledger.services.journal.kafka.records import Claim, Record
from opsledger.services.journal.kafka.stored_offset import NAME, StoredOffset, encode_stored, open_stored, read_stored
from opsledger.services.journal.mark import NAME as MARK
from opsledger.services.journal.recovery import Recovered, recover
from opsledger.services.journal.segment_file import segment_names
from opsledger.services.journal.segment_writer import SegmentWriter

_log = logging.getLogger(__name__)


class CachedFile(LocalFile):
    """Written to the system's memory; the disk follows when it likes."""

    def sync(self) -> None: ...

    def settle(self) -> None:
        super().sync()


class CachedFiles(LocalFiles):
    """See Files; nothing waits for the disk."""

    def open(self, name: str, *, create: bool = False) -> CachedFile:
        return CachedFile(self._folder / name, os.O_RDWR | (os.O_CREAT | os.O_EXCL if create else 0))

    def sync_names(self) -> None: ...


class Replica:
    """Thread-safe: whoever has read records gives them; what was given before is passed over."""

    def __init__(self, folder: Path, topic: str, partition: int, segment_bytes: int) -> None:
        """Raises JournalLocked, and JournalError for a folder that holds something else."""
        self._topic, self._partition, self._segment_bytes = topic, partition, segment_bytes
        self._lock = RLock()
        self._files = CachedFiles(folder)
        self._files.lock()
        try:
            stored = read_stored(self._files)
            self._check_source(folder, stored)
            self.recovered = recover(self._files)
            if problem := _unusable(self.recovered, stored):
                _log.warning("the replica in %s is read again from the topic: %s", folder, problem)
                _clear(self._files)
                stored, self.recovered = None, recover(self._files)
            self._writer = SegmentWriter(self._files, self.recovered)
            self._stored = open_stored(self._files)
        except BaseException:
            self._files.unlock()
            raise
        self._state = stored.state if stored else LogState()
        self.record_crc = stored.record_crc if stored else 0
        self._begins = [(self._state.claim.epoch, self._state.position)]
        self._broken: Exception | None = None
        self.on_taken: Callable[[], None] = lambda: None

    def _check_source(self, folder: Path, stored: StoredOffset | None) -> None:
        if stored is None and segment_names(self._files.names()) and NAME not in self._files.names():
            raise JournalError(f"{folder} holds a journal that is no replica of a topic; choose another folder")
        if stored and (stored.topic, stored.partition) != (self._topic, self._partition):
            raise JournalError(f"{folder} is the replica of partition {stored.partition} of {stored.topic}; choose another folder")

    @property
    def offset(self) -> int:
        """Of the next record to be taken."""
        return self._state.offset

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
            except Exception as error:
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
                    batch = None
        if last:
            if batch:
                self._write(batch)
            self.record_crc = crc32c(last.value)
            self._stored.write(encode_stored(StoredOffset(state, self.record_crc, self._topic, self._partition)), 0)

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


def _clear(files: Files) -> None:
    names = set(files.names())
    for segment in segment_names(list(names)):
        files.remove(segment)
    for name in names & {NAME, MARK, *(checkpoint_name(int(segment.split(".")[0])) for segment in segment_names(list(names)))}:
        files.remove(name)
