"""The embedded journal: segment files in a folder. docs/journal-format.md describes the files."""
from __future__ import annotations

import logging
from collections.abc import Callable
from concurrent.futures import Future
from pathlib import Path
from typing import Self

from opsledger.core.errors import InvalidInput, JournalError, JournalStopped, NotFound
from opsledger.core.ports import Commit, Receipt
from opsledger.services.futures import refused
from opsledger.services.journal.batches import Batch, Builder
from opsledger.services.journal.bounds import check
from opsledger.services.journal.clock import wall_clock_us
from opsledger.services.journal.files import Files, LocalFiles
from opsledger.services.journal.group_commit import GroupCommit
from opsledger.services.journal.limits import Limits
from opsledger.services.journal.mark import NAME as MARK
from opsledger.services.journal.reading import SegmentReading
from opsledger.services.journal.recorded_at import RecordedAt
from opsledger.services.journal.recovery import Recovered, durable_view, recover
from opsledger.services.journal.segment_file import segment_names
from opsledger.services.journal.segment_writer import SegmentWriter

_OF_A_NODE = ("0", "offset")
"""What stands in a node's folder, and in that of one of its replicas."""
_log = logging.getLogger(__name__)


class SegmentJournal(SegmentReading):
    """See opsledger.core.ports.Journal."""

    def __init__(
        self, files: Files, *, now_us: Callable[[], int] = wall_clock_us, read_only: bool = False, limits: Limits | None = None
    ) -> None:
        """Raises JournalLocked, JournalDamaged.

        ``read_only`` shows what is durable now, also while another process writes, and what stands before the damage of a
        damaged journal: reading on from there raises JournalDamaged.
        """
        limits = limits or Limits()
        self._files = files
        self._writer: SegmentWriter | None = None
        if not read_only:
            files.lock()
        try:
            recovered = _recover_view(files) if read_only else _recover_whole(files)
            if not read_only:
                self._writer = SegmentWriter(files, recovered)
        except BaseException:
            if not read_only:
                files.unlock()
            raise
        super().__init__(recovered, limits.read_bytes)
        if self._writer:
            self._builder = Builder(recovered, now_us=now_us, segment_bytes=limits.segment_bytes)
            self._commits = GroupCommit(self._builder.build, self._store, self._wake, limits)

    @classmethod
    def open(
        cls, folder: Path, *, now_us: Callable[[], int] = wall_clock_us, read_only: bool = False, limits: Limits | None = None
    ) -> Self:
        """The journal in a folder, which is made when there is none. Raises JournalLocked, JournalDamaged; NotFound when there is
        none to read from; JournalError when the folder cannot be used, or is a node's: what is written there is not in the topic."""
        if not read_only and any((folder / name).exists() for name in _OF_A_NODE):
            raise JournalError(f"{folder} holds replicas of a node: record through its server, or any other one's (--server HOST:PORT)")
        try:
            files = journal_files(folder) if read_only else LocalFiles(folder)
            return cls(files, now_us=now_us, read_only=read_only, limits=limits)
        except OSError as error:
            raise JournalError(f"the journal in {folder} cannot be opened: {error}") from error

    def submit(self, commit: Commit) -> Future[Receipt]:
        try:
            if self._writer is None:
                raise JournalStopped("the journal was opened for reading only")
            size = check(commit)
        except (InvalidInput, JournalStopped) as error:
            return refused(error)
        return self._commits.submit(commit, size)

    def append(self, commit: Commit) -> Receipt:
        return self.submit(commit).result()

    @property
    def commits_waiting(self) -> int:
        """In the queue before the next batch."""
        return self._commits.waiting

    @property
    def recorded_at(self) -> RecordedAt | None:
        """The time of its commits; None for one that is only read."""
        return self._builder.recorded_at if self._writer else None

    def observe_syncs(self, observe: Callable[[float], None]) -> None:
        """From now on ``observe`` is told the seconds that each sync of a batch takes, on the journal's own thread."""
        assert self._writer
        self._writer.on_synced = observe

    def _store(self, batch: Batch) -> None:
        assert self._writer
        self._writer.write(batch)
        self._builder.forget(batch)
        self._grown()

    @property
    def _ended(self) -> bool:
        return self._closed or self._writer is None or self._commits.stopped is not None

    def close(self) -> None:
        try:
            if self._writer and not self._closed:
                self._end_writing(self._writer)
        finally:
            self._end_reading()

    def _end_writing(self, writer: SegmentWriter) -> None:
        self._commits.close()
        try:
            if not self._commits.stopped:
                writer.close()
        finally:
            self._files.unlock()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def journal_files(folder: Path) -> Files:
    """The files of a journal that is there, to be read only. Raises NotFound."""
    files = LocalFiles(folder, read_only=True)
    if not folder.is_dir() or not (MARK in files.names() or segment_names(files.names())):
        raise NotFound("journal", str(folder))
    return files


def _recover_whole(files: Files) -> Recovered:
    recovered = recover(files)
    if recovered.damage:
        raise recovered.damage
    if tail := recovered.tail:
        _log.warning(
            "the end of the journal was torn by a crash: %d bytes, never acknowledged, are cut from %s at byte %d, after position %d",
            tail.size, tail.segment, tail.offset, recovered.position,
        )
    return recovered


def _recover_view(files: Files) -> Recovered:
    """What is durable. What a writer is writing at this moment can look like damage, but not twice."""
    recovered = recover(files)
    if recovered.damage:
        recovered = recover(files)
    if recovered.damage or not recovered.segments:
        return recovered
    view = durable_view(recovered)
    return recovered if view.end == recovered.segments[-1].end else recover(files, view=view)
