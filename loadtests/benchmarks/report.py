"""A run as JSON for machines and as tables for people."""
from __future__ import annotations

import os
import platform
import sys
from importlib.metadata import version
from pathlib import Path

from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.table import Table

from loadtests.benchmarks.measuring import Figure, Sample, figure
from loadtests.benchmarks.rounds import DISK, DISK_WRITE, Samples, Settings
from loadtests.benchmarks.workload import STATE_BYTES


def document(samples: Samples, settings: Settings, missing: list[str], folder: Path) -> dict[str, object]:
    """Names of figures end in their unit; each has the median over the rounds and the distance between their quartiles."""
    return {
        "machine": _machine(folder),
        "settings": {**settings._asdict(), "state_bytes": STATE_BYTES},
        "missing": missing,
        "results": [
            {"measurement": measurement, "contender": contender, "rounds": len(rounds), **_figures(rounds)}
            for (measurement, contender), rounds in samples.items()
        ],
    }


def _figures(rounds: list[Sample]) -> dict[str, dict[str, float]]:
    return {name: {key: round(value, 3) for key, value in _figure(rounds, name)._asdict().items()} for name in Sample._fields}


def _figure(rounds: list[Sample], name: str) -> Figure:
    return figure([getattr(sample, name) for sample in rounds])


def _machine(folder: Path) -> dict[str, object]:
    return {
        "cpu_count": os.cpu_count(), "platform": platform.platform(), "python": sys.version.split()[0], "data": str(folder),
        "eventsourcing": version("eventsourcing"),
    }


def show(samples: Samples, missing: list[str], console: Console) -> None:
    disk = sorted(sample.p50_us for sample in samples[DISK_WRITE, DISK])
    console.print(f"The disk ({DISK_WRITE}), from the best round to the worst: {disk[0]:,.0f} to {disk[-1]:,.0f} µs.")
    console.print("Medians over the rounds; spread: how far their quartiles are apart; best: beside the best of the same round.")
    table = Table(box=SIMPLE_HEAD)
    table.add_column("", no_wrap=True)
    for heading in ("a second", "spread", "p50 ms", "p99 ms", "best"):
        table.add_column(heading, justify="right", no_wrap=True)
    for measurement, contenders in _grouped(samples).items():
        table.add_section()
        table.add_row(measurement, style="bold")
        best = [max(rates) for rates in zip(*([s.per_s for s in rounds] for rounds in contenders.values()), strict=True)]
        for contender, rounds in sorted(contenders.items()):
            rate, p50, p99 = _figure(rounds, "per_s"), _figure(rounds, "p50_us"), _figure(rounds, "p99_us")
            relative = figure([sample.per_s / of_round for sample, of_round in zip(rounds, best, strict=True)]).median
            table.add_row(
                f"  {contender}", f"{rate.median:,.0f}", f"{rate.iqr / rate.median:.0%}", f"{p50.median / 1_000:,.3f}",
                f"{p99.median / 1_000:,.3f}", f"{relative:.2f}" if len(contenders) > 1 else "",
            )
    console.print(table)
    for line in missing:
        console.print(f"left out: {line}", markup=False)


def _grouped(samples: Samples) -> dict[str, dict[str, list[Sample]]]:
    """Measurement -> contender -> rounds; without the disk."""
    grouped: dict[str, dict[str, list[Sample]]] = {}
    for (measurement, contender), rounds in samples.items():
        if contender != DISK:
            grouped.setdefault(measurement, {})[contender] = rounds
    return grouped
