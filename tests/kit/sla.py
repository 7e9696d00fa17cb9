"""Short words for SLA specs: times of one week, facts, rules.

The week is that of Monday 2014-04-07, in UTC: ``thu 15:00``, ``fri 10:00:01``, ``mon+1 09:00`` (of the week after).
"""
from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta

import yaml

from opsledger.core.sla.clock import Clock
from opsledger.core.sla.clocks import run_clocks
from opsledger.core.sla.rules import WEEKDAYS, RuleBook, Rules, parse_rules
from opsledger.core.tickets.facts import Actor, ActorKind, Fact, TicketFact
from opsledger.core.tickets.order import in_order

AGENT, REQUESTER, ROBOT = Actor(ActorKind.AGENT, "anna"), Actor(ActorKind.REQUESTER, "r-1"), Actor(ActorKind.SYSTEM, "macro")
SECOND_US, MINUTE_US, HOUR_US = 1_000_000, 60_000_000, 3_600_000_000
WORKDAYS = ("mon", "tue", "wed", "thu", "fri")
_MONDAY = datetime(2014, 4, 7, tzinfo=UTC)
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_TIME = re.compile(r"(\w{3})(?:\+(\d+))? (\d\d):(\d\d)(?::(\d\d))?")


def time_us(text: str) -> int:
    match = _TIME.fullmatch(text)
    assert match is not None, text
    day, week, hour, minute, second = match[1], *(int(number or 0) for number in match.groups()[1:])
    moment = _MONDAY + timedelta(weeks=week, days=WEEKDAYS.index(day), hours=hour, minutes=minute, seconds=second)
    return (moment - _EPOCH) // timedelta(microseconds=1)


def shown(at_us: int | None) -> str | None:
    """The inverse of ``time_us``."""
    if at_us is None:
        return None
    moment = _EPOCH + timedelta(microseconds=at_us)
    week = (moment - _MONDAY).days // 7
    second = f":{moment.second:02}" if moment.second else ""
    return f"{WEEKDAYS[moment.weekday()]}{f'+{week}' if week else ''} {moment.hour:02}:{moment.minute:02}{second}"


def at(when: str | int, fact: Fact, actor: Actor = AGENT, *, sequence: int = 0, event_id: str = "") -> TicketFact:
    at_us = time_us(when) if isinstance(when, str) else when
    return TicketFact("acme", "desk", "zendesk", "1", event_id or f"{at_us}/{type(fact).__name__}/{sequence}", at_us, sequence, actor, fact)


def rules(text: str) -> Rules:
    """Rules from YAML; ``desk`` is a calendar Mon-Fri 10-18, ``office`` one of 09-17."""
    document = yaml.safe_load(text)
    calendars = {
        name: {"time_zone": "UTC", "hours": {day: [hours] for day in WORKDAYS}}
        for name, hours in (("desk", "10:00-18:00"), ("office", "09:00-17:00"))
    }
    return parse_rules({"time_zone": "UTC", "calendars": calendars | document.pop("calendars", {}), **document})


def policy(targets: str, reopen: str = "resume", calendar: str = "always", more: str = "") -> RuleBook:
    """A book with one version with one policy for every ticket. ``targets`` is YAML: ``resolution: 2h``."""
    return RuleBook([(0, 1, rules(
        f"policies: [{{name: all, calendar: {calendar}, reopen: {reopen}, targets: {{{targets}}}{', ' if more else ''}{more}}}]"
    ))])


def clocks(book: RuleBook, facts: Sequence[TicketFact], until: str | None = None) -> Mapping[tuple[str, int], Clock]:
    """By metric and cycle; the facts in any order."""
    found = run_clocks(in_order(facts), book, None if until is None else time_us(until))
    return {(clock.metric, clock.cycle): clock for clock in found}


def cycles(metric: str, book: RuleBook, *facts: TicketFact) -> list[tuple[str | None, str | None, str]]:
    """Start, end and state of the clocks of one metric."""
    return [
        (shown(clock.started_at_us), shown(clock.ended_at_us), clock.state.value)
        for (name, _), clock in sorted(clocks(book, facts).items()) if name == metric
    ]
