"""A small service floor: facts of tickets with everything that scorecards count, the same for the same seed."""
from __future__ import annotations

from collections.abc import Iterator
from itertools import count
from random import Random

from opsledger.core.tickets.facts import (
    Actor,
    ActorKind,
    Assigned,
    Channel,
    Fact,
    FeedbackKind,
    FeedbackReceived,
    InteractionEnded,
    Merged,
    Opened,
    Reopened,
    Replied,
    Status,
    StatusChanged,
    TicketFact,
)

MONDAY_US = 1_772_409_600_000_000
"""2026-03-02 00:00 UTC."""
HOUR_US, SECOND_US = 3_600_000_000, 1_000_000
GROUPS, AGENTS = ("desk", "network", "payroll"), ("ann", "bob", "cem", "dee", "eve", "")
REQUESTER, ROBOT = Actor(ActorKind.REQUESTER, "customer"), Actor(ActorKind.SYSTEM)


def floor(tickets: int, *, seed: int = 1, days: int = 28, program: str = "desk") -> list[TicketFact]:
    """Facts of so many tickets, opened in the days from a Monday, in no order."""
    random = Random(seed)
    facts = [fact for number in range(tickets) for fact in _ticket(random, f"{program}-{number}", random.randrange(days * 24), program)]
    random.shuffle(facts)
    return facts


def _ticket(random: Random, name: str, hour: int, program: str) -> Iterator[TicketFact]:
    at_us = MONDAY_US + hour * HOUR_US
    numbers = count()

    def told(actor: Actor, fact: Fact) -> TicketFact:
        nonlocal at_us
        at_us += random.randrange(1, 40_000) * SECOND_US
        return TicketFact("acme", program, "zendesk", name, f"{name}/{next(numbers)}", at_us, 0, actor, fact)

    agent = random.choice(AGENTS)
    yield told(ROBOT, Opened(group=random.choice(GROUPS), agent=agent))
    for _ in range(random.choice((1, 1, 1, 2, 3))):
        for _ in range(random.randrange(4)):
            yield told(*_work(random))
        yield told(Actor(ActorKind.AGENT, random.choice(AGENTS)), StatusChanged(random.choice((Status.RESOLVED, Status.CLOSED))))
        yield told(*_answer(random))
        if random.random() < 0.3:
            yield told(REQUESTER, random.choice((StatusChanged(Status.OPEN), Reopened())))
    if random.random() < 0.05:
        yield told(ROBOT, Merged("elsewhere"))


def _work(random: Random) -> tuple[Actor, Fact]:
    agent = Actor(ActorKind.AGENT, random.choice(AGENTS))
    seconds = [random.randrange(400) for _ in range(4)]
    choices: tuple[tuple[Actor, Fact], ...] = (
        (agent, Replied(random.random() < 0.7)),
        (REQUESTER, Replied(True)),
        (ROBOT, Assigned(group=random.choice(GROUPS), agent=random.choice(AGENTS))),
        (agent, InteractionEnded(
            f"call {random.randrange(10**9)}", random.choice(list(Channel)), random.random() < 0.8, random.choice(AGENTS),
            random.choice((*GROUPS, "")), *(span * SECOND_US for span in seconds),
        )),
    )
    return random.choice(choices)


def _answer(random: Random) -> tuple[Actor, Fact]:
    agent = random.choice(("", "", "ann"))
    if random.random() < 0.5:
        return REQUESTER, FeedbackReceived(FeedbackKind.CSAT, random.randrange(1, 6), 1, 5, agent)
    return REQUESTER, FeedbackReceived(FeedbackKind.NPS, random.randrange(11), 0, 10, agent)
