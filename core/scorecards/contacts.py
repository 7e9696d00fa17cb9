"""Contacts: calls offered, answered and abandoned, how long they took, and the first reply."""
from __future__ import annotations

from collections.abc import Iterator, Sequence

from opsledger.core.scorecards import kpis
from opsledger.core.scorecards.cases import ChoicesAt, Outcome, Step, agent_replied, mean_of, row_of, share_of
from opsledger.core.scorecards.service_level import ServiceLevel
from opsledger.core.tickets.facts import Channel, InteractionEnded


def contacts(steps: Sequence[Step], choices_at: ChoicesAt) -> Iterator[Outcome]:
    """Contacts handled and their handle time; of calls offered how many were answered, how fast, and how many abandoned."""
    for step in steps:
        match step.fact.fact:
            case InteractionEnded() as ended:
                agent = ended.agent or (step.agent if ended.answered else "")
                group = ended.group or step.after.group
                if ended.channel is Channel.CALL:
                    level = choices_at(step.fact.occurred_at_us).service_level
                    yield from (row._replace(agent=agent, group=group) for row in _call(step, ended, level))
                if ended.answered:
                    yield row_of(kpis.CONTACTS_HANDLED, step, 1, ended.interaction_id)._replace(agent=agent, group=group)
                    handle_time = mean_of(kpis.HANDLE_TIME, step, handling_us(ended), ended.interaction_id)
                    yield handle_time._replace(agent=agent, group=group)


def _call(step: Step, ended: InteractionEnded, level: ServiceLevel | None) -> Iterator[Outcome]:
    yield share_of(kpis.CALLS_ANSWERED, step, ended.answered, ended.interaction_id)
    yield share_of(kpis.ABANDONMENT, step, not ended.answered, ended.interaction_id)
    if ended.answered and ended.queue_wait_us is not None:
        yield mean_of(kpis.SPEED_OF_ANSWER, step, ended.queue_wait_us, ended.interaction_id)
    judged = level and level.judge(answered=ended.answered, wait_us=ended.queue_wait_us)
    if level is not None and judged is not None:
        yield share_of(kpis.SERVICE_LEVEL, step, judged, f"{ended.interaction_id}, {level.words}")


def first_reply(steps: Sequence[Step]) -> Iterator[Outcome]:
    """From the opening to the first public reply of an agent, by the calendar on the wall."""
    end = steps[-1].after
    reply = next(filter(agent_replied, steps), None)
    if reply is not None and end.opening_seen and reply.fact.occurred_at_us >= end.opened_at_us:
        row = mean_of(kpis.FIRST_REPLY_TIME, reply, reply.fact.occurred_at_us - end.opened_at_us, "")
        yield row._replace(agent=reply.acting or reply.agent)


def handling_us(fact: object) -> int:
    return fact.talk_us + fact.hold_us + fact.wrap_us if isinstance(fact, InteractionEnded) else 0
