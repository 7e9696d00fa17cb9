"""Reading while a batch is taken into the index: what is indexed can be read at once."""
from __future__ import annotations

from concurrent.futures import Future
from pathlib import Path

from opsledger.core.ports import Commit
from opsledger.ext.journal import Index
from opsledger.services.journal.batches import Builder, Request
from opsledger.services.journal.files import LocalFiles
from opsledger.services.journal.recovery import Recovered
from opsledger.services.journal.segment_file import Segment
from opsledger.services.journal.segment_reader import SegmentReader
from opsledger.services.journal.segment_writer import SegmentWriter
from tests.kit.journals import event, name


class ReadAtOnce(Index):
    """Reads a stream back after each commit that it takes, as another thread may."""

    def __init__(self) -> None:
        self.segments: list[Segment] = []
        self.versions: list[list[int]] = []

    def add(self, entries: bytes) -> int:
        wrong = super().add(entries)
        last, _ = self.end_of(name("ticket")) or (0, 0)
        reader = SegmentReader(self, self.segments, 1 << 20)
        self.versions.append([found.version for found in reader.read_stream(last, None, None)])
        return wrong


def test_an_indexed_event_can_be_read_before_the_rest_of_its_batch_is_indexed(tmp_path: Path) -> None:
    index = ReadAtOnce()
    recovered = Recovered(index=index)
    index.segments = recovered.segments
    files = LocalFiles(tmp_path / "journal")
    writer = SegmentWriter(files, recovered)
    builder = Builder(recovered, now_us=lambda: 1, segment_bytes=1 << 20)
    for _ in range(2):
        writer.write(builder.build([Request(Commit([event()]), 1, Future()) for _ in range(2)]))
    assert index.versions == [[1], [2, 1], [3, 2, 1], [4, 3, 2, 1]]
