"""requester_wait, agent_work, resolution: from the first fact to the resolution. They differ in the statuses that pause them."""
from __future__ import annotations

from opsledger.core.sla.metrics.moment import Moment
from opsledger.core.sla.metrics.track import Track
from opsledger.core.sla.metrics.watch import Ending


def step(track: Track, moment: Moment) -> None:
    if moment.begins:
        track.start(moment)
    if moment.reopened:
        track.reopen(moment)
    if moment.resolved:
        track.stop(moment, Ending.RESOLVED)
