"""The group of nodes on a real broker, without what the nodes do with what it gives them."""
from __future__ import annotations

from threading import Event
from typing import Any, cast

from opsledger.services.cluster.membership import Membership
from opsledger.services.journal.kafka.topic import ensure_topic
from tests.kit.kafka import shared_broker


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
