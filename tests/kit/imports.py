"""Imports into a journal in memory, and what the journal says afterwards."""
from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from tempfile import TemporaryDirectory

from opsledger.core.ports import Journal
from opsledger.core.tickets.facts import TicketFact, TicketKey
from opsledger.core.tickets.order import in_order
from opsledger.core.tickets.state import TicketState, fold
from opsledger.services.importers.csv_table import CsvReader
from opsledger.services.importers.mapping import MappingSpec
from opsledger.services.importers.runner import Reader, run_import
from opsledger.services.importers.summary import Summary
from opsledger.services.journal.memory import MemoryJournal
from opsledger.services.tickets.codec import decode_bytes
from opsledger.services.tickets.intake import Intake


def imported(file: Path | str, reader: Reader, journal: MemoryJournal, *, skip_invalid: bool = False) -> Summary:
    """The import's summary; its facts are in the journal."""
    return run_import(str(file), reader, lambda: Intake(journal), skip_invalid=skip_invalid)


def mapped(text: str, mapping: dict[str, object]) -> list[TicketFact]:
    """The facts of a table, as a mapping reads them, ticket by ticket in the order of the fold."""
    return mapped_with_summary(text, mapping)[0]


def mapped_with_summary(text: str, mapping: dict[str, object]) -> tuple[list[TicketFact], Summary]:
    journal = MemoryJournal()
    with TemporaryDirectory() as folder:
        file = Path(folder) / "table.csv"
        file.write_text(text, encoding="utf-8")
        summary = imported(file, CsvReader(MappingSpec.model_validate(mapping), "mapping.yaml"), journal)
    return [fact for facts in facts_of(journal).values() for fact in facts], summary


def payloads(journal: Journal) -> list[bytes]:
    """Every recorded event, in the order of positions."""
    found: list[bytes] = []
    while batch := journal.read(after=len(found), limit=10_000):
        found += [event.payload for event in batch]
    return found


def facts_of(journal: MemoryJournal) -> dict[TicketKey, list[TicketFact]]:
    """Every ticket's facts in the order of the fold."""
    tickets: dict[TicketKey, list[TicketFact]] = {}
    for payload in payloads(journal):
        fact = decode_bytes(payload)
        tickets.setdefault(fact.ticket, []).append(fact)
    return {key: in_order(facts) for key, facts in tickets.items()}


def states_of(journal: MemoryJournal) -> dict[str, TicketState]:
    """How every ticket stands, by ticket id."""
    return {key.ticket_id: state for key, facts in facts_of(journal).items() if (state := fold(facts)) is not None}


def table(header: str, rows: Sequence[str]) -> str:
    return "\n".join((header, *rows)) + "\n"
