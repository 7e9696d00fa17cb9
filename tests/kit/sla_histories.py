"""Hypothesis strategies: random histories of a ticket and random rules for it, in terms that tests/kit/sla_oracle.py shares."""
from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from hypothesis import strategies as st

from opsledger.core.sla.rules import WEEKDAYS, RuleBook, parse_rules
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
from tests.kit.sla_oracle import PlainPolicy

START = time_us("mon 00:00") // MINUTE_US
DAY = 24 * 60
_DAYS: Sequence[tuple[list[str], list[tuple[int, int]]]] = [
    (["09:00-17:00"], [(540, 1020)]), (["08:00-12:00", "13:00-18:30"], [(480, 720), (780, 1110)]), (["00:00-24:00"], [(0, 1440)]),
    (["22:00-24:00"], [(1320, 1440)]), ([], []),
]
"""Opening hours of a day, as in a calendar file and in minutes."""


def is_open(week: Sequence[int], minute: int) -> bool:
    """Of a calendar in UTC: 1970-01-01 was a Thursday."""
    return any(start <= minute % DAY < end for start, end in _DAYS[week[(minute // DAY + 3) % 7]][1])


weeks = st.lists(st.integers(0, 4), min_size=7, max_size=7).filter(lambda week: any(day != 4 for day in week))
_minutes = st.integers(0, 2 * 24).map(lambda hours: hours * 60) | st.integers(0, 4 * DAY)
"""Mostly on a coarse grid, so that ends, deadlines and closing times coincide."""
_priorities = st.sampled_from(["high", "low", "none"])
_facts: st.SearchStrategy[Fact] = st.one_of(
    *[st.sampled_from(Status).map(StatusChanged)] * 4,
    *[st.builds(Replied, st.sampled_from([True, True, True, False]))] * 3,
    _priorities.map(PriorityChanged),
    st.sampled_from(["t1", "t2", ""]).map(Assigned),
    st.builds(Opened, status=st.sampled_from(Status), priority=_priorities, group=st.sampled_from(["t1", ""])),
    st.just(Reopened()),
    st.just(Merged("2")),
    st.just(InteractionEnded("c", Channel.CALL, True)),
    st.builds(DueSet, st.none() | _minutes.map(lambda minute: (START + minute) * MINUTE_US), st.sampled_from(METRICS)),
)


@st.composite
def histories(draw: st.DrawFn) -> list[TicketFact]:
    """In order; the first is usually an opening."""
    facts = []
    for index in range(draw(st.integers(1, 16))):
        fact = draw(_facts) if index else draw(st.just(Opened(priority="high", group="t1")) | _facts)
        minute = START + (draw(_minutes) if index else 0)
        facts.append(at(minute * MINUTE_US, fact, draw(st.sampled_from([AGENT, REQUESTER])), event_id=f"e{index}"))
    return in_order(facts)


@st.composite
def plain_policies(draw: st.DrawFn, name: str) -> PlainPolicy:
    metrics = draw(st.sets(st.sampled_from(METRICS), min_size=4))
    pausing = st.frozensets(st.sampled_from(["new", "open", "pending", "on_hold"]), max_size=3)
    return PlainPolicy(
        name, draw(st.sampled_from(["resume", "count_through", "restart", "ignore"])),
        {metric: draw(st.sampled_from(["one", "two"])) for metric in METRICS},
        {metric: draw(st.integers(1, 12).map(lambda hours: hours * 60) | st.integers(1, 1500)) for metric in METRICS if metric in metrics},
        {metric: draw(pausing) for metric in METRICS},
        keep_breach=draw(st.booleans()),
    )


def document(by_priority: Mapping[str, PlainPolicy], calendars: Mapping[str, Sequence[int]]) -> dict[str, Any]:
    """The rules document that says the same."""
    return {
        "time_zone": "UTC",
        "calendars": {
            name: {"time_zone": "UTC", "hours": {day: _DAYS[index][0] for day, index in zip(WEEKDAYS, week, strict=True)}}
            for name, week in calendars.items()
        },
        "policies": [
            {
                "name": policy.name, "reopen": policy.reopen, "keep_breach": policy.keep_breach, "when": {"priority": priority},
                "escalation": [{"step": "warn", "at": "-30m"}, {"step": "late", "at": "150%"}],
                "targets": {
                    metric: {"target": f"{target}m", "calendar": policy.calendar[metric], "pause_on": sorted(policy.pause_on[metric])}
                    for metric, target in policy.target.items()
                },
            }
            for priority, policy in by_priority.items()
        ],
    }


@st.composite
def books(draw: st.DrawFn) -> RuleBook:
    """Two versions, each with a policy for ``high`` and one for ``low``."""
    versions = []
    for number, effective_from in ((1, 0), (2, START + draw(_minutes))):
        plain = {"high": draw(plain_policies("first")), "low": draw(plain_policies("second"))}
        read = parse_rules(document(plain, {"one": draw(weeks), "two": draw(weeks)}))
        versions.append((effective_from * MINUTE_US, number, read))
    return RuleBook(versions)
