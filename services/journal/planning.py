"""What a commit becomes: which of its events are recorded, where, and what its writer is told. The same for every journal."""
from __future__ import annotations

from typing import NamedTuple, Protocol

from opsledger.core.errors import VersionConflict
from opsledger.core.ports import Commit, NewEvent, Receipt


class StreamEnd(NamedTuple):
    """Where a stream stands."""

    position: int
    """Of its last event."""
    version: int


NO_END = StreamEnd(0, 0)
"""Before the first event: the version after it is 1."""


class Found(NamedTuple):
    """What a key names: one event, or all events of a decision's commit."""

    position: int
    count: int  # type: ignore[assignment]  # hides tuple.count, which nobody needs of it


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
        return Plan([], Receipt(tuple(range(done.position, done.position + done.count)), (True,) * done.count), {}, {})
    placed: list[Placed] = []
    positions: list[int] = []
    duplicates: list[bool] = []
    keys: dict[bytes, Found] = {}
    ends: dict[bytes, StreamEnd] = {}
    position = first_position
    for event in events:
        key, stream_id, version = event.key, event.stream_id, event.version
        if key and (found := keys.get(key) or known.find(key)):
            positions.append(found.position)
            duplicates.append(True)
            continue
        end = ends.get(stream_id) or known.end_of(stream_id)
        if end is None:
            end = NO_END
        elif version is not None and version <= end.version:
            raise VersionConflict(stream_id, end.version, version)
        if version is None:
            version = end.version + 1
        placed.append(Placed(event, version, end.position))
        positions.append(position)
        duplicates.append(False)
        if key:
            keys[key] = Found(position, 1)
        ends[stream_id] = StreamEnd(position, version)
        position += 1
    if request_key and placed:
        keys.setdefault(request_key, Found(first_position, len(placed)))
    return Plan(placed, Receipt(tuple(positions), tuple(duplicates)), keys, ends)
