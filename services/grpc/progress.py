"""Reading what you wrote: queries that wait until the read models have reached a position.

The answer to a write names its position. A query whose metadata carries ``opsledger-min-position: N`` is served from read
models that have seen it.
"""
from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

from opsledger.core.errors import FieldViolation, InvalidInput, NotReady
from opsledger.services.grpc.calls import Call

METADATA_KEY = "opsledger-min-position"
WAIT_S_MAX = 30.0


class Progress:
    """How far the read models are. Told by the projector's thread, awaited by RPCs of one event loop."""

    def __init__(self) -> None:
        self.position = 0
        self._loop: asyncio.AbstractEventLoop | None = None
        self._waiting: dict[asyncio.Future[None], int] = {}

    def reached(self, position: int) -> None:
        """The read models stand at this position. Callable from any thread."""
        self.position = position
        if self._loop is not None and not self._loop.is_closed():
            self._loop.call_soon_threadsafe(self._wake)

    async def wait_for(self, position: int, timeout_s: float | None = None) -> bool:
        """Wait until the read models stand at ``position`` or beyond (True), or the time is over (False)."""
        self._loop = asyncio.get_running_loop()
        if self.position >= position:
            return True
        reached: asyncio.Future[None] = self._loop.create_future()
        self._waiting[reached] = position
        self._wake()  # the projector may have come this far since the first look, when there was no loop to tell
        try:
            await asyncio.wait_for(reached, timeout_s)
        except TimeoutError:
            return False
        finally:
            del self._waiting[reached]
        return True

    def _wake(self) -> None:
        for reached, position in self._waiting.items():
            if position <= self.position and not reached.done():
                reached.set_result(None)


class ReadYourWrites:
    """A step: an RPC with ``opsledger-min-position`` waits for it, within its deadline."""

    def __init__(self, progress: Progress, last_position: Callable[[], int]) -> None:
        """``last_position`` is that of the journal: what is beyond it cannot be waited for."""
        self._progress, self._last_position = progress, last_position

    @asynccontextmanager
    async def __call__(self, call: Call) -> AsyncIterator[None]:
        if call.is_ours and (text := call.metadata(METADATA_KEY)) is not None:
            if not (text.isascii() and text.isdigit()):
                raise InvalidInput(FieldViolation(METADATA_KEY, "INVALID", f"must be a journal position, not {text!r}"))
            if int(text) > (last := self._last_position()):
                raise InvalidInput(FieldViolation(METADATA_KEY, "OUT_OF_RANGE", f"the journal ends at position {last}"))
            wait_s = min(WAIT_S_MAX, call.context.time_remaining() or WAIT_S_MAX)
            if not await self._progress.wait_for(int(text), wait_s):
                raise NotReady(f"the read models stand at {self._progress.position}, not yet at {text}")
        yield
