"""What the codecs find in bytes; shared by the kernel and its twin."""
from __future__ import annotations

from typing import NamedTuple


class Problem(NamedTuple):
    """The first thing that is wrong with a run of commits."""

    text: str
    position: int
    """Of the event that cannot be read, or of the first one of the commit that cannot be."""
    offset: int
    """In the file: where the commit or the event's frame begins."""
    commit_end: int
    """In the file: where the commit says that it ends; 0 when its header cannot be read."""


class Scan(NamedTuple):
    """A run of valid commits."""

    entries: bytes
    """One index entry for each event."""
    end: int
    """In the file: where the last valid commit ends."""
    commits: int
    next_position: int
    hash: bytes
    """Of the last valid commit: the end of the chain."""
    recorded_at_us: int
    """Of the last valid commit; 0 when there is none."""
    durable: int
    """The highest position that a valid commit says was durable before it was written."""
    problem: Problem | None
    """None when the run fills the bytes; else why it ends before."""
    is_short: bool
    """The problem is only that the bytes end within a commit."""


class SegmentHeader(NamedTuple):
    first_position: int
    previous_hash: bytes


class CommitHeader(NamedTuple):
    first_position: int
    events: int
    durable: int
    """Position that its writer knew to be durable before it."""
    epoch: int
    """Of the writer."""


class BadFrame(ValueError):
    """An event frame that does not carry what was written. ``args``: text, offset in the file."""

    def __init__(self, text: str, offset: int) -> None:
        super().__init__(text, offset)
        self.text, self.offset = text, offset
