"""``opsledger demo``: a simulated service floor feeds a real server; what comes out is shown."""
from __future__ import annotations

import signal
import sys
from pathlib import Path
from typing import Annotated

import typer


def demo(
    seed: Annotated[int, typer.Option(help="The same seed gives the same floor.")] = 7,
    days: Annotated[int, typer.Option(help="How many days it has been running, until now.", min=2, max=366)] = 14,
    tickets: Annotated[int, typer.Option(help="About how many tickets arrive in them.", min=10, max=1_000_000)] = 2_000,
    listen: Annotated[str, typer.Option(help="HOST:PORT of the server; port 0 takes a free one.")] = "127.0.0.1:50051",
    folder: Annotated[Path, typer.Option(help="The demo's own folder, emptied when it starts.", file_okay=False)] = Path("var/demo"),
    keep_serving: Annotated[
        bool, typer.Option("--keep-serving/--exit", help="Leave the server up until Ctrl-C, or end with the tour.")
    ] = True,
    picture: Annotated[Path | None, typer.Option(hidden=True)] = None,
) -> None:
    """Three clients with SLAs and time zones of their own, their agents and tickets: recorded, timed, scored, explained."""
    from rich.console import Console

    from opsledger.core.errors import OpsledgerError
    from opsledger.services.cli.remote import server_client
    from opsledger.services.demo.picture import draw, recording_console
    from opsledger.services.demo.stage import stage
    from opsledger.services.demo.tour import next_commands, tour

    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):  # a shell may have had SIGINT ignored for what it put in the background
        signal.signal(number, _end)
    console = recording_console() if picture else Console(width=None if sys.stdout.isatty() else 160)
    try:
        with stage(folder, listen) as server:
            with server_client(server.address, "") as client:
                tour(console, client, server, seed, days, tickets)
            if picture:
                draw(console, picture)
            next_commands(console, server, keep_serving)
            if keep_serving:
                console.print("\nThe server stays up; Ctrl-C ends it.")
                code = server.process.wait()
                raise OpsledgerError(f"the server ended with code {code}:\n{server.log_tail()}")
    except KeyboardInterrupt:
        console.print("ended")


def _end(number: int, frame: object) -> None:
    raise KeyboardInterrupt
