"""What clients were told: which of their events and commands were acknowledged, and where."""
from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from threading import Condition

from opsledger.core.partitions import partition_at


class History:
    """Thread-safe."""

    def __init__(self, partitions: int) -> None:
        self._partitions = partitions
        self._changed = Condition()
        self.sent: set[bytes] = set()
        """Keys of all facts that were ever sent."""
        self.facts: dict[bytes, int] = {}
        """Key of an acknowledged fact -> its position."""
        self.commands: dict[tuple[str, str], tuple[str, int]] = {}
        """Tenant and request id of an acknowledged command -> what its answer says: the id of its aggregate, a position."""
        self.contradictions: list[str] = []
        """What was acknowledged twice, each time with another answer."""
        self.refused: Counter[str] = Counter()
        """Reasons for which something was sent again."""
        self._acknowledgements: Counter[int] = Counter()

    def sends(self, keys: Sequence[bytes]) -> None:
        with self._changed:
            self.sent.update(keys)

    def acknowledged(self, key: bytes, position: int) -> None:
        with self._changed:
            if self.facts.setdefault(key, position) != position:
                self.contradictions.append(f"fact {key.hex()}: {self.facts[key]} and {position}")
            self._count(position)

    def carried_out(self, command: tuple[str, str], aggregate: str, position: int) -> None:
        with self._changed:
            if self.commands.setdefault(command, (aggregate, position)) != (aggregate, position):
                self.contradictions.append(f"command {command}: {self.commands[command]} and {(aggregate, position)}")
            self._count(position)

    def refuses(self, reason: str) -> None:
        with self._changed:
            self.refused[reason] += 1

    def _count(self, position: int) -> None:
        self._acknowledgements[partition_at(position)] += 1
        self._changed.notify_all()

    def await_more(self, each: int, timeout_s: float) -> None:
        """Return when there were so many more acknowledgements in every partition: all of them are written again."""
        with self._changed:
            wanted = {number: self._acknowledgements[number] + each for number in range(self._partitions)}
            done = self._changed.wait_for(
                lambda: all(self._acknowledgements[number] >= least for number, least in wanted.items()), timeout_s)
            assert done, f"after {timeout_s} s {dict(self._acknowledgements)} acknowledged of {wanted}; sent again: {dict(self.refused)}"

    @property
    def total(self) -> int:
        return len(self.facts) + len(self.commands)
