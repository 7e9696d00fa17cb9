"""What a segment journal may use. Every queue and buffer is bounded by one of these."""
from __future__ import annotations

from typing import NamedTuple


class Limits(NamedTuple):
    segment_bytes: int = 64 << 20
    """A segment that has as many is full: the next batch begins another. At most 1 GiB."""
    batch_bytes: int = 8 << 20
    """Bytes after which a batch is closed; one commit may have more."""
    batch_commits: int = 10_000
    queue_bytes: int = 128 << 20
    """Bytes that may wait; submit raises Overloaded beyond. A commit that finds the queue empty always enters."""
    queue_commits: int = 100_000
    read_bytes: int = 64 << 20
    """After which a read ends early."""
