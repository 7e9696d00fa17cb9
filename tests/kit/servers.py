"""A real gRPC server on loopback, in a thread of this process, over any journal."""
from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from threading import Thread

import grpc

from opsledger.core.ports import Journal
from opsledger.services.bootstrap import Application, assemble
from opsledger.services.grpc.server import Server
from opsledger.services.projections.database import open_database
from opsledger.services.settings import Settings


@dataclass
class Running:
    """A server that listens, and a channel to it."""

    address: str
    channel: grpc.Channel
    application: Application
    drain: Callable[[], Future[None]]
    dead: list[Exception]


@contextmanager
def _looping() -> Iterator[asyncio.AbstractEventLoop]:
    """An event loop on a thread of its own, which ends with the block."""
    loop = asyncio.new_event_loop()
    thread = Thread(target=loop.run_forever, name="server", daemon=True)
    thread.start()
    try:
        yield loop
    finally:
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        loop.close()


@contextmanager
def running(journal: Journal, settings: Settings | None = None, database: str = "") -> Iterator[Running]:
    """Serve until the block ends, then drain. Without a ``database`` it is an SQLite of its own."""
    settings = settings or Settings(listen="127.0.0.1:0")
    dead: list[Exception] = []
    with TemporaryDirectory(prefix="opsledger-test-") as folder, _looping() as loop:
        settings = settings.model_copy(update={"journal": Path(folder)})  # only names it: several servers may run at once
        engine = open_database(database or f"sqlite:///{folder}/opsledger.db")

        async def start() -> tuple[Application, Server, str]:
            application = assemble(settings, journal, engine, dead.append)
            server = Server(settings, application.services, application.steps, application.conditions)
            addresses = await server.start()
            application.start()
            return application, server, addresses[0]

        application, server, address = asyncio.run_coroutine_threadsafe(start(), loop).result()
        try:
            with grpc.insecure_channel(address) as channel:
                yield Running(address, channel, application, lambda: asyncio.run_coroutine_threadsafe(server.drain(), loop), dead)
        finally:
            asyncio.run_coroutine_threadsafe(server.drain(), loop).result()
            application.close()
            engine.dispose()
