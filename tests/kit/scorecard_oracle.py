"""The rules of docs/scorecards.md once more, naively: a walk over a ticket's story for each KPI. Shares no code with the core."""
from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator
from typing import NamedTuple

from opsledger.core.tickets.facts import (
    Assigned,
    FeedbackReceived,
    InteractionEnded,
    Merged,
    Opened,
    Reopened,
    Replied,
    StatusChanged,
    TicketFact,
)

DONE = (5, 6)


class Row(NamedTuple):
    kpi: str
    at_us: int
    agent: str
    group: str
    counted: float


class Seen(NamedTuple):
    """A fact, and who had the ticket once it was in."""

    fact: TicketFact
    agent: str
    group: str
    did: str
    """"resolved", "reopened", "moved" or nothing."""

    @property
    def who(self) -> str:
        return self.agent or (self.fact.actor.id if self.fact.actor.kind == "agent" else "")


def expected_rows(facts: Iterable[TicketFact]) -> list[Row]:
    stories = defaultdict(list)
    for fact in facts:
        stories[fact.ticket].append(fact)
    return [row for story in stories.values() for row in _rows(list(_seen(sorted(story, key=lambda fact: fact.occurred_at_us))))]


def _seen(story: list[TicketFact]) -> Iterator[Seen]:
    agent = group = ""
    done = told = False
    for fact in story:
        did = ""
        match fact.fact:
            case Opened():
                agent, group = fact.fact.agent, fact.fact.group
            case Assigned():
                if fact.fact.group and group and fact.fact.group != group:
                    did = "moved"
                agent, group = fact.fact.agent or "", fact.fact.group or group
            case StatusChanged():
                now = fact.fact.status in DONE
                did = "resolved" if now and not done else "reopened" if done and not now else ""
                told = did == "reopened" or (told and not did)
                done = now
            case Reopened() if not told:
                did, done = "reopened", False
            case Reopened():
                told = False
        yield Seen(fact, agent, group, did)


def _rows(story: list[Seen]) -> Iterator[Row]:
    for seen in story:
        yield from _contact(seen)
    yield from _feedback(story)
    opened = next(seen.fact.occurred_at_us for seen in story if isinstance(seen.fact.fact, Opened))
    replies = [seen for seen in story if _replied(seen)]
    if replies:
        waited = (replies[0].fact.occurred_at_us - opened) / 1e6
        who = replies[0].fact.actor.id or replies[0].agent
        yield Row("first_reply_time", replies[0].fact.occurred_at_us, who, replies[0].group, waited)
    if any(isinstance(seen.fact.fact, Merged) for seen in story):
        return
    places = [place for place, seen in enumerate(story) if seen.did == "resolved"]
    for place in places:
        later = [seen.did for seen in story[place + 1:] if seen.did in ("resolved", "reopened")]
        yield _row("reopen_rate", story[place], later[:1] == ["reopened"])
    contacts = [seen for seen in story if _picked_up(seen) or _replied(seen)]
    if contacts:
        first = story[:places[0] + 1] if places else []
        good = bool(places) and len([s for s in first if _replied(s)]) < 2 and len([s for s in first if _picked_up(s)]) < 2
        good = good and not any(s.did == "moved" for s in first) and not any(s.did == "reopened" for s in story[places[0]:])
        row, taken = _row("first_contact_resolution", contacts[0], good), contacts[0].fact.fact
        yield row._replace(agent=taken.agent or row.agent, group=taken.group or row.group) if isinstance(taken, InteractionEnded) else row
    stands = bool(places) and not any(seen.did == "reopened" for seen in story[places[-1]:])
    rate = _row("resolution_rate", story[places[-1]], 1) if stands else Row("resolution_rate", 0, story[-1].agent, story[-1].group, 0)
    yield rate._replace(at_us=opened)
    if stands:
        yield _row("resolution_time", story[places[-1]], (story[places[-1]].fact.occurred_at_us - opened) / 1e6)
        last = story[places[-1]]
        yield _row("tickets_resolved", last, 1)
        yield _row("transfer_rate", last, any(seen.did == "moved" for seen in story[:places[-1]]))
        seconds = [_seconds(s.fact.fact) for s in story if isinstance(s.fact.fact, InteractionEnded) and s.fact.fact.answered]
        if seconds:
            yield _row("handle_time_per_ticket", last, sum(seconds))


def _picked_up(seen: Seen) -> bool:
    return isinstance(seen.fact.fact, InteractionEnded) and seen.fact.fact.answered


def _replied(seen: Seen) -> bool:
    return isinstance(seen.fact.fact, Replied) and seen.fact.fact.public and seen.fact.actor.kind == "agent"


def _contact(seen: Seen) -> Iterator[Row]:
    ended = seen.fact.fact
    if isinstance(ended, InteractionEnded):
        group = ended.group or seen.group
        if ended.channel == "call":
            who = (ended.agent or seen.who) if ended.answered else ended.agent
            yield Row("abandonment", seen.fact.occurred_at_us, who, group, not ended.answered)
            if ended.answered and ended.queue_wait_us is not None:
                yield Row("speed_of_answer", seen.fact.occurred_at_us, who, group, ended.queue_wait_us / 1e6)
        if ended.answered:
            agent = ended.agent or seen.who
            yield Row("contacts_handled", seen.fact.occurred_at_us, agent, group, 1)
            yield Row("handle_time", seen.fact.occurred_at_us, agent, group, _seconds(ended))
            if ended.channel == "call":
                yield Row("calls_answered", seen.fact.occurred_at_us, agent, group, 1)
        elif ended.channel == "call":
            yield Row("calls_answered", seen.fact.occurred_at_us, ended.agent, group, 0)


def _feedback(story: list[Seen]) -> Iterator[Row]:
    for place, seen in enumerate(story):
        answer = seen.fact.fact
        if isinstance(answer, FeedbackReceived):
            ended = [earlier for earlier in story[:place] if earlier.did == "resolved" or _picked_up(earlier)]
            owners = [earlier.who or getattr(earlier.fact.fact, "agent", "") for earlier in ended]
            agent = answer.agent or next(filter(None, reversed(owners)), seen.agent)
            at = (seen.fact.occurred_at_us, agent, next((earlier.group for earlier in reversed(ended) if earlier.group), seen.group))
            if answer.kind == "csat":
                yield Row("csat", *at, answer.score >= 4)
                yield Row("csat_mean", *at, answer.score)
            else:
                yield Row("nps", *at, (answer.score >= 9) - (answer.score <= 6))


def _row(kpi: str, seen: Seen, counted: float) -> Row:
    return Row(kpi, seen.fact.occurred_at_us, seen.who, seen.group, counted)


def _seconds(ended: InteractionEnded) -> float:
    return (ended.talk_us + ended.hold_us + ended.wrap_us) / 1e6
