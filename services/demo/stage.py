"""The demo's own server: the real one, in a process and a folder of its own."""
from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from shutil import rmtree

from opsledger.core.errors import FieldViolation, InvalidInput, OpsledgerError
from opsledger.services.journal.files import LocalFiles

MARK = ".opsledger-demo"
"""In a folder that the demo made and may empty."""
_DRAIN_S = 30


@dataclass
class Stage:
    address: str
    folder: Path
    process: subprocess.Popen[str]

    def log_tail(self, lines: int = 5) -> str:
        return "\n".join((self.folder / "server.log").read_text(errors="replace").splitlines()[-lines:])


@contextmanager
def stage(folder: Path, listen: str) -> Iterator[Stage]:
    """A server over an empty journal until the block ends. Raises InvalidInput for a folder that is not the demo's,
    JournalLocked for that of a demo that runs, OpsledgerError when the server does not start."""
    _clear(folder)
    with (folder / "server.log").open("w") as log:
        process = subprocess.Popen(
            [sys.executable, "-m", "opsledger.services.cli.main", "serve", "--journal", str(folder / "journal"),
             "--database", f"sqlite:///{folder / 'opsledger.db'}", "--listen", listen],
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=log, text=True,
            start_new_session=True,  # Ctrl-C is for us: we end it in order
        )
    assert process.stdout is not None
    try:
        _, _, addresses = process.stdout.readline().partition("listening on ")
        started = Stage(addresses.partition(";")[0].split(",")[0].strip(), folder, process)
        if not started.address:
            process.wait()
            log_file = folder / "server.log"
            raise OpsledgerError(f"the server did not start; try another --listen. {log_file} ends with:\n{started.log_tail()}")
        yield started
    finally:
        process.terminate()
        try:
            process.wait(_DRAIN_S)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        process.stdout.close()


def _clear(folder: Path) -> None:
    if folder.exists() and any(folder.iterdir()) and not (folder / MARK).exists():
        raise InvalidInput(FieldViolation("--folder", "NOT_EMPTY", f"{folder} holds something that is not the demo's; name another folder"))
    if (journal := folder / "journal").is_dir():  # another demo may run there
        files = LocalFiles(journal)
        files.lock()
        files.unlock()
    rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    (folder / MARK).write_text("opsledger demo empties this folder when it starts\n")
