"""Keeps one partition in the hands that the group has put it into: claims it when it is this node's, gives it up when it is not."""
from __future__ import annotations

import logging
from collections.abc import Callable
from threading import Condition, Thread
from time import monotonic

from opsledger.core.errors import JournalError, JournalStopped
from opsledger.services.journal.kafka.journal import KafkaJournal

_log = logging.getLogger(__name__)
_RETRY_S = 0.5
_LOOK_S = 0.25
"""How often it looks whether another node has claimed what is this one's."""


class Holder:
    """A thread of its own: claiming and giving up wait for Kafka, and the group must not wait for them."""

    def __init__(self, journal: KafkaJournal, number: int, doubt: Callable[[], None]) -> None:
        """``doubt`` is called when another node has claimed what the group has given to this one: one of the two is not up to
        date, and only the group knows which."""
        self._journal, self._number, self._doubt = journal, number, doubt
        self._address = ""
        self._changed = Condition()
        self._wanted, self._settled, self._stopping = False, True, False
        self._thread = Thread(target=self._run, name=f"holder-{number}", daemon=True)

    @property
    def is_wanted(self) -> bool:
        """The group has given it to this node."""
        return self._wanted

    def start(self, address: str) -> None:
        self._address = address
        self._thread.start()

    def hold(self) -> None:
        """The group has given it to this node, or has confirmed that it did."""
        self._want(True)

    def let_go(self) -> None:
        self._want(False)

    def _want(self, wanted: bool) -> None:
        with self._changed:
            self._wanted, self._settled = wanted, False
            self._changed.notify_all()

    def wait_settled(self, timeout_s: float) -> bool:
        """Until it is claimed or given up, as it was told last."""
        with self._changed:
            return self._changed.wait_for(lambda: self._settled, timeout_s)

    def stop(self) -> None:
        """Give it up, and end."""
        with self._changed:
            self._wanted, self._settled, self._stopping = False, False, True
            self._changed.notify_all()
        if self._thread.ident is not None:
            self._thread.join()

    def _run(self) -> None:
        while True:
            with self._changed:
                self._changed.wait_for(lambda: not self._settled, _LOOK_S)
                wanted, settled, stopping = self._wanted, self._settled, self._stopping
            if settled:
                if wanted and self._journal.is_claimed_elsewhere:
                    self._doubt()
                continue
            if self._carry_out(wanted):
                with self._changed:
                    if self._wanted == wanted:
                        self._settled = True
                        self._changed.notify_all()
            if stopping:
                return

    def _carry_out(self, wanted: bool) -> bool:
        """Whether it came to that."""
        started_s = monotonic()
        try:
            if wanted:
                self._journal.claim(self._address)
            else:
                self._journal.release()
            return True
        except JournalStopped:
            return True  # the node is ending
        except JournalError as error:
            _log.warning("partition %d is not claimed yet: %s; trying again", self._number, error)
        except Exception:  # whatever it is, it is said, and tried again: a partition without an owner takes no writes
            _log.exception("partition %d cannot be %s; trying again", self._number, "claimed" if wanted else "given up")
        with self._changed:
            self._changed.wait_for(lambda: self._wanted != wanted or self._stopping, max(_RETRY_S - (monotonic() - started_s), 0.05))
        return False
