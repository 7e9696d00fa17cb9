"""Ratings from a CSV file of any layout of ratings_layout.py. Numbers are read as numbers when every rating is one."""
from __future__ import annotations

from typing import NamedTuple

from opsledger.core.errors import FieldViolation, InvalidInput
from opsledger.core.quality.ratings import Category, Ratings, ratings_of
from opsledger.services.importers.files import Layout, Row, Table, open_source
from opsledger.services.quality.ratings_layout import Cell, Reading, number, units_of

MISSING = frozenset({"", "na", "n/a", "nan", "null", "none", ".", "*", "?", "-"})
"""Cells, in lower case, of a rater who did not rate."""


class RatingsFile(NamedTuple):
    ratings: Ratings
    """Of all questions together: a unit is what was rated, by one question."""
    raters: tuple[str, ...]
    by_question: dict[str, Ratings]
    """Empty when the file names no questions."""


def read_ratings(path: str, reading: Reading) -> RatingsFile:
    """Ratings of at least two raters; ``-`` is standard input, .gz and .xz are unpacked. Raises InvalidInput, naming file and line."""
    with open_source(path) as source:
        name, lines = source.name, list(Table(source, Layout(delimiter=reading.delimiter, columns=("any",))))
    columns, rows = _header(name, lines, reading.header)
    for row in rows:
        if len(row.cells) != len(columns):
            text = f"has {len(row.cells)} cells where there are {len(columns)} columns"
            raise InvalidInput(FieldViolation(f"{name}: line {row.line}", "MALFORMED", text))
    raters, units = units_of(name, columns, rows, reading)
    if len(raters) < 2:
        text = "must have the ratings of two raters or more; is --delimiter another one?"
        raise InvalidInput(FieldViolation(f"{name}: line 1", "REQUIRED", text))
    if not units:
        raise InvalidInput(FieldViolation(name, "EMPTY", "holds no ratings"))
    questions = dict.fromkeys(unit.question for unit in units if unit.question)
    return RatingsFile(_ratings(name, [unit.cells for unit in units], reading), raters, {
        question: _ratings(name, [unit.cells for unit in units if unit.question == question], reading) for question in questions
    })


def _header(name: str, lines: list[Row], said: bool | None) -> tuple[tuple[str, ...], list[Row]]:
    """Names of the columns, and the lines below them."""
    if not lines:
        raise InvalidInput(FieldViolation(name, "EMPTY", "holds no ratings"))
    columns = tuple(cell.strip() for cell in lines[0].cells)
    if said is None and all(number(cell) is not None or cell.lower() in MISSING for cell in columns):
        text = "holds only numbers: say --header if they are names of raters, --no-header if they are ratings"
        raise InvalidInput(FieldViolation(f"{name}: line {lines[0].line}", "AMBIGUOUS", text))
    if said is False:
        return tuple(f"rater {place}" for place in range(1, len(columns) + 1)), lines
    if len(set(columns)) < len(columns):
        raise InvalidInput(FieldViolation(f"{name}: line {lines[0].line}", "DUPLICATE", "names a column twice"))
    return columns, lines[1:]


def _ratings(name: str, cells: list[list[Cell]], reading: Reading) -> Ratings:
    missing = MISSING | {text.lower() for text in reading.missing}
    given = [cell for row in cells for cell in row if cell.text.lower() not in missing]
    as_numbers = all(number(text) is not None for text in (*(cell.text for cell in given), *reading.order))

    def category(text: str) -> Category:
        found = number(text) if as_numbers else None
        return text if found is None else found

    order = [category(text) for text in reading.order]
    if len(set(order)) < len(order):
        raise InvalidInput(FieldViolation("--order", "DUPLICATE", "names a category twice"))
    for cell in given:
        if order and category(cell.text) not in order:
            text = f"{cell.text!r} is none of {', '.join(reading.order)}"
            raise InvalidInput(FieldViolation(f"{name}: line {cell.line}", "UNKNOWN", text))
    return ratings_of(([None if cell.text.lower() in missing else category(cell.text) for cell in row] for row in cells), order)
