"""The time for which one group has the ticket (OLA): from when it comes to the group until it leaves it or is resolved."""
from __future__ import annotations

from opsledger.core.sla.metrics.moment import Moment
from opsledger.core.sla.metrics.track import Track
from opsledger.core.sla.metrics.watch import Ending


def step(track: Track, moment: Moment) -> None:
    group = moment.after.group
    if track.running is not None and track.running.group != group:
        track.stop(moment, Ending.MOVED)
    if group and track.running is None and (moment.begins or not moment.after.status.is_done):
        if moment.reopened and track.reopenable is not None and track.reopenable.group == group:
            track.reopen(moment)
        elif moment.begins or moment.reopened or group != moment.before.group:
            track.start(moment, group=group)
    if moment.after.status.is_done:
        track.stop(moment, Ending.RESOLVED)
