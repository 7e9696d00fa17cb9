"""``python -m loadtests.benchmarks.nodes``: what one node and two nodes take over gRPC beside kafka-python alone on that broker, and how
soon a second node has its share of the work of a loaded one.

The raw producer sends the records that the nodes would send: the same events, framed beforehand, in the same partitions. Broker, nodes,
PostgreSQL and the senders are on one machine: with two cores, a second node adds what it costs, not what a second machine would.
"""
from __future__ import annotations

import json
import os
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from itertools import count, islice, pairwise
from pathlib import Path
from threading import Thread
from time import perf_counter, sleep, time_ns
from typing import Annotated, Any, NamedTuple

import grpc
import typer
from rich.console import Console
from rich.table import Table

from loadtests import traffic
from loadtests.benchmarks.kafka import RAW
from loadtests.benchmarks.measuring import figure
from loadtests.benchmarks.senders import BATCH_EVENTS, Load, Sender
from loadtests.benchmarks.servers import start_postgres
from opsledger.core.partitions import partition_of
from opsledger.core.ports import NewEvent
from opsledger.core.tickets.identity import fact_key, ticket_stream_id
from opsledger.ext.journal import NO_HASH, encode_commit
from opsledger.proto.cluster.v1 import cluster_pb2
from opsledger.proto.tickets.v1 import ticket_recorder_pb2 as pb
from opsledger.proto.tickets.v1.ticket_event_pb2 import TicketEvent
from opsledger.services.journal.kafka.link import producer_client
from opsledger.services.journal.kafka.settings import KafkaLink
from opsledger.services.journal.kafka.topic import ensure_topic
from opsledger.services.journal.planning import Placed
from opsledger.services.tickets.codec import decode_bytes, event_type
from tests.kit.kafka import Broker, broker
from tests.kit.node_processes import Node

PARTITIONS, STREAMS = 4, 2
STATUS = "/opsledger.cluster.v1.ClusterService/GetStatus"
TAKEN_S_MAX = 120


class Taken(NamedTuple):
    """How a second node got its share, in seconds."""

    from_start: float
    """From the start of its process until it owned half of the partitions."""
    from_listening: float
    """From when it said that it listens; negative when it had its share before."""
    longest_pause: float
    """The longest time without an acknowledgement to a sender meanwhile."""


def main(
    rounds: Annotated[int, typer.Option(min=1)] = 5,
    events: Annotated[int, typer.Option(min=1_000, help="Of each measurement in a round.")] = 20_000,
    output: Annotated[Path, typer.Option(dir_okay=False)] = Path("var/benchmarks-nodes.json"),
) -> None:
    """Measure, show a table, write JSON."""
    rates: dict[str, list[float]] = {}
    taken: list[Taken] = []
    with tempfile.TemporaryDirectory(prefix="opsledger-nodes-bench-", ignore_cleanup_errors=True) as name, \
            broker(Broker(Path(name) / "broker")) as kafka:
        bench = Bench(Path(name), kafka.address, events)
        for number in range(rounds):
            plan: dict[str, Callable[[], float]] = {
                RAW: bench.raw, "one node": lambda: bench.ingest(1), "two nodes": lambda: bench.ingest(2),
            }
            names = [*plan] if number % 2 else [*reversed(plan)]
            for contender in names:
                rates.setdefault(contender, []).append(plan[contender]())
            taken.append(bench.take_over())
        bench.close()
    document = _document(rates, taken, events)
    output.parent.mkdir(parents=True, exist_ok=True)
    output.write_text(json.dumps(document, indent=1) + "\n")
    _show(document, rounds)


def _document(rates: dict[str, list[float]], taken: Sequence[Taken], events: int) -> dict[str, Any]:
    return {
        "cpu_count": os.cpu_count(), "partitions": PARTITIONS, "batch_events": BATCH_EVENTS, "streams": STREAMS, "events": events,
        "ingest_events_per_s": {name: {**figure(found)._asdict(), "rounds": found} for name, found in rates.items()},
        "take_over_s": {
            name: {**figure(found)._asdict(), "rounds": found}
            for name, found in ((name, [getattr(one, name) for one in taken]) for name in Taken._fields)
        },
    }


def _show(document: dict[str, Any], rounds: int) -> None:
    title = f"Medians over {rounds} rounds and the distance between their quartiles, on {document['cpu_count']} cores for everything"
    table = Table("", "median", "spread", title=title)
    for name, found in document["ingest_events_per_s"].items():
        table.add_row(f"ingest, {name}, events/s", f"{found['median']:,.0f}", f"{found['iqr']:,.0f}")
    for name, found in document["take_over_s"].items():
        table.add_row(f"second node, {name.replace('_', ' ')}, s", f"{found['median']:.2f}", f"{found['iqr']:.2f}")
    Console().print(table)


class Bench:
    def __init__(self, folder: Path, address: str, events: int) -> None:
        self._folder, self._address, self._events = folder, address, events
        self._postgres = start_postgres(folder / "postgres")
        self._databases = 0
        self._made = list(islice(traffic.events("bench", 1), events))

    def close(self) -> None:
        self._postgres.cleanup()

    def _link(self) -> KafkaLink:
        return KafkaLink.model_validate({
            "bootstrap_servers": self._address, "topic": f"bench-{time_ns()}", "partitions": PARTITIONS, "session_timeout_s": 6,
        })

    @contextmanager
    def _nodes(self, many: int, started: int) -> Iterator[list[Node]]:
        """So many nodes on a new topic and a new database, of which the first ones are started."""
        self._databases += 1
        database, link = f"bench_{self._databases}", self._link()
        self._postgres.psql(f"CREATE DATABASE {database}")
        url = self._postgres.get_uri(database=database)
        nodes = [Node(self._folder / f"{database}-{number}", f"n{number}", link, url) for number in range(1, many + 1)]
        with ExitStack() as closing:
            for node in nodes:
                closing.callback(lambda node=node: node.kill() if node.runs else None)
            for node in nodes[:started]:
                node.start()
            yield nodes

    def ingest(self, many: int) -> float:
        """Events a second on as many streams for one node as for two."""
        with self._nodes(many, many) as nodes:
            _await_shares(nodes)
            requests = [*_requests(iter(self._made))]
            senders = [Sender(nodes[n % many].address, requests[n::STREAMS]) for n in range(STREAMS)]
            start_s = perf_counter()
            for sender in senders:
                sender.start()
            for sender in senders:
                sender.join()
            span_s = perf_counter() - start_s
        assert sum(sender.events for sender in senders) == self._events
        return self._events / span_s

    def raw(self) -> float:
        link = self._link()
        ensure_topic(link)
        records = [*_records(iter(self._made))]
        producer = producer_client(link)
        for number in range(PARTITIONS):
            producer.send(link.topic, value=b"first", partition=number).get(timeout=30)
        start_s = perf_counter()
        for acknowledgement in [producer.send(link.topic, value=record, partition=number) for number, record in records]:
            acknowledgement.get(timeout=30)
        span_s = perf_counter() - start_s
        producer.close()
        return self._events / span_s

    def take_over(self) -> Taken:
        with self._nodes(2, 1) as (first, second), Load(first.address) as load:
            start_s = perf_counter()
            second.begin()
            listening: list[float] = []

            def listen() -> None:
                second.await_ready()
                listening.append(perf_counter())

            announced = Thread(target=listen)
            announced.start()
            _await_shares([first, second])
            taken_s = perf_counter()
            announced.join()
        answered_s = [start_s, *(at for at in load.answered_s if at > start_s)]
        return Taken(taken_s - start_s, taken_s - listening[0], max(later - at for at, later in pairwise(answered_s)))


def _requests(events: Iterator[bytes]) -> Iterator[bytes]:
    """Batches as they go over the wire."""
    for number in count(1):
        batch = [*islice(events, BATCH_EVENTS)]
        if not batch:
            return
        yield pb.StreamTicketEventsRequest(batch_id=number, events=map(TicketEvent.FromString, batch)).SerializeToString()


def _records(events: Iterator[bytes]) -> Iterator[tuple[int, bytes]]:
    """Partition and value of the records that nodes make of these batches."""
    while batch := [*islice(events, BATCH_EVENTS)]:
        parts: dict[int, list[NewEvent]] = {}
        for new in map(_new_event, batch):
            parts.setdefault(partition_of(new, PARTITIONS), []).append(new)
        for number, part in parts.items():
            yield number, encode_commit([Placed(event, 1, 0) for event in part], 1, 1, 0, b"", NO_HASH, 0)[0]


def _new_event(data: bytes) -> NewEvent:
    fact = decode_bytes(data)
    return NewEvent(
        ticket_stream_id(fact.ticket), event_type(TicketEvent.FromString(data)), fact.tenant, fact.occurred_at_us, data,
        fact_key(fact.tenant, fact.source, fact.event_id),
    )


def _await_shares(nodes: Sequence[Node]) -> None:
    """Until each of the nodes owns as many partitions as the others."""
    share, deadline_s = PARTITIONS // len(nodes), perf_counter() + TAKEN_S_MAX
    with grpc.insecure_channel(nodes[0].address) as channel:
        ask = channel.unary_unary(STATUS, cluster_pb2.GetStatusRequest.SerializeToString, cluster_pb2.GetStatusResponse.FromString)
        while perf_counter() < deadline_s:
            owners = [part.owner for part in ask(cluster_pb2.GetStatusRequest(), timeout=30).partitions]
            if all(owners.count(node.name) == share for node in nodes):
                return
            sleep(0.05)  # a status is asked for, not told
    raise TimeoutError(f"{[node.name for node in nodes]} do not share the partitions after {TAKEN_S_MAX} s: {owners}")


if __name__ == "__main__":
    typer.run(main)
