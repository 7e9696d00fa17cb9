"""``python -m loadtests.benchmarks.kafka``: the journal on Kafka beside kafka-python alone, on the same broker with the same bytes.

The raw producer sends what the journal would send, framed beforehand, with the same settings; the raw consumer reads it and keeps nothing.
So the distance is what framing, deduplication, the replica and the answers cost.
"""
from __future__ import annotations

import json
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from statistics import median
from time import perf_counter, time_ns
from typing import Annotated, Any, NamedTuple

import typer
from kafka import TopicPartition
from rich.console import Console
from rich.table import Table

from opsledger.core.ports import Commit, NewEvent
from opsledger.ext.journal import NO_HASH, encode_commit
from opsledger.services.journal.kafka.journal import KafkaJournal
from opsledger.services.journal.kafka.link import consumer_client, producer_client
from opsledger.services.journal.kafka.settings import KafkaLink
from opsledger.services.journal.kafka.topic import ensure_topic
from opsledger.services.journal.planning import Placed
from tests.kit.kafka import Broker
from tests.kit.kafka import broker as own_broker

JOURNAL, RAW = "opsledger journal", "kafka-python alone"
PAYLOAD_BYTES = 300
ONE_BY_ONE_COMMITS = 300


class Figure(NamedTuple):
    measurement: str
    contender: str
    per_s: float
    """Events each second."""
    p50_ms: float | None = None


def main(
    broker: Annotated[str | None, typer.Option(help="HOST:PORT of a broker; without it, one is started.")] = None,
    rounds: Annotated[int, typer.Option(min=1)] = 5,
    events: Annotated[int, typer.Option(min=1_000, help="Of each measurement in a round.")] = 20_000,
    output: Annotated[Path, typer.Option(dir_okay=False)] = Path("var/benchmarks-kafka.json"),
) -> None:
    """Measure, show a table, write JSON."""
    with tempfile.TemporaryDirectory(prefix="opsledger-kafka-bench-") as folder:
        if broker:
            figures = list(_rounds(Path(folder), broker, rounds, events))
        else:
            with own_broker(Broker(Path(folder) / "broker")) as started:
                figures = list(_rounds(Path(folder), started.address, rounds, events))
    merged = _merged(figures)
    output.parent.mkdir(parents=True, exist_ok=True)
    output.write_text(json.dumps([figure._asdict() for figure in merged], indent=1) + "\n")
    table = Table("", "", "events a second", "p50 ms", title=f"Medians over {rounds} rounds, {PAYLOAD_BYTES} B of payload an event")
    for figure in merged:
        latency = "" if figure.p50_ms is None else f"{figure.p50_ms:.2f}"
        table.add_row(figure.measurement, figure.contender, f"{figure.per_s:,.0f}", latency)
    Console().print(table)


def _merged(figures: list[Figure]) -> list[Figure]:
    groups: dict[tuple[str, str], list[Figure]] = {}
    for figure in figures:
        groups.setdefault((figure.measurement, figure.contender), []).append(figure)
    return [
        Figure(*names, median(one.per_s for one in same), None if same[0].p50_ms is None else median(one.p50_ms or 0 for one in same))
        for names, same in groups.items()
    ]


def _rounds(folder: Path, address: str, rounds: int, events: int) -> Iterator[Figure]:
    for number in range(rounds):
        plan: list[Callable[[], list[Figure]]] = [
            lambda number=number: list(_journal(folder / str(number), _link(address), events)),
            lambda: list(_raw(_link(address), events)),
        ]
        for measure in plan if number % 2 else reversed(plan):
            yield from measure()


def _link(address: str) -> KafkaLink:
    return KafkaLink.model_validate({"bootstrap_servers": address, "topic": f"bench-{time_ns()}"})


def _event(number: int) -> NewEvent:
    name = number.to_bytes(16, "big")
    return NewEvent(name, "tickets.v1.opened", "acme", 1_700_000_000_000_000, bytes(PAYLOAD_BYTES), name)


def _commits(first: int, events: int, each: int) -> list[Commit]:
    return [Commit([_event(n) for n in range(at, at + each)]) for at in range(first, first + events, each)]


def _framed(commits: list[Commit]) -> list[bytes]:
    return [encode_commit([Placed(event, 1, 0) for event in commit.events], 1, 1, 0, b"", NO_HASH, 0)[0] for commit in commits]


def _journal(folder: Path, link: KafkaLink, events: int) -> Iterator[Figure]:
    with KafkaJournal(folder / "owner", link, node="n1") as journal:
        yield _one_by_one(JOURNAL, lambda commit: journal.append(commit), _commits(1, ONE_BY_ONE_COMMITS, 1))
        for each in (1, 100):
            commits = _commits(1_000_000 * each + 1, events, each)
            start_s = perf_counter()
            for answer in [journal.submit(commit) for commit in commits]:
                answer.result()
            yield Figure(_many(each), JOURNAL, events / (perf_counter() - start_s))
        total = journal.position
    start_s = perf_counter()
    with KafkaJournal(folder / "new", link, node="n2", owner=False) as replica:
        assert replica.position == total
        yield Figure("read the topic from its begin", JOURNAL, total / (perf_counter() - start_s))


def _raw(link: KafkaLink, events: int) -> Iterator[Figure]:
    ensure_topic(link)
    producer = producer_client(link)

    def send(data: bytes) -> Any:
        return producer.send(link.topic, value=data, partition=0)

    send(b"first").get(timeout=30)
    yield _one_by_one(RAW, lambda data: send(data).get(timeout=30), _framed(_commits(1, ONE_BY_ONE_COMMITS, 1)))
    for each in (1, 100):
        records = _framed(_commits(1, events, each))
        start_s = perf_counter()
        for acknowledgement in [send(data) for data in records]:
            acknowledgement.get(timeout=30)
        yield Figure(_many(each), RAW, events / (perf_counter() - start_s))
    producer.close()
    start_s = perf_counter()
    consumer = consumer_client(link)
    partition = TopicPartition(link.topic, 0)
    consumer.assign([partition])
    consumer.seek(partition, 0)
    left = 1 + ONE_BY_ONE_COMMITS + events + events // 100
    while left:
        left -= sum(map(len, consumer.poll(timeout_ms=100).values()))
    yield Figure("read the topic from its begin", RAW, (ONE_BY_ONE_COMMITS + 2 * events) / (perf_counter() - start_s))
    consumer.close()


def _many(each: int) -> str:
    return f"ingest, commits of {each}, as fast as they go"


def _one_by_one(contender: str, send: Callable[[Any], object], what: list[Any]) -> Figure:
    spans_s: list[float] = []
    for one in what:
        start_s = perf_counter()
        send(one)
        spans_s.append(perf_counter() - start_s)
    return Figure("ingest, one after the other", contender, len(what) / sum(spans_s), 1_000 * median(spans_s))


if __name__ == "__main__":
    typer.run(main)
