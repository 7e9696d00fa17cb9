"""Ticket events as a busy floor sends them, without end, each made once."""
from __future__ import annotations

from collections.abc import Iterator
from random import Random

from opsledger.core.tickets.facts import (
    Actor,
    ActorKind,
    Assigned,
    Fact,
    FeedbackKind,
    FeedbackReceived,
    Opened,
    Replied,
    Status,
    StatusChanged,
    TicketFact,
)
from opsledger.services.tickets.codec import encode

TENANT, PROGRAM = "load", "desk"
RULES = {
    "tenant": TENANT, "program": PROGRAM, "time_zone": "Europe/Berlin",
    "calendars": {"desk": {"time_zone": "Europe/Berlin", "hours": {day: ["08:00-18:00"] for day in ("mon", "tue", "wed", "thu", "fri")}}},
    "policies": [
        {
            "name": "Urgent", "when": {"priority": "P1"}, "calendar": "always", "reopen": "restart",
            "escalation": [{"step": "lead", "at": "80%"}], "targets": {"first_reply": "2h", "resolution": "6h"},
        },
        {
            "name": "Others", "calendar": "desk", "reopen": "restart",
            "targets": {"first_reply": "4h", "next_reply": "4h", "resolution": "2d"},
        },
    ],
}
"""Under which the tickets are clocked."""
FORM_ID = "contact"
FORM = {
    "form": FORM_ID, "title": "Contact", "scoring": {"mode": "points", "pass_mark": 70},
    "sections": [{"id": "contact", "questions": [
        {"id": "tone", "type": "numeric", "points": 10, "min": 0, "max": 10},
        {"id": "solved", "type": "single", "options": [{"id": "yes", "points": 10}, {"id": "no", "points": 0}]},
    ]}],
}
"""By which contacts are judged."""
AGENTS = [f"agent-{number}" for number in range(40)]
START_US = 1_767_949_200_000_000
_MINUTE_US = 60_000_000


def events(sender: str, seed: int) -> Iterator[bytes]:
    """Tickets of one sender from opening to feedback, one after the other."""
    random = Random(seed)
    number = 0
    while True:
        number += 1
        at_us = START_US + number * _MINUTE_US
        agent = random.choice(AGENTS)
        life: list[tuple[ActorKind, Fact]] = [
            (ActorKind.REQUESTER, Opened(channel="email", priority=f"P{random.randrange(1, 5)}", group="desk", category="order")),
            (ActorKind.SYSTEM, Assigned("desk", agent)),
            (ActorKind.AGENT, Replied(public=True)),
            (ActorKind.AGENT, StatusChanged(Status.PENDING)),
            (ActorKind.REQUESTER, Replied(public=True)),
            (ActorKind.AGENT, StatusChanged(Status.RESOLVED)),
            (ActorKind.REQUESTER, FeedbackReceived(FeedbackKind.CSAT, random.randrange(1, 6), 1, 5)),
        ]
        for sequence, (kind, fact) in enumerate(life, 1):
            at_us += random.randrange(1, 90) * _MINUTE_US
            yield encode(TicketFact(
                TENANT, PROGRAM, sender, f"T{number}", f"{number}-{sequence}", at_us, sequence,
                Actor(kind, agent if kind is ActorKind.AGENT else ""), fact,
            )).SerializeToString()
