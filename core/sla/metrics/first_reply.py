"""From the first fact to the first public reply of an agent; a resolution without any reply is the answer."""
from __future__ import annotations

from opsledger.core.sla.metrics import lifetime
from opsledger.core.sla.metrics.moment import Moment
from opsledger.core.sla.metrics.track import Track
from opsledger.core.sla.metrics.watch import Ending


def step(track: Track, moment: Moment) -> None:
    lifetime.step(track, moment)
    if moment.replied:
        track.stop(moment, Ending.ANSWERED)
        track.reopenable = None
