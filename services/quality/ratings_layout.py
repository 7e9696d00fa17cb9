"""How a table of ratings is laid out: which columns name what was rated, the question and the rater, and which hold ratings.

Three layouts, told apart by the header: a row per unit and a column per rater; a row per rating, where columns are called as a rater and a
value; a row per rater and a column per unit, where the first column alone is called as a rater. In the first a column that is called as
a unit names it, and the others are raters. In the first two a column that is called as a question divides the units by question.
And tables of counts: ratings_counts.py.
"""
from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from opsledger.core.errors import FieldViolation, InvalidInput
from opsledger.services.importers.columns import require_columns
from opsledger.services.importers.files import Row
from opsledger.services.quality.ratings_counts import counts_by_unit, counts_of_two, is_of_two, looks_like_counts
from opsledger.services.quality.ratings_numbers import number
from opsledger.services.quality.ratings_table import Cell, Rated, Unit, text_of

UNIT_NAMES = ("unit", "item", "subject", "case", "ticket", "ticket_id", "interaction", "evaluation", "question", "id", "")
QUESTION_NAMES = ("question", "question_id", "criterion", "dimension")
RATER_NAMES = ("rater", "coder", "judge", "observer", "annotator", "evaluator", "analyst", "reviewer")
VALUE_NAMES = ("value", "rating", "score", "code", "label", "answer", "category")
UNIT_ROWS_MIN = 5
"""Of fewer rows it is not said by their values which column names the unit."""


@dataclass(frozen=True, slots=True)
class Reading:
    """What the caller knows of the file; empty: as it says itself."""

    unit: str = ""
    rater: str = ""
    value: str = ""
    question: str = ""
    raters: tuple[str, ...] = ()
    """The columns that are raters."""
    order: tuple[str, ...] = ()
    """All categories in ascending order."""
    missing: tuple[str, ...] = ()
    """Further cells that mean that it was not rated."""
    delimiter: str = ","
    header: bool | None = None
    """Whether the first line names the columns. None: it does, and must not look like ratings."""
    raters_in_rows: bool = False
    """A row per rater, whatever the columns are called."""
    counts: bool | None = None
    """Whether the cells say how many raters chose the category of the column. None: they do not, and must not look so."""
    as_names: bool = False
    """Ratings are names, also where some of them are numbers."""
    decimal: str = ""
    """The mark before a fraction, a point or a comma."""
    encoding: str = ""


def units_of(name: str, columns: tuple[str, ...], rows: list[Row], reading: Reading) -> Rated:
    """The raters, and what they rated. Raises InvalidInput, naming the file ``name`` and the line, where it cannot be told."""
    said = reading.raters or reading.unit or reading.rater or reading.raters_in_rows or reading.counts
    if not said and is_of_two(columns, rows):
        return counts_of_two(name, columns, rows)
    value, rater = _column(name, columns, reading.value, VALUE_NAMES), _column(name, columns, reading.rater, RATER_NAMES)
    if reading.raters_in_rows:
        return _by_rater(name, columns, rows, _rater_place(columns, rows) if rater is None else columns.index(rater))
    unit, question = _column(name, columns, reading.unit, UNIT_NAMES), _column(name, columns, reading.question, QUESTION_NAMES)
    if question == unit and not reading.question:
        question = None  # the questions are what was rated
    asked = None if question is None else columns.index(question)
    if value is not None and rater is not None and not reading.raters:
        if unit is None:
            text = f"has ratings in {value!r} by {rater!r}: name the column of the unit with --unit, or the raters with --raters"
            raise InvalidInput(FieldViolation(f"{name}: line 1", "REQUIRED", text))
        return _by_rating(name, rows, columns.index(unit), asked, columns.index(rater), columns.index(value))
    if rater is not None and not reading.raters and (reading.rater or _has_row_per_rater(columns, rows)):
        return _by_rater(name, columns, rows, columns.index(rater))
    if unit is None and not reading.raters:
        unit = _naming(name, columns, rows)
    raters = reading.raters or tuple(column for column in columns if column not in (unit, question))
    require_columns(name, columns, raters)
    return _wide(name, raters, rows, [columns.index(column) for column in raters], asked, reading)


def _wide(name: str, raters: tuple[str, ...], rows: list[Row], places: list[int], asked: int | None, reading: Reading) -> Rated:
    """A row per unit; the columns are raters, or categories of which raters are counted."""
    if reading.counts:
        return counts_by_unit(name, raters, rows, places, asked)
    said = reading.raters or reading.counts is False
    if not said and looks_like_counts(raters, [[text_of(row, place) for place in places] for row in rows]):
        text = f"looks like counts of raters by category ({', '.join(raters)}): say --counts if it is, --no-counts if these are raters"
        raise InvalidInput(FieldViolation(name, "AMBIGUOUS", text))
    return Rated(raters, [
        Unit(text_of(row, asked), [Cell(row.line, rater, text_of(row, place)) for rater, place in zip(raters, places, strict=True)])
        for row in rows
    ])


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


def _has_row_per_rater(columns: tuple[str, ...], rows: list[Row]) -> bool:
    """The first column alone is called as a rater, and does not hold ratings."""
    called = [column.lower() in RATER_NAMES for column in columns]
    return called[0] and sum(called) == 1 and bool(rows) and all(number(text_of(row, 0)) is None for row in rows)


def _rater_place(columns: tuple[str, ...], rows: list[Row]) -> int | None:
    """The first column, where it names rows: none of its cells is a number or occurs twice."""
    first = [text_of(row, 0) for row in rows]
    return 0 if columns and len(set(first)) == len(first) and all(number(cell) is None for cell in first) else None


def _by_rater(name: str, columns: tuple[str, ...], rows: list[Row], rater: int | None) -> Rated:
    """Without a column that names them, raters are numbered."""
    seen: dict[str, int] = {}
    for order, row in enumerate(rows, start=1):
        if (one := f"rater {order}" if rater is None else text_of(row, rater)) in seen:
            text = f"{one!r} has a row before, line {seen[one]}; if each row is one rating, name its column with --value"
            raise InvalidInput(FieldViolation(f"{name}: line {row.line}", "DUPLICATE", text))
        seen[one] = row.line
    places = [place for place in range(len(columns)) if place != rater]
    return Rated(tuple(seen), [Unit("", [Cell(row.line, columns[place], text_of(row, place)) for row in rows]) for place in places])


def _by_rating(
    name: str, rows: list[Row], unit: int, question: int | None, rater: int, value: int
) -> Rated:
    given: dict[tuple[str, str, str], Cell] = {}
    for row in rows:
        key = (text_of(row, unit), text_of(row, question), text_of(row, rater))
        if key in given:
            text = f"{key[2]!r} has rated {' '.join(key[:2]).strip()!r} before, in line {given[key].line}"
            if question is None:
                text += "; if it is about another question, name that column with --question"
            raise InvalidInput(FieldViolation(f"{name}: line {row.line}", "DUPLICATE", text))
        given[key] = Cell(row.line, "", text_of(row, value))
    units, raters = dict.fromkeys(key[:2] for key in given), tuple(sorted({key[2] for key in given}))
    return Rated(raters, [Unit(one[1], [given.get((*one, other), Cell(0, "", "")) for other in raters]) for one in units])
