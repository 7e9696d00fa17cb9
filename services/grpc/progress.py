"""Reading what you wrote: queries that wait until the read models have reached a position.

The answer to a write names its position. A query whose metadata carries ``opsledger-min-position: N`` is served from read
models that have seen it. Who has written into several partitions of the journal names one of each: ``N, M``.
"""
from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from time import monotonic

from opsledger.core.errors import FieldViolation, InvalidInput, NotReady
from opsledger.core.partitions import begin_of
from opsledger.services.grpc.calls import Call
from opsledger.services.journal.partitions import Partition, PartitionedJournal
from opsledger.services.projections.reached import Reached

METADATA_KEY = "opsledger-min-position"
WAIT_S_MAX = 30.0
REPLICA_WAIT_S_MAX, REPLICA_LOOK_S = 2.0, 0.01
"""How long a position may be one that this node has not heard of yet: another node has recorded it; and how often it looks."""


class Progress(Reached):
    """How far the read models are, also for the RPCs of one event loop."""

    def __init__(self) -> None:
        super().__init__()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._waiting: dict[asyncio.Future[None], Callable[[], bool]] = {}

    def reached(self, position: int) -> None:
        super().reached(position)
        if self._loop is not None and not self._loop.is_closed():
            self._loop.call_soon_threadsafe(self._wake)

    async def wait_for(self, position: int, timeout_s: float | None = None) -> bool:
        """Wait until the read models stand at ``position`` or beyond (True), or the time is over (False)."""
        return await self._wait(lambda: self.has(position), timeout_s)

    async def wait_beyond(self, places: Mapping[int, int]) -> None:
        """Wait until the read models stand beyond one of the positions, which are by partition."""
        await self._wait(lambda: any(self.at(partition) > position for partition, position in places.items()), None)

    async def _wait(self, is_so: Callable[[], bool], timeout_s: float | None) -> bool:
        self._loop = asyncio.get_running_loop()
        if is_so():
            return True
        reached: asyncio.Future[None] = self._loop.create_future()
        self._waiting[reached] = is_so
        self._wake()  # the projector may have come this far since the first look, when there was no loop to tell
        try:
            await asyncio.wait_for(reached, timeout_s)
        except TimeoutError:
            return False
        finally:
            del self._waiting[reached]
        return True

    def _wake(self) -> None:
        for reached, is_so in self._waiting.items():
            if not reached.done() and is_so():
                reached.set_result(None)


class ReadYourWrites:
    """A step: an RPC with ``opsledger-min-position`` waits for it, within its deadline."""

    def __init__(self, progress: Progress, journal: PartitionedJournal) -> None:
        """What is beyond the ``journal`` cannot be waited for."""
        self._progress, self._journal = progress, journal

    @asynccontextmanager
    async def __call__(self, call: Call) -> AsyncIterator[None]:
        if call.is_ours and (text := call.metadata(METADATA_KEY)) is not None:
            end_s = monotonic() + min(WAIT_S_MAX, call.context.time_remaining() or WAIT_S_MAX)
            for position in self._positions(text):
                await self._wait(position, end_s)
        yield

    def _positions(self, text: str) -> list[int]:
        """At most one for each partition."""
        found = [part.strip() for part in text.split(",", len(self._journal.parts))]
        if not all(part.isascii() and part.isdigit() for part in found):
            raise InvalidInput(FieldViolation(METADATA_KEY, "INVALID", f"must be a journal position, not {text!r}"))
        return [int(part) for part in found]

    async def _wait(self, position: int, end_s: float) -> None:
        part = self._journal.of_position(position)
        if position > part.position and not await _heard_of(part, position, end_s - monotonic()):
            if part.is_shared:
                raise NotReady(f"this node has read the journal up to position {part.position}, not yet to {position}")
            raise InvalidInput(FieldViolation(
                METADATA_KEY, "OUT_OF_RANGE", f"the journal ends at position {part.position}" + _of(part, self._journal)
            ))
        if not await self._progress.wait_for(position, end_s - monotonic()):
            raise NotReady(f"the read models stand at {self._progress.at(part.number)}, not yet at {position}")


async def _heard_of(part: Partition, position: int, left_s: float) -> bool:
    """What the only writer has is all there is; who reads what others write waits a little. An owner does too: until it has looked it does
    not know that it is none any more."""
    if not part.is_shared:
        return False
    end_s = monotonic() + min(left_s, REPLICA_WAIT_S_MAX)
    while part.position < position:  # it is a matter of moments, in which nobody may take threads from others
        if monotonic() >= end_s:
            return False
        await asyncio.sleep(REPLICA_LOOK_S)
    return True


def _of(part: Partition, journal: PartitionedJournal) -> str:
    return f" in partition {part.number} ({part.position - begin_of(part.number)} events)" if len(journal.parts) > 1 else ""
