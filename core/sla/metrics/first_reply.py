"""From the first fact to the first public reply of an agent; a resolution without any reply is the answer.

On a ticket that an agent opened, a policy may have it start with the requester's first message instead. As for next_reply, a message to a
resolved ticket waits until the ticket is reopened.
"""
from __future__ import annotations

from opsledger.core.sla.metrics import lifetime
from opsledger.core.sla.metrics.moment import Moment
from opsledger.core.sla.metrics.track import Track
from opsledger.core.sla.metrics.watch import Ending


def step(track: Track, moment: Moment) -> None:
    if moment.awaits_requester:
        track.awaits_requester = True
    if track.awaits_requester:
        _await_requester(track, moment)
    else:
        lifetime.step(track, moment)
    if moment.replied:
        track.stop(moment, Ending.ANSWERED)
        track.reopenable = None


def _await_requester(track: Track, moment: Moment) -> None:
    """What an agent writes before the message is no reply to it; what one writes to a resolved ticket after it answers it."""
    if moment.requester_replied:
        track.waiting = track.waiting or moment.fact
    elif moment.replied and track.waiting is not None:
        track.awaits_requester, track.waiting = False, None
    if track.waiting is not None and not moment.after.status.is_done:
        track.start(moment, track.waiting)
        track.awaits_requester, track.waiting = False, None
