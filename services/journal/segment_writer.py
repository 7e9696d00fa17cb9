"""Makes batches durable: into the active segment, a new one when it is time, with the mark and the checkpoints."""
from __future__ import annotations

from collections.abc import Callable
from time import perf_counter

from opsledger.core.errors import JournalStopped
from opsledger.ext.journal import SEGMENT_HEADER_BYTES, Index
from opsledger.services.journal.batches import Batch
from opsledger.services.journal.checkpoint import Checkpoint, write_checkpoint
from opsledger.services.journal.files import Files
from opsledger.services.journal.mark import Mark, encode_mark, open_mark
from opsledger.services.journal.recovery import Recovered, durable_view
from opsledger.services.journal.segment_file import Segment, segment_name


class SegmentWriter:
    """Used by one thread. Raises OSError when the disk refuses, JournalStopped when what it writes is not in the folder any more,
    or not its own; nothing may be written after that."""

    def __init__(self, files: Files, recovered: Recovered) -> None:
        self._files = files
        self._index: Index = recovered.index
        self.segments = recovered.segments
        """Readers read it; it only grows."""
        self._entries = recovered.entries
        self._hash, self._recorded_at_us = recovered.hash, recovered.recorded_at_us
        self.on_synced: Callable[[float], None] = lambda seconds: None
        """Told how long each sync of a batch took."""
        self._mark = open_mark(files)
        self._settle(recovered)

    def _settle(self, recovered: Recovered) -> None:
        """Make durable what was found, before anything is built on it: it may stand only in the system's memory as yet."""
        if recovered.tail and recovered.tail.offset == 0:
            self._files.remove(recovered.tail.segment)
        elif recovered.tail:
            self.segments[-1].file.truncate(recovered.tail.offset)
        if self.segments:
            self._rewrite(self.segments[-1], durable_view(recovered).end)
        self._files.sync_names()
        self._write_mark()
        self._mark.sync()

    def _rewrite(self, segment: Segment, start: int) -> None:
        """Write what is not proved durable once more. After a failed sync the system may take bytes for written that never
        reached the disk; syncing them again would then do nothing and succeed."""
        if start <= SEGMENT_HEADER_BYTES:
            start = 0
        segment.file.write(segment.file.read(segment.end - start, start), start)
        segment.file.sync()

    def _write_mark(self) -> None:
        self._mark.write(encode_mark(Mark(self._index.events, self._hash)), 0)

    def write(self, batch: Batch) -> None:
        """Return when the batch is durable and in the index."""
        if not batch.commits:
            return
        full = self.segments[-1] if batch.header and self.segments else None
        checkpoint = self._checkpoint(full) if full else None
        if batch.header:
            self._begin(batch)
        active = self.segments[-1]
        self._files.check(active.name, active.file)
        if (size := active.file.size()) != batch.offset:
            raise JournalStopped(
                f"the journal stopped: {active.name} has {size} bytes where it should have {batch.offset}: another process has "
                "written to it; stop that one, and look with opsledger journal verify"
            )
        active.file.write(b"".join(batch.commits), batch.offset)
        started_s = perf_counter()
        active.file.sync()
        self.on_synced(perf_counter() - started_s)
        self._files.check(active.name, active.file)  # again: what went meanwhile took the batch with it
        self._hash, self._recorded_at_us = batch.hash, batch.recorded_at_us
        active.end = batch.offset + batch.size  # before the index: a reader looks for nothing beyond it, but for all that is indexed
        for entries in batch.entries:
            self._index.add(entries)
        self._entries += batch.entries
        self._write_mark()
        if checkpoint:
            self._mark.sync()
            write_checkpoint(self._files, checkpoint)

    def _begin(self, batch: Batch) -> None:
        file = self._files.open(segment_name(batch.segment), create=True)
        file.write(batch.header, 0)
        file.sync()
        self._files.sync_names()
        self.segments.append(Segment(segment_name(batch.segment), batch.segment, file, len(batch.header)))
        self._entries = []

    def _checkpoint(self, segment: Segment) -> Checkpoint:
        return Checkpoint(segment.first_position, segment.end, self._recorded_at_us, self._hash, b"".join(self._entries))

    def close(self) -> None:
        """After the last batch."""
        self._mark.sync()
        if self.segments:
            write_checkpoint(self._files, self._checkpoint(self.segments[-1]))
