"""SLA clocks that ended with a result, and the business time that they counted."""
from __future__ import annotations

from collections.abc import Iterator, Sequence

from opsledger.core.scorecards import kpis
from opsledger.core.scorecards.abandoned import only_abandoned_calls
from opsledger.core.scorecards.cases import ChoicesAt, Outcome, Step, agent_replied, mean_of, share_of
from opsledger.core.sla.clock import Clock, ClockState


def promises(steps: Sequence[Step], clocks: Sequence[Clock], choices_at: ChoicesAt) -> Iterator[Outcome]:
    """One row for each clock that ended with a result. A cancelled or unfinished clock has none, nor has one that ended by closing what
    is nothing but abandoned calls: no promise was kept there."""
    places = {step.fact.event_id: place for place, step in enumerate(steps)}
    for clock in clocks:
        if clock.ended_by is not None and clock.state in (ClockState.MET, ClockState.BREACHED):
            place = places[clock.ended_by.event_id]
            end = steps[place]
            detail, agent = f"{clock.policy}, cycle {clock.cycle}", clock.agent
            group = clock.group or (end.before if clock.is_dropped else end.after).group
            met = clock.state is ClockState.MET
            if choices_at(end.fact.occurred_at_us).abandoned_calls_count or not _closes_abandoned_calls(steps, place):
                yield share_of(kpis.SLA_MET[clock.metric], end, met, detail)._replace(agent=agent, group=group)
            kpi = None if clock.is_dropped else _BUSINESS_TIMES.get(clock.metric)
            if kpi and (kpi is not kpis.FIRST_REPLY_BUSINESS_TIME or agent_replied(end)):
                yield mean_of(kpi, end, clock.elapsed_us, detail)._replace(agent=agent, group=group)


def _closes_abandoned_calls(steps: Sequence[Step], place: int) -> bool:
    """Judged by all that happened until the ticket was reopened: what came after that does not change what it was closed on."""
    if not steps[place].after.status.is_done:
        return False
    later = (index for index in range(place + 1, len(steps)) if steps[index].reopens)
    return only_abandoned_calls(step.fact for step in steps[:next(later, len(steps))])


_BUSINESS_TIMES = {"first_reply": kpis.FIRST_REPLY_BUSINESS_TIME, "resolution": kpis.RESOLUTION_BUSINESS_TIME}
