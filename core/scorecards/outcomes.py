"""What a ticket contributes to scorecards: one row for each thing that went well or not, credited and dated.

A row is a function of the ticket's facts in order, and of its clocks. A later fact can change an earlier row (a reopening
months later turns a resolution into a reopened one), never by when somebody looked. The rules in words, with their edge
cases: docs/scorecards.md; each group of KPIs has a module of its own beside this one.
"""
from __future__ import annotations

from collections.abc import Sequence

from opsledger.core.scorecards.cases import ChoicesAt, Outcome, steps_of
from opsledger.core.scorecards.choices import UNSAID
from opsledger.core.scorecards.contacts import contacts, first_reply
from opsledger.core.scorecards.feedback import feedback
from opsledger.core.scorecards.promises import promises
from opsledger.core.scorecards.resolutions import resolutions
from opsledger.core.sla.clock import Clock
from opsledger.core.tickets.facts import TicketFact


def ticket_outcomes(
    facts: Sequence[TicketFact], clocks: Sequence[Clock], choices_at: ChoicesAt = lambda _: UNSAID
) -> tuple[Outcome, ...]:
    """The rows of one ticket, whose facts must be in order. Any recorded past is accepted; no facts give no rows."""
    if not facts:
        return ()
    steps = list(steps_of(facts))
    return (
        *resolutions(steps, choices_at), *contacts(steps, choices_at), *first_reply(steps), *feedback(steps),
        *promises(steps, clocks, choices_at),
    )
