"""The proof that a journal is what was written: every byte of every segment, from the first to the last."""
from __future__ import annotations

from typing import NamedTuple

from opsledger.core.errors import JournalDamaged
from opsledger.services.journal.files import Files
from opsledger.services.journal.recovery import Progress, Recovered, Tail, recover
from opsledger.services.journal.segment_file import segment_names


class Verification(NamedTuple):
    """Of what stands before the damage, when there is damage."""

    events: int
    commits: int
    streams: int
    keys: int
    segments: int
    size_bytes: int
    head_hash: bytes
    """Of the last commit. Two journals with the same head hash have the same commits, to the byte."""
    tail: Tail | None
    """Bytes at the end that are not acknowledged: of a crash, or of a writer at work."""
    damage: JournalDamaged | None


def journal_bytes(files: Files) -> int:
    """Of all segments."""
    return sum(files.open(name).size() for name in segment_names(files.names()))


def verify(files: Files, progress: Progress = lambda size: None) -> Verification:
    """Check every checksum, the chain of hashes, dense positions, rising versions and the links of the streams.

    Checkpoints are not trusted. Damage is told, not raised. ``progress`` is told how many more bytes are checked.
    """
    found = recover(files, trust_checkpoints=False, progress=progress)
    if found.damage:  # a writer at work can look like damage, but not twice
        found = recover(files, trust_checkpoints=False)
    return _verification(found)


def _verification(found: Recovered) -> Verification:
    index = found.index
    return Verification(
        index.events, found.commits, index.streams, index.keys, len(found.segments), sum(segment.end for segment in found.segments),
        found.hash, found.tail, found.damage,
    )
