"""What is sorted on disk is there only as long as the process that sorts it."""
from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

FILL = """
import os, signal, sys
from opsledger.services.importers.files import Row
from opsledger.services.importers.spool import Spool

with Spool() as spool:
    for number in range(60_000):
        spool.add_row(f"T{number * 7919 % 60_000:05}", Row(number, ("x" * 100,)))
    tickets = [ticket.ticket for ticket in spool.tickets()]
    assert tickets == sorted(tickets) and len(tickets) == 60_000
    print(sum(os.stat(f"/proc/self/fd/{fd}").st_size for fd in os.listdir("/proc/self/fd") if os.path.realpath(
        f"/proc/self/fd/{fd}").startswith(os.environ["TMPDIR"])), flush=True)
    os.kill(os.getpid(), signal.SIGKILL)
"""


def test_a_killed_import_leaves_nothing_in_the_folder_for_temporary_files(tmp_path: Path) -> None:
    ran = subprocess.run(
        [sys.executable, "-c", FILL], env={**os.environ, "TMPDIR": str(tmp_path)}, capture_output=True, text=True, check=False,
    )

    assert (ran.returncode, ran.stderr) == (-signal.SIGKILL, "")
    assert int(ran.stdout) > 6_000_000, "it was on disk, in the folder that TMPDIR names"
    assert list(tmp_path.iterdir()) == []
