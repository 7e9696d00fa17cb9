"""What is sorted on disk is there only as long as the process that sorts it, and the disk may be full."""
from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from tests.kit.imports import table

MAPPING = str(Path(__file__).parents[3] / "docs" / "examples" / "audit-snapshots.yaml")
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


SMALL_DISK = ["unshare", "--user", "--map-root-user", "--mount", "sh", "-c", 'mount -t tmpfs -o size=1m none "$TMPDIR" && exec "$@"', "-"]
SMALL_FILES = ["prlimit", "--fsize=1000000"]


@pytest.mark.parametrize("limited", [SMALL_DISK, SMALL_FILES], ids=["a full disk", "a limit on files"])
def test_a_folder_for_temporary_files_that_takes_no_more_is_named(limited: list[str], tmp_path: Path) -> None:
    environment = {**os.environ, "TMPDIR": str(tmp_path / "small")}
    (tmp_path / "small").mkdir()
    if subprocess.run([*limited, "true"], env=environment, capture_output=True, check=False).returncode:
        pytest.skip("this system does not let us make a small disk")
    log = tmp_path / "log.csv"
    rows = [f"OPS-{number},1709280000000,{'x' * 100},To Do,P2,,,net,0" for number in range(30_000)]
    log.write_text(table("key,changed,by,status,priority,team,assignee,labels,comments", rows), encoding="utf-8")

    ran = subprocess.run(
        [*limited, sys.executable, "-m", "opsledger.services.cli.main", "import", "csv", str(log), "--mapping", MAPPING],
        env=environment, cwd=tmp_path, capture_output=True, text=True, check=False,
    )

    assert ran.returncode == 1
    assert ran.stderr.startswith(f"error: the folder for temporary files, {tmp_path / 'small'}, takes no more")
    assert "Traceback" not in ran.stderr
    assert not (tmp_path / "var").exists()
