"""Bytes and indexes of the journal: the kernels, or their Python twins where no kernel was built."""
from __future__ import annotations

from opsledger.ext.journal.codec import (
    COMMIT_HEADER_BYTES,
    ENTRY_BYTES,
    NO_HASH,
    SEGMENT_HEADER_BYTES,
    decode_commit_header,
    decode_segment_header,
    encode_segment_header,
    previous_in_stream,
)
from opsledger.ext.journal.found import BadFrame, CommitHeader, Problem, Scan, SegmentHeader

try:
    from opsledger.ext.journal._codec import crc32c, decode_events, encode_commit, find_commit, scan
    from opsledger.ext.journal._index import Index
except ImportError:  # a machine without a C compiler
    from opsledger.ext.journal.checksum import crc32c
    from opsledger.ext.journal.codec import decode_events, encode_commit, find_commit, scan
    from opsledger.ext.journal.index import Index  # type: ignore[assignment]  # the twin has the same methods

__all__ = [
    "COMMIT_HEADER_BYTES", "ENTRY_BYTES", "NO_HASH", "SEGMENT_HEADER_BYTES", "BadFrame", "CommitHeader", "Index", "Problem", "Scan",
    "SegmentHeader", "crc32c", "decode_commit_header", "decode_events", "decode_segment_header", "encode_commit",
    "encode_segment_header", "find_commit", "previous_in_stream", "scan",
]
