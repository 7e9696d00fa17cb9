"""From the oldest unanswered message of the requester to the next public reply of an agent, once the first reply has been given.

The resolution answers what came before it. A message to a resolved ticket waits: if the ticket is reopened, its clock
starts with the message.
"""
from __future__ import annotations

from opsledger.core.sla.metrics.moment import Moment
from opsledger.core.sla.metrics.track import Track
from opsledger.core.sla.metrics.watch import Ending
from opsledger.core.sla.policy import Reopen


def step(track: Track, moment: Moment) -> None:
    if moment.awaits_requester:
        track.awaits_requester = True
    if moment.replied:
        track.answered = track.answered or not track.awaits_requester or moment.after.requester_replies > 0
        track.stop(moment, Ending.ANSWERED)
        track.reopenable = track.waiting = None
    elif moment.resolved:
        track.stop(moment, Ending.RESOLVED)
    elif moment.reopened:
        _reopen(track, moment)
    elif moment.requester_replied and track.answered:
        if moment.after.status.is_done:
            track.waiting = track.waiting or moment.fact
        elif track.running is None:
            track.start(moment)


def _reopen(track: Track, moment: Moment) -> None:
    goes_on = track.reopenable is not None and moment.reopen in (Reopen.RESUME, Reopen.COUNT_THROUGH)
    if track.waiting is not None and not goes_on:
        track.reopenable = None
        track.start(moment, track.waiting)
    else:
        track.reopen(moment)
    track.waiting = None
