"""``make load`` in small: real locust, real server, real journal."""
from __future__ import annotations

from pathlib import Path

from loadtests.run import run


def test_a_small_load_is_sound(tmp_path: Path) -> None:
    result = run(tmp_path, users=7, seconds=3)
    assert result.is_sound, result
    assert {row["request"] for row in result.requests} >= {
        "StreamTicketEvents", "RecordTicketEvents", "StartEvaluation", "SubmitEvaluation", "ListEvaluations"}
