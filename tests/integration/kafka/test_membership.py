"""The group of nodes on a real broker, without what the nodes do with what it gives them."""
from __future__ import annotations

from pathlib import Path
from threading import Event
from typing import Any, cast

import pytest

from opsledger.services.cluster import membership as membership_module
from opsledger.services.cluster.membership import Membership
from opsledger.services.journal.kafka.link import admin_client
from opsledger.services.journal.kafka.settings import KafkaLink
from opsledger.services.journal.kafka.topic import ensure_topic
from tests.kit.kafka import distant_broker, shared_broker


class Held:
    """Stands for the holder of a partition, which would claim it."""

    is_wanted = False

    def __init__(self) -> None:
        self.given = Event()

    def hold(self) -> None:
        self.is_wanted = True
        self.given.set()

    def let_go(self) -> None:
        self.is_wanted = False

    def wait_settled(self, timeout_s: float) -> bool:
        return True


def test_a_node_that_joined_before_its_broker_knew_of_the_topic_gets_the_partitions() -> None:
    link, held = shared_broker(partitions=2), [Held(), Held()]
    membership = Membership(link, "n1", cast(Any, held))
    membership.start()
    try:
        assert not membership.wait_joined(1)
        ensure_topic(link)
        assert all(one.given.wait(30) for one in held)
    finally:
        membership.stop()


def test_a_node_that_takes_long_to_share_out_added_partitions_gets_them(tmp_path: Path) -> None:
    """Its broker answers later than the member looks, so that each step of joining outlasts a look."""
    held = [Held() for _ in range(4)]
    with distant_broker(tmp_path, lag_s=0.3) as (near, proxy):
        link = near.link(partitions=2)
        ensure_topic(link)
        membership = Membership(link.model_copy(update={"bootstrap_servers": (f"127.0.0.1:{proxy.port}",)}), "n1", cast(Any, held))
        membership.start()
        try:
            assert all(one.given.wait(30) for one in held[:2])
            admin = admin_client(link)
            admin.create_partitions({link.topic: 4})
            admin.close()
            proxy.cut()  # a client that lost its broker asks anew what there is
            assert all(one.given.wait(30) for one in held)
        finally:
            membership.stop()


def test_partitions_that_are_given_up_slowly_hold_up_the_heartbeats_no_longer_than_one(monkeypatch: pytest.MonkeyPatch) -> None:
    patience_s: list[float] = []

    class Slow(Held):
        def wait_settled(self, timeout_s: float) -> bool:
            patience_s.append(timeout_s)
            return Event().wait(timeout_s)

    monkeypatch.setattr(membership_module, "_RELEASE_S", 0.2)
    held = [Slow() for _ in range(8)]
    for one in held:
        one.hold()
    Membership(KafkaLink(bootstrap_servers=("127.0.0.1:1",)), "n1", cast(Any, held))._let_go(range(8))
    assert len(patience_s) == 8
    assert sum(patience_s) == pytest.approx(0.2, abs=0.01)
    assert not any(one.is_wanted for one in held)
