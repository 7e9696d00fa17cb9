"""Blocking work (SQL, the journal) away from the event loop, on a bounded number of threads with a bounded queue before them."""
from __future__ import annotations

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextvars import copy_context
from functools import partial
from typing import NamedTuple, ParamSpec, TypeVar

import structlog
from sqlalchemy.exc import InterfaceError, OperationalError
from sqlalchemy.exc import TimeoutError as NoConnection

from opsledger.core.errors import DatabaseUnusable, NoRoom, Overloaded

log = structlog.get_logger(__name__)
P = ParamSpec("P")
T = TypeVar("T")


class InThread:
    """``await in_thread(function, *args)`` runs it on one of ``threads`` threads.

    Raises Overloaded at once when ``queue_max`` calls are waiting or running already, and DatabaseUnusable when the database does
    not answer the function.
    """

    def __init__(
        self, kind: str = "queries", threads: int = 4, queue_max: int = 256, *, before: Callable[..., object] | None = None
    ) -> None:
        """``kind`` names the calls to those who are refused. ``before`` is called ahead of each function, with its arguments."""
        self._pool = ThreadPoolExecutor(threads, thread_name_prefix=kind)
        self._before = before
        self._kind, self._queue_max = kind, queue_max
        self.depth = 0
        """Calls waiting or running."""

    async def __call__(self, function: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        if self.depth >= self._queue_max:
            raise Overloaded(f"{self._queue_max} {self._kind} are waiting already")
        self.depth += 1
        try:
            work = partial(copy_context().run, self._call, partial(function, *args, **kwargs))
            return await asyncio.get_running_loop().run_in_executor(self._pool, work)
        except (OperationalError, InterfaceError, NoConnection, NoRoom, DatabaseUnusable) as error:
            log.error("the database does not answer", exc_info=error)
            raise DatabaseUnusable("the read models' database does not answer; try again later, the server's log says why") from error
        finally:
            self.depth -= 1

    def _call(self, call: partial[T]) -> T:
        if self._before is not None:
            self._before(*call.args, **call.keywords)
        return call()

    def close(self) -> None:
        """Wait for what is running; drop what is waiting."""
        self._pool.shutdown(cancel_futures=True)


class Threads(NamedTuple):
    """Commands wait for the journal, and whoever asks for its state for Kafka, which may not answer for a while; queries do not, and
    must not wait behind them."""

    commands: InThread
    queries: InThread
    status: InThread

    def close(self) -> None:
        for each in self:
            each.close()
