"""What Prometheus scrapes. One registry per server, so that several can live in one process."""
from __future__ import annotations

from collections.abc import Callable, Iterator

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, ProcessCollector
from prometheus_client.core import CounterMetricFamily
from prometheus_client.registry import Collector

LATENCY_S = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)
SYNC_S = (0.00005, 0.0001, 0.00025, 0.0005, *LATENCY_S[:-3])


class Metrics:
    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        ProcessCollector(registry=self.registry)
        self.rpcs = Counter("opsledger_rpcs", "RPCs answered.", ["method", "code"], registry=self.registry)
        self.rpc_seconds = Histogram(
            "opsledger_rpc_seconds", "From the request's arrival to its answer; a stream's whole life.", ["method"],
            buckets=LATENCY_S, registry=self.registry,
        )
        self.rpcs_in_flight = Gauge("opsledger_rpcs_in_flight", "RPCs being served.", registry=self.registry)
        self.events = Counter("opsledger_ticket_events", "Ticket events answered, by outcome.", ["outcome"], registry=self.registry)
        self.batch_seconds = Histogram(
            "opsledger_batch_seconds", "From a batch's arrival until it is durable.", buckets=LATENCY_S, registry=self.registry
        )
        self.sync_seconds = Histogram(
            "opsledger_journal_sync_seconds", "One fdatasync of a batch of commits.", buckets=SYNC_S, registry=self.registry
        )
        self.batches_waiting = Gauge("opsledger_batches_waiting", "Batches that are not durable yet.", registry=self.registry)

    def gauge(self, name: str, meaning: str, read: Callable[[], float]) -> None:
        """A value that is read when it is scraped."""
        Gauge(f"opsledger_{name}", meaning, registry=self.registry).set_function(read)

    def counter(self, name: str, meaning: str, read: Callable[[], float]) -> None:
        """A number that only grows, and is read when it is scraped. Its name ends in ``_total``, as Prometheus wants it."""
        self.registry.register(_Counted(f"opsledger_{name}", meaning, read))


class _Counted(Collector):
    def __init__(self, name: str, meaning: str, read: Callable[[], float]) -> None:
        self._name, self._meaning, self._read = name, meaning, read

    def collect(self) -> Iterator[CounterMetricFamily]:
        yield CounterMetricFamily(self._name, self._meaning, value=self._read())
