"""Logs are one JSON object per line, from whichever logger, and hold no variables."""
from __future__ import annotations

import json
import subprocess
import sys

import pytest

PROGRAM = """
import logging, structlog
from opsledger.services.logs import configure_logs
configure_logs("info", {form!r})
def fail(token):
    return 1 / 0
def log_both():
    try:
        fail("hunter2")
    except ZeroDivisionError as error:
        structlog.get_logger("ours").error("internal error", incident="abc", exc_info=error)
        logging.getLogger("library").exception("theirs")
    structlog.get_logger("ours").debug("not asked for")
    structlog.get_logger("ours").info("rpc", code="OK")
log_both()
"""


def lines(form: str) -> list[str]:
    done = subprocess.run([sys.executable, "-c", PROGRAM.format(form=form)], capture_output=True, text=True, timeout=60, check=True)
    assert done.stdout == ""
    return done.stderr.splitlines()


def test_every_line_is_an_object() -> None:
    ours, theirs, rpc = map(json.loads, lines("json"))
    assert (ours["event"], ours["level"], ours["incident"]) == ("internal error", "error", "abc")
    assert ours["exception"][0]["exc_type"] == theirs["exception"][0]["exc_type"] == "ZeroDivisionError"
    assert theirs["event"] == "theirs"
    assert {key: rpc[key] for key in ("event", "level", "code")} == {"event": "rpc", "level": "info", "code": "OK"}


@pytest.mark.parametrize("form", ["json", "console"])
def test_a_trace_says_where_and_not_with_what(form: str) -> None:
    text = "\n".join(lines(form))
    assert "log_both" in text
    assert "hunter2" not in text
