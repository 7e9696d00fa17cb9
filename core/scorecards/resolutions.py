"""What became of a ticket: resolved, how often, in how many contacts, after how long."""
from __future__ import annotations

from collections.abc import Iterator, Sequence

from opsledger.core.scorecards import kpis
from opsledger.core.scorecards.cases import ChoicesAt, Outcome, Step, agent_replied, answered, mean_of, row_of, share_of
from opsledger.core.scorecards.choices import Credit
from opsledger.core.scorecards.contacts import handling_us
from opsledger.core.tickets.facts import InteractionEnded


def resolutions(steps: Sequence[Step], choices_at: ChoicesAt) -> Iterator[Outcome]:
    """Volume, reopenings, transfers, handling and time per ticket, and how many of those opened are resolved. A merged ticket's work
    counts where it went."""
    end = steps[-1].after
    if end.merged_into:
        return

    def credited(row: Outcome, step: Step) -> Outcome:
        to_resolver = choices_at(step.fact.occurred_at_us).resolutions_credited_to is Credit.RESOLVER
        return row._replace(agent=step.acting or row.agent) if to_resolver else row

    resolved = [index for index, step in enumerate(steps) if step.resolves]
    for index, until in zip(resolved, [*resolved[1:], len(steps)], strict=bool(resolved)):
        reopened = any(step.reopens for step in steps[index + 1:until]) or (index == resolved[0] and _reopened_somewhen(steps, index))
        yield credited(share_of(kpis.REOPEN_RATE, steps[index], reopened), steps[index])
    yield from _first_contact(steps, resolved[0] if resolved else None)
    last = steps[resolved[-1]] if resolved and end.resolved_at_us is not None else None
    if last is not None:
        yield credited(row_of(kpis.TICKETS_RESOLVED, last, 1), last)
        yield credited(share_of(kpis.TRANSFER_RATE, last, last.after.transfers > 0), last)
        handled = [handling_us(step.fact.fact) for step in steps if answered(step)]
        if handled:
            yield credited(mean_of(kpis.HANDLE_TIME_PER_TICKET, last, sum(handled), f"{len(handled)} contacts"), last)
    if end.opening_seen:
        share = share_of(kpis.RESOLUTION_RATE, steps[-1], False)._replace(at_us=end.opened_at_us, agent=end.agent, group=end.group)
        if last is not None:
            share = credited(share_of(kpis.RESOLUTION_RATE, last, True)._replace(at_us=end.opened_at_us), last)
            if last.fact.occurred_at_us >= end.opened_at_us:
                yield credited(mean_of(kpis.RESOLUTION_TIME, last, last.fact.occurred_at_us - end.opened_at_us, ""), last)
        yield share


def _first_contact(steps: Sequence[Step], resolution: int | None) -> Iterator[Outcome]:
    """Of every ticket that somebody took up, an answered interaction or a public reply of an agent, resolved or not."""
    contact = next((step for step in steps if answered(step) or agent_replied(step)), None)
    if contact is not None:
        solved = resolution is not None and _in_one_contact(steps, resolution)
        row, ended = share_of(kpis.FIRST_CONTACT_RESOLUTION, contact, solved), contact.fact.fact
        if isinstance(ended, InteractionEnded):
            row = row._replace(agent=ended.agent or row.agent, group=ended.group or row.group)
        yield row


def _in_one_contact(steps: Sequence[Step], first: int) -> bool:
    """Resolved for good by the first resolution, in one group, with at most one answered contact and one public reply."""
    resolution = steps[first].after
    return (
        resolution.public_replies <= 1
        and sum(map(answered, steps[:first + 1])) <= 1
        and resolution.transfers == 0
        and not any(step.reopens for step in steps[first + 1:])
        and not _reopened_somewhen(steps, first)
    )


def _reopened_somewhen(steps: Sequence[Step], first: int) -> bool:
    """A source that knows that a ticket was reopened, but not when, says it at the instant of the one resolution that it knows. There it
    comes before the resolution, and is of that one: no other is known."""
    at_us = steps[first].fact.occurred_at_us
    return any(step.reopens and step.fact.occurred_at_us == at_us for step in steps[:first])
