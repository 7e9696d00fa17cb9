"""``opsledger serve``: all services in one process, on an embedded journal or on Kafka."""
from __future__ import annotations

import asyncio
import os
from pathlib import Path
from typing import Annotated

import typer


def serve(
    config: Annotated[
        Path | None, typer.Option(envvar="OPSLEDGER_CONFIG", help="Settings (YAML); see docs/serving.md.", dir_okay=False)
    ] = None,
    journal: Annotated[Path | None, typer.Option(help="Folder of the journal.  [default: var/journal]", file_okay=False)] = None,
    database: Annotated[str | None, typer.Option(help="Read models: sqlite:///FILE or postgresql://…")] = None,
    kafka: Annotated[
        str | None, typer.Option(help="HOST:PORT of Kafka (several with commas): the journal is a topic there, its folder a replica.")
    ] = None,
    node_id: Annotated[str | None, typer.Option(help="Name of this node among those on one topic.")] = None,
    advertise: Annotated[str | None, typer.Option(help="HOST:PORT at which others reach this node.  [default: --listen]")] = None,
    listen: Annotated[
        str | None, typer.Option(help="HOST:PORT, or several with commas; port 0 takes a free one.  [default: 127.0.0.1:50051]")
    ] = None,
    metrics_listen: Annotated[str | None, typer.Option(help="HOST:PORT of the Prometheus page.")] = None,
    insecure: Annotated[
        bool | None, typer.Option("--insecure", help="Listen beyond this machine although nobody is authenticated.")
    ] = None,
    log_level: Annotated[str | None, typer.Option(help="debug, info, warning or error.")] = None,
    log_format: Annotated[str | None, typer.Option(help="json or console.")] = None,
    port_file: Annotated[Path | None, typer.Option(help="Write the port of the first address here once it is open.")] = None,
) -> None:
    """Serve recording, queries and timers over gRPC until SIGTERM or SIGINT; then finish what is in flight.

    Settings come from these options, then from variables (OPSLEDGER_JOURNAL, OPSLEDGER_LIMITS__WINDOW, …), then from --config.
    """
    from opsledger.services.logs import configure_logs
    from opsledger.services.serving import serve as serve_until_signal
    from opsledger.services.settings import load_settings

    log = {name: value for name, value in (("level", log_level), ("format", log_format)) if value is not None}
    settings = load_settings(
        config, journal=journal, database=database, listen=listen, metrics_listen=metrics_listen, insecure=insecure, log=log or None,
        kafka={"bootstrap_servers": kafka} if kafka else None, node_id=node_id, advertise=advertise,
    )
    configure_logs(settings.log.level, settings.log.format)

    def announce(addresses: list[str], metrics: str | None) -> None:
        if port_file is not None:
            _write_whole(port_file, addresses[0].rpartition(":")[2])
        print(f"listening on {', '.join(addresses)}" + (f"; metrics on http://{metrics}/metrics" if metrics else ""), flush=True)

    raise typer.Exit(asyncio.run(serve_until_signal(settings, announce)))


def _write_whole(path: Path, text: str) -> None:
    """Whoever waits for the file never sees half of it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_name(f".{path.name}.part")
    part.write_text(f"{text}\n", encoding="ascii")
    os.replace(part, path)
