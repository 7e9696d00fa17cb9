"""Nothing of ours runs as Python inside the garbage collector's callbacks: a Ctrl-C that arrives there is lost."""
from __future__ import annotations

import gc
import signal
import subprocess
import time
from pathlib import Path

import pytest

from opsledger.services.journal.recorder import sharing
from tests.kit.processes import COMMAND, PATIENCE_S


def test_no_callback_of_the_collector_is_ours() -> None:
    assert sharing.Lease
    assert not [each for each in gc.callbacks if getattr(each, "__module__", "").startswith("opsledger")]


def ended_by_interrupt(after_s: float, *arguments: object) -> int:
    """The exit code of a command that gets a Ctrl-C after some time."""
    process = subprocess.Popen([*COMMAND, *map(str, arguments)], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        time.sleep(after_s)  # the moment is what is varied, nothing waits for it
        process.send_signal(signal.SIGINT)
        return process.wait(PATIENCE_S)
    finally:
        process.kill()
        process.wait()


@pytest.fixture(scope="module")
def log(tmp_path_factory: pytest.TempPathFactory) -> Path:
    file = tmp_path_factory.mktemp("log") / "events.jsonl"
    file.write_text("".join(
        f'{{"eventId": "e{number}", "source": "s", "tenant": "acme", "program": "desk", "ticketId": "t{number % 9000}", '
        f'"occurredAt": "2026-01-05T09:{number % 60:02}:00Z", "opened": {{}}}}\n' for number in range(40_000)))
    return file


@pytest.mark.parametrize("after_s", [0.9, 1.7, 2.9, 4.3, 5.9])
def test_an_import_ends_at_once(after_s: float, log: Path, tmp_path: Path) -> None:
    where = ("--journal", tmp_path / "journal", "--database", f"sqlite:///{tmp_path}/views.db")
    assert ended_by_interrupt(after_s, "import", "events", log, *where) != 0
