"""Tables that count ratings instead of listing them.

How often two raters chose each pair of categories: rows and columns are called alike, so it is told by its names. How many raters put
each subject into each category: it looks like ratings by raters who are called as categories are, so it is read only when the caller
says so, and refused when it looks like one and nothing is said.
"""
from __future__ import annotations

import re

from opsledger.core.errors import FieldViolation, InvalidInput
from opsledger.services.importers.files import Row
from opsledger.services.quality.ratings_numbers import number
from opsledger.services.quality.ratings_table import Cell, Rated, Unit, text_of

COUNTED_UNITS_MAX = 1_000_000
RATINGS_MAX = 10_000_000
"""Of all subjects: their number times the most ratings that one of them has."""
ROWS_MIN = 3
"""Of fewer rows it is not said by their sums that they are counts."""
_CATEGORY = re.compile(
    r"[0-9]+|(cat|category|class|level|grade|score|rating|code|option|answer)[ _-]?[0-9a-z]{1,2}"
    r"|yes|no|true|false|pass|passed|fail|failed|good|bad|fair|poor|average|excellent|low|medium|high|none|minor|major|critical"
    r"|agree|disagree|neutral|positive|negative|n/?a|other", re.IGNORECASE)


def is_of_two(columns: tuple[str, ...], rows: list[Row]) -> bool:
    """Rows and columns have the same names, in any order, and all cells are counts."""
    return (
        len(columns) > 2 and sorted(text_of(row, 0) for row in rows) == sorted(columns[1:])
        and all(text_of(row, place).isdecimal() for row in rows for place in range(1, len(columns)))
    )


def counts_of_two(name: str, columns: tuple[str, ...], rows: list[Row]) -> Rated:
    """As many units as were counted, each with the choice of both raters. A last row and column that are sums are left out."""
    counts = [[int(text_of(row, place)) for place in range(1, len(columns))] for row in rows]
    if _has_margins(counts):
        columns, rows = columns[:-1], rows[:-1]
    listed = [(row, columns[place], counts[at][place - 1]) for at, row in enumerate(rows) for place in range(1, len(columns))]
    if sum(count for _, _, count in listed) > COUNTED_UNITS_MAX:
        raise InvalidInput(FieldViolation(name, "TOO_MANY", f"counts more than {COUNTED_UNITS_MAX} units"))
    return Rated(("rows", "columns"), [
        Unit("", [Cell(row.line, columns[0], text_of(row, 0)), Cell(row.line, column, column)])
        for row, column, count in listed for _ in range(count)
    ])


def looks_like_counts(categories: tuple[str, ...], table: list[list[str]]) -> bool:
    """Whole numbers, of which the rows have the same sum or the last column is the sum, or that stand under names of categories."""
    if len(categories) < 2 or not all(cell.isdecimal() for row in table for cell in row):
        return False
    counts = [[int(cell) for cell in row] for row in table]
    if all(_CATEGORY.fullmatch(category) for category in categories) and any(0 in row for row in counts):
        return True
    if len(counts) < ROWS_MIN or all(row == counts[0] for row in counts):
        return False
    return _has_sums(counts) or (len({sum(row) for row in counts}) == 1 and sum(counts[0]) > 1)


def counts_by_unit(name: str, categories: tuple[str, ...], rows: list[Row], places: list[int], asked: int | None) -> Rated:
    """A rater for each rating of the subject that has most; who is who is not known. A last column that is the sum is left out."""
    counts = [[_count(name, row, place, category) for place, category in zip(places, categories, strict=True)] for row in rows]
    if len(categories) > 2 and _has_sums(counts):
        categories, counts = categories[:-1], [row[:-1] for row in counts]
    most = max((sum(row) for row in counts), default=0)
    if most * len(rows) > RATINGS_MAX:
        raise InvalidInput(FieldViolation(name, "TOO_MANY", f"counts more than {RATINGS_MAX} ratings"))
    units = []
    for row, own in zip(rows, counts, strict=True):
        given = [Cell(row.line, category, category) for category, count in zip(categories, own, strict=True) for _ in range(count)]
        units.append(Unit(text_of(row, asked), given + [Cell(row.line, "", "")] * (most - len(given))))
    return Rated(tuple(f"rating {place}" for place in range(1, most + 1)), units, anonymous=True)


def _count(name: str, row: Row, place: int, category: str) -> int:
    text = text_of(row, place)
    found = number(text) if text else 0.0
    if found is None or found < 0 or found != int(found):
        raise InvalidInput(FieldViolation(f"{name}: line {row.line}, column {category!r}", "INVALID", f"{text!r} is not a count of raters"))
    return int(found)


def _has_margins(counts: list[list[int]]) -> bool:
    """The last row and the last column are the sums of the others."""
    return len(counts) > 2 and _has_sums(counts) and all(sum(column[:-1]) == column[-1] for column in zip(*counts, strict=True))


def _has_sums(counts: list[list[int]]) -> bool:
    return len(counts[0]) > 2 and any(row[-1] for row in counts) and all(sum(row[:-1]) == row[-1] for row in counts)
