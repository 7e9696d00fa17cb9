"""What is strange about a ticket's facts, without being wrong: they are folded all the same, and whoever looks closely is told."""
from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from opsledger.core.tickets.facts import Opened, TicketFact


class Remark(NamedTuple):
    fact: TicketFact
    text: str


def remarks(facts: Sequence[TicketFact]) -> Iterator[Remark]:
    """About the facts of one ticket, in order."""
    opened = False
    for number, fact in enumerate(facts):
        if isinstance(fact.fact, Opened):
            if number:
                how = "opened again" if opened else "opened after other facts"
                yield Remark(fact, f"{how}: what it leaves unset stays as it is known, and it reopens nothing")
            opened = True
