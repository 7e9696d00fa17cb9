"""Reads any table of ticket events into the spool, as a mapping says."""
from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from opsledger.core.errors import FieldViolation
from opsledger.core.tickets.facts import TicketKey
from opsledger.services.importers.cells import BadValue
from opsledger.services.importers.files import Layout, Row, Source, Table
from opsledger.services.importers.mapping import FormatSpec, MappingSpec
from opsledger.services.importers.plan import Plan, bind
from opsledger.services.importers.problems import Problems
from opsledger.services.importers.row_facts import TicketReader, TicketRow
from opsledger.services.importers.spool import Spool
from opsledger.services.importers.summary import Summary
from opsledger.services.importers.writing import FactWriter


@dataclass(frozen=True, slots=True)
class CsvReader:
    mapping: MappingSpec
    mapping_file: str
    """Its name, for errors."""

    def read(self, source: Source, spool: Spool, problems: Problems, summary: Summary) -> None:
        """Every fact of the table goes into the spool. Raises InvalidInput as ``problems`` says, and for a mapping that does not fit."""
        table = Table(source, _layout(self.mapping.format))
        plan = bind(self.mapping, self.mapping_file, table.columns)
        self._spool_rows(table, plan, spool, problems, summary)
        writer = FactWriter(spool, problems)
        for ticket in spool.tickets():
            key = TicketKey(*json.loads(ticket.ticket))
            reader = TicketReader(plan, key, table.columns, one_row=self.mapping.rows == "tickets")
            rows = list(self._in_order(ticket.rows, plan, problems, summary))
            if self.mapping.rows == "tickets" and len(rows) > 1:
                problems.add(rows[1].row.line, [FieldViolation(
                    "ticket_id", "DUPLICATE", f"{key.ticket_id!r} has another row, on line {rows[0].row.line}; "
                    "where tickets have several rows, the mapping needs `rows: events`",
                )])
                continue
            for line, facts in reader.read(rows, lambda line, violation: problems.add(line, [violation])):
                summary.note("rows of which no rule says anything", not facts)
                writer.write(line, facts)

    def _spool_rows(self, table: Table, plan: Plan, spool: Spool, problems: Problems, summary: Summary) -> None:
        for row in table:
            if violation := table.length_violation(row):
                problems.add(row.line, [violation])
                continue
            try:
                if not plan.taken(row.cells, None):
                    summary.note("rows passed over (where)")
                    continue
                ticket_id = plan.ticket_id(row.cells)
                key = TicketKey(plan.tenant(row.cells), plan.source(row.cells), ticket_id)
            except BadValue as error:
                problems.add(row.line, [error.violation])
                continue
            if not ticket_id:
                problems.add(row.line, [FieldViolation("ticket_id", "REQUIRED", f"{self.mapping.ticket_id.value} is empty")])
                continue
            summary.rows += 1
            spool.add_row(json.dumps(key), row)

    def _in_order(self, rows: Sequence[Row], plan: Plan, problems: Problems, summary: Summary) -> Iterator[TicketRow]:
        """The rows of a ticket in the order of what they say; identical ones once, or with a number where the mapping keeps them."""
        placed = []
        copies: dict[tuple[str, ...], int] = {}
        for row in sorted(rows):
            copies[row.cells] = copy = copies.get(row.cells, 0) + 1
            if copy > 1 and self.mapping.identical_rows == "once":
                summary.note("rows that repeat another exactly")
                continue
            try:
                at_us = plan.at_us(row.cells) if plan.at_us else 0
                sequence = plan.sequence(row.cells)
            except BadValue as error:
                problems.add(row.line, [error.violation])
                continue
            if at_us is None:
                problems.add(row.line, [FieldViolation("occurred_at", "REQUIRED", "is empty")])
                continue
            placed.append(TicketRow(row, at_us, sequence, copy))
        placed.sort(key=lambda item: item.place)
        if self.mapping.snapshot is not None and self.mapping.sequence is None and self.mapping.order is None:
            placed = _numbered(placed)
        yield from placed


def _numbered(rows: list[TicketRow]) -> list[TicketRow]:
    """Rows of one instant, in order, with numbers for a sequence: they are compared in this order, so it is that of the fold too."""
    number, found = 0, []
    for before, row in zip([None, *rows], rows, strict=False):
        number = number + 1 if before is not None and before.at_us == row.at_us else 0
        found.append(replace(row, sequence=number))
    return found


def _layout(form: FormatSpec) -> Layout:
    delimiter = "\t" if form.delimiter == "tab" else form.delimiter
    return Layout(delimiter, form.quote, form.encoding, tuple(form.columns), form.skip_lines)
