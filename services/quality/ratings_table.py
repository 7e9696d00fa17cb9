"""What a table of ratings holds, whatever its layout."""
from __future__ import annotations

from typing import NamedTuple

from opsledger.services.importers.files import Row


class Cell(NamedTuple):
    line: int
    column: str
    text: str

    @property
    def place(self) -> str:
        return f"line {self.line}, column {self.column!r}" if self.column else f"line {self.line}"


class Unit(NamedTuple):
    """What was rated, with a cell for each rater."""

    question: str
    """Empty when the table names no questions."""
    cells: list[Cell]


class Rated(NamedTuple):
    raters: tuple[str, ...]
    units: list[Unit]
    anonymous: bool = False
    """The table counts raters and does not name them: who gave which rating is not known."""


def text_of(row: Row, place: int | None) -> str:
    """Of a cell; none where there is no such column."""
    return "" if place is None else row.cells[place].strip()
