"""The plan of a run: who is measured in what, in which order."""
from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from functools import partial
from pathlib import Path
from typing import NamedTuple
from uuid import UUID

from loadtests.benchmarks import folds, kernels, passage
from loadtests.benchmarks.contenders import Contender, JournalContender, our_recorder, sqlite_recorder
from loadtests.benchmarks.measuring import Sample, appends, concurrent_appends, disk, repeat
from loadtests.benchmarks.servers import PostgresContender, UmadbContender
from loadtests.benchmarks.workload import AGGREGATE_EVENTS, Workload

BATCH_SIZES = (1, 10, 100, 1_000)
CALLERS = 16
PRELOAD_BATCH_EVENTS = 1_000
DISK, DISK_WRITE = "disk", "write 4 KiB, fdatasync"

EMBEDDED: tuple[Callable[[Path], Contender], ...] = (JournalContender, our_recorder, sqlite_recorder)
SERVERS: tuple[Callable[[Path], Contender], ...] = (PostgresContender, UmadbContender)


class Settings(NamedTuple):
    rounds: int
    seconds: float
    """Of each measurement in a round."""
    preloaded_events: int
    passed_events: int
    """Through Kafka in a round, one by one."""
    servers: bool
    seed: int = 1


DEFAULT = Settings(rounds=9, seconds=0.15, preloaded_events=20_000, passed_events=100, servers=True)
QUICK = Settings(rounds=2, seconds=0.03, preloaded_events=2_000, passed_events=20, servers=True)


class Measurement(NamedTuple):
    name: str
    """``append 100``: what is done."""
    contender: str
    run: Callable[[], Sample]


Samples = dict[tuple[str, str], list[Sample]]
"""(measurement, contender) -> one sample for each round."""


def run(settings: Settings, folder: Path, step: Callable[[str, int], None]) -> tuple[Samples, list[str]]:
    """All rounds; then the contenders that are missing, and why. ``step`` is told what is done now, and of how many steps."""
    samples: Samples = defaultdict(list)
    missing: list[str] = []
    with ExitStack() as stack:
        contenders: list[Contender] = []
        for index, build in enumerate((*EMBEDDED, *(SERVERS if settings.servers else ()))):
            try:
                contender = build(folder / str(index))
            except ImportError as error:
                missing.append(f"{error.name} is not installed: pip install '.[dev]'")
                continue
            stack.callback(contender.close)
            contenders.append(contender)
        measurements = list(_plan(settings, contenders))
        total = settings.rounds * (len(measurements) + 1 + (len(passage.CONTENDERS) if settings.servers else 0))
        for number in range(settings.rounds):
            step(DISK, total)
            samples[DISK_WRITE, DISK].append(disk(folder, settings.seconds))
            for measurement in _turned(measurements, number):
                step(f"{measurement.name}: {measurement.contender}", total)
                samples[measurement.name, measurement.contender].append(measurement.run())
    if settings.servers:  # afterwards, so that the broker takes nothing from the others
        try:
            _pass(settings, folder / "kafka", samples, lambda what: step(what, total))
        except passage.NoBroker as error:
            missing.append(str(error))
    return samples, missing


def _pass(settings: Settings, folder: Path, samples: Samples, step: Callable[[str], None]) -> None:
    with passage.passages(folder) as passages:
        measurements = [
            Measurement(passage.NAME, name, partial(one.sample, settings.passed_events)) for name, one in passages.items()
        ]
        for number in range(settings.rounds):
            for measurement in _turned(measurements, number):
                step(f"{measurement.name}: {measurement.contender}")
                samples[measurement.name, measurement.contender].append(measurement.run())


def _plan(settings: Settings, contenders: list[Contender]) -> Iterator[Measurement]:
    workload = Workload(settings.seed)
    preload = list(workload.batches(settings.preloaded_events, PRELOAD_BATCH_EVENTS))
    for contender in contenders:
        for batch in preload:
            contender.append(batch)
    for size in BATCH_SIZES:
        for contender in contenders:
            yield Measurement(f"append {size}", contender.name, _append(contender, workload, size, settings))
    for contender in contenders:
        yield Measurement(f"append 1, {CALLERS} callers", contender.name, _concurrent(contender, workload, settings))
    for contender in contenders:
        yield Measurement("read the log", contender.name, _log(contender, settings))
    aggregates = [batch[0].originator_id for batch in preload]
    for contender in contenders:
        yield Measurement("read an aggregate of 10", contender.name, _streams(contender, aggregates, settings))
    for name, calls in (kernels.calls(settings.seed) | folds.calls(settings.seed)).items():
        for which, call in calls.items():
            yield Measurement(name, which, _repeated(call, settings))


def _turned(measurements: list[Measurement], number: int) -> Iterator[Measurement]:
    """Each measurement with its contenders in turn, another one first in each round."""
    names = list(dict.fromkeys(measurement.name for measurement in measurements))
    for name in names:
        same = [measurement for measurement in measurements if measurement.name == name]
        first = number % len(same)
        yield from (*same[first:], *same[:first])


def _append(contender: Contender, workload: Workload, size: int, settings: Settings) -> Callable[[], Sample]:
    return lambda: appends(contender, workload, size, settings.seconds)


def _concurrent(contender: Contender, workload: Workload, settings: Settings) -> Callable[[], Sample]:
    return lambda: concurrent_appends(contender, workload, CALLERS, settings.seconds)


def _repeated(call: Callable[[], int], settings: Settings) -> Callable[[], Sample]:
    return lambda: repeat(call, settings.seconds)


def _log(contender: Contender, settings: Settings) -> Callable[[], Sample]:
    def read() -> int:
        return _all(contender.read_log(settings.preloaded_events), settings.preloaded_events, contender)

    return _repeated(read, settings)


def _streams(contender: Contender, aggregates: list[UUID | str], settings: Settings) -> Callable[[], Sample]:
    turn = 0

    def read() -> int:
        nonlocal turn
        turn = (turn + 1) % len(aggregates)
        return _all(contender.read_stream(aggregates[turn]), AGGREGATE_EVENTS, contender)

    return _repeated(read, settings)


def _all(read: int, expected: int, contender: Contender) -> int:
    """A store that loses events is not fast."""
    if read != expected:
        raise AssertionError(f"{contender.name} gave {read} events where {expected} were appended")
    return read
