"""Tables that go into a pipe: a line for each row, whole."""
from __future__ import annotations

import pytest
from rich.table import Table

from opsledger.services.cli.listing import wide_console


def test_a_row_is_one_line_however_long_it_is(capsys: pytest.CaptureFixture[str]) -> None:
    table = Table("ticket", "what", box=None)
    table.add_row("T1", "x" * 3_000)
    wide_console().print(table)
    assert capsys.readouterr().out.splitlines()[1].split() == ["T1", "x" * 3_000]
