"""A table that is too wide for its terminal comes in parts of which nothing is cut."""
from __future__ import annotations

import io

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.console import Console

from opsledger.services.cli.wide_table import Column, tables

WORDS = st.text(st.sampled_from("abcxyz"), min_size=1, max_size=12)


def printed(parts: list[Column], width: int) -> str:
    console = Console(width=width, file=io.StringIO())
    for table in tables("figures", Column("who", ["ann", "bob"]), parts, width):
        console.print(table)
    assert isinstance(console.file, io.StringIO)
    return console.file.getvalue()


@given(st.lists(st.tuples(WORDS, WORDS, WORDS), min_size=1, max_size=12), st.integers(24, 120))
def test_every_title_and_cell_is_there_whole(columns: list[tuple[str, str, str]], width: int) -> None:
    shown = printed([Column(title, [one, other]) for title, one, other in columns], width)
    words = shown.split()
    assert all(word in words for column in columns for word in column)
    assert all(len(line) <= width for line in shown.splitlines())


@pytest.mark.parametrize(("width", "parts"), [(80, 1), (26, 2), (18, 3)])
def test_as_few_parts_as_fit(width: int, parts: int) -> None:
    columns = [Column("12345", ["1", "2"])] * 3
    found = list(tables("", Column("who", ["ann", "bob"]), columns, width))
    assert len(found) == parts


def test_a_title_breaks_between_words_and_a_cell_where_it_does() -> None:
    assert Column("First-contact resolution", ["1 of 2\n0 to 100 %"]).width == len("First-contact")


def test_without_other_columns_there_is_still_one_table() -> None:
    assert "ann" in printed([], 40)
