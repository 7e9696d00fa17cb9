"""Nodes as their operator starts them, over one PostgreSQL, with both directions of the exchange on one broker."""
from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from urllib.request import urlopen

from opsledger.core.ports import RecordedEvent
from opsledger.services.exchange.topics import Exchange
from opsledger.services.journal.segment import SegmentJournal
from tests.kit.kafka import new_topic
from tests.kit.processes import ServerProcess, server_process

PARTITIONS = 4
"""Of the journal."""
SESSION_S = 3.0


class Node:
    def __init__(self, folder: Path, process: ServerProcess) -> None:
        self.process, self._folder = process, folder

    def metric(self, name: str) -> float:
        page = urlopen(self.process.announced.strip().rpartition(" ")[2]).read().decode()
        return next(float(line.rpartition(" ")[2]) for line in page.splitlines() if line.startswith(f"opsledger_{name} "))

    def events(self) -> list[list[RecordedEvent]]:
        """What its replica of each partition holds; the node has ended."""
        return [self._replica(number) for number in range(PARTITIONS)]

    def _replica(self, number: int) -> list[RecordedEvent]:
        with SegmentJournal.open(self._folder / "journal" / str(number), read_only=True) as replica:
            found: list[RecordedEvent] = []
            while page := replica.read(len(found)):
                found += page
            return found


@contextmanager
def nodes(folder: Path, exchange: Exchange, database: str, names: Sequence[str]) -> Iterator[list[Node]]:
    link = {"bootstrap_servers": exchange.kafka.bootstrap_servers[0], "session_timeout_s": SESSION_S}
    config = folder / "opsledger.yaml"
    config.write_text(json.dumps({
        "kafka": link | {"topic": f"{new_topic()}-journal", "partitions": PARTITIONS}, "database": database,
        "exchange": {"prefix": exchange.prefix, "partitions": exchange.partitions, "ingress": True, "publish": True},
    }))
    with ExitStack() as opened:
        started = []
        for name in names:
            options = "--config", str(config), "--node-id", name, "--metrics-listen", "127.0.0.1:0", "--database", database
            started.append(Node(folder / name, opened.enter_context(server_process(folder / name, *options))))
        yield started


@contextmanager
def two_nodes(folder: Path, exchange: Exchange, database: str) -> Iterator[tuple[Node, Node]]:
    with nodes(folder, exchange, database, ["a", "b"]) as (one, two):
        yield one, two
