"""Options that several commands share, so that they read the same everywhere."""
from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

JournalFolder = Annotated[
    Path, typer.Option("--journal", envvar="OPSLEDGER_JOURNAL", help="Folder of the journal.", file_okay=False)
]
DatabaseUrl = Annotated[
    str, typer.Option("--database", envvar="OPSLEDGER_DATABASE", help="Read models: sqlite:///FILE or postgresql://…")
]
AsJson = Annotated[bool, typer.Option("--json", help="JSON for machines instead of a table.")]
NoProject = Annotated[bool, typer.Option("--no-project", help="Do not bring the read models up to date afterwards.")]
RequestId = Annotated[str, typer.Option(help="Names this publication, so that repeating it does nothing.", show_default=False)]

DEFAULT_JOURNAL = Path("var/journal")
DEFAULT_DATABASE = "sqlite:///var/opsledger.db"
