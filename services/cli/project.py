"""``opsledger catch-up`` and ``opsledger rebuild``: bring the read models to what the journal says."""
from __future__ import annotations

import json
from collections.abc import Callable, Sequence
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
    from opsledger.services.journal.folders import open_partitions
    from opsledger.services.projections.database import open_database
    from opsledger.services.projections.runner import Projector

    engine, positions, events = open_database(database), [], 0
    with open_partitions(journal) as partitions, progress_steps() as show:
        for partition in partitions:
            projector = Projector(partition, engine, snapshot=True)
            events -= projector.position
            positions.append(projector.catch_up(partial(_show, show, "projecting", partition.position)))
    events += sum(positions)
    if as_json:
        print(json.dumps({**_places(positions), "events": events}))
    else:
        print(f"{events:,} events projected; the read models are at {_said(positions)}")


def rebuild(
    journal: JournalFolder = DEFAULT_JOURNAL,
    database: DatabaseUrl = DEFAULT_DATABASE,
    check: Annotated[bool, typer.Option("--check", help="Compare only: change nothing, exit with 1 when something differs.")] = False,
    as_json: AsJson = False,
) -> None:
    """Fold the whole journal beside the read models, then replace in one step what differs. Readers are not disturbed."""
    from opsledger.core.errors import DatabaseUnusable
    from opsledger.core.partitions import partition_at
    from opsledger.services.journal.folders import open_partitions
    from opsledger.services.projections import rebuild as rebuilding
    from opsledger.services.projections.database import open_database, shown

    with open_partitions(journal) as partitions:
        last = [partition.position for partition in partitions]
    engine = open_database(database, must_exist=check, to_repair=not check)
    with progress_steps() as show:
        work = rebuilding.check if check else rebuilding.rebuild
        result = work(
            partial(open_partitions, journal), engine,
            lambda position: _show(show, "folding", last[partition_at(position)], position),
        )
    if check and _is_empty(result.positions) and not _is_empty(last):
        raise DatabaseUnusable(
            f"--database {shown(engine)}: the read models are empty, the journal is at {_said(last)}; `opsledger catch-up` fills them"
        )
    if as_json:
        print(json.dumps(_as_json(result)))
    else:
        _print(result, check)
    if check and result.differences:
        raise typer.Exit(EXIT_DIFFERENT)


def _is_empty(positions: Sequence[int]) -> bool:
    from opsledger.core.partitions import begin_of, partition_at

    return all(position == begin_of(partition_at(position)) for position in positions)


def _as_json(result: Result) -> dict[str, object]:
    arranged = {"arranged": list(result.arranged)} if result.arranged else {}
    return {**_places(result.positions), **arranged, "differences": [difference._asdict() for difference in result.differences]}


def _show(show: Callable[[str, int, int], object], doing: str, last: int, position: int) -> None:
    """Progress in a partition, as its numbers of events."""
    from opsledger.core.partitions import begin_of, partition_at

    begin = begin_of(partition_at(position))
    show(doing, position - begin, last - begin)


def _places(positions: Sequence[int]) -> dict[str, object]:
    """One is ``position``, as of a journal without partitions; several are ``positions``."""
    return {"positions": list(positions)} if len(positions) > 1 else {"position": sum(positions)}


def _said(positions: Sequence[int]) -> str:
    return f"position{'s' if len(positions) > 1 else ''} {', '.join(f'{position:,}' for position in positions) or '0'}"


def _print(result: Result, checked: bool) -> None:
    from rich.console import Console
    from rich.table import Table

    for done in result.arranged:
        print(done)
    if not result.differences:
        print(f"the read models are what the journal says, up to {_said(result.positions)}")
        return
    table = Table("table", "surplus rows", "missing rows", "for example", box=None)
    for difference in result.differences:
        example = ", ".join(f"{key}={value}" for key, value in difference.examples[0].items())
        table.add_row(difference.table, f"{difference.surplus:,}", f"{difference.missing:,}", example)
    Console(soft_wrap=True).print(table)
    if checked:
        print(f"the read models differ from the journal at {_said(result.positions)}; `opsledger rebuild` sets them right")
    else:
        print(f"set right, up to {_said(result.positions)}")
