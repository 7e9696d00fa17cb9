"""The demo floor: the same seed gives the same facts, and they look like a floor."""
from __future__ import annotations

from collections import Counter
from itertools import pairwise
from pathlib import Path
from statistics import mean

import pytest

import opsledger.services.demo
from opsledger.core.sla.rules import parse_rules
from opsledger.core.sla.zones import local_time, zone
from opsledger.core.tickets.facts import (
    Assigned,
    FeedbackReceived,
    InteractionEnded,
    Opened,
    Replied,
    Status,
    StatusChanged,
    TicketFact,
    TicketKey,
)
from opsledger.core.tickets.order import in_order
from opsledger.core.tickets.state import fold
from opsledger.core.tickets.validation import violations
from opsledger.services.demo.clients import CLIENTS
from opsledger.services.demo.clockwork import DAY_US
from opsledger.services.demo.delivery import BROKEN, LATE, TWICE, deliver
from opsledger.services.demo.floor import simulate
from opsledger.services.documents import read_document
from opsledger.services.tickets.codec import decode, encode

START_US = 1_780_272_000_000_000  # 2026-06-01, a Monday
DAYS, TICKETS = 28, 3_000


@pytest.fixture(scope="module")
def facts() -> list[TicketFact]:
    return list(simulate(7, START_US, DAYS, TICKETS))


@pytest.fixture(scope="module")
def tickets(facts: list[TicketFact]) -> dict[TicketKey, list[TicketFact]]:
    found: dict[TicketKey, list[TicketFact]] = {}
    for fact in facts:
        found.setdefault(fact.ticket, []).append(fact)
    return {key: in_order(facts) for key, facts in found.items()}


def test_a_seed_names_a_floor(facts: list[TicketFact]) -> None:
    assert list(simulate(7, START_US, DAYS, TICKETS)) == facts
    assert list(simulate(8, START_US, DAYS, TICKETS)) != facts
    until_us = START_US + DAYS * DAY_US
    assert deliver(7, facts, until_us) == deliver(7, facts, until_us)


def test_every_fact_is_sound_and_within_its_days(facts: list[TicketFact]) -> None:
    assert all(not violations(fact) for fact in facts)
    assert all(START_US <= fact.occurred_at_us <= START_US + DAYS * DAY_US for fact in facts)
    assert len({(fact.tenant, fact.source, fact.event_id) for fact in facts}) == len(facts)
    assert all(decode(encode(fact)) == fact for fact in facts[:500])


def test_as_many_tickets_as_asked_for(tickets: dict[TicketKey, list[TicketFact]]) -> None:
    """Poisson: within five standard deviations, in all and for each client."""
    assert len(tickets) == pytest.approx(TICKETS, abs=5 * TICKETS**0.5)
    for client in CLIENTS:
        expected = TICKETS * client.share
        assert sum(key.tenant == client.tenant for key in tickets) == pytest.approx(expected, abs=5 * expected**0.5)


def test_arrivals_follow_the_clients_clock(facts: list[TicketFact]) -> None:
    for client in CLIENTS:
        opened = [fact for fact in facts if fact.tenant == client.tenant and isinstance(fact.fact, Opened)]
        local = [local_time(fact.occurred_at_us, zone(client.time_zone)) for fact in opened]
        hours, weekdays = Counter(at.hour for at in local), Counter(at.weekday() for at in local)
        for counted, weights in ((hours, client.by_hour), (weekdays, client.by_weekday)):
            for index, weight in enumerate(weights):
                expected = len(opened) * weight / sum(weights)
                assert counted[index] == pytest.approx(expected, abs=5 * expected**0.5 + 2)


def test_a_ticket_opens_first_and_works_forward(tickets: dict[TicketKey, list[TicketFact]]) -> None:
    assert all(isinstance(facts[0].fact, Opened) for facts in tickets.values())
    assert all(sum(isinstance(fact.fact, Opened) for fact in facts) == 1 for facts in tickets.values())
    statuses = Counter(fold(facts).status for facts in tickets.values())
    assert statuses[Status.CLOSED] > 0.6 * len(tickets)
    assert min(statuses[Status.OPEN], statuses[Status.PENDING], statuses[Status.RESOLVED]) > 0


def test_the_floor_has_everything_that_happens_on_one(facts: list[TicketFact], tickets: dict[TicketKey, list[TicketFact]]) -> None:
    kinds = {type(fact.fact).__name__ for fact in facts}
    assert kinds == {
        "Opened", "Assigned", "StatusChanged", "PriorityChanged", "Classified", "Replied", "InteractionEnded", "FeedbackReceived", "DueSet",
        "Merged", "Reopened",
    }
    states = [fold(facts) for facts in tickets.values()]
    assert 0.02 < mean(state.reopenings > 0 for state in states) < 0.15
    assert 0.1 < mean(any(isinstance(f.fact, Assigned) and f.fact.group for f in facts) for facts in tickets.values()) < 0.35
    live = [f.fact for f in facts if isinstance(f.fact, InteractionEnded) and f.fact.channel != "email"]
    assert 0.75 < mean(contact.answered for contact in live) < 0.98
    assert {f.actor.kind for f in facts if isinstance(f.fact, Replied)} == {"agent", "requester"}
    assert {f.fact.status for f in facts if isinstance(f.fact, StatusChanged)} == set(Status) - {Status.NEW}


def test_one_agent_does_one_thing_at_a_time(facts: list[TicketFact]) -> None:
    work: dict[tuple[str, str], list[tuple[int, int]]] = {}
    for fact in facts:
        if isinstance(contact := fact.fact, InteractionEnded) and contact.answered:
            span_us = contact.talk_us + contact.hold_us + contact.wrap_us
            work.setdefault((fact.tenant, contact.agent), []).append((fact.occurred_at_us - span_us, fact.occurred_at_us))
    for spans in work.values():
        spans.sort()
        assert all(end <= begin for (_, end), (begin, _) in pairwise(spans))


def test_better_agents_get_better_feedback(facts: list[TicketFact]) -> None:
    scores: dict[str, list[float]] = {}
    for fact in facts:
        if isinstance(given := fact.fact, FeedbackReceived):
            scores.setdefault(given.agent, []).append((given.score - given.scale_min) / (given.scale_max - given.scale_min))
    means = [mean(given) for given in scores.values() if len(given) > 20]
    assert max(means) - min(means) > 0.15


def test_deliveries_are_late_doubled_and_broken_in_their_shares(facts: list[TicketFact]) -> None:
    until_us = START_US + DAYS * DAY_US
    delivered = deliver(7, facts, until_us)
    kinds = Counter(item.kind for item in delivered)
    assert kinds["first"] > 0.99 * len(facts)
    assert kinds["again"] == pytest.approx(TWICE * len(facts), rel=0.2)
    assert kinds["broken"] == pytest.approx(BROKEN * len(facts), rel=0.5)
    late = sum(item.arrives_at_us - item.fact.occurred_at_us > 120_000_000 for item in delivered if item.kind == "first")
    assert late == pytest.approx(LATE * len(facts), rel=0.3)
    assert [item.arrives_at_us for item in delivered] == sorted(item.arrives_at_us for item in delivered)
    assert delivered[-1].arrives_at_us <= until_us


def test_exactly_the_broken_ones_are_refused(facts: list[TicketFact]) -> None:
    for item in deliver(7, facts, START_US + DAYS * DAY_US):
        assert bool(violations(item.fact)) == (item.kind == "broken")


def test_every_client_has_rules_of_its_own() -> None:
    folder = Path(opsledger.services.demo.__file__).parent / "rules"
    for client in CLIENTS:
        rules = parse_rules(read_document(folder / f"{client.tenant}.yaml"))  # type: ignore[arg-type]  # it says if it is no mapping
        assert (rules.tenant, rules.program, rules.time_zone.key) == (client.tenant, client.program, client.time_zone)
