"""Ratings from a CSV file: a row per unit with a column per rater, or a row per rating (unit, rater, value).

A file with a column for the value is of the second kind. In one of the first kind the unit's name is in the column that is called so, if
any; the others are raters. Numbers are read as numbers when every rating is one.
"""
from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

from opsledger.core.errors import FieldViolation, InvalidInput
from opsledger.core.quality.ratings import Category, Ratings, ratings_of
from opsledger.services.importers.files import Layout, Row, Table, open_source, require_columns

MISSING = frozenset({"", "na", "n/a", "nan", "null", "none", ".", "*", "?", "-"})
"""Cells, in lower case, of a rater who did not rate."""
UNIT_NAMES = ("unit", "item", "subject", "case", "ticket", "ticket_id", "interaction", "evaluation", "question", "id", "")
RATER_NAMES = ("rater", "coder", "judge", "observer", "annotator", "evaluator", "analyst", "reviewer")
UNIT_ROWS_MIN = 5
"""Of fewer rows it is not said by their values which column names the unit."""
VALUE_NAMES = ("value", "rating", "score", "code", "label", "answer", "category")


@dataclass(frozen=True, slots=True)
class Reading:
    """What the caller knows of the file; empty: as it says itself."""

    unit: str = ""
    rater: str = ""
    value: str = ""
    raters: tuple[str, ...] = ()
    """The columns that are raters."""
    order: tuple[str, ...] = ()
    """All categories in ascending order."""
    missing: tuple[str, ...] = ()
    """Further cells that mean that it was not rated."""
    delimiter: str = ","
    header: bool | None = None
    """Whether the first line names the columns. None: it does, and must not look like ratings."""


class RatingsFile(NamedTuple):
    ratings: Ratings
    raters: tuple[str, ...]


class _Cell(NamedTuple):
    line: int
    text: str


def read_ratings(path: str, reading: Reading) -> RatingsFile:
    """Ratings of at least two raters; ``-`` is standard input, .gz and .xz are unpacked. Raises InvalidInput, naming file and line."""
    with open_source(path) as source:
        name, lines = source.name, list(Table(source, Layout(delimiter=reading.delimiter, columns=("any",))))
    columns, rows = _header(name, lines, reading.header)
    for row in rows:
        if len(row.cells) != len(columns):
            text = f"has {len(row.cells)} cells where there are {len(columns)} columns"
            raise InvalidInput(FieldViolation(f"{name}: line {row.line}", "MALFORMED", text))
    value = _column(name, columns, reading.value, VALUE_NAMES)
    rater = _column(name, columns, reading.rater, RATER_NAMES)
    unit = _column(name, columns, reading.unit, UNIT_NAMES)
    if value is not None and rater is not None and not reading.raters:
        if unit is None:
            text = f"has ratings in {value!r} by {rater!r}: name the column of the unit with --unit, or the raters with --raters"
            raise InvalidInput(FieldViolation(f"{name}: line 1", "REQUIRED", text))
        raters, cells = _long(name, rows, columns.index(unit), columns.index(rater), columns.index(value))
    else:
        if unit is None and not reading.raters:
            unit = _naming(name, columns, rows)
        raters = reading.raters or tuple(column for column in columns if column != unit)
        require_columns(name, columns, raters)
        places = [columns.index(column) for column in raters]
        cells = [[_Cell(row.line, row.cells[place].strip()) for place in places] for row in rows]
    if len(raters) < 2:
        text = "must have the ratings of two raters or more; is --delimiter another one?"
        raise InvalidInput(FieldViolation(f"{name}: line 1", "REQUIRED", text))
    if not cells:
        raise InvalidInput(FieldViolation(name, "EMPTY", "holds no ratings"))
    return RatingsFile(_ratings(name, cells, reading), raters)


def _header(name: str, lines: list[Row], said: bool | None) -> tuple[tuple[str, ...], list[Row]]:
    """Names of the columns, and the lines below them."""
    if not lines:
        raise InvalidInput(FieldViolation(name, "EMPTY", "holds no ratings"))
    columns = tuple(cell.strip() for cell in lines[0].cells)
    if said is None and all(_number(cell) is not None or cell.lower() in MISSING for cell in columns):
        text = "holds only numbers: say --header if they are names of raters, --no-header if they are ratings"
        raise InvalidInput(FieldViolation(f"{name}: line {lines[0].line}", "AMBIGUOUS", text))
    if said is False:
        return tuple(f"rater {number}" for number in range(1, len(columns) + 1)), lines
    if len(set(columns)) < len(columns):
        raise InvalidInput(FieldViolation(f"{name}: line {lines[0].line}", "DUPLICATE", "names a column twice"))
    return columns, lines[1:]


def _column(name: str, columns: Sequence[str], asked: str, known: Sequence[str]) -> str | None:
    if asked:
        require_columns(name, columns, [asked])
        return asked
    exact = next((column for word in known for column in columns if column.lower() == word), None)
    if exact is None and known is UNIT_NAMES:
        return next((column for column in columns if column.lower().endswith(("_id", " id"))), None)
    return exact


def _naming(name: str, columns: tuple[str, ...], rows: list[Row]) -> str | None:
    """A column that names units although it is not called so: nothing in it occurs twice, while in all the others something does."""
    distinct = [len({row.cells[place] for row in rows}) == len(rows) for place in range(len(columns))]
    if len(rows) < UNIT_ROWS_MIN or sum(distinct) != 1:
        return None
    found = columns[distinct.index(True)]
    if not distinct[0]:
        text = f"{found!r} looks like the name of the unit: say --unit {found!r}, or name the raters with --raters"
        raise InvalidInput(FieldViolation(f"{name}: line 1", "AMBIGUOUS", text))
    return found


def _long(name: str, rows: list[Row], unit: int, rater: int, value: int) -> tuple[tuple[str, ...], list[list[_Cell]]]:
    given: dict[tuple[str, str], _Cell] = {}
    for row in rows:
        key = (row.cells[unit].strip(), row.cells[rater].strip())
        if key in given:
            text = f"{key[1]!r} has rated {key[0]!r} before, in line {given[key].line}"
            raise InvalidInput(FieldViolation(f"{name}: line {row.line}", "DUPLICATE", text))
        given[key] = _Cell(row.line, row.cells[value].strip())
    units, raters = dict.fromkeys(key[0] for key in given), tuple(sorted({key[1] for key in given}))
    return raters, [[given.get((one, other), _Cell(0, "")) for other in raters] for one in units]


def _ratings(name: str, cells: list[list[_Cell]], reading: Reading) -> Ratings:
    missing = MISSING | {text.lower() for text in reading.missing}
    given = [cell for row in cells for cell in row if cell.text.lower() not in missing]
    as_numbers = all(_number(text) is not None for text in (*(cell.text for cell in given), *reading.order))

    def category(text: str) -> Category:
        number = _number(text) if as_numbers else None
        return text if number is None else number

    order = [category(text) for text in reading.order]
    if len(set(order)) < len(order):
        raise InvalidInput(FieldViolation("--order", "DUPLICATE", "names a category twice"))
    for cell in given:
        if order and category(cell.text) not in order:
            text = f"{cell.text!r} is none of {', '.join(reading.order)}"
            raise InvalidInput(FieldViolation(f"{name}: line {cell.line}", "UNKNOWN", text))
    return ratings_of(([None if cell.text.lower() in missing else category(cell.text) for cell in row] for row in cells), order)


def _number(text: str) -> float | None:
    try:
        number = float(text)
    except ValueError:
        return None
    return number if math.isfinite(number) else None
