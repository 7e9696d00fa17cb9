"""Ratings from a CSV file of any layout of ratings_layout.py. Numbers are read as numbers when every rating is one."""
from __future__ import annotations

from typing import NamedTuple

from opsledger.core.errors import FieldViolation, InvalidInput
from opsledger.core.quality.ratings import Category, Ratings, ratings_of
from opsledger.services.importers.files import Layout, Row, Table, open_source
from opsledger.services.quality.ratings_layout import Reading, units_of
from opsledger.services.quality.ratings_numbers import decimal_mark, number
from opsledger.services.quality.ratings_table import Cell, Unit
from opsledger.services.quality.table_encoding import naming_encoding

MISSING = frozenset({"", "na", ".", "*", "?", "-"})
"""Cells, in lower case, of a rater who did not rate. Whatever else is written is a rating: `none` is a category of many forms."""
NAMED_CELLS_MAX = 5
"""Cells that an error names, of all that are alike."""


class RatingsFile(NamedTuple):
    ratings: Ratings
    """Of all questions together: a unit is what was rated, by one question."""
    raters: tuple[str, ...]
    by_question: dict[str, Ratings]
    """Empty when the file names no questions."""
    anonymous: bool = False
    """Ratings are counted, not named: nothing can be said of single raters."""


def read_ratings(path: str, reading: Reading) -> RatingsFile:
    """Ratings of at least two raters; ``-`` is standard input, .gz and .xz are unpacked. Raises InvalidInput, naming file and line."""
    with open_source(path) as source, naming_encoding(source, reading.encoding) as encoding:
        name, lines = source.name, list(Table(source, Layout(delimiter=reading.delimiter, columns=("any",), encoding=encoding)))
    columns, rows = _header(name, lines, reading.header)
    for row in rows:
        if len(row.cells) != len(columns):
            text = f"has {len(row.cells)} cells where there are {len(columns)} columns"
            raise InvalidInput(FieldViolation(f"{name}: line {row.line}", "MALFORMED", text))
    rated = units_of(name, columns, rows, reading)
    if len(rated.raters) < 2:
        text = "must have the ratings of two raters or more; is --delimiter another one?"
        raise InvalidInput(FieldViolation(f"{name}: line 1", "REQUIRED", text))
    if not rated.units:
        raise InvalidInput(FieldViolation(name, "EMPTY", "holds no ratings"))
    reader = _Reader(name, rated.units, reading)
    questions: dict[str, list[Unit]] = {}
    for unit in rated.units:
        if unit.question:
            questions.setdefault(unit.question, []).append(unit)
    for units in questions.values() or [rated.units]:
        reader.check_alike(units)
    return RatingsFile(
        reader.ratings(rated.units), rated.raters, {question: reader.ratings(units) for question, units in questions.items()},
        rated.anonymous)


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


class _Reader:
    """What the cells of a file mean."""

    def __init__(self, name: str, units: list[Unit], reading: Reading) -> None:
        self._name, self._reading = name, reading
        self._missing = MISSING | {text.lower() for text in reading.missing}
        self._decimal = decimal_mark(name, self._given(units), reading.decimal)

    def check_alike(self, units: list[Unit]) -> None:
        """Raises InvalidInput when these are numbers but for some cells, and nobody said that numbers are names: naming those cells."""
        if self._reading.as_names or self._reading.order:
            return
        given = self._given(units)
        words = [cell for cell in given if self._number(cell.text) is None]
        if not words or len(words) == len(given):
            return
        named = "; ".join(f"{cell.place}: {cell.text!r}" for cell in words[:NAMED_CELLS_MAX])
        more = f" and {len(words) - NAMED_CELLS_MAX} more" if len(words) > NAMED_CELLS_MAX else ""
        text = (
            f"has {len(given) - len(words)} ratings that are numbers, and these that are none: {named}{more}. Say "
            f"--missing {words[0].text!r} if that means not rated, --level nominal if all ratings are names")
        raise InvalidInput(FieldViolation(self._name, "MIXED", text))

    def ratings(self, units: list[Unit]) -> Ratings:
        """Numbers where all are, words otherwise."""
        given, order = self._given(units), self._reading.order
        as_numbers = all(self._number(text) is not None for text in (*(cell.text for cell in given), *order))

        def category(text: str) -> Category:
            found = self._number(text) if as_numbers else None
            return text if found is None else found

        categories = [category(text) for text in order]
        if len(set(categories)) < len(categories):
            raise InvalidInput(FieldViolation("--order", "DUPLICATE", "names a category twice"))
        for cell in given:
            if categories and category(cell.text) not in categories:
                text = f"{cell.text!r} is none of {', '.join(order)}"
                raise InvalidInput(FieldViolation(f"{self._name}: {cell.place}", "UNKNOWN", text))
        return ratings_of(
            ([None if self._is_missing(cell) else category(cell.text) for cell in unit.cells] for unit in units), categories)

    def _given(self, units: list[Unit]) -> list[Cell]:
        return [cell for unit in units for cell in unit.cells if not self._is_missing(cell)]

    def _is_missing(self, cell: Cell) -> bool:
        return cell.text.lower() in self._missing

    def _number(self, text: str) -> float | None:
        return number(text, self._decimal)
