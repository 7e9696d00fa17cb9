"""The benchmarks run and account for every contender; the servers among the peers are left to ``make bench``, but for Kafka."""
from __future__ import annotations

import io
import json
from pathlib import Path

import pytest
from rich.console import Console

from loadtests.benchmarks.contenders import JOURNAL, RECORDER, SQLITE
from loadtests.benchmarks.passage import CONTENDERS, passages
from loadtests.benchmarks.report import document, show
from loadtests.benchmarks.rounds import BATCH_SIZES, DISK, DISK_WRITE, Settings, run


def test_every_contender_is_measured_in_every_round(tmp_path: Path) -> None:
    settings = Settings(rounds=2, seconds=0.001, preloaded_events=2_000, passed_events=5, servers=False)
    steps: list[tuple[str, int]] = []
    samples, missing = run(settings, tmp_path, lambda what, total: steps.append((what, total)))

    assert missing == []
    assert {total for _, total in steps} == {len(steps)}
    assert {len(rounds) for rounds in samples.values()} == {settings.rounds}
    stores = {f"append {size}" for size in BATCH_SIZES} | {"append 1, 16 callers", "read the log", "read an aggregate of 10"}
    assert {(name, contender) for name, contender in samples if name in stores} == {
        (name, contender) for name in stores for contender in (JOURNAL, RECORDER, SQLITE)
    }

    figures = json.loads(json.dumps(document(samples, settings, missing, tmp_path)))
    assert len(figures["results"]) == len(samples)
    assert all(result["per_s"]["median"] > 0 for result in figures["results"])

    shown = io.StringIO()
    show(samples, missing, Console(file=shown, width=120))
    assert all(contender in shown.getvalue() for name, contender in samples if (name, contender) != (DISK_WRITE, DISK))


@pytest.mark.xdist_group("own kafka broker")
def test_events_pass_through_the_exchange_and_through_kafka_alone(tmp_path: Path) -> None:
    with passages(tmp_path) as found:
        samples = {name: passage.sample(5) for name, passage in found.items()}
    assert tuple(samples) == CONTENDERS
    assert all(0 < sample.p50_us <= sample.p99_us for sample in samples.values())
