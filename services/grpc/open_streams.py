"""What comes in while the server drains is sent elsewhere, and streams that would stay open for ever come to an end."""
from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Container
from contextlib import asynccontextmanager

from opsledger.core.errors import NotReady
from opsledger.services.grpc.calls import Call


class OpenStreams:
    """A step: knows the open streams and can end them with UNAVAILABLE, and refuse what is new, so that clients go elsewhere.

    Streams of the services in ``spared`` are left alone: those services end them in their own way.
    """

    def __init__(self, spared: Container[str]) -> None:
        self._spared = spared
        self._open: set[asyncio.Task[object]] = set()
        self._ended: set[asyncio.Task[object]] = set()
        self._refusing = False

    @asynccontextmanager
    async def __call__(self, call: Call) -> AsyncIterator[None]:
        if self._refusing and call.is_ours:
            raise NotReady("the server is going down")
        task = asyncio.current_task()
        if not call.streams or call.method.split("/")[1] in self._spared or task is None:
            yield
            return
        self._open.add(task)
        try:
            yield
        except asyncio.CancelledError:
            if task not in self._ended:
                raise
            task.uncancel()
            raise NotReady("the server is going down") from None
        finally:
            self._open.discard(task)
            self._ended.discard(task)

    def refuse(self) -> None:
        """Take nothing new. A call that reaches gRPC's own server while that stops may be answered CANCELLED, which says nothing."""
        self._refusing = True

    def end(self) -> None:
        """End every stream that is open now."""
        for task in list(self._open):
            self._ended.add(task)
            task.cancel()
