"""A file's table, whatever kind of file it is."""
from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Protocol

from opsledger.core.errors import FieldViolation
from opsledger.services.importers.columns import repeated_names
from opsledger.services.importers.files import Layout, Row, Source, Table
from opsledger.services.importers.problems import Problems
from opsledger.services.importers.summary import Summary


class AnyTable(Protocol):
    typed: bool
    delimiter: str
    """Empty where there is none."""
    columns: tuple[str, ...]

    def __iter__(self) -> Iterator[Row]: ...
    def length_violation(self, row: Row) -> FieldViolation | None: ...
    def settled(self, row: Row) -> Row | FieldViolation: ...


def open_table(source: Source, layout: Layout, summary: Summary) -> AnyTable:
    """Raises InvalidInput when there is no header. The summary tells what may not be as expected."""
    table: AnyTable
    if source.is_workbook:
        from opsledger.services.importers.workbook import SheetTable

        table = sheet = SheetTable(source, layout)
        if sheet.others and not layout.sheet:
            others = ", ".join(map(repr, sheet.others))
            summary.remarks.append(f"sheet {sheet.name!r} was read; the workbook has others: {others} (format.sheet)")
    else:
        table = Table(source, layout)
    summary.remarks += repeated_names(table.columns)
    return table


def settled_rows(table: AnyTable, rows: Sequence[Row], problems: Problems) -> Iterator[Row]:
    """Those with a cell for each column, when all rows of the table have been read; the others are problems."""
    for row in rows:
        settled = table.settled(row)
        if isinstance(settled, Row):
            yield settled
        else:
            problems.add(row.line, [settled])
