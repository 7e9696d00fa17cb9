"""Where the journal's events, keys and streams are. This twin is the specification; _index.pyx does the same in open tables."""
from __future__ import annotations

from array import array

from opsledger.ext.journal.codec import ENTRY, NO_NAME


class Index:
    """Built from the entries of all events, in order from position 1."""

    def __init__(self) -> None:
        self._offsets = array("I")
        self._keys: dict[bytes, tuple[int, int]] = {}
        self._ends: dict[bytes, tuple[int, int]] = {}

    def add(self, entries: bytes) -> int:
        """Take the next events. Returns the position of the first whose version or link does not follow its stream; 0: none."""
        wrong = 0
        for stream_id, key, request_key, version, previous, offset, count in ENTRY.iter_unpack(entries):
            self._offsets.append(offset)
            position = len(self._offsets)
            end = self._ends.get(stream_id)
            if (end[0] if end else 0) != previous or version < 0 or (end is not None and version <= end[1]):
                wrong = wrong or position
            self._ends[stream_id] = (position, version)
            if request_key != NO_NAME:
                self._keys.setdefault(request_key, (position, count))
            if key != NO_NAME:
                self._keys.setdefault(key, (position, 1))
        return wrong

    def find(self, key: bytes) -> tuple[int, int] | None:
        """Position and number of the events that a key names."""
        return self._keys.get(key)

    def end_of(self, stream_id: bytes) -> tuple[int, int] | None:
        """Position and version of a stream's last event."""
        return self._ends.get(stream_id)

    def offsets(self, first: int, last: int) -> array[int]:
        """Of the frames at positions first (from 1) to last (included), as far as they exist, each in its file."""
        return self._offsets[first - 1:last]

    @property
    def events(self) -> int:
        return len(self._offsets)

    @property
    def streams(self) -> int:
        return len(self._ends)

    @property
    def keys(self) -> int:
        return len(self._keys)
