"""Samples of one round, and what many rounds say together."""
from __future__ import annotations

import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from statistics import median, quantiles
from time import perf_counter_ns
from typing import NamedTuple

from loadtests.benchmarks.contenders import Contender
from loadtests.benchmarks.workload import Workload

CALIBRATION_BYTES = 4_096


class Sample(NamedTuple):
    """One measurement of one contender in one round."""

    per_s: float
    """Events (calls, where one call is one event) each second."""
    p50_us: float
    """Of one call."""
    p99_us: float


class Figure(NamedTuple):
    """The median over rounds, and the distance between their quartiles."""

    median: float
    iqr: float


def figure(values: list[float]) -> Figure:
    if len(values) < 2:
        return Figure(values[0], 0.0)
    low, middle, high = quantiles(values, n=4, method="inclusive")
    return Figure(middle, high - low)


def repeat(call: Callable[[], int], seconds: float, calls_min: int = 3) -> Sample:
    """Call for about ``seconds``, after a first call that is not timed. ``call`` says how many events it dealt with."""
    call()
    spans_ns: list[int] = []
    events = 0
    end_ns = perf_counter_ns() + int(seconds * 1e9)
    while len(spans_ns) < calls_min or perf_counter_ns() < end_ns:
        start_ns = perf_counter_ns()
        events += call()
        spans_ns.append(perf_counter_ns() - start_ns)
    return sample(events, sum(spans_ns) / 1e9, spans_ns)


def appends(contender: Contender, workload: Workload, size: int, seconds: float) -> Sample:
    """One caller, one batch after the other; making the events is not timed."""
    spans_ns: list[int] = []
    end_ns = perf_counter_ns() + int(seconds * 1e9)
    while len(spans_ns) < 3 or perf_counter_ns() < end_ns:
        batch = workload.batch(size)
        start_ns = perf_counter_ns()
        contender.append(batch)
        spans_ns.append(perf_counter_ns() - start_ns)
    return sample(size * len(spans_ns), sum(spans_ns) / 1e9, spans_ns)


def concurrent_appends(contender: Contender, workload: Workload, callers: int, seconds: float) -> Sample:
    """Many callers with one event at a time, as a server has them; the rate is over the wall clock."""
    prepared = [[workload.batch(1) for _ in range(int(seconds * 4_000) + 10)] for _ in range(callers)]
    start_ns = perf_counter_ns()
    end_ns = start_ns + int(seconds * 1e9)

    def caller(index: int) -> list[int]:
        spans_ns: list[int] = []
        for batch in prepared[index]:
            called_ns = perf_counter_ns()
            contender.append(batch)
            done_ns = perf_counter_ns()
            spans_ns.append(done_ns - called_ns)
            if done_ns > end_ns:
                break
        return spans_ns

    with ThreadPoolExecutor(callers) as pool:
        spans_ns = [span for spans in pool.map(caller, range(callers)) for span in spans]
    return sample(len(spans_ns), (perf_counter_ns() - start_ns) / 1e9, spans_ns)


def disk(folder: Path, seconds: float) -> Sample:
    """What the disk itself takes: write 4 KiB at the end of a file, fdatasync."""
    data = os.urandom(CALIBRATION_BYTES)
    handle = os.open(folder / "calibration", os.O_CREAT | os.O_WRONLY | os.O_TRUNC)
    try:
        def write() -> int:
            os.write(handle, data)
            os.fdatasync(handle)
            return 1

        return repeat(write, seconds)
    finally:
        os.close(handle)


def sample(events: int, seconds: float, spans_ns: list[int]) -> Sample:
    """Of calls that took ``spans_ns`` each and ``seconds`` together, in which ``events`` were dealt with."""
    ordered = sorted(spans_ns)
    return Sample(events / seconds, median(ordered) / 1_000, ordered[int(len(ordered) * 0.99)] / 1_000)
