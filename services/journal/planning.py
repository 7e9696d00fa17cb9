"""What a commit becomes: which of its events are recorded, where, and what its writer is told. The same for every journal."""
from __future__ import annotations

from typing import NamedTuple, Protocol, TypeAlias

from opsledger.core.errors import VersionConflict
from opsledger.core.ports import Commit, NewEvent, Receipt

Found: TypeAlias = tuple[int, int]
"""What a key names: the position of an event and 1; for a request, of the first of the commit's events and their number."""
StreamEnd: TypeAlias = tuple[int, int]
"""Where a stream stands: position and version of its last event."""

NO_END: StreamEnd = (0, 0)
"""Before the first event: the version after it is 1."""


class Known(Protocol):
    """All that was planned before, durable or not yet."""

    def find(self, key: bytes) -> Found | None: ...

    def end_of(self, stream_id: bytes) -> StreamEnd | None: ...


class Placed(NamedTuple):
    """An event with its place: it stands at the plan's first position plus its index in ``Plan.placed``."""

    event: NewEvent
    version: int
    previous: int
    """Position of the event before it in its stream; 0 when it is the first."""


class Plan(NamedTuple):
    placed: list[Placed]
    receipt: Receipt
    keys: dict[bytes, Found]
    """Names to remember once the plan is carried out."""
    ends: dict[bytes, StreamEnd]
    """Where the plan leaves its streams."""


def plan(commit: Commit, known: Known, first_position: int) -> Plan:
    """Place the events of a commit from ``first_position`` on. Raises VersionConflict; then nothing of it is recorded."""
    events, request_key = commit
    if request_key and (done := known.find(request_key)):
        first, count = done
        return Plan([], Receipt(tuple(range(first, first + count)), (True,) * count), {}, {})
    placed: list[Placed] = []
    positions: list[int] = []
    duplicates: list[bool] = []
    keys: dict[bytes, Found] = {}
    ends: dict[bytes, StreamEnd] = {}
    position = first_position
    for event in events:
        key, stream_id, version = event.key, event.stream_id, event.version
        if key and (found := keys.get(key) or known.find(key)):
            positions.append(found[0])
            duplicates.append(True)
            continue
        end = ends.get(stream_id) or known.end_of(stream_id)
        if end is None:
            end = NO_END
        elif version is not None and version <= end[1]:
            raise VersionConflict(stream_id, end[1], version)
        if version is None:
            version = end[1] + 1
        placed.append(Placed(event, version, end[0]))
        positions.append(position)
        duplicates.append(False)
        if key:
            keys[key] = (position, 1)
        ends[stream_id] = (position, version)
        position += 1
    if request_key and placed:
        keys[request_key] = (first_position, len(placed))
    return Plan(placed, Receipt(tuple(positions), tuple(duplicates)), keys, ends)
