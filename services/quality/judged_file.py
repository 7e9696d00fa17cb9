"""Scores from a CSV file with a row per evaluation: agent, evaluator, score."""
from __future__ import annotations

from typing import NamedTuple

from opsledger.core.errors import FieldViolation, InvalidInput
from opsledger.core.quality.drift import Judged
from opsledger.services.importers.columns import require_columns
from opsledger.services.importers.files import Layout, Row, Table, open_source, whole_rows
from opsledger.services.quality.ratings_file import MISSING
from opsledger.services.quality.ratings_layout import RATER_NAMES, VALUE_NAMES
from opsledger.services.quality.ratings_numbers import decimal_mark, number
from opsledger.services.quality.ratings_table import Cell
from opsledger.services.quality.table_encoding import naming_encoding

NO_SCORE = MISSING | {"n/a", "nan", "null", "none"}
"""Cells, in lower case, without a score. Where only numbers can stand these words have no other meaning."""
AGENT_NAMES = ("agent", "agent_id", "employee", "user", "owner")


class JudgedFile(NamedTuple):
    evaluations: list[Judged]
    without_score: int
    """Rows that were left out because they have none."""


def read_judged(
    path: str, *, agent: str = "", evaluator: str = "", score: str = "", delimiter: str = ",", decimal: str = "", encoding: str = ""
) -> JudgedFile:
    """``-`` is standard input, .gz and .xz are unpacked. Columns are named, or called in one of the usual ways.

    Raises InvalidInput, naming file and line.
    """
    with open_source(path) as source, naming_encoding(source, encoding) as chosen:
        table = Table(source, Layout(delimiter=delimiter, encoding=chosen))
        asked = ((agent, AGENT_NAMES, "--agent"), (evaluator, RATER_NAMES, "--evaluator"), (score, VALUE_NAMES, "--score"))
        places = [table.columns.index(_column(source.name, table.columns, *each)) for each in asked]
        rows = list(whole_rows(table, source.name))
    scored = [row for row in rows if row.cells[places[2]].strip().lower() not in NO_SCORE]
    if not scored:
        raise InvalidInput(FieldViolation(source.name, "EMPTY", "holds no scores"))
    column = table.columns[places[2]]
    mark = decimal_mark(source.name, (Cell(row.line, column, row.cells[places[2]].strip()) for row in scored), decimal)
    return JudgedFile([_judged(source.name, row, places, column, mark) for row in scored], len(rows) - len(scored))


def _judged(name: str, row: Row, places: list[int], column: str, mark: str) -> Judged:
    field = f"{name}: line {row.line}"
    whose, judge, text = (row.cells[place].strip() for place in places)
    value = number(text, mark)
    if value is None:
        raise InvalidInput(FieldViolation(field, "NOT_A_NUMBER", f"{column!r} must be a number, not {text!r}"))
    if not whose or not judge:
        raise InvalidInput(FieldViolation(field, "REQUIRED", "must name both the agent and the evaluator"))
    return Judged(whose, judge, value)


def _column(file: str, columns: tuple[str, ...], asked: str, known: tuple[str, ...], option: str) -> str:
    if asked:
        require_columns(file, columns, [asked])
        return asked
    found = next((column for word in known for column in columns if column.lower() == word), None)
    if found is None:
        text = f"has no column called {' or '.join(known)}: name it with {option}. Its columns are: {', '.join(columns)}"
        raise InvalidInput(FieldViolation(f"{file}: header", "REQUIRED", text))
    return found
