"""Rows one after another, and the empty cells that some programs write after the last column."""
from __future__ import annotations

from pathlib import Path

import pytest

from opsledger.core.errors import InvalidInput
from opsledger.services.importers.files import Layout, Table, open_source, whole_rows


def rows(folder: Path, text: str) -> list[tuple[str, ...]]:
    file = folder / "table.csv"
    file.write_text(text)
    with open_source(str(file)) as source:
        return [row.cells for row in whole_rows(Table(source, Layout()), "table.csv")]


@pytest.mark.parametrize(("text", "expected"), [
    ("a,b\n", []), ("a,b\n1,2\n", [("1", "2")]), ("a,b\n1,2\n3,4\n", [("1", "2"), ("3", "4")]),
    ("a,b\n1,2,\n3,4,\n5,6,\n", [("1", "2"), ("3", "4"), ("5", "6")]),
])
def test_every_row_has_a_cell_for_each_column(tmp_path: Path, text: str, expected: list[tuple[str, ...]]) -> None:
    assert rows(tmp_path, text) == expected


@pytest.mark.parametrize(("text", "line"), [
    ("a,b\n1,2,\n", 2), ("a,b\n1,2,\n3,4\n", 2), ("a,b\n1,2\n3,4,\n", 3), ("a,b\n1,2,\n3,4,\n5,6\n", 2), ("a,b\n1,2,\n3,4,\n5,6,,\n", 2),
    ("a,b\n1,2\n3\n", 3), ("a,b\n1,2\n3,4,5\n", 3),
])
def test_a_row_unlike_the_others_is_named(tmp_path: Path, text: str, line: int) -> None:
    with pytest.raises(InvalidInput, match=f"line {line}"):
        rows(tmp_path, text)
