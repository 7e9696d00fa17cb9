"""From the first fact until the ticket is closed: a resolution alone does not end it."""
from __future__ import annotations

from opsledger.core.sla.metrics.moment import Moment
from opsledger.core.sla.metrics.track import Track
from opsledger.core.sla.metrics.watch import Ending


def step(track: Track, moment: Moment) -> None:
    if moment.begins:
        track.start(moment)
    if moment.left_closed:
        track.reopen(moment)
    if moment.closed:
        track.stop(moment, Ending.RESOLVED)
