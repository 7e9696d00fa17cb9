"""Who worked on a ticket, and how much."""
from __future__ import annotations

from opsledger.core.tickets.contributions import Contribution, contributions
from opsledger.core.tickets.facts import (
    Actor,
    ActorKind,
    Assigned,
    Channel,
    InteractionEnded,
    Opened,
    Replied,
    Status,
    StatusChanged,
)
from tests.kit.read_models import MINUTE_US, START_US, fact

ANN, BOB, BOSS = (Actor(ActorKind.AGENT, name) for name in ("ann", "bob", "boss"))
CUSTOMER, ROBOT = Actor(ActorKind.REQUESTER, "c1"), Actor(ActorKind.SYSTEM, "robot")


def test_who_replies_speaks_or_changes_the_status_contributes_and_who_gives_or_is_given_it_does_not() -> None:
    facts = [
        fact("T1", 0, Opened(group="desk", agent="ann"), actor=CUSTOMER),
        fact("T1", 1, Replied(public=True), actor=ANN),
        fact("T1", 2, Replied(public=False), actor=CUSTOMER),
        fact("T1", 3, Assigned(group="tier 2", agent="eve"), actor=BOSS),
        fact("T1", 4, Replied(public=False), actor=BOB),
        fact("T1", 5, InteractionEnded("call-1", Channel.CALL, True, "cem", "phones"), actor=ROBOT),
        fact("T1", 6, InteractionEnded("call-2", Channel.CALL, False, "dee", "phones"), actor=ROBOT),
        fact("T1", 7, StatusChanged(Status.RESOLVED), actor=ROBOT),
        fact("T1", 8, StatusChanged(Status.CLOSED), actor=ANN),
    ]

    def at(minute: int) -> int:
        return START_US + minute * MINUTE_US

    assert contributions(facts) == [
        Contribution("ann", "tier 2", at(1), at(8), 2), Contribution("bob", "tier 2", at(4), at(4), 1),
        Contribution("cem", "phones", at(5), at(5), 1)]
    assert contributions([]) == []


def test_an_answered_contact_that_names_nobody_is_the_owners() -> None:
    facts = [
        fact("T1", 0, Opened(group="desk", agent="ann"), actor=CUSTOMER),
        fact("T1", 1, InteractionEnded("c", Channel.CHAT, True), actor=ROBOT)]
    assert [each.agent for each in contributions(facts)] == ["ann"]
