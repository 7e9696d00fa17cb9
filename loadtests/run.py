"""``make load``: locust against a server of its own; then every acknowledged event is looked up in the journal.

    python -m loadtests.run --users 20 --seconds 20

Exit code 1 when a request failed, or something acknowledged is not in the journal exactly once, byte for byte.
"""
from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Annotated, Any, NamedTuple

import typer
from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.table import Table

from loadtests.account import Findings, compare
from loadtests.disk import Disk, measure_disk
from loadtests.traffic import FORM, PROGRAM, RULES, TENANT
from opsledger.services.client import connect
from opsledger.services.journal.segment import SegmentJournal

LOCUSTFILE = Path(__file__).with_name("locustfile.py")
_DRAIN_S = 60
_LOCUST_GRACE_S = 120


class Result(NamedTuple):
    users: int
    seconds: int
    disk: Disk
    requests: list[dict[str, Any]]
    findings: Findings

    @property
    def is_sound(self) -> bool:
        return self.findings.is_sound and not any(request["failures"] for request in self.requests)

    def document(self) -> dict[str, Any]:
        """Names end in their unit."""
        return {
            "users": self.users, "seconds": self.seconds, "cpu_count": os.cpu_count(), "fdatasync": self.disk._asdict(),
            "requests": self.requests, "journal": self.findings._asdict(), "sound": self.is_sound,
        }


def run(folder: Path, users: int, seconds: int) -> Result:
    """Put load on a server in ``folder``, end it, and look into its journal."""
    disk = measure_disk(folder)
    account, figures = folder / "account.bin", folder / "figures.json"
    with _server(folder) as address:
        with connect(address, tenant=TENANT) as client:
            client.rules.PublishRules(program=PROGRAM, document_json=json.dumps(RULES))
            client.forms.PublishForm(document_json=json.dumps(FORM))
        subprocess.run(
            [sys.executable, "-m", "locust", "--locustfile", str(LOCUSTFILE), "--headless", "--only-summary", "--skip-log",
             "--users", str(users), "--spawn-rate", str(users), "--run-time", f"{seconds}s", "--stop-timeout", "30",
             "--exit-code-on-error", "0", "--host", address, "--account", str(account), "--figures", str(figures)],
            check=True, timeout=seconds + _LOCUST_GRACE_S, stdout=subprocess.DEVNULL,
        )
    with SegmentJournal.open(folder / "journal", read_only=True) as journal:
        findings = compare(account, journal)
    return Result(users, seconds, disk, json.loads(figures.read_text()), findings)


@contextmanager
def _server(folder: Path) -> Iterator[str]:
    """Its address. Whoever ends it in order must find exit code 0."""
    with (folder / "server.log").open("w") as log:
        process = subprocess.Popen(
            [sys.executable, "-m", "opsledger.services.cli.main", "serve", "--listen", "127.0.0.1:0", "--log-level", "warning",
             "--journal", str(folder / "journal"), "--database", f"sqlite:///{folder / 'opsledger.db'}"],
            stdout=subprocess.PIPE, stderr=log, text=True,
        )
    try:
        assert process.stdout is not None
        announced = process.stdout.readline()
        if not announced:
            sys.exit(f"the server did not start:\n{(folder / 'server.log').read_text()}")
        yield announced.removeprefix("listening on ").strip()
        process.send_signal(signal.SIGTERM)
        if code := process.wait(_DRAIN_S):
            sys.exit(f"the server ended with exit code {code}:\n{(folder / 'server.log').read_text()[-2_000:]}")
    finally:
        process.kill()
        process.wait()


def show(result: Result, console: Console) -> None:
    table = Table(title="gRPC under load", box=SIMPLE_HEAD, pad_edge=False, collapse_padding=True)
    table.add_column("request", no_wrap=True, min_width=18)
    for heading in ("answers", "failed", "per s", "events/s", "p50 ms", "p95 ms", "p99 ms"):
        table.add_column(heading, justify="right", no_wrap=True)
    for row in result.requests:
        table.add_row(row["request"], f"{row['requests']:,}", f"{row['failures']:,}", *(
            f"{row[name]:,.0f}" for name in ("requests_per_s", "events_per_s", "p50_ms", "p95_ms", "p99_ms")
        ))
    console.print(table)
    disk, found = result.disk, result.findings
    console.print(f"{result.users} users, {result.seconds} s, {os.cpu_count()} cores shared by server and clients; "
                  f"write + fdatasync of 4 KiB: p50 {disk.p50_us:,.0f} us, p99 {disk.p99_us:,.0f} us")
    events_per_s = sum(row["events_per_s"] for row in result.requests)
    console.print(f"{events_per_s:,.0f} events/s acknowledged, by all senders together")
    console.print(f"{found.acknowledged:,} answers looked up in the journal (an event that was sent again has two), which holds "
                  f"{found.recorded:,} events: {found.missing} missing, {found.altered} altered, {found.doubled} doubled")
    console.print("everything acknowledged is there exactly once" if result.is_sound else "[bold red]NOT SOUND", highlight=False)


def main(
    users: Annotated[int, typer.Option(help="Users at the same time.", min=1)] = 20,
    seconds: Annotated[int, typer.Option(help="How long the load lasts.", min=1)] = 20,
    as_json: Annotated[bool, typer.Option("--json", help="JSON for machines instead of a table.")] = False,
    output: Annotated[Path | None, typer.Option(help="Write the JSON here as well.", dir_okay=False)] = None,
) -> None:
    """Put load on a server of its own and check that nothing acknowledged was lost, altered or doubled."""
    with (
        TemporaryDirectory(prefix="opsledger-load-") as folder,
        Console(stderr=True).status(f"{users} users put load on a server for {seconds} s"),
    ):
        result = run(Path(folder), users, seconds)
    text = json.dumps(result.document(), indent=2)
    if output:
        output.write_text(text + "\n")
    if as_json:
        print(text)
    else:
        show(result, Console())
    raise typer.Exit(0 if result.is_sound else 1)


if __name__ == "__main__":
    typer.run(main)
