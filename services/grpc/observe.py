"""The outer steps around every RPC: it is counted and logged, and it is let in only while there is room."""
from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Container
from contextlib import asynccontextmanager
from time import perf_counter

import structlog
from grpc import StatusCode

from opsledger.core.errors import Overloaded
from opsledger.services.grpc.calls import Call
from opsledger.services.metrics import Metrics

log = structlog.get_logger(__name__)
_NAMES = {code.value[0]: code.name for code in StatusCode}


class Observation:
    """A step: one log line and the metrics of each RPC, with the code that the client saw."""

    def __init__(self, metrics: Metrics) -> None:
        self._metrics = metrics

    @asynccontextmanager
    async def __call__(self, call: Call) -> AsyncIterator[None]:
        started_s = perf_counter()
        peer = call.context.peer()  # not at the end: a stream may be closed after gRPC has freed the call, and asking it then is a crash
        cancelled = False
        self._metrics.rpcs_in_flight.inc()
        try:
            yield
        except (asyncio.CancelledError, GeneratorExit):
            cancelled = True
            raise
        finally:
            seconds = perf_counter() - started_s
            code = "CANCELLED" if cancelled else _code(call)
            self._metrics.rpcs_in_flight.dec()
            self._metrics.rpcs.labels(call.method, code).inc()
            self._metrics.rpc_seconds.labels(call.method).observe(seconds)
            write = log.info if call.is_ours else log.debug
            write("rpc", method=call.method, code=code, ms=round(1000 * seconds, 3), peer=peer, **call.notes)


def _code(call: Call) -> str:
    code = call.context.code()
    return code.name if isinstance(code, StatusCode) else _NAMES.get(code or 0, "UNKNOWN")


class Gate:
    """A step: bounds the calls and the streams that are served at the same time. gRPC's own services always get in, and the ``spared``
    ones: other nodes bound themselves what they ask, and two nodes full of clients must not wait for room in each other."""

    def __init__(self, rpcs_max: int, streams_max: int, spared: Container[str] = ()) -> None:
        self._spared = spared
        self._most = {False: rpcs_max, True: streams_max}
        self._inside = {False: 0, True: 0}

    @asynccontextmanager
    async def __call__(self, call: Call) -> AsyncIterator[None]:
        if not call.is_ours or call.method.split("/")[1] in self._spared:
            yield
            return
        kind = call.streams
        if self._inside[kind] >= self._most[kind]:
            raise Overloaded(f"{self._most[kind]} {'streams are open' if kind else 'calls are being served'} already")
        self._inside[kind] += 1
        try:
            yield
        finally:
            self._inside[kind] -= 1
