"""A table with more columns than a terminal is wide: in parts, one beneath the other, each beginning with the same column."""
from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from rich.table import Table

_BORDER = 3
"""Between two columns, blanks included."""


class Column(NamedTuple):
    title: str
    cells: list[str]
    """One for each row; each may have several lines."""

    @property
    def width(self) -> int:
        """Without which something would be cut: titles may break between words, cells only where they do."""
        return max(map(len, (*self.title.split(), *(line for cell in self.cells for line in cell.split("\n")))), default=0)


def tables(title: str, first: Column, others: Sequence[Column], width: int) -> Iterator[Table]:
    """As few as fit; one column besides the first at least in each."""
    room = left = width - first.width - _BORDER - 1
    part: list[Column] = []
    for column in others:
        left -= column.width + _BORDER
        if part and left < 0:
            yield _table(title, first, part)
            part, left, title = [], room - column.width - _BORDER, ""
        part.append(column)
    yield _table(title, first, part)


def _table(title: str, first: Column, others: Sequence[Column]) -> Table:
    table = Table(title=title or None, title_justify="left")
    table.add_column(first.title)
    for column in others:
        table.add_column(column.title, justify="right")
    for cells in zip(first.cells, *(column.cells for column in others), strict=True):
        table.add_row(*cells)
    return table
