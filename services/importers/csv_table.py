"""Reads any table of ticket events into the spool, as a mapping says."""
from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from opsledger.core.errors import FieldViolation
from opsledger.core.tickets.facts import TicketFact, TicketKey
from opsledger.services.importers.cells import BadValue
from opsledger.services.importers.comparing import Note, Retelling
from opsledger.services.importers.files import Layout, Row, Source
from opsledger.services.importers.known_rows import FurtherReader
from opsledger.services.importers.known_table import further_row, shown_by
from opsledger.services.importers.mapping import FormatSpec, MappingSpec
from opsledger.services.importers.plan import Plan, bind
from opsledger.services.importers.problems import Problems
from opsledger.services.importers.row_facts import TicketReader
from opsledger.services.importers.row_order import TicketRow, TimedRow, in_order
from opsledger.services.importers.spool import Spool, TicketRows
from opsledger.services.importers.summary import Summary
from opsledger.services.importers.tables import AnyTable, open_table, settled_rows
from opsledger.services.importers.times import Instants
from opsledger.services.importers.writing import FactWriter

_NO_TIME = Instants(0, 0)
"""Of rows without a time of their own."""


@dataclass(frozen=True, slots=True)
class CsvReader:
    mapping: MappingSpec
    mapping_file: str
    """Its name, for errors."""

    def read(self, source: Source, spool: Spool, problems: Problems, summary: Summary) -> Retelling:
        """Every fact of the table goes into the spool. Raises InvalidInput as ``problems`` says, and for a mapping that does not fit."""
        table = open_table(source, _layout(self.mapping.format), summary)
        plan = bind(self.mapping, self.mapping_file, table.columns, delimiter=table.delimiter, typed=table.typed)
        self._spool_rows(table, plan, spool, problems, summary)
        writer = FactWriter(spool, problems)
        held: set[int] = set()
        for ticket in spool.tickets():
            key = _key(ticket.ticket)
            reader = TicketReader(plan, key, table.columns, one_row=self.mapping.rows == "tickets")
            whole = list(settled_rows(table, ticket.rows, problems))
            summary.rows += len(whole)
            rows = self._in_order(whole, plan, problems, summary)
            if self.mapping.rows == "tickets" and len(rows) > 1:
                problems.add(rows[1].row.line, [FieldViolation(
                    "ticket_id", "DUPLICATE", f"{key.ticket_id!r} has another row, on line {rows[0].row.line}; "
                    "where tickets have several rows, the mapping needs `rows: events`",
                )])
                continue
            for line, facts in reader.read(rows, lambda line, violation: problems.add(line, [violation])):
                summary.note("rows of which no rule says anything", not facts)
                writer.write(line, facts)
            held.update(reader.held)
        if summary.rows:
            summary.remarks += [
                f"{self.mapping_file}: rules[{number}] ({', '.join(kind for kind, _ in rule.emit)}) held for no row"
                for number, rule in enumerate(self.mapping.rules) if number not in held
            ]

        def tell(ticket: TicketRows, known: Sequence[TicketFact], note: Note) -> Iterator[tuple[int, list[TicketFact]]]:
            unseen = Problems(source.name, skip_invalid=True)  # what is wrong with the rows has been said
            rows = self._in_order(list(settled_rows(table, ticket.rows, unseen)), plan, unseen, Summary())
            if self.mapping.rows == "events":
                shown_attributes = self.mapping.snapshot.attributes if self.mapping.snapshot else ()
                yield from FurtherReader(
                    plan, _key(ticket.ticket), table.columns, known, attributes=shown_attributes, numbered=self._numbers, note=note,
                ).read(rows, lambda *_: None)
            elif len(rows) == 1:
                reader = TicketReader(plan, _key(ticket.ticket), table.columns, one_row=True)
                for line, facts in reader.read(rows, lambda *_: None):
                    as_of = plan.as_of(rows[0].row.cells) if plan.as_of else None
                    shown = shown_by(self.mapping, facts)
                    yield line, further_row(facts, known, shown, as_of.first if as_of else None, note) if facts else []

        return Retelling(_key, tell)

    def _spool_rows(self, table: AnyTable, plan: Plan, spool: Spool, problems: Problems, summary: Summary) -> None:
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
            spool.add_row(json.dumps(key), row)

    def _in_order(self, rows: Sequence[Row], plan: Plan, problems: Problems, summary: Summary) -> list[TicketRow]:
        """The rows of a ticket in the order of what they say; identical ones once, or with a number where the mapping keeps them."""
        timed = []
        copies: dict[tuple[str, ...], int] = {}
        for row in sorted(rows):
            copies[row.cells] = copy = copies.get(row.cells, 0) + 1
            if copy > 1 and not self._keeps:
                summary.note("rows that repeat another exactly")
                continue
            try:
                instants = plan.instants(row.cells) if plan.instants else _NO_TIME
                sequence = plan.sequence(row.cells)
                if plan.as_of is not None:
                    plan.as_of(row.cells)  # asked for later, when it must be right
            except BadValue as error:
                problems.add(row.line, [error.violation])
                continue
            if instants is None:
                problems.add(row.line, [FieldViolation("occurred_at", "REQUIRED", "is empty")])
                continue
            timed.append(TimedRow(row, instants, sequence, copy))
        return in_order(timed, sequenced=self.mapping.sequence is not None, as_in_file=self._keeps, numbered=self._numbers)

    @property
    def _numbers(self) -> bool:
        """The order of rows of one instant is found here, and is that of their facts."""
        unordered = self.mapping.sequence is None and self.mapping.order is None
        return unordered and (self._keeps or self.mapping.snapshot is not None)

    @property
    def _keeps(self) -> bool:
        return self.mapping.identical_rows == "keep"


def _key(ticket: str) -> TicketKey:
    """The ticket that the spool has under that name."""
    return TicketKey(*json.loads(ticket))


def _layout(form: FormatSpec) -> Layout:
    delimiter = "\t" if form.delimiter == "tab" else form.delimiter
    return Layout(delimiter, form.quote, form.encoding, tuple(form.columns), form.skip_lines, form.sheet, form.decimal)
