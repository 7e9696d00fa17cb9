"""The command: see the package."""
from __future__ import annotations

import json
import sys
import tempfile
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from loadtests.benchmarks.report import document, show
from loadtests.benchmarks.rounds import DEFAULT, QUICK, run


def main(
    quick: Annotated[bool, typer.Option("--quick", help="A short run: shows that it works, not how fast.")] = False,
    rounds: Annotated[int | None, typer.Option(min=1, help="Rounds; more make the spread more telling.")] = None,
    seconds: Annotated[float | None, typer.Option(min=0.001, help="Of each measurement in a round.")] = None,
    servers: Annotated[bool, typer.Option(help="Compare with the peers that are servers too.")] = True,
    output: Annotated[Path, typer.Option(help="Where the figures go, as JSON.", dir_okay=False)] = Path("var/benchmarks.json"),
    data: Annotated[Path, typer.Option(help="Folder on the disk to be measured; what is written there is removed again.")] = Path("var"),
    as_json: Annotated[bool, typer.Option("--json", help="Print the JSON instead of the tables.")] = False,
) -> None:
    """Measure Opsledger beside its peers, on this machine, now."""
    settings = QUICK if quick else DEFAULT
    settings = settings._replace(servers=servers, rounds=rounds or settings.rounds, seconds=seconds or settings.seconds)
    data.mkdir(parents=True, exist_ok=True)
    columns = TextColumn("{task.description:60}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn()
    with (
        tempfile.TemporaryDirectory(prefix="benchmarks-", dir=data, ignore_cleanup_errors=True) as folder,
        Progress(*columns, console=Console(stderr=True), transient=True, disable=not sys.stderr.isatty()) as progress,
    ):
        task = progress.add_task("setting up", total=None)
        samples, missing = run(settings, Path(folder), lambda what, total: progress.update(task, description=what, total=total, advance=1))
    figures = document(samples, settings, missing, data)
    output.parent.mkdir(parents=True, exist_ok=True)
    output.write_text(json.dumps(figures, indent=1) + "\n")
    if as_json:
        print(json.dumps(figures, indent=1))
        return
    console = Console()
    show(samples, missing, console)
    console.print(f"Figures: {output}", markup=False)


if __name__ == "__main__":
    typer.run(main)
