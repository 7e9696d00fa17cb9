"""What stands in the journal's folder after whatever happened to it. Only looks: it changes no file.

An unreadable end is either a *torn tail*, the rest of a write that was never acknowledged, or *damage* to acknowledged events.
It is damage when something proves that the events were durable once:

* a segment follows it: a segment is begun only after all of the one before is durable;
* a commit follows it that says so: each carries the last position that was durable before its batch was written;
* the mark says so (services/journal/mark.py).

Without such a proof it is a tail and may be cut. After a power cut the mark may lag: damage to the very last batch, with nothing
written after it, then cannot be told from a torn write by anybody.
"""
from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import NamedTuple

from opsledger.core.errors import JournalDamaged
from opsledger.ext.journal import (
    COMMIT_HEADER_BYTES,
    NO_HASH,
    SEGMENT_HEADER_BYTES,
    BadFrame,
    Index,
    Problem,
    SegmentHeader,
    decode_segment_header,
    find_commit,
)
from opsledger.services.journal.checkpoint import Checkpoint, read_checkpoint
from opsledger.services.journal.files import File, Files
from opsledger.services.journal.mark import NO_MARK, Mark, read_mark
from opsledger.services.journal.segment_file import Segment, scan_file, segment_name, segment_names

Progress = Callable[[int], None]
"""Told the number of bytes that were checked since it was last told."""
_log = logging.getLogger(__name__)


class Tail(NamedTuple):
    """Bytes after the last commit that were never acknowledged."""

    segment: str
    offset: int
    size: int


class View(NamedTuple):
    """The journal up to a byte of a segment."""

    segment: str
    end: int


@dataclass(slots=True)
class Recovered:
    """Everything up to the end, or up to the damage."""

    index: Index = field(default_factory=Index)
    segments: list[Segment] = field(default_factory=list)
    hash: bytes = NO_HASH
    recorded_at_us: int = 0
    entries: list[bytes] = field(default_factory=list)
    """Of the last segment."""
    proved: int = 0
    """Highest position that is proved to be durable."""
    commits: int = 0
    """That were checked; those under a checkpoint are not."""
    tail: Tail | None = None
    damage: JournalDamaged | None = None
    mark: Mark = NO_MARK

    @property
    def position(self) -> int:
        return self.index.events


def recover(
    files: Files, *, trust_checkpoints: bool = True, view: View | None = None, progress: Progress = lambda size: None,
) -> Recovered:
    """Read the folder's journal. Damage is not raised but told, with all that stands before it."""
    recovery = _Recovery(files, trust_checkpoints, view, progress)
    try:
        recovery.read()
    except JournalDamaged as error:
        recovery.found.damage = error
    return recovery.found


class _Recovery:
    def __init__(self, files: Files, trust_checkpoints: bool, view: View | None, progress: Progress) -> None:
        self._files, self._trust_checkpoints, self._view, self._progress = files, trust_checkpoints, view, progress
        # The mark first: it never runs ahead of the segments, so what it says must be in them when they are read after it.
        self.found = Recovered(mark=read_mark(files))

    def read(self) -> None:
        view = self._view
        names = [name for name in segment_names(self._files.names()) if view is None or name <= view.segment]
        files = [self._files.open(name) for name in names]
        for name, file, following in zip(names, files, [*files[1:], None], strict=False):
            self._read_segment(name, file, following)
        if view is None and self.found.mark.position > self.found.position:
            name, end = (names[-1], files[-1].size()) if names else (segment_name(1), 0)
            raise self._damaged(f"the journal ends here, but {self._mark_says()}", name, end)
        if self.found.mark.position == self.found.position and self.found.mark.hash != self.found.hash:
            raise self._damaged("the last commit is not the one that the mark knows by its hash", names[-1], self.found.segments[-1].end,
                                self.found.position)

    def _damaged(self, text: str, segment: str, offset: int, position: int = 0) -> JournalDamaged:
        return JournalDamaged(text, position=position or self.found.position + 1, segment=segment, offset=offset)

    def _mark_says(self) -> str:
        return (f"the mark says that events up to position {self.found.mark.position} were durable "
                "(docs/journal-format.md: how to go on without them)")

    def _read_segment(self, name: str, file: File, following: File | None) -> None:
        found, size = self.found, file.size()
        try:
            header = decode_segment_header(file.read(SEGMENT_HEADER_BYTES, 0))
        except BadFrame as error:
            self._judge_header(error, name, file, following)
            return
        if header.first_position != found.position + 1 or segment_name(header.first_position) != name:
            raise self._damaged(f"this segment begins at position {header.first_position}, so a segment is missing before it", name, 0)
        if header.previous_hash != found.hash:
            raise self._damaged("this segment does not follow from the hash of the one before it", name, 0)
        until = min(self._view.end, size) if self._view and name == self._view.segment else size
        found.proved = found.position
        found.entries = []
        segment = Segment(name, header.first_position, file, SEGMENT_HEADER_BYTES)
        found.segments.append(segment)
        self._progress(SEGMENT_HEADER_BYTES)
        checkpoint = self._checkpoint(header, file, until, following) if self._trust_checkpoints else None
        if checkpoint:
            self._add(checkpoint.entries, name)
            segment.end, found.hash, found.recorded_at_us = checkpoint.end, checkpoint.hash, checkpoint.recorded_at_us
            found.proved = found.position
        self._scan(segment, until, following)

    def _scan(self, segment: Segment, until: int, following: File | None) -> None:
        found = self.found
        for run in scan_file(segment.file, segment.end, until, found.position + 1, found.hash):
            self._add(run.entries, segment.name)
            self._progress(run.end - segment.end)
            segment.end, found.hash = run.end, run.hash
            found.commits += run.commits
            found.recorded_at_us = max(found.recorded_at_us, run.recorded_at_us)
            found.proved = max(found.proved, run.durable)
            if run.problem:
                self._judge(run.problem, segment, following)

    def _add(self, entries: bytes, name: str) -> None:
        wrong = self.found.index.add(entries)
        self.found.entries.append(entries)
        if wrong:
            offset = self.found.index.offsets(wrong, wrong)[0]
            raise self._damaged("the event does not follow from the one before it in its stream", name, offset, wrong)

    def _judge_header(self, error: BadFrame, name: str, file: File, following: File | None) -> None:
        """A segment's header is durable before its first commit is written, and nothing else is in the file until then."""
        if following or file.size() > SEGMENT_HEADER_BYTES or self.found.mark.position > self.found.position:
            raise self._damaged(error.text, name, error.offset)
        self.found.tail = Tail(name, 0, file.size())

    def _judge(self, problem: Problem, segment: Segment, following: File | None) -> None:
        """Tail or damage? Raises for damage."""
        proof, rest = "", segment.file.read(segment.file.size() - segment.end, segment.end)
        first = self.found.position + 1
        if following:
            proof = "another segment follows it"
        elif self.found.mark.position >= first:
            proof = self._mark_says()
        else:
            at = max(problem.commit_end - segment.end, 1)
            while hit := find_commit(rest, at):
                at, durable = hit[0] + 1, hit[2]
                if durable >= first:
                    proof = f"the commit at byte {segment.end + hit[0]} says that events up to position {durable} were durable"
                    break
        if proof:
            raise self._damaged(f"{problem.text}; {proof}", segment.name, problem.offset, problem.position)
        self.found.tail = Tail(segment.name, segment.end, len(rest))

    def _checkpoint(self, header: SegmentHeader, file: File, until: int, following: File | None) -> Checkpoint | None:
        """The segment's checkpoint when what follows it fits: the next segment, or the next commit."""
        checkpoint = read_checkpoint(self._files, header.first_position)
        if checkpoint is None or (self._view and checkpoint.end > until):  # it was written after the view was taken
            return None
        if following is None:
            run = next(scan_file(file, checkpoint.end, until, checkpoint.next_position, checkpoint.hash), None)
            fits = checkpoint.end <= until and (run is None or run.commits > 0 or run.is_short)
        else:
            try:
                fits = checkpoint.end == until and decode_segment_header(following.read(SEGMENT_HEADER_BYTES, 0)) == (
                    checkpoint.next_position, checkpoint.hash)
            except BadFrame:
                fits = checkpoint.end == until
        if not fits:
            _log.warning("the checkpoint of segment %s does not fit it and is ignored: the segment is scanned", header.first_position)
        return checkpoint if fits else None


def durable_view(found: Recovered) -> View:
    """The part of the journal that is proved to be durable: what a reader may show while a writer is at work."""
    durable = max(found.proved, found.mark.position)
    last = found.segments[-1]
    if durable >= found.position:
        return View(last.name, last.end)
    return View(last.name, found.index.offsets(durable + 1, durable + 1)[0] - COMMIT_HEADER_BYTES)
