"""What the disk itself takes: figures of a server are worth little without it."""
from __future__ import annotations

import os
from pathlib import Path
from time import perf_counter_ns
from typing import NamedTuple

_WRITES, _BYTES = 300, 4_096


class Disk(NamedTuple):
    """Write 4 KiB at the end of a file, fdatasync."""

    p50_us: float
    p99_us: float


def measure_disk(folder: Path) -> Disk:
    spans_ns: list[int] = []
    data = os.urandom(_BYTES)
    path = folder / "calibration"
    handle = os.open(path, os.O_CREAT | os.O_WRONLY | os.O_TRUNC)
    try:
        for _ in range(_WRITES):
            start_ns = perf_counter_ns()
            os.write(handle, data)
            os.fdatasync(handle)
            spans_ns.append(perf_counter_ns() - start_ns)
    finally:
        os.close(handle)
        path.unlink()
    spans_ns.sort()
    return Disk(spans_ns[len(spans_ns) // 2] / 1_000, spans_ns[int(len(spans_ns) * 0.99)] / 1_000)
