"""The engine against a minute-by-minute simulator, over random histories under random policies."""
from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import Any

from hypothesis import given, settings

from opsledger.core.sla.clock import Clock
from opsledger.core.sla.clocks import run_clocks
from opsledger.core.sla.rules import RuleBook, parse_rules
from opsledger.core.tickets.facts import TicketFact
from opsledger.core.tickets.validation import METRICS
from tests.kit.sla import MINUTE_US
from tests.kit.sla_histories import document, histories, is_open, plain_policies, weeks
from tests.kit.sla_oracle import Oracle, PlainPolicy


def figures(clock: Clock) -> dict[str, Any]:
    """A clock in the oracle's words, in minutes."""
    return {
        "state": clock.state, "policy": clock.policy, "calendar": clock.calendar, "group": clock.group,
        **{name: None if us is None else us / MINUTE_US for name, us in (
            ("start", clock.started_at_us), ("end", clock.ended_at_us), ("target", clock.target_us), ("due", clock.due_at_us),
            ("breached", clock.breached_at_us), ("elapsed", clock.elapsed_us), ("paused", clock.paused_us),
        )},
    }


@settings(max_examples=250, deadline=None)
@given(histories(), plain_policies("first"), plain_policies("second"), weeks, weeks)
def test_the_engine_agrees_with_the_oracle(
    history: list[TicketFact], high: PlainPolicy, low: PlainPolicy, one: Sequence[int], two: Sequence[int]
) -> None:
    plain, calendars = {"high": high, "low": low}, {"one": one, "two": two}
    book = RuleBook([(0, 1, parse_rules(document(plain, calendars)))])
    oracle = Oracle(plain, {name: partial(is_open, week) for name, week in calendars.items()}, METRICS)
    assert {(clock.metric, clock.cycle): figures(clock) for clock in run_clocks(history, book)} == oracle.run(history)
