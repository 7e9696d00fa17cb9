"""The life of a server process: start, say where it listens, serve until told to stop, go down without losing an answer."""
from __future__ import annotations

import asyncio
import os
import signal
import sys
from collections.abc import Callable
from contextlib import AsyncExitStack
from typing import TypeAlias

import structlog
from prometheus_client import start_http_server

from opsledger.core.errors import FieldViolation, InvalidSettings
from opsledger.core.ports import Journal
from opsledger.services.bootstrap import assemble, open_journal
from opsledger.services.grpc.server import Server
from opsledger.services.metrics import Metrics
from opsledger.services.projections.database import open_database
from opsledger.services.settings import Settings

EXIT_STOPPED, EXIT_DEAD = 0, 1

_SWITCH_S = 0.0005
"""How long a thread may keep the interpreter while another wants it. The event loop asks for it many times in each call, and
the projector always has something to compute: with Python's 5 ms, calls wait for each other's leftovers."""

_HEALTH_S = 1.0

Announce: TypeAlias = Callable[[list[str], str | None], None]
OpenJournal: TypeAlias = Callable[[Settings], Journal]

log = structlog.get_logger(__name__)


async def serve(settings: Settings, on_listening: Announce, open_journal: OpenJournal = open_journal) -> int:
    """Serve until SIGTERM or SIGINT, then drain; a second signal ends the process at once. Returns the exit code.

    ``on_listening`` gets the addresses of gRPC and of the metrics page, with their real ports.
    Raises InvalidSettings for what cannot be used, JournalLocked, JournalDamaged, DatabaseUnusable.
    """
    sys.setswitchinterval(_SWITCH_S)
    loop = asyncio.get_running_loop()
    stop: asyncio.Future[int] = loop.create_future()

    def end(code: int) -> None:
        if not stop.done():
            stop.set_result(code)

    def signalled(number: int) -> None:
        if stop.done():
            os._exit(128 + number)
        end(EXIT_STOPPED)

    def dead(error: Exception) -> None:
        if not stop.done():
            log.critical("the journal has stopped; a restart recovers it", error=str(error))
            loop.call_soon_threadsafe(end, EXIT_DEAD)

    async with AsyncExitStack() as closing:
        # first what may be refused without a trace: opening a journal makes its folder
        engine = await asyncio.to_thread(open_database, settings.database)
        closing.callback(engine.dispose)
        journal = await asyncio.to_thread(open_journal, settings)
        closing.push_async_callback(asyncio.to_thread, journal.close)
        application = assemble(settings, journal, engine, dead)
        closing.push_async_callback(asyncio.to_thread, application.close)
        server = Server(settings, application.services, application.steps, application.conditions)
        closing.push_async_callback(server.stop)
        addresses = await server.start()
        application.start()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, signalled, number)  # from now on there is something to end in order
        await asyncio.to_thread(application.join, addresses[0])
        metrics = _serve_metrics(settings.metrics_listen, application.parts.metrics)
        on_listening(addresses, metrics)
        log.info("listening", addresses=addresses, metrics=metrics, journal=str(settings.journal), position=journal.position)
        while not (await asyncio.wait({stop}, timeout=_HEALTH_S))[0]:
            await server.tell_health()
        code = stop.result()
        await asyncio.to_thread(application.hand_over)
        log.info("draining", drain_s=settings.drain_s)
        await server.drain()
    log.info("stopped", code=code)
    return code


def _serve_metrics(address: str | None, metrics: Metrics) -> str | None:
    """Start the page that Prometheus reads; where it is."""
    if address is None:
        return None
    host, _, port = address.rpartition(":")
    try:
        page, _ = start_http_server(int(port), host.strip("[]"), registry=metrics.registry)
    except OSError as error:
        raise InvalidSettings(FieldViolation("metrics_listen", "NOT_AVAILABLE", f"cannot listen on {address}: {error.strerror}")) from None
    return f"{host}:{page.server_port}"
