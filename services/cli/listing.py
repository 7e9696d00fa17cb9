"""Listings in a terminal: a table, and under it how many there are."""
from __future__ import annotations

from datetime import UTC

from google.protobuf.timestamp_pb2 import Timestamp
from rich.console import Console
from rich.table import Table

WIDTH_PIPED = 10_000
"""Where there is no terminal whose width could be asked."""


def wide_console() -> Console:
    found = Console()
    return found if found.is_terminal else Console(width=WIDTH_PIPED)


def print_listing(table: Table, number: int, what: str, more: bool) -> None:
    """``more``: there are further ones beyond the limit."""
    wide_console().print(table)
    print(f"{number} {what}{'' if number == 1 else 's'}{', and more: give a higher --limit' if more else ''}; times are in UTC")


def minute(stamp: Timestamp) -> str:
    return f"{stamp.ToDatetime(UTC):%Y-%m-%d %H:%M}"
