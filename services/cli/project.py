"""``opsledger catch-up`` and ``opsledger rebuild``: bring the read models to what the journal says."""
from __future__ import annotations

import json
from functools import partial
from typing import TYPE_CHECKING, Annotated

import typer

from opsledger.services.cli.options import DEFAULT_DATABASE, DEFAULT_JOURNAL, AsJson, DatabaseUrl, JournalFolder
from opsledger.services.cli.progress import progress_steps

if TYPE_CHECKING:
    from opsledger.services.projections.rebuild import Result

EXIT_DIFFERENT = 1


def catch_up(journal: JournalFolder = DEFAULT_JOURNAL, database: DatabaseUrl = DEFAULT_DATABASE, as_json: AsJson = False) -> None:
    """Bring the read models up to date with the journal. A running server does so by itself."""
    from opsledger.services.journal.segment import SegmentJournal
    from opsledger.services.projections.database import open_database
    from opsledger.services.projections.runner import Projector

    with SegmentJournal.open(journal, read_only=True) as events:
        projector = Projector(events, open_database(database), snapshot=True)
        before = projector.position
        with progress_steps() as show:
            after = projector.catch_up(lambda position: show("projecting", position, events.position))
    if as_json:
        print(json.dumps({"position": after, "events": after - before}))
    else:
        print(f"{after - before:,} events projected; the read models are at position {after:,}")


def rebuild(
    journal: JournalFolder = DEFAULT_JOURNAL,
    database: DatabaseUrl = DEFAULT_DATABASE,
    check: Annotated[bool, typer.Option("--check", help="Compare only: change nothing, exit with 1 when something differs.")] = False,
    as_json: AsJson = False,
) -> None:
    """Fold the whole journal beside the read models, then replace in one step what differs. Readers are not disturbed."""
    from opsledger.services.journal.segment import SegmentJournal
    from opsledger.services.projections import rebuild as rebuilding
    from opsledger.services.projections.database import open_database

    with SegmentJournal.open(journal, read_only=True) as events:
        total = events.position
    open_journal = partial(SegmentJournal.open, journal, read_only=True)
    with progress_steps() as show:
        work = rebuilding.check if check else rebuilding.rebuild
        result = work(open_journal, open_database(database), lambda position: show("folding", position, total))
    if as_json:
        print(json.dumps(_as_json(result)))
    else:
        _print(result, check)
    if check and result.differences:
        raise typer.Exit(EXIT_DIFFERENT)


def _as_json(result: Result) -> dict[str, object]:
    return {"position": result.position, "differences": [difference._asdict() for difference in result.differences]}


def _print(result: Result, checked: bool) -> None:
    from rich.console import Console
    from rich.table import Table

    if not result.differences:
        print(f"the read models are what the journal says, up to position {result.position:,}")
        return
    table = Table("table", "surplus rows", "missing rows", "for example", box=None)
    for difference in result.differences:
        example = ", ".join(f"{key}={value}" for key, value in difference.examples[0].items())
        table.add_row(difference.table, f"{difference.surplus:,}", f"{difference.missing:,}", example)
    Console(soft_wrap=True).print(table)
    if checked:
        print(f"the read models differ from the journal at position {result.position:,}; `opsledger rebuild` sets them right")
    else:
        print(f"set right, up to position {result.position:,}")
