"""Nodes of one topic, each a process of its own as its operator starts it."""
from __future__ import annotations

import json
from collections.abc import Iterable
from contextlib import AbstractContextManager
from pathlib import Path
from time import monotonic, sleep
from typing import Any

from opsledger.services.client import Client, connect
from opsledger.services.journal.kafka.settings import KafkaLink
from tests.kit.events import event
from tests.kit.kafka import shared_broker
from tests.kit.processes import PATIENCE_S, ServerProcess, opsledger, server_process

SESSION_S = 5


class Nodes:
    """Of a topic of their own; without ``database`` each has read models of its own."""

    def __init__(self, folder: Path, *, partitions: int = 4, database: str = "") -> None:
        self.folder = folder
        self.link: KafkaLink = shared_broker(partitions).model_copy(update={"session_timeout_s": SESSION_S})
        self._database = ("--database", database) if database else ()
        self.config = folder / "opsledger.yaml"
        folder.mkdir(parents=True, exist_ok=True)
        self.config.write_text(
            f"kafka: {{bootstrap_servers: '{self.link.bootstrap_servers[0]}', topic: {self.link.topic}, partitions: {partitions}, "
            f"session_timeout_s: {SESSION_S}}}\n"
        )

    def node(self, name: str, *options: str) -> AbstractContextManager[ServerProcess]:
        return server_process(self.folder / name, "--config", str(self.config), "--node-id", name, *self._database, *options)

    def replica(self, name: str, partition: int = 0) -> Path:
        return self.folder / name / "journal" / str(partition)

    def head(self, name: str, partition: int = 0) -> tuple[int, str]:
        """How many events a stopped node has of a partition, and the hash over all of them."""
        verified = json.loads(opsledger("journal", "verify", "--json", "--journal", str(self.replica(name, partition))).stdout)
        return verified["events"], verified["head_hash"]


def client(*nodes: ServerProcess, **more: Any) -> Client:
    return connect([node.address for node in nodes], tenant="acme", actor="sue", **more)


def record(node: ServerProcess, ids: Iterable[str]) -> dict[str, int]:
    """Where each event stands; each is of a ticket of its own."""
    with client(node) as calls:
        given = list(ids)
        batches = [given[begin:begin + 1_000] for begin in range(0, len(given), 1_000)]
        results = [result for batch in batches for result in calls.recorder.record([event(one, ticket_id=one) for one in batch])]
        return {one: result.position for one, result in zip(given, results, strict=True)}


def owners(node: ServerProcess) -> dict[int, str]:
    """Who owns each partition and takes part, as a node sees it."""
    with client(node) as calls:
        status = calls.cluster.GetStatus()
    there = {member.node for member in status.nodes if member.is_member}
    return {part.partition: part.owner for part in status.partitions if part.owner in there}


def await_owners(node: ServerProcess, *names: str, partitions: int = 4) -> dict[int, str]:
    """Until all partitions are shared by just these nodes, evenly."""
    deadline_s = monotonic() + PATIENCE_S
    while monotonic() < deadline_s:
        found = owners(node)
        counts = [list(found.values()).count(name) for name in names]
        if sum(counts) == len(found) == partitions and max(counts) - min(counts) <= 1:
            return found
        sleep(0.1)  # the nodes have nothing else to wait on
    raise AssertionError(f"not shared by {names}: {owners(node)}")
