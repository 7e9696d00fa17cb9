"""Threads that run as long as the server: the projector, the timers."""
from __future__ import annotations

from collections.abc import Callable
from threading import Event, Thread
from time import monotonic

import structlog

from opsledger.core.errors import (
    DatabaseUnusable,
    ExchangeUnreachable,
    InvalidSettings,
    JournalError,
    JournalMoved,
    JournalUnreachable,
    NoRoom,
)

log = structlog.get_logger(__name__)

RETRY_S_MIN, RETRY_S_MAX = 0.5, 30.0
_MAY_PASS = (JournalMoved, JournalUnreachable, ExchangeUnreachable, DatabaseUnusable, InvalidSettings, NoRoom)
"""What others do or set right: said in a line, without a trace."""


class Background:
    """Runs ``work(stop)`` on a thread of its own. What fails is logged and tried again after a growing pause: a database
    that is away for a while must not end the recording. A journal that stopped will not come back, and ends it."""

    def __init__(self, name: str, work: Callable[[Event], object], on_dead: Callable[[Exception], None]) -> None:
        self.name, self._work, self._on_dead = name, work, on_dead
        self.failing: str | None = None
        """What the last attempt failed with, until the next begins."""
        self._stop = Event()
        self._thread = Thread(target=self._run, name=name, daemon=True)

    def is_healthy(self) -> bool:
        return self.failing is None

    def start(self) -> None:
        self._thread.start()

    def ask_to_stop(self) -> None:
        """Say it without waiting: several end at the same time."""
        self._stop.set()

    def stop(self, timeout_s: float | None = None) -> None:
        """Ask it to stop and wait for that."""
        self._stop.set()
        if self._thread.ident is not None:
            self._thread.join(timeout_s)

    def _run(self) -> None:
        pause_s = RETRY_S_MIN
        while not self._stop.is_set():
            started_s = monotonic()
            try:
                self._work(self._stop)
                return
            except _MAY_PASS as error:
                self.failing = str(error)
                log.warning("background work waits", work=self.name, reason=self.failing)
            except JournalError as error:
                if not self._stop.is_set():
                    log.error("background work ended", work=self.name, exc_info=error)
                    self._on_dead(error)
                return
            except Exception as error:  # whatever it is, it is said, and the thread goes on
                self.failing = f"{type(error).__name__}: {error}"
                log.error("background work failed; trying again", work=self.name, retry_s=pause_s, exc_info=error)
            if monotonic() - started_s > RETRY_S_MAX:
                pause_s = RETRY_S_MIN
            self._stop.wait(pause_s)
            pause_s = min(2 * pause_s, RETRY_S_MAX)
            self.failing = None
