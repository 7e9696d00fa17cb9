"""What a column holds, in every database alike. PostgreSQL takes no NUL, SQLite does; SQLite takes text of any length into an index,
PostgreSQL does not: without one rule for both, the same journal would give different rows, or stop where it had gone on before."""
from __future__ import annotations

from collections.abc import Iterator, Mapping
from math import isfinite
from typing import Any

from sqlalchemy import BigInteger, Column, Double, Table, Text

from opsledger.core.text import unkept

INTEGER_MIN, INTEGER_MAX = -(1 << 63), (1 << 63) - 1
KEY_BYTES_MAX = 2_000
"""Of the texts in one primary key: an entry of PostgreSQL's B-tree is at most 2,704 bytes."""
_PLAIN_CHARACTERS_MAX = 250
"""Of one text, so that a key of several is within its bounds."""


def unholdable(table: Table, row: Mapping[str, Any]) -> str:
    """Why no database is to be given a row, column by column; empty when it is fine."""
    return "; ".join(_reasons(table, row))


def is_plain(value: object) -> bool:
    """Certainly kept by every column of its kind: a quick look before the slow one."""
    match value:
        case str():
            return value.isascii() and "\0" not in value and len(value) <= _PLAIN_CHARACTERS_MAX
        case int():
            return INTEGER_MIN <= value <= INTEGER_MAX
        case float():
            return isfinite(value)
    return value is None


def _reasons(table: Table, row: Mapping[str, Any]) -> Iterator[str]:
    key_bytes = 0
    for name, value in row.items():
        column = table.columns[name]
        if reason := _reason(column, value):
            yield f"{name} {reason}"
        elif column.primary_key and isinstance(value, str):
            key_bytes += len(value.encode())
    if key_bytes > KEY_BYTES_MAX:
        yield f"its key is {key_bytes} bytes of text, more than {KEY_BYTES_MAX}"


def _reason(column: Column[Any], value: object) -> str:
    if value is None:
        return "" if column.nullable else "is not there"
    match column.type:
        case Text():
            return unkept(value) if isinstance(value, str) else f"is no text: {type(value).__name__}"
        case BigInteger():
            fits = isinstance(value, int) and INTEGER_MIN <= value <= INTEGER_MAX
            return "" if fits else "is no whole number of 64 bits"
        case Double():
            return "" if isinstance(value, int | float) and isfinite(value) else "is no finite number"
    raise TypeError(f"{column} is of a kind that has no rule here: {column.type!r}")
