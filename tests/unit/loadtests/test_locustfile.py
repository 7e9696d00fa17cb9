"""The load test as somebody runs it who has not read its documentation."""
from __future__ import annotations

import subprocess
import sys
from pathlib import Path


def test_without_a_server_it_says_what_to_do(tmp_path: Path) -> None:
    ran = subprocess.run(
        [sys.executable, "-m", "locust", "-f", "loadtests/locustfile.py", "--headless", "-u", "1", "-t", "1s",
         "--account", str(tmp_path / "a")],
        capture_output=True, text=True, timeout=120, check=False,
    )
    assert ran.returncode != 0
    assert "--host HOST:PORT" in ran.stderr
