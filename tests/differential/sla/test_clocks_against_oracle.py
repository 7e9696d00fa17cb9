"""The engine against a minute-by-minute simulator, over random histories under random policies."""
from __future__ import annotations

from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from opsledger.core.sla.clock import Clock
from opsledger.core.sla.clocks import run_clocks
from opsledger.core.sla.rules import RuleBook, parse_rules
from opsledger.core.tickets.facts import (
    Assigned,
    Channel,
    DueSet,
    Fact,
    InteractionEnded,
    Merged,
    Opened,
    PriorityChanged,
    Reopened,
    Replied,
    Status,
    StatusChanged,
    TicketFact,
)
from opsledger.core.tickets.order import in_order
from opsledger.core.tickets.validation import METRICS
from tests.kit.sla import AGENT, MINUTE_US, REQUESTER, at, time_us
from tests.kit.sla_oracle import Oracle, PlainPolicy

START = time_us("mon 00:00") // MINUTE_US
DAY = 24 * 60


def day_hours(pattern: int) -> list[str]:
    return [["09:00-17:00"], ["08:00-12:00", "13:00-18:30"], ["00:00-24:00"], ["22:00-24:00"], []][pattern]


def is_open(patterns: list[int], minute: int) -> bool:
    """Of a calendar in UTC: 1970-01-01 was a Thursday."""
    of_day = minute % DAY
    spans = [[(540, 1020)], [(480, 720), (780, 1110)], [(0, 1440)], [(1320, 1440)], []][patterns[(minute // DAY + 3) % 7]]
    return any(start <= of_day < end for start, end in spans)


weeks = st.lists(st.integers(0, 4), min_size=7, max_size=7).filter(lambda patterns: any(pattern != 4 for pattern in patterns))
pausing = st.frozensets(st.sampled_from(["new", "open", "pending", "on_hold"]), max_size=3)
minutes = st.integers(0, 2 * 24).map(lambda half_hours: half_hours * 60) | st.integers(0, 4 * DAY)
"""Mostly on a coarse grid, so that ends, deadlines and closing times coincide."""

plain_facts: st.SearchStrategy[Fact] = st.one_of(
    *[st.sampled_from(Status).map(StatusChanged)] * 4,
    st.sampled_from(["high", "low", "none"]).map(PriorityChanged),
    st.sampled_from(["t1", "t2", ""]).map(Assigned),
    *[st.builds(Replied, st.sampled_from([True, True, True, False]))] * 3,
    st.builds(Opened, status=st.sampled_from(Status), priority=st.sampled_from(["high", "low", "none"]), group=st.sampled_from(["t1", ""])),
    st.just(Reopened()),
    st.just(Merged("2")),
    st.just(InteractionEnded("c", Channel.CALL, True)),
    st.builds(DueSet, st.none() | minutes.map(lambda minute: (START + minute) * MINUTE_US), st.sampled_from(METRICS)),
)


@st.composite
def histories(draw: st.DrawFn) -> list[TicketFact]:
    facts = []
    for index in range(draw(st.integers(1, 16))):
        fact = draw(plain_facts) if index else draw(st.just(Opened(priority="high", group="t1")) | plain_facts)
        minute = START + (draw(minutes) if index else 0)
        actor = draw(st.sampled_from([AGENT, REQUESTER]))
        facts.append(at(minute * MINUTE_US, fact, actor, event_id=f"e{index}"))
    return in_order(facts)


@st.composite
def policies(draw: st.DrawFn, name: str) -> PlainPolicy:
    metrics = draw(st.sets(st.sampled_from(METRICS), min_size=4))
    return PlainPolicy(
        name, draw(st.sampled_from(["resume", "count_through", "restart", "ignore"])),
        {metric: draw(st.sampled_from(["one", "two"])) for metric in METRICS},
        {metric: draw(st.integers(1, 12).map(lambda hours: hours * 60) | st.integers(1, 1500)) for metric in METRICS if metric in metrics},
        {metric: draw(pausing) for metric in METRICS},
    )


def document(plain: dict[str, PlainPolicy], calendars: dict[str, list[int]]) -> dict[str, Any]:
    days = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
    return {
        "time_zone": "UTC",
        "calendars": {
            name: {"time_zone": "UTC", "hours": {day: day_hours(pattern) for day, pattern in zip(days, patterns, strict=True)}}
            for name, patterns in calendars.items()
        },
        "policies": [
            {
                "name": policy.name, "reopen": policy.reopen, "when": {"priority": priority},
                "targets": {
                    metric: {"target": f"{target}m", "calendar": policy.calendar[metric], "pause_on": sorted(policy.pause_on[metric])}
                    for metric, target in policy.target.items()
                },
            }
            for priority, policy in plain.items()
        ],
    }


def figures(clock: Clock) -> dict[str, Any]:
    def minute(at_us: int | None) -> float | None:
        return None if at_us is None else at_us / MINUTE_US

    return {
        "start": minute(clock.started_at_us), "end": minute(clock.ended_at_us), "state": clock.state, "policy": clock.policy,
        "calendar": clock.calendar, "target": minute(clock.target_us), "due": minute(clock.due_at_us),
        "breached": minute(clock.breached_at_us), "elapsed": minute(clock.elapsed_us), "paused": minute(clock.paused_us),
        "group": clock.group,
    }


@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])
@given(histories(), policies("first"), policies("second"), weeks, weeks)
def test_the_engine_agrees_with_the_oracle(
    history: list[TicketFact], high: PlainPolicy, low: PlainPolicy, one: list[int], two: list[int]
) -> None:
    plain, calendars = {"high": high, "low": low}, {"one": one, "two": two}
    book = RuleBook([(0, 1, parse_rules(document(plain, calendars)))])
    oracle = Oracle(
        plain, {name: lambda minute, patterns=patterns: is_open(patterns, minute) for name, patterns in calendars.items()}, METRICS
    )
    assert {(clock.metric, clock.cycle): figures(clock) for clock in run_clocks(history, book)} == oracle.run(history)
