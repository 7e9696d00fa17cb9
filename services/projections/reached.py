"""How far the read models are, for those in this process who wait for them."""
from __future__ import annotations

from threading import Condition

from opsledger.core.partitions import begin_of, partition_at


class Reached:
    """A position for each partition of the journal. Thread-safe."""

    def __init__(self) -> None:
        self._positions: dict[int, int] = {}
        self._times = 0
        self._changed = Condition()

    def reached(self, position: int) -> None:
        """The read models stand at this position of its partition. Called by whoever learns of it: a projector, or Following."""
        with self._changed:
            self._positions[partition_at(position)] = position
            self._times += 1
            self._changed.notify_all()

    def at(self, partition: int) -> int:
        """Where they stand in a partition."""
        return self._positions.get(partition, begin_of(partition))

    def has(self, position: int) -> bool:
        """Whether they have come to a position."""
        return self.at(partition_at(position)) >= position

    def wait_for_change(self, times: int, timeout_s: float) -> int:
        """How often they have moved; a thread waits until that is not ``times`` any more, or the time is over."""
        with self._changed:
            self._changed.wait_for(lambda: self._times != times, timeout_s)
            return self._times
