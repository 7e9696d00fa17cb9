"""A run as JSON for machines and as tables for people."""
from __future__ import annotations

import os
import platform
import sys
from collections.abc import Mapping
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
    return {
        name: {key: round(value, 3) for key, value in figure([getattr(sample, name) for sample in rounds])._asdict().items()}
        for name in ("per_s", "p50_us", "p99_us")
    }


def _machine(folder: Path) -> dict[str, object]:
    return {
        "cpu_count": os.cpu_count(), "platform": platform.platform(), "python": sys.version.split()[0], "data": str(folder),
        "eventsourcing": version("eventsourcing"),
    }


def show(samples: Samples, missing: list[str], console: Console) -> None:
    spread = figure([sample.p50_us for sample in samples[DISK_WRITE, DISK]])
    console.print(f"The disk: {DISK_WRITE} takes {spread.median:,.0f} µs (quartiles {spread.iqr:,.0f} µs apart over the rounds).")
    table = Table(title="Medians over the rounds; spread: how far their quartiles are apart", title_justify="left", box=SIMPLE_HEAD)
    table.add_column("", no_wrap=True)
    for heading in ("a second", "spread", "p50 ms", "p99 ms", "best = 1"):
        table.add_column(heading, justify="right", no_wrap=True)
    for measurement, contenders in _grouped(samples).items():
        best = max(rate.median for rate, _, _ in contenders.values())
        table.add_section()
        table.add_row(measurement, style="bold")
        for contender, (rate, p50, p99) in contenders.items():
            table.add_row(
                f"  {contender}", f"{rate.median:,.0f}", f"{rate.iqr / rate.median:.0%}", f"{p50.median / 1_000:,.3f}",
                f"{p99.median / 1_000:,.3f}", f"{rate.median / best:.2f}" if len(contenders) > 1 else "",
            )
    console.print(table)
    for line in missing:
        console.print(f"left out: {line}", markup=False)


def _grouped(samples: Samples) -> Mapping[str, dict[str, tuple[Figure, Figure, Figure]]]:
    grouped: dict[str, dict[str, tuple[Figure, Figure, Figure]]] = {}
    for (measurement, contender), rounds in samples.items():
        grouped.setdefault(measurement, {})[contender] = (
            figure([s.per_s for s in rounds]), figure([s.p50_us for s in rounds]), figure([s.p99_us for s in rounds])
        )
    return {name: dict(sorted(contenders.items())) for name, contenders in grouped.items() if name != DISK_WRITE}
