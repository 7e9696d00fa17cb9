"""Reads the file of a ServiceNow audit export into the spool."""
from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from opsledger.core.errors import FieldViolation
from opsledger.core.tickets.facts import Status, TicketFact, TicketKey
from opsledger.services.importers.columns import require_columns
from opsledger.services.importers.comparing import Note, Retelling
from opsledger.services.importers.files import Layout, Row, Source
from opsledger.services.importers.problems import Problems
from opsledger.services.importers.servicenow import MISSING, REQUIRED, TIME_FORMATS, AuditRow, RowError, incident_facts, parse_row
from opsledger.services.importers.servicenow_known import further_facts
from opsledger.services.importers.spool import Spool, TicketRows
from opsledger.services.importers.summary import Summary
from opsledger.services.importers.tables import AnyTable, open_table, settled_rows
from opsledger.services.importers.times import TimeReader
from opsledger.services.importers.writing import FactWriter, Owner


@dataclass(frozen=True, slots=True)
class ServiceNowReader:
    owner: Owner
    time_zone: str = "UTC"
    keep_last: bool = False
    """Take the last incident of the file even when its end is missing."""

    def read(self, source: Source, spool: Spool, problems: Problems, summary: Summary) -> Retelling:
        """Every fact of the file goes into the spool. Raises InvalidInput as ``problems`` says, and for an unknown time zone."""
        times = TimeReader(TIME_FORMATS, self.time_zone, field="--time-zone")
        table = open_table(source, Layout(), summary)
        require_columns(source.name, table.columns, REQUIRED, table.delimiter)
        last = _spool_rows(table, spool, problems)
        writer = FactWriter(spool, problems)
        for ticket in spool.tickets():
            whole = list(settled_rows(table, ticket.rows, problems))
            rows = self._parsed(whole, table.columns, times, problems, summary)
            if not rows:
                continue
            if ticket.ticket == last and not self.keep_last and _is_cut_off(rows):
                summary.remarks.append(
                    f"{last}, the last incident, was left out with its {len(rows)} row(s): the export knows when it was closed "
                    "(closed_at) but its closing row is not in the file, so the file is cut off in it (--keep-last takes it)"
                )
                continue
            incident = incident_facts(rows, self.owner, times)
            summary.rows += len(whole)
            summary.note("rows set aside: their sys_mod_count is another row's too", incident.set_aside)
            summary.note("rows earlier than the row before them, or the opening", incident.moved)
            for line, facts in incident.facts:
                writer.write(line, facts)

        def tell(ticket: TicketRows, held: Sequence[TicketFact], note: Note) -> Iterator[tuple[int, list[TicketFact]]]:
            unseen = Problems(source.name, skip_invalid=True)  # what is wrong with the rows has been said
            rows = self._parsed(list(settled_rows(table, ticket.rows, unseen)), table.columns, times, unseen, Summary())
            if rows and (ticket.ticket != last or self.keep_last or not _is_cut_off(rows)):
                yield from further_facts(rows, self.owner, times, held, table.columns, note).facts

        return Retelling(lambda number: TicketKey(self.owner.tenant, self.owner.source, number), tell)

    def _parsed(
        self, rows: list[Row], columns: tuple[str, ...], times: TimeReader, problems: Problems, summary: Summary
    ) -> list[AuditRow]:
        parsed = []
        seen: set[tuple[str, ...]] = set()
        for row in sorted(rows):
            if row.cells in seen:
                summary.note("rows that repeat another exactly")
                continue
            seen.add(row.cells)
            try:
                audit_row = parse_row(row.line, dict(zip(columns, row.cells, strict=True)), times)
            except RowError as error:
                problems.add(row.line, [error.violation])
                continue
            summary.note("rows without a known state: it stays as it was", audit_row.snapshot.status is None)
            parsed.append(audit_row)
        return parsed


def _spool_rows(table: AnyTable, spool: Spool, problems: Problems) -> str:
    """The number of the last incident of the export, which goes by number: the greatest, however the rows were sorted since."""
    place = table.columns.index("number")
    last = ""
    for row in table:
        if violation := _violation(table, row, place):
            problems.add(row.line, [violation])
            continue
        number = row.cells[place].strip()
        last = max(last, number, key=lambda name: (len(name), name))  # INC9999 comes before INC10000
        spool.add_row(number, row)
    return last


def _violation(table: AnyTable, row: Row, place: int) -> FieldViolation | None:
    if violation := table.length_violation(row):
        return violation
    if row.cells[place].strip() in ("", MISSING):
        return FieldViolation("number", "REQUIRED", "must not be empty")
    return None


def _is_cut_off(rows: list[AuditRow]) -> bool:
    """The export fills closed_at back into every row, so a row of an incident tells whether it was ever closed."""
    return any(row.closed_at for row in rows) and all(row.snapshot.status is not Status.CLOSED for row in rows)
