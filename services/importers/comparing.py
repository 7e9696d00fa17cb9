"""A file is told again where the ledger holds facts of its tickets already: then its rows say what is new."""
from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from opsledger.core.tickets.facts import TicketFact, TicketKey
from opsledger.services.importers.problems import Problems
from opsledger.services.importers.spool import Spool, TicketRows
from opsledger.services.importers.summary import Summary
from opsledger.services.importers.writing import FactWriter

TICKETS_MAX = 200
"""So many are asked for at once, or those of"""
ROWS_MAX = 5_000


class Ledger(Protocol):
    def held(self, tickets: Sequence[TicketKey]) -> Mapping[TicketKey, Sequence[TicketFact]]:
        """The facts of each ticket in the order of the fold; tickets without any are left out."""


Note = Callable[[str], None]
"""Told what had to be decided, each time."""


@dataclass(frozen=True, slots=True)
class Retelling:
    """How a reader tells a ticket's rows when facts of the ticket are known."""

    key: Callable[[str], TicketKey]
    """The ticket that the spool has under a name."""
    tell: Callable[[TicketRows, Sequence[TicketFact], Note], Iterable[tuple[int, list[TicketFact]]]]
    """(line, facts) of the rows; those that are known already as they are held."""


def compare(retelling: Retelling, ledger: Ledger, spool: Spool, problems: Problems, summary: Summary) -> None:
    """Tell the tickets again that the ledger knows. Wrong facts are problems."""
    writer = FactWriter(spool, problems, again=True)
    for batch in _batches(spool.tickets()):
        tickets = {retelling.key(ticket.ticket): ticket for ticket in batch}
        for key, held in ledger.held(list(tickets)).items():
            spool.retell(key)
            for line, facts in retelling.tell(tickets[key], held, summary.note):
                writer.write(line, facts)


def _batches(tickets: Iterable[TicketRows]) -> Iterator[list[TicketRows]]:
    batch: list[TicketRows] = []
    rows = 0
    for ticket in tickets:
        if batch and (len(batch) == TICKETS_MAX or rows + len(ticket.rows) > ROWS_MAX):
            yield batch
            batch, rows = [], 0
        batch.append(ticket)
        rows += len(ticket.rows)
    if batch:
        yield batch
