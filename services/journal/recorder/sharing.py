"""One open journal for each folder of a process, however many applications use it: a folder has one writer."""
from __future__ import annotations

import atexit
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from queue import SimpleQueue
from threading import Lock, Thread

from opsledger.core.ports import Journal
from opsledger.services.journal.recorder.errors import TRANSLATED
from opsledger.services.journal.recorder.notifications import NotificationIndex
from opsledger.services.journal.segment import SegmentJournal


class OpenJournal:
    """A journal and what its users share."""

    def __init__(self, journal: Journal) -> None:
        self.journal = journal
        self.notifications = NotificationIndex(journal)
        self.users = 0


_lock = Lock()
_open: dict[Path, OpenJournal] = {}
_forgotten: SimpleQueue[Lease] = SimpleQueue()
"""Leases that a finalizer ended. They are taken out under the lock."""
_wake: SimpleQueue[None] = SimpleQueue()
"""Of the thread that ends them; one entry for each."""


class Lease:
    """The use of a folder's journal, which is closed after its last use. Raises OperationalError when it cannot be opened."""

    def __init__(self, folder: str | Path) -> None:
        self.folder = Path(folder).resolve()
        self._ended = False
        with _lock:
            if not _closer.is_alive():
                _closer.start()
            _end_forgotten()
            if self.folder not in _open:
                with TRANSLATED:
                    _open[self.folder] = OpenJournal(SegmentJournal.open(self.folder))
            self.opened = _open[self.folder]
            self.opened.users += 1

    def end(self) -> None:
        """Idempotent. The library calls it from ``Application.__del__`` too, so it may come from the garbage collector, in any
        thread and under any lock: then a thread of its own ends it. (A callback of the collector that would say so in Python is
        no way: a Ctrl-C that arrives in one is lost.)"""
        if self._ended:
            return
        self._ended = True
        if _in_finalizer():
            _forgotten.put(self)
            _wake.put(None)
            return
        with _lock:
            _end_forgotten()
            _give_back(self)


def _in_finalizer() -> bool:
    frame = sys._getframe()
    while frame := frame.f_back:  # type: ignore[assignment]  # mypy: the last one has none
        if frame.f_code.co_name == "__del__":
            return True
    return False


def _give_back(lease: Lease) -> None:
    opened = lease.opened
    opened.users -= 1
    if opened.users == 0:
        _open.pop(lease.folder)
        opened.journal.close()


def _end_forgotten() -> None:
    while not _forgotten.empty():
        _give_back(_forgotten.get())


def _close_forgotten() -> None:
    while True:
        _wake.get()
        with _lock:
            _end_forgotten()


_closer = Thread(target=_close_forgotten, name="ends forgotten leases", daemon=True)


@contextmanager
def lend(folder: str | Path, journal: Journal) -> Iterator[None]:
    """Applications that name this folder use this journal, which its owner keeps open until they are closed."""
    key = Path(folder).resolve()
    opened = OpenJournal(journal)
    opened.users = 1
    with _lock:
        if key in _open:
            raise ValueError(f"{key} is already in use")
        _open[key] = opened
    try:
        yield
    finally:
        with _lock:
            _open.pop(key)


@atexit.register
def _close_all() -> None:
    """For factories that nobody closed."""
    for opened in list(_open.values()):
        opened.journal.close()
