"""A ticket's facts to its rows: pure, and the only place that knows which attribute fills which column."""
from __future__ import annotations

import json
import logging
from collections.abc import Iterable, Mapping, Sequence
from operator import attrgetter
from typing import Any, NamedTuple

from sqlalchemy import Table

from opsledger.core.scorecards.cases import Outcome
from opsledger.core.scorecards.outcomes import ticket_outcomes
from opsledger.core.sla.clock import Clock
from opsledger.core.sla.clocks import run_clocks
from opsledger.core.sla.rules import RuleBook
from opsledger.core.tickets.contributions import contributions
from opsledger.core.tickets.facts import TicketFact
from opsledger.core.tickets.state import TicketState, fold
from opsledger.services.projections import tables
from opsledger.services.projections.holding import is_plain, unholdable

WARNING, BREACH = "warning", "breach"
"""Kinds of step; a breach is the due time itself."""
Row = tuple[Any, ...]
_log = logging.getLogger(__name__)


class Columns:
    """How the rows of a table are made: some values are given, the others are attributes of the same name."""

    def __init__(self, table: Table, *given: str) -> None:
        derived = [name for name in table.columns.keys() if name not in given]  # noqa: SIM118  # a column collection, not a dict
        self.names = (*given, *derived)
        self._of = attrgetter(*(_ATTRIBUTES.get(name, name) for name in derived))

    def row(self, source: object, *given: object) -> Row:
        return (*given, *self._of(source))


_ATTRIBUTES = {"group_name": "group"}
"""`group` is a word of SQL."""
_KEY = ("tenant", "source", "ticket_id")
_TICKET = Columns(tables.tickets, *_KEY, "status", "tags", "attributes", "facts", "problem")
_CLOCK = Columns(tables.clocks, *_KEY, "program", "group_name", "state", "promised")
_OUTCOME = Columns(tables.outcomes, *_KEY, "program", "ordinal")
_CONTRIBUTION = Columns(tables.contributions, *_KEY, "program")

COLUMNS: Mapping[str, tuple[str, ...]] = {
    "tickets": _TICKET.names, "clocks": _CLOCK.names, "outcomes": _OUTCOME.names, "contributions": _CONTRIBUTION.names,
    **{table.name: tuple(table.columns.keys()) for table in (tables.steps, tables.changes)},
}
"""Order of the values in a row, by table."""


class TicketRows(NamedTuple):
    """All rows of one ticket, by table."""

    tickets: Row
    clocks: list[Row]
    steps: list[Row]
    outcomes: list[Row]
    contributions: list[Row]


def ticket_rows(facts: Sequence[TicketFact], book: RuleBook) -> TicketRows:
    """The rows of a ticket from all its facts, which must be in order and at least one.

    A ticket on which the clocks or outcomes fail (a fault of ours: no recorded past may do that) keeps its row, which names the
    problem, so that one ticket never stops the views of all others.
    """
    state = fold(facts)
    assert state is not None, "a ticket has at least one fact"
    clocks: Sequence[Clock] = ()
    outcomes: Sequence[Outcome] = ()
    problem = ""
    try:
        clocks = run_clocks(facts, book)
        outcomes = ticket_outcomes(facts, clocks, book.choices_at)
    except Exception as error:  # whatever it is, it is written down and told
        _log.exception("ticket %s: its clocks cannot be computed", facts[0].ticket)
        problem = ascii(error)
    key, program = facts[0].ticket, state.program
    rows = TicketRows(
        _ticket_row(state, facts, problem),
        [_CLOCK.row(clock, *key, program, clock.group or state.group, str(clock.state), int(clock.promised)) for clock in clocks],
        [(*key, clock.metric, clock.cycle, *step) for clock in clocks for step in _steps(clock, program)],
        [_OUTCOME.row(outcome, *key, program, ordinal) for ordinal, outcome in enumerate(outcomes)],
        [_CONTRIBUTION.row(each, *key, program) for each in contributions(facts)],
    )
    if problem := _unholdable(rows):
        _log.error("ticket %s: %s", key, problem)
        return TicketRows(_ticket_row(state, facts, problem), [], [], [], [])
    return rows


def _unholdable(rows: TicketRows) -> str:
    """Why some rows cannot be kept: rules of an earlier version may have given clocks a name that no database takes."""
    for name in ("clocks", "steps", "outcomes", "contributions"):
        table: Table = getattr(tables, name)
        for row in getattr(rows, name):
            if all(map(is_plain, row)):
                continue
            named = zip(COLUMNS[name], row, strict=False)  # the store adds the partition of a step
            if reason := unholdable(table, dict(named)):
                return f"{name}: {reason}"
    return ""


def _ticket_row(state: TicketState, facts: Sequence[TicketFact], problem: str) -> Row:
    return _TICKET.row(
        state, *facts[0].ticket, state.status.word, _json(state.tags), _json(dict(state.attributes)), len(facts), problem,
    )


def _steps(clock: Clock, program: str) -> Iterable[Row]:
    """What is to be announced about a clock, and when: the rungs of its ladder and its breach."""
    for name, at_us in clock.steps:
        yield WARNING, name, program, clock.policy, at_us, clock.due_at_us
    if clock.due_at_us is not None and (clock.breached_at_us is not None or clock.is_open):
        yield BREACH, BREACH, program, clock.policy, clock.due_at_us, clock.due_at_us


def _json(value: object) -> str:
    return json.dumps(value, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
