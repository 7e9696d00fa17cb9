"""``opsledger demo`` as a user runs it: a process of its own, with a real server in another."""
from __future__ import annotations

import os
import shlex
import signal
import socket
import subprocess
import sys
from itertools import takewhile
from pathlib import Path
from xml.etree import ElementTree

import psutil
import pytest

from tests.kit.command import run

DEMO = [sys.executable, "-m", "opsledger.services.cli.main", "demo", "--days", "4", "--tickets", "120"]


def start(folder: Path, *more: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [*DEMO, "--folder", str(folder), *more], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        env={**os.environ, "COLUMNS": "160"},
    )


def shown_in(picture: Path) -> str:
    """Its text, line by line."""
    texts = ElementTree.parse(picture).getroot().iter("{http://www.w3.org/2000/svg}text")
    lines: dict[float, str] = {}
    for text in texts:
        at = float(text.get("y", 0))
        lines[at] = f"{lines.get(at, '')}{text.text}"
    return "\n".join(lines[at] for at in sorted(lines)).replace("\N{NO-BREAK SPACE}", " ")


def next_commands(out: str) -> list[list[str]]:
    return [shlex.split(line)[1:] for line in out.partition("Try next")[2].splitlines() if line.startswith("  opsledger")]


def test_the_tour_shows_everything_and_ends(tmp_path: Path) -> None:
    process = start(tmp_path / "the demo", "--exit", "--listen", "127.0.0.1:0")
    out, err = process.communicate(timeout=120)
    assert (process.returncode, err) == (0, "")
    for shown in (
        "rules of vale-bank", "events sent", "duplicates", "read models at position", "Late and open", "Due within",
        "Scorecards: vale-bank", "Breach, explained", "elapsed", "Quality: vale-bank", "contacts drawn", "disputed a score",
        "lead-vera coached", "QA score, mean", "Try next",
    ):
        assert shown in out
    assert [run(*command).code for command in next_commands(out)] == [0] * 6


def test_its_picture_shows_the_tour_and_loads_nothing(tmp_path: Path) -> None:
    picture = tmp_path / "demo.svg"
    process = start(tmp_path / "demo", "--exit", "--listen", "127.0.0.1:0", "--picture", str(picture))
    out, err = process.communicate(timeout=120)
    assert (process.returncode, err) == (0, "")
    tour = [line.rstrip() for line in out.partition("─ Try next")[0].splitlines()[:-1]]
    shown = shown_in(picture)
    for line in tour:
        assert line.strip().replace(" ", "") in shown.replace(" ", "")
    assert "Quality: vale-bank" in shown
    assert "url(http" not in picture.read_text()


@pytest.mark.parametrize("ending", [signal.SIGTERM, signal.SIGINT])
def test_it_serves_until_it_is_told_to_end(tmp_path: Path, ending: signal.Signals) -> None:
    process = start(tmp_path / "the demo", "--listen", "127.0.0.1:0")
    assert process.stdout is not None
    shown = "".join(takewhile(lambda line: "server stays up" not in line, process.stdout))
    assert [run(*command).code for command in next_commands(shown)] == [0] * 6
    servers = psutil.Process(process.pid).children()
    process.send_signal(ending)
    out, err = process.communicate(timeout=60)
    assert (process.returncode, err) == (0, "")
    assert "ended" in out
    assert servers
    assert not any(server.is_running() for server in servers)


def test_it_leaves_a_folder_alone_that_is_not_its_own(tmp_path: Path) -> None:
    (tmp_path / "thesis.txt").write_text("years of work")
    process = start(tmp_path, "--exit")
    out, err = process.communicate(timeout=60)
    assert (process.returncode, out) == (2, "")
    assert "--folder" in err
    assert (tmp_path / "thesis.txt").read_text() == "years of work"


def test_an_address_in_use_is_said(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        process = start(tmp_path / "the demo", "--exit", "--listen", f"127.0.0.1:{other.getsockname()[1]}")
        _, err = process.communicate(timeout=60)
    assert process.returncode == 1
    assert "--listen" in err
