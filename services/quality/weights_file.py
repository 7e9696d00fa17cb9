"""Weights of agreement from a table: rows and columns are categories, cells how much each pair of them agrees, from 0 to 1."""
from __future__ import annotations

import numpy as np

from opsledger.core.errors import FieldViolation, InvalidInput
from opsledger.core.quality.ratings import Category, Floats, Ratings
from opsledger.services.importers.files import Layout, Table, open_source
from opsledger.services.quality.ratings_numbers import number
from opsledger.services.quality.table_encoding import naming_encoding


def read_weights(path: str, ratings: Ratings, *, delimiter: str = ",", decimal: str = "", encoding: str = "") -> Floats:
    """In the order of the categories of the ratings, all of which the table must name. Raises InvalidInput, naming file, line and cell."""
    with open_source(path) as source, naming_encoding(source, encoding) as chosen:
        table = Table(source, Layout(delimiter=delimiter, encoding=chosen))
        columns, rows = [_category(name, ratings) for name in table.columns[1:]], list(table)
    name, found = source.name, {}
    for row in rows:
        if wrong := table.length_violation(row):
            raise InvalidInput(wrong._replace(field=f"{name}: line {row.line}"))
        for column, cell in zip(columns, row.cells[1:], strict=True):
            value = number(cell.strip(), decimal or ".")
            if value is None or not 0 <= value <= 1:
                text = f"must be a number from 0 to 1, not {cell.strip()!r}"
                raise InvalidInput(FieldViolation(f"{name}: line {row.line}, column {column!r}", "OUT_OF_RANGE", text))
            found[_category(row.cells[0], ratings), column] = value
    wanted = [(one, other) for one in ratings.categories for other in ratings.categories]
    if missing := [pair for pair in wanted if pair not in found]:
        raise InvalidInput(FieldViolation(name, "REQUIRED", f"must say how much {missing[0][0]!r} and {missing[0][1]!r} agree"))
    for one, other in wanted:
        if one == other and found[one, one] != 1:
            raise InvalidInput(FieldViolation(name, "INVALID", f"must say 1 for {one!r} and itself"))
        if found[one, other] != found[other, one]:
            raise InvalidInput(FieldViolation(name, "INVALID", f"must say the same of {one!r} and {other!r} both ways round"))
    return np.array([found[pair] for pair in wanted], dtype=np.float64).reshape(len(ratings.categories), -1)


def _category(text: str, ratings: Ratings) -> Category:
    value = number(text.strip()) if ratings.is_numeric else None
    return text.strip() if value is None else value
