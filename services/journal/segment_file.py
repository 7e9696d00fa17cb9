"""One segment file: its name, its header, its commits in order."""
from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from opsledger.ext.journal import Scan, scan
from opsledger.services.journal.files import File

CHUNK_BYTES = 4 << 20
_NAME = re.compile(r"\d{20}\.segment")


@dataclass(slots=True)
class Segment:
    name: str
    first_position: int
    file: File
    end: int
    """Of the durable bytes."""


def segment_name(first_position: int) -> str:
    return f"{first_position:020d}.segment"


def segment_names(names: list[str]) -> list[str]:
    """Those of segments among the names of a folder, in the order of their positions."""
    return sorted(name for name in names if _NAME.fullmatch(name))


def scan_file(file: File, start: int, until: int, next_position: int, previous_hash: bytes) -> Iterator[Scan]:
    """Check the commits from ``start`` until ``until``, a few megabytes at a time; the last Scan says whether it came to the end."""
    chunk = CHUNK_BYTES
    while start < until:
        data = file.read(min(chunk, until - start), start)
        found = scan(data, start, next_position, previous_hash)
        if found.is_short and len(data) == chunk < until - start:  # the commit goes on in the file
            chunk = CHUNK_BYTES if found.commits else chunk * 2
            found = found._replace(problem=None, is_short=False)
        yield found
        if found.problem:
            return
        start, next_position, previous_hash = found.end, found.next_position, found.hash
