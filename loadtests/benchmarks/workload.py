"""What is stored: decisions of about 300 bytes, as an application would save them."""
from __future__ import annotations

from collections.abc import Iterator
from random import Random
from uuid import UUID

from eventsourcing.persistence import StoredEvent

TOPIC = "bench.evaluation.answered"
STATE_BYTES = 300
AGGREGATE_EVENTS = 10
"""Events of each aggregate that is preloaded for reading."""

_STATE = (
    b'{"question":"verified the caller before changing the address","answer":"partly","points":3,"comment":"'
    .ljust(STATE_BYTES - 2, b"x") + b'"}'
)


class Workload:
    """Batches of new aggregates, the same for the same seed."""

    def __init__(self, seed: int) -> None:
        self._random = Random(seed)

    def batch(self, size: int) -> list[StoredEvent]:
        """Events 1 to ``size`` of an aggregate nobody has seen."""
        originator_id = self._uuid()
        return [StoredEvent(originator_id, version, TOPIC, _STATE) for version in range(1, size + 1)]

    def batches(self, events: int, size: int) -> Iterator[list[StoredEvent]]:
        """``events`` in batches of ``size``, ten for each aggregate."""
        for _ in range(events // size):
            yield [event for _ in range(size // AGGREGATE_EVENTS) for event in self.batch(AGGREGATE_EVENTS)]

    def _uuid(self) -> UUID:
        return UUID(int=self._random.getrandbits(128), version=4)
