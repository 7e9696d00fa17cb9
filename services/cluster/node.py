"""One node of a journal on Kafka: a replica of every partition, the ones it writes, and the way to the others."""
from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path
from threading import Event
from time import monotonic, sleep
from typing import TypeVar

from opsledger.core.errors import JournalError, JournalUnreachable
from opsledger.proto.cluster.v1 import cluster_pb2 as pb
from opsledger.services.cluster.group import members, remove
from opsledger.services.cluster.holder import Holder
from opsledger.services.cluster.membership import Membership
from opsledger.services.cluster.partition import SharedPartition
from opsledger.services.cluster.peers import Peers
from opsledger.services.cluster.status import describe
from opsledger.services.journal.kafka.journal import KafkaJournal
from opsledger.services.journal.kafka.settings import KafkaLink
from opsledger.services.journal.kafka.topic import ensure_topic
from opsledger.services.journal.partitions import PartitionedJournal

_OPENING_MAX = 8
"""Replicas that are opened at the same time."""
_LOOK_S = 0.5
_CLAIM_LOOK_S, _OTHERS_LOOK_S = 0.02, 1.0
_AGAIN_S = 0.5
T = TypeVar("T")
_log = logging.getLogger(__name__)


class ClusterJournal(PartitionedJournal):
    """The whole journal, as every node has it: any node takes any commit. It owns nothing before it has joined the other nodes."""

    def __init__(self, folder: Path, link: KafkaLink, node: str, peers: Peers) -> None:
        """Opens the replicas, in ``folder/0`` and so on, and catches up. Raises what KafkaJournal raises."""
        self.node, self._link = node, link
        self._peers = peers
        self.journals = _open(folder, link, node)
        super().__init__([
            SharedPartition(journal, number, node, self._peers, link.delivery_timeout_s)
            for number, journal in enumerate(self.journals)
        ])
        self.holders = [Holder(journal, number, self._doubt) for number, journal in enumerate(self.journals)]
        self._membership = Membership(link, node, self.holders)

    def _doubt(self) -> None:
        self._membership.doubt()

    def join(self, address: str) -> None:
        """Become one of the nodes, reached at ``address``; return when this node has claimed what is its own, or that takes too
        long: it goes on then, and so does this node."""
        deadline_s = monotonic() + 2 * self._link.session_timeout_s
        for holder in self.holders:
            holder.start(address)
        self._membership.start()
        self._membership.wait_joined(deadline_s - monotonic())
        for holder in self.holders:
            holder.wait_settled(max(deadline_s - monotonic(), 0))

    def hand_over(self, timeout_s: float) -> None:
        """Give every partition to the other nodes, and return when they have claimed them, or have gone too, or it takes too long; this
        node goes on taking commits, which they record. Without others it keeps them until it is closed, and its place for when it is
        back."""
        deadline_s = monotonic() + timeout_s
        try:
            if self._membership.ended or not self._has_others():
                return
            owned = [journal for journal in self.journals if journal.is_owner]
            self._give_up()
            remove(self._link, self.node)
            while not _claimed_elsewhere(owned, min(monotonic() + _OTHERS_LOOK_S, deadline_s)):
                if monotonic() >= deadline_s or not self._has_others():
                    return
        except Exception as error:  # whatever it is, this node ends all the same
            _log.warning("the other nodes take over after %s s: %s", self._link.session_timeout_s, error)

    def _has_others(self) -> bool:
        return any(member.node != self.node for member in members(self._link))

    def _give_up(self) -> None:
        self._membership.stop()
        for holder in self.holders:
            holder.stop()

    def describe(self, status: pb.GetStatusResponse) -> None:
        """Fill in what is known of the nodes."""
        describe(status, self.node, self._link, self.journals)

    def follow(self, stop: Event) -> None:
        """Return when ``stop`` is set; raises JournalStopped when this node cannot go on."""
        while not stop.wait(_LOOK_S):
            for problem in (self._membership.ended, *(journal.failed for journal in self.journals)):
                if problem:
                    raise problem

    def close(self) -> None:
        self._give_up()
        self._peers.close()
        super().close()


def _claimed_elsewhere(journals: Sequence[KafkaJournal], deadline_s: float) -> bool:
    while not (claimed := all(journal.is_claimed_elsewhere for journal in journals)) and monotonic() < deadline_s:
        sleep(_CLAIM_LOOK_S)
    return claimed


def _open(folder: Path, link: KafkaLink, node: str) -> Sequence[KafkaJournal]:
    if folder.is_dir() and any(folder.glob("*.segment")):
        raise JournalError(f"{folder} holds a journal that is no replica of {link.topic}; choose another folder")
    topic = _reached(link, lambda: ensure_topic(link))

    def open_one(number: int) -> KafkaJournal:
        return _reached(link, lambda: KafkaJournal(folder / str(number), link, node=node, partition=number, owner=False, topic=topic))

    with ExitStack() as opened, ThreadPoolExecutor(_OPENING_MAX) as pool:
        journals = []
        problem: Exception | None = None
        for opening in [pool.submit(open_one, number) for number in range(topic.partitions)]:
            try:
                journals.append(opened.enter_context(opening.result()))
            except Exception as error:  # the first is raised when all that were being opened are closed
                problem = problem or error
        if problem:
            raise problem
        opened.pop_all()
    return journals


def _reached(link: KafkaLink, what: Callable[[], T]) -> T:
    """Try again while Kafka does not answer, as long as a commit would be sent again: brokers halt for seconds when their disk does, and a
    node that starts just then would have to be started by hand. What a broker refuses it refuses at once."""
    deadline_s = monotonic() + link.delivery_timeout_s
    while True:
        try:
            return what()
        except JournalUnreachable as error:
            if monotonic() > deadline_s or not getattr(error.__cause__, "retriable", True):
                raise
            _log.warning("%s; trying again", error)
            sleep(_AGAIN_S)
