"""From one public reply of an agent to the next, or to the resolution."""
from __future__ import annotations

from opsledger.core.sla.metrics.moment import Moment
from opsledger.core.sla.metrics.track import Track
from opsledger.core.sla.metrics.watch import Ending


def step(track: Track, moment: Moment) -> None:
    if moment.replied and not moment.after.status.is_done:
        track.stop(moment, Ending.ANSWERED)
        track.start(moment)
    elif moment.resolved:
        track.stop(moment, Ending.RESOLVED)
    elif moment.reopened:
        track.reopen(moment)
