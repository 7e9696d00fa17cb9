"""A journal's folder: segment files, or those of every partition of a node in folders of their own: ``0``, ``1``, …"""
from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from opsledger.services.journal.partitions import Numbered, Partition, PartitionedJournal
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


@contextmanager
def open_to_read(folder: Path) -> Iterator[PartitionedJournal]:
    """The same as one journal."""
    with open_partitions(folder) as partitions:
        yield PartitionedJournal(partitions)
