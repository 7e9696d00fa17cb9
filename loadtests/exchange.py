"""``python -m loadtests.exchange LOG``: a real ServiceNow log through a real broker, in and out again.

The log is imported into one journal; the same events are produced to the inbound topic, taken into another journal by the ingress and
published from there. Printed are the figures, and whether both ways end in the same read models. At the end single events are sent
through, one after the other: producer, inbound topic, journal on disk, public topic, consumer.
"""
from __future__ import annotations

import json
import statistics
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import Event, Thread
from time import perf_counter
from typing import Annotated, Any

import typer

from opsledger.core.ports import Journal
from opsledger.core.tickets.facts import Actor, ActorKind, Opened, TicketFact
from opsledger.services.exchange.ingress import Ingress
from opsledger.services.exchange.making import ensure_topics
from opsledger.services.exchange.publisher import Publisher
from opsledger.services.exchange.reaching import consumer_of, producer_of
from opsledger.services.exchange.topics import Exchange
from opsledger.services.importers.audit_export import ServiceNowReader
from opsledger.services.importers.runner import run_import
from opsledger.services.importers.writing import Owner
from opsledger.services.journal.clock import wall_clock_us
from opsledger.services.journal.partitions import Numbered
from opsledger.services.journal.segment import SegmentJournal
from opsledger.services.projections.database import open_database
from opsledger.services.projections.runner import Projector
from opsledger.services.tickets.codec import decode_bytes, encode
from opsledger.services.tickets.intake import Intake
from tests.kit.kafka import Broker, broker
from tests.kit.read_models import SAID_BY_FACTS, Rows, rows

PAGE = 5_000
SINGLE_S_MAX = 60


def main(
    log: Annotated[Path, typer.Argument(help="The ServiceNow log: servicenow_incidents.csv.xz.", dir_okay=False, exists=True)],
    singles: Annotated[int, typer.Option(help="Events that are sent through one by one.", min=2)] = 300,
) -> None:
    with tempfile.TemporaryDirectory(prefix="opsledger-exchange-") as name:
        folder = Path(name)
        with broker(Broker(folder / "broker")) as kafka:
            exchange = Exchange(kafka=kafka.link())
            ensure_topics(exchange.kafka, tuple(exchange.topics))
            with SegmentJournal.open(folder / "direct") as direct, SegmentJournal.open(folder / "ingress") as journal:
                figures = _measure(exchange, log, direct, journal, singles)
                same = _read_models(direct, folder / "direct.db") == _read_models(journal, folder / "ingress.db", up_to=direct.position)
    print(json.dumps({**figures, "read_models_are_the_same": same}, indent=2))
    raise typer.Exit(0 if same else 1)


def _measure(exchange: Exchange, log: Path, direct: Journal, journal: Journal, singles: int) -> dict[str, Any]:
    run_import(str(log), ServiceNowReader(Owner("default", "default", "servicenow")), lambda: Intake(direct))
    events = [(event.payload, decode_bytes(event.payload).ticket_id.encode()) for event in _all(direct)]
    with producer_of(exchange.kafka) as producer:
        def produce() -> None:
            for value, key in events:
                producer.send(exchange.topics.inbound.name, key=key, value=value)
            producer.flush()

        produce_s = _timed(produce)
    ingress, publisher = Ingress(exchange, Intake(journal)), Publisher(exchange, Numbered(journal))
    with _working(ingress):
        ingress_s = _timed(lambda: _until(lambda: journal.position == len(events)))
    with _working(publisher):
        publish_s = _timed(lambda: _until(lambda: publisher.position == len(events)))
    with _working(ingress), _working(publisher):
        through_ms = _single(exchange, singles)
    return {
        "events": len(events), "produced_per_s": round(len(events) / produce_s), "recorded_per_s": round(len(events) / ingress_s),
        "published_per_s": round(len(events) / publish_s), "rejected": ingress.rejected,
        "producer_to_public_topic_ms": {
            "p50": round(statistics.median(through_ms), 1), "p95": round(sorted(through_ms)[len(through_ms) * 95 // 100], 1),
        },
    }


def _single(exchange: Exchange, singles: int) -> list[float]:
    """Milliseconds from producer to consumer, of each event but the first, which waits for the groups to form."""
    through_ms = []
    with producer_of(exchange.kafka) as producer, consumer_of(exchange.kafka, fetch_max_wait_ms=100) as consumer:
        consumer.subscribe([exchange.topics.tickets.name])
        while not consumer.assignment():
            consumer.poll(timeout_ms=100)
        consumer.seek_to_end()
        for part in consumer.assignment():
            consumer.position(part)
        for number in range(singles):
            fact = TicketFact("single", "p", "s", f"T{number}", f"e{number}", wall_clock_us(), 0, Actor(ActorKind.AGENT, "a"), Opened())
            value, started_s = encode(fact).SerializeToString(), perf_counter()
            producer.send(exchange.topics.inbound.name, key=fact.ticket_id.encode(), value=value)
            while not any(record.value == value for part in consumer.poll(timeout_ms=1_000).values() for record in part):
                if perf_counter() - started_s > SINGLE_S_MAX:
                    raise TimeoutError(f"{fact.event_id} did not come out of the public topic within {SINGLE_S_MAX} s")
            through_ms.append((perf_counter() - started_s) * 1_000)
    return through_ms[1:]


def _all(journal: Journal) -> Iterator[Any]:
    after = 0
    while page := journal.read(after, PAGE):
        yield from page
        after = page[-1].position


def _read_models(journal: Journal, file: Path, up_to: int | None = None) -> Rows:
    engine = open_database(f"sqlite:///{file}")
    Projector(Numbered(journal), engine).catch_up(up_to=up_to)
    found = rows(engine, SAID_BY_FACTS)
    engine.dispose()
    return found


@contextmanager
def _working(work: Ingress | Publisher) -> Iterator[None]:
    stop = Event()
    thread = Thread(target=work.run, args=[stop], daemon=True)
    thread.start()
    try:
        yield
    finally:
        stop.set()
        thread.join()


def _until(is_so: Callable[[], bool]) -> None:
    pause = Event()
    while not is_so():
        pause.wait(0.01)


def _timed(work: Callable[[], object]) -> float:
    started_s = perf_counter()
    work()
    return perf_counter() - started_s


if __name__ == "__main__":
    typer.run(main)
