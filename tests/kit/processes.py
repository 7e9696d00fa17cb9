"""A server as its operator starts it: a process of its own."""
from __future__ import annotations

import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

COMMAND = [sys.executable, "-m", "opsledger.services.cli.main"]
PATIENCE_S = 60


@dataclass
class ServerProcess:
    process: subprocess.Popen[str]
    announced: str
    """The line on its standard output."""
    log: Path

    @property
    def address(self) -> str:
        found = re.match(r"listening on ([^,;\n]+)", self.announced)
        assert found, self.announced
        return found[1]

    def end(self, number: signal.Signals) -> int:
        """Send a signal; its exit code, negative when the signal ended it."""
        self.process.send_signal(number)
        return self.process.wait(PATIENCE_S)


@contextmanager
def server_process(folder: Path, *options: str) -> Iterator[ServerProcess]:
    """``opsledger serve`` on a free port, with journal and database in ``folder``; killed at the end if it still runs."""
    folder.mkdir(parents=True, exist_ok=True)
    log = folder / "server.log"
    with log.open("a") as errors:
        process = subprocess.Popen(
            [*COMMAND, "serve", "--listen", "127.0.0.1:0", "--journal", str(folder / "journal"),
             "--database", f"sqlite:///{folder / 'opsledger.db'}", *options],
            stdout=subprocess.PIPE, stderr=errors, text=True,
        )
    try:
        assert process.stdout is not None
        announced = process.stdout.readline()
        assert announced, f"the server did not start: {log.read_text()}"
        yield ServerProcess(process, announced, log)
    finally:
        process.kill()
        process.communicate()


def opsledger(*arguments: str) -> subprocess.CompletedProcess[str]:
    """Run a command to its end."""
    return subprocess.run([*COMMAND, *arguments], capture_output=True, text=True, timeout=PATIENCE_S, check=False)
