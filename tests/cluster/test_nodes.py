"""The fault campaign: ``make test-cluster``. Three brokers, three nodes in processes of their own and one PostgreSQL; clients of all kinds
write while everything is killed, frozen, cut off, filled up and restarted in turn.

CLUSTER_KILLS says how many nodes and how many brokers are killed (20), CLUSTER_SEED repeats the choices of a run.
"""
from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from random import Random
from statistics import median
from time import monotonic

import pytest

from opsledger.core.partitions import begin_of
from opsledger.services.client import connect
from tests.kit.cluster_checks import check_history, check_same_replicas, fresh_replicas
from tests.kit.cluster_clients import Analyst, Caller, ClusterClient, Late, Streamer, Wanderer, prepare, tenants_at_home
from tests.kit.history import History
from tests.kit.kafka import Cluster, new_topic
from tests.kit.node_processes import Node
from tests.kit.processes import opsledger
from tests.kit.small_disk import CannotMount, SmallDisk

pytestmark = pytest.mark.cluster
KILLS = int(os.environ.get("CLUSTER_KILLS", "20"))
PARTITIONS = 4
SESSION_S = 6
MORE, PATIENCE_S = 5, 240
"""Acknowledgements in each partition after which, and time within which, it counts as written again."""
REPLICA_MEBIBYTES = 1_024


class Floor:
    """The cluster and its clients. ``n2`` keeps its replicas on a disk that can be filled, ``n3`` reaches the brokers through proxies."""

    def __init__(self, folder: Path, cluster: Cluster, database: str, seed: int, disk: SmallDisk | None) -> None:
        self.folder, self.cluster, self.database, self.disk = folder, cluster, database, disk
        self.random, self.history = Random(seed), History(PARTITIONS)
        topic, times = new_topic(), {"partitions": PARTITIONS, "session_timeout_s": SESSION_S, "delivery_timeout_s": 15}
        self.link = cluster.link(topic, **times)
        links = {"n1": self.link, "n2": self.link, "n3": cluster.proxied_link(topic, **times)}
        self.nodes = [Node(folder / name, name, link, database, announce_days=36_500) for name, link in links.items()]
        self.away_s: dict[str, list[float]] = {}
        """What was done -> how long it took each time until every partition was written again."""

    @property
    def addresses(self) -> list[str]:
        return [node.address for node in self.nodes]

    def await_written(self, after: str = "") -> None:
        """Until every partition is written again."""
        begin_s = monotonic()
        self.history.await_more(MORE, PATIENCE_S)
        if after:
            self.away_s.setdefault(after, []).append(monotonic() - begin_s)


def test_nothing_is_lost_or_doubled_whatever_is_done_to_nodes_and_brokers(tmp_path: Path, postgres_url: str) -> None:
    seed = int(os.environ.get("CLUSTER_SEED", "0")) or Random().randrange(1, 1 << 32)
    print(f"\nCLUSTER_SEED={seed}")
    with floor(tmp_path, postgres_url, seed) as it:
        with clients(it) as writing:
            it.await_written()
            begin_s = monotonic()
            for round_ in range(KILLS):
                _kill_a_node_and_a_broker(it)
                for every, fault in FAULTS:
                    if round_ % every == every - 1:
                        fault(it)
                print(f"round {round_ + 1}, after {monotonic() - begin_s:.0f} s: {it.history.total} acknowledged", flush=True)
                assert [(client.name, client.failed) for client in writing if client.failed] == []
            writing_s = monotonic() - begin_s
            for node in it.nodes:
                assert node.runs, node.said()
        for node in it.nodes:
            node.stop()
        _check(it)
        print(_report(it, writing_s))


def _check(it: Floor) -> None:
    fresh = it.folder / "fresh" / "journal"
    events = fresh_replicas(fresh, it.link, PARTITIONS)
    check_history(it.history, events)
    check_same_replicas(fresh, [node.journal for node in it.nodes], it.link, PARTITIONS)
    where = ("--journal", str(fresh), "--database", it.database)
    caught_up = opsledger("catch-up", "--json", *where)
    assert caught_up.returncode == 0, caught_up.stderr
    assert json.loads(caught_up.stdout)["positions"] == [begin_of(number) + len(found) for number, found in enumerate(events)]
    checked = opsledger("rebuild", "--check", "--json", *where)
    assert checked.returncode == 0, checked.stdout + checked.stderr
    print(f"{len(it.history.facts)} facts and {len(it.history.commands)} commands acknowledged, {[len(found) for found in events]} events")


def _kill_a_node_and_a_broker(it: Floor) -> None:
    """In any order; the node is back at once, or after others have taken over what was its own."""
    node, broker = it.random.choice(it.nodes), it.random.choice(it.cluster.brokers)
    for victim in it.random.sample([node, broker], 2):
        victim.kill()
        if victim is broker:
            it.await_written("a broker is killed")
            victim.start()
            it.await_written()
        elif it.random.random() < 0.5:
            it.await_written("a node is killed")
            victim.start()
            it.await_written()
        else:
            victim.start()
            it.await_written("a node is killed and started again")


def _freeze_an_owner(it: Floor) -> None:
    """Until others own what it owned. What it was asked meanwhile it answers when it wakes up."""
    node = it.random.choice(it.nodes)
    late = Late(node.address, it.history)
    node.freeze()
    late.begin(f"{node.name} {len(it.away_s.get('a node is frozen', ()))}", 20)
    it.await_written("a node is frozen")
    node.thaw()
    late.finish()
    it.await_written("a frozen node goes on")


def _cut_a_node_off(it: Floor) -> None:
    """First its connections break; then it does not come through until others have its partitions."""
    for proxy in it.cluster.proxies:
        proxy.cut()
    it.await_written("connections are cut")
    for proxy in it.cluster.proxies:
        proxy.refuse()
    it.await_written("a node is cut off from the brokers")
    for proxy in it.cluster.proxies:
        proxy.admit()
    it.await_written()


def _fill_a_disk(it: Floor) -> None:
    if it.disk is None:
        return
    node = it.nodes[1]
    it.disk.fill()
    code = node.await_end()
    assert code == 1, node.said()
    it.await_written("a disk is full")
    it.disk.free()
    node.start()
    it.await_written()


def _restart_in_turn(it: Floor) -> None:
    for node in it.nodes:
        node.stop()
        node.start()
        it.await_written("a node is restarted")


def _report(it: Floor, writing_s: float) -> str:
    spans = (f"  {what}: {len(found)} times, written again after {median(found):.1f} s, at most {max(found):.1f} s"
             for what, found in sorted(it.away_s.items()))
    return "\n".join([f"clients wrote for {writing_s:.0f} s; sent again: {dict(it.history.refused)}", *spans])


Fault = Callable[[Floor], None]
FAULTS: list[tuple[int, Fault]] = [(4, _freeze_an_owner), (5, _cut_a_node_off), (7, _fill_a_disk), (10, _restart_in_turn)]
"""Each of them after so many rounds of kills."""


@contextmanager
def floor(folder: Path, database: str, seed: int) -> Iterator[Floor]:
    with ExitStack() as closing:
        cluster = Cluster(folder / "brokers")
        closing.callback(cluster.kill)
        cluster.start()
        disk = None
        try:
            disk = SmallDisk(folder / "n2" / "journal", REPLICA_MEBIBYTES)
            closing.callback(disk.close)
        except CannotMount as reason:
            print(f"no disk is filled: {reason}")
        it = Floor(folder, cluster, database, seed, disk)
        for node in it.nodes:
            closing.callback(_end, node)
            node.start()
        yield it


def _end(node: Node) -> None:
    if node.runs:
        node.thaw()
        node.kill()


@contextmanager
def clients(it: Floor) -> Iterator[list[ClusterClient]]:
    """They write until the block ends, then until all is acknowledged. Each begins at another node."""
    tenants = tenants_at_home(PARTITIONS)
    with connect(it.addresses, attempts_max=60) as client:
        prepare(client, tenants)
    writing: list[ClusterClient] = [
        kind(kind.__name__, it.addresses[turn:] + it.addresses[:turn], it.history, Random(it.random.random()), tenants)
        for turn, kind in enumerate((Caller, Streamer, Wanderer, Analyst), 1)
    ]
    for client in writing:
        client.start()
    try:
        yield writing
    except BaseException:
        for client in writing:
            client.stop()
        raise
    for client in writing:
        client.finish()
