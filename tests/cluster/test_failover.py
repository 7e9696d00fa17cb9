"""The failover campaign: ``make test-cluster``. Three brokers, two nodes that take over from each other, everything killed in turn.

CLUSTER_KILLS says how often (20), CLUSTER_SEED repeats a run.
"""
from __future__ import annotations

import os
import signal
from pathlib import Path
from random import Random

import pytest

from opsledger.services.journal.kafka.journal import KafkaJournal
from tests.kit.kafka import Cluster
from tests.kit.kafka_checks import all_events, read_from_topic, segments
from tests.kit.kafka_writer import Writer

pytestmark = pytest.mark.cluster
KILLS = int(os.environ.get("CLUSTER_KILLS", "20"))
FROZEN_EVERY = 4


def test_nothing_is_lost_or_doubled_whatever_is_killed(tmp_path: Path) -> None:
    seed = int(os.environ.get("CLUSTER_SEED", "0")) or Random().randrange(1, 1 << 32)
    print(f"CLUSTER_SEED={seed}")
    random = Random(seed)
    cluster = Cluster(tmp_path / "brokers")
    try:
        cluster.start()
        _campaign(tmp_path, cluster, random)
    finally:
        cluster.kill()


def _campaign(folder: Path, cluster: Cluster, random: Random) -> None:
    link = cluster.link()
    acknowledged: dict[str, int] = {}
    for round_ in range(KILLS):
        node, other = "ab" if round_ % 2 else "ba"
        writer = Writer(folder / node, link, node, round_)
        writer.write(random.randrange(100, 500))
        broker = random.choice(cluster.brokers)
        broker.kill()
        writer.write(random.randrange(100, 500))
        if round_ % FROZEN_EVERY == 0:
            writer.process.send_signal(signal.SIGSTOP)
            following = Writer(folder / other, link, other, f"{round_}+")
            following.write(200)
            writer.process.send_signal(signal.SIGCONT)
            writer.finish()
            assert writer.moved_to == other
            acknowledged |= writer.acknowledged
            writer = following
        writer.kill()
        acknowledged |= writer.acknowledged
        broker.start()
    events, fresh = read_from_topic(folder / "fresh", link)
    keys = [event.key.rstrip(b".").decode() for event in events]
    assert len(set(keys)) == len(keys)
    assert {key: position for key, position in acknowledged.items() if keys[position - 1] != key} == {}
    assert len(acknowledged) >= KILLS * 200
    for node in "ab":
        with KafkaJournal(folder / node, link, node=node, owner=False) as journal:
            assert all_events(journal) == events
        assert segments(folder / node) == fresh
    print(f"{KILLS} nodes and {KILLS} brokers killed, {len(acknowledged)} commits acknowledged, {len(events)} recorded")
