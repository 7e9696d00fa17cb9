"""Scores from a CSV file with a row per evaluation: agent, evaluator, score."""
from __future__ import annotations

from typing import NamedTuple

from opsledger.core.errors import FieldViolation, InvalidInput
from opsledger.core.quality.drift import Judged
from opsledger.services.importers.files import Layout, Table, open_source, require_columns
from opsledger.services.quality.ratings_file import MISSING
from opsledger.services.quality.ratings_layout import RATER_NAMES, VALUE_NAMES, number

AGENT_NAMES = ("agent", "agent_id", "employee", "user", "owner")


class JudgedFile(NamedTuple):
    evaluations: list[Judged]
    without_score: int
    """Rows that were left out because they have none."""


def read_judged(path: str, *, agent: str = "", evaluator: str = "", score: str = "", delimiter: str = ",") -> JudgedFile:
    """``-`` is standard input, .gz and .xz are unpacked. Columns are named, or called in one of the usual ways.

    Raises InvalidInput, naming file and line.
    """
    found, without = [], 0
    with open_source(path) as source:
        table = Table(source, Layout(delimiter=delimiter))
        asked = ((agent, AGENT_NAMES, "--agent"), (evaluator, RATER_NAMES, "--evaluator"), (score, VALUE_NAMES, "--score"))
        places = [table.columns.index(_column(source.name, table.columns, *each)) for each in asked]
        for row in table:
            field = f"{source.name}: line {row.line}"
            if wrong := table.length_violation(row):
                raise InvalidInput(wrong._replace(field=field))
            whose, judge, text = (row.cells[place].strip() for place in places)
            if text.lower() in MISSING:
                without += 1
                continue
            value = number(text)
            if value is None:
                raise InvalidInput(FieldViolation(field, "NOT_A_NUMBER", f"{table.columns[places[2]]!r} must be a number, not {text!r}"))
            if not whose or not judge:
                raise InvalidInput(FieldViolation(field, "REQUIRED", "must name both the agent and the evaluator"))
            found.append(Judged(whose, judge, value))
        if not found:
            raise InvalidInput(FieldViolation(source.name, "EMPTY", "holds no scores"))
    return JudgedFile(found, without)


def _column(file: str, columns: tuple[str, ...], asked: str, known: tuple[str, ...], option: str) -> str:
    if asked:
        require_columns(file, columns, [asked])
        return asked
    found = next((column for word in known for column in columns if column.lower() == word), None)
    if found is None:
        text = f"has no column called {' or '.join(known)}: name it with {option}. Its columns are: {', '.join(columns)}"
        raise InvalidInput(FieldViolation(f"{file}: header", "REQUIRED", text))
    return found
