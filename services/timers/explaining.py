"""Explaining a ticket: its clocks recomputed from the journal, and where their time went."""
from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from opsledger.core.errors import NotFound
from opsledger.core.ports import Journal
from opsledger.core.sla.clock import Clock
from opsledger.core.sla.clocks import run_clocks
from opsledger.core.sla.explain import explain
from opsledger.core.sla.rules import RuleBook
from opsledger.core.tickets.facts import TicketFact, TicketKey
from opsledger.core.tickets.state import TicketState, fold
from opsledger.proto.sla.v1 import timers_pb2 as pb
from opsledger.services.rules.publishing import book
from opsledger.services.rules.registry import RuleRegistry
from opsledger.services.tickets.codec import encode
from opsledger.services.tickets.held import held_facts
from opsledger.services.timers.messages import Owner, explained_timer


class Case(NamedTuple):
    """A ticket and all that its clocks were made of."""

    facts: Sequence[TicketFact]
    """In order."""
    state: TicketState
    book: RuleBook
    clocks: Sequence[Clock]
    until_us: int
    """Up to when open clocks are measured."""

    @property
    def time_zone(self) -> str:
        """Of the program, by the rules at the ticket's last fact; UTC when there are none."""
        found = self.book.at(self.facts[-1].occurred_at_us)
        return found[1].time_zone.key if found else "UTC"


def recompute(
    journal: Journal, registry: RuleRegistry, ticket: TicketKey, now_us: int, as_known_at_us: int | None = None, as_of_us: int | None = None
) -> Case:
    """By everything that is recorded, or that was until ``as_known_at_us``; of what had happened until ``as_of_us``. Raises NotFound."""
    facts = held_facts(journal, ticket, as_known_at_us)
    if as_of_us is not None:
        facts = [fact for fact in facts if fact.occurred_at_us <= as_of_us]
    state = fold(facts)
    if state is None:
        raise NotFound("ticket", " / ".join(ticket))
    rules = book(registry.history(ticket.tenant, state.program, as_known_at_us))
    until_us = next(at_us for at_us in (as_of_us, as_known_at_us, now_us) if at_us is not None)
    return Case(facts, state, rules, run_clocks(facts, rules, until_us), until_us)


def explain_ticket(case: Case) -> pb.ExplainTicketResponse:
    ticket, program = case.facts[0].ticket, case.state.program
    return pb.ExplainTicketResponse(
        program=program, events=[encode(fact) for fact in case.facts],
        timers=[
            explained_timer(clock, explain(clock, case.book), Owner(ticket, program, clock.group or case.state.group), case.until_us)
            for clock in case.clocks
        ],
    )
