"""A journal's folder: segment files, or a folder for each partition of a node: ``0``, ``1``, …"""
from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from opsledger.services.journal.partitions import Numbered, Partition
from opsledger.services.journal.segment import SegmentJournal


def partition_folders(folder: Path) -> list[Path]:
    """The folder of each partition; the folder itself when it is that of a journal that has no partitions."""
    found: list[Path] = []
    while (part := folder / str(len(found))).is_dir():
        found.append(part)
    return found or [folder]


@contextmanager
def open_partitions(folder: Path) -> Iterator[tuple[Partition, ...]]:
    """All that is durable in a folder now, for reading, also while a server writes. Raises NotFound, JournalDamaged."""
    with ExitStack() as opened:
        yield tuple(
            Numbered(opened.enter_context(SegmentJournal.open(part, read_only=True)), number)
            for number, part in enumerate(partition_folders(folder))
        )
