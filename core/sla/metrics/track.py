"""The cycles of one metric of one ticket."""
from __future__ import annotations

from opsledger.core.sla.metrics.moment import Moment
from opsledger.core.sla.metrics.watch import Ending, Watch
from opsledger.core.sla.policy import Reopen
from opsledger.core.tickets.facts import TicketFact


class Track:
    __slots__ = ("_promise_us", "answered", "awaits_requester", "metric", "reopenable", "running", "waiting", "watches")

    def __init__(self, metric: str) -> None:
        self.metric = metric
        self.watches: list[Watch] = []
        self.running: Watch | None = None
        """The cycle that has not ended; paused or not."""
        self.reopenable: Watch | None = None
        """The cycle that the last resolution ended, while the ticket is resolved."""
        self.waiting: TicketFact | None = None
        """next_reply, and a first_reply that awaits the requester: the oldest message that came after the resolution."""
        self.awaits_requester = False
        """An agent opened the ticket, and what the requester writes first is what the first reply is to."""
        self.answered = False
        """next_reply only: the first reply has been given."""
        self._promise_us: int | None = None

    def start(self, moment: Moment, cause: TicketFact | None = None, group: str = "") -> None:
        """A new cycle, from the moment or from an earlier fact that caused it."""
        self.running = Watch(len(self.watches) + 1, cause or moment.fact, group, self._promise_us)
        self.running.retarget(moment, moment.target(self.metric))
        self.watches.append(self.running)

    def stop(self, moment: Moment, ending: Ending) -> None:
        """Nothing happens when nothing runs."""
        if self.running is not None:
            self.running.stop(moment, ending)
            self.reopenable = self.running if ending is Ending.RESOLVED else None
            self.running = None

    def reopen(self, moment: Moment) -> None:
        """Do with the cycle that the resolution ended what the policy says; nothing when it ended none."""
        watch, self.reopenable = self.reopenable, None
        if watch is None:
            return
        if moment.reopen is Reopen.RESTART:
            self.start(moment, group=watch.group)
        elif moment.reopen is not Reopen.IGNORE:
            watch.resume(counting=moment.reopen is Reopen.COUNT_THROUGH)
            watch.promise(self._promise_us)
            self.running = watch

    def cancel(self, moment: Moment) -> None:
        self.stop(moment, Ending.CANCELLED)

    def promise(self, due_at_us: int | None) -> None:
        """A person set the due time, or took it back (None). It stands until the next such fact."""
        self._promise_us = due_at_us
        if self.running is not None:
            self.running.promise(due_at_us)
