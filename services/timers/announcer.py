"""The timer service: says warnings, breaches and retractions aloud, as events whose time is the instant they are about.

What is announced follows from the read models and the time alone: a breach is a consequence of facts, never of somebody
looking. A fact that comes late can retract what was announced and bring something else.
"""
from __future__ import annotations

from collections.abc import Callable
from threading import Event
from time import monotonic

from sqlalchemy import Engine

from opsledger.core.partitions import begin_of
from opsledger.core.ports import Commit, NewEvent
from opsledger.services.journal.clock import wall_clock_us
from opsledger.services.journal.partitions import Partition, divided
from opsledger.services.projections.database import reader
from opsledger.services.projections.runner import Projector
from opsledger.services.projections.store import positions_reached
from opsledger.services.timers.announced import decide, said
from opsledger.services.timers.announcer_queries import AnnouncerQueries, Stretch

DAY_US = 86_400_000_000
TICKETS_AT_ONCE = 500
PAUSE_S = 0.1
"""Least time between two looks, so that a busy projector is not followed commit by commit."""
STOP_LOOK_S = 0.5
"""How long it waits for the projector before it looks whether it is to stop."""


class Announcer:
    """Announces about the tickets of one partition, into that partition. One thread works. Restarted at any moment, also by
    another node, it goes on without a double."""

    def __init__(
        self, partition: Partition, engine: Engine, *, now_us: Callable[[], int] = wall_clock_us, history_us: int = 7 * DAY_US
    ) -> None:
        """``history_us``: what was reached longer ago is not announced any more, as after an import of old tickets."""
        self._journal, self._engine = partition, reader(engine)
        self._now_us, self._history_us = now_us, history_us
        self._looked: Stretch | None = None
        self.position = 0
        """Of the read models when it last looked."""
        self.announced = 0
        """How many announcements and retractions it has made."""

    def announce(self, now_us: int | None = None) -> int | None:
        """Announce and retract what the read models call for now; the next instant at which there may be something, as far as known."""
        now_us, number = self._now_us() if now_us is None else now_us, self._journal.number
        with self._engine.connect() as connection:
            queries = AnnouncerQueries(connection, number)
            looked = Stretch(positions_reached(connection).get(number, begin_of(number)), now_us)
            tickets = queries.tickets_to_look_at(self._looked, looked, now_us - self._history_us)
            for start in range(0, len(tickets), TICKETS_AT_ONCE):
                some = tickets[start:start + TICKETS_AT_ONCE]
                steps, known = queries.steps(some), said(queries.announcements(some))
                self._record(list(decide(steps, known, now_us=now_us, not_before_us=now_us - self._history_us)))
            next_at_us = queries.next_step_us(now_us)
        self._looked, self.position = looked, looked.position
        return next_at_us

    def run(self, stop: Event, projector: Projector, look_s: float) -> None:
        """Announce until ``stop`` is set: at the next instant, when the read models move, at the latest after ``look_s``.

        An instant is judged when the read models have everything that was recorded by then. They may be far behind, as those of a node
        that has just begun: a clock that ended in time long ago still runs in them.
        """
        while not stop.wait(PAUSE_S):
            now_us, recorded = self._now_us(), self._journal.position
            while not stop.is_set() and not projector.wait_for(recorded, STOP_LOOK_S):
                pass
            if stop.is_set():
                return
            next_at_us = self.announce(now_us)
            until_s = look_s if next_at_us is None else min(look_s, max(0, next_at_us - self._now_us()) / 1_000_000)
            self._wait(stop, projector, until_s)

    def _wait(self, stop: Event, projector: Projector, until_s: float) -> None:
        """For the read models to move, the time to be over, or ``stop``."""
        end_s = monotonic() + until_s
        while not stop.is_set() and (left_s := end_s - monotonic()) > 0:
            if projector.wait_for(self.position + 1, min(left_s, STOP_LOOK_S)):
                return

    def _record(self, events: list[NewEvent]) -> None:
        for some in divided(events, self._journal.fits) if events else ():
            self.announced += self._journal.append(Commit(some)).duplicates.count(False)
