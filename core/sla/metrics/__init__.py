"""Which fact does what to which metric: a module for each rule, one table of them all."""
from __future__ import annotations

from collections.abc import Callable, Mapping

from opsledger.core.sla.metrics import closure, first_reply, lifetime, next_reply, ownership, periodic_update
from opsledger.core.sla.metrics.moment import Moment
from opsledger.core.sla.metrics.track import Track
from opsledger.core.tickets.validation import METRICS

STEPS: Mapping[str, Callable[[Track, Moment], None]] = {
    "first_reply": first_reply.step,
    "next_reply": next_reply.step,
    "periodic_update": periodic_update.step,
    "requester_wait": lifetime.step,
    "agent_work": lifetime.step,
    "resolution": lifetime.step,
    "ownership": ownership.step,
    "closure": closure.step,
}

__all__ = ["METRICS", "STEPS"]
