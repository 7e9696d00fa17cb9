"""Options that several commands share, so that they read the same everywhere."""
from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from opsledger.core.errors import FieldViolation, InvalidInput

JournalFolder = Annotated[
    Path, typer.Option("--journal", envvar="OPSLEDGER_JOURNAL", help="Folder of the journal.", file_okay=False)
]
DatabaseUrl = Annotated[
    str, typer.Option("--database", envvar="OPSLEDGER_DATABASE", help="Read models: sqlite:///FILE or postgresql://…")
]
AsJson = Annotated[bool, typer.Option("--json", help="JSON for machines instead of a table.")]
NoProject = Annotated[bool, typer.Option("--no-project", help="Do not bring the read models up to date afterwards.")]
RequestId = Annotated[
    str, typer.Option(help="Names this command, so that repeating it does nothing; made up unless given.", show_default=False)
]


def _separator(delimiter: str) -> str:
    separator = "\t" if delimiter == "tab" else delimiter
    if len(separator) != 1:
        raise InvalidInput(FieldViolation("--delimiter", "INVALID", "must be one character, or tab"))
    return separator


Delimiter = Annotated[str, typer.Option(help="Between cells; 'tab' for tabs.", callback=_separator)]
"""A command gets the character itself."""


def _mark(decimal: str) -> str:
    if decimal not in ("", ".", ","):
        raise InvalidInput(FieldViolation("--decimal", "INVALID", "must be a point or a comma"))
    return decimal


DecimalMark = Annotated[
    str, typer.Option(help="The mark before a fraction, '.' or ','; as the numbers say unless given.", callback=_mark, show_default=False)
]
Encoding = Annotated[str, typer.Option(help="Of the file; as its first bytes say, or UTF-8.", show_default=False)]

DEFAULT_JOURNAL = Path("var/journal")
DEFAULT_DATABASE = "sqlite:///var/opsledger.db"
