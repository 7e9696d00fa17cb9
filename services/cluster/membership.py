"""Which partitions should be this node's: a consumer group shares them out among the nodes that are alive.

It only proposes. Who owns a partition is decided by the claims in its log, so a member that is not up to date does no harm.
"""
from __future__ import annotations

import logging
from collections.abc import Iterable, Sequence
from threading import Event, Thread
from time import monotonic

from kafka import ConsumerRebalanceListener, KafkaConsumer, OffsetAndMetadata, TopicPartition
from kafka.coordinator.assignors.cooperative_sticky import CooperativeStickyAssignor
from kafka.errors import FencedInstanceIdError, KafkaError
from kafka.structs import MemberState

from opsledger.core.errors import JournalStopped, JournalUnreachable
from opsledger.services.cluster.group import group_of
from opsledger.services.cluster.holder import Holder
from opsledger.services.journal.kafka.link import Unreachable, begin, options, release
from opsledger.services.journal.kafka.settings import KafkaLink

_log = logging.getLogger(__name__)
_POLL_MS = 200
_RETRY_S = 1.0
_RELEASE_S = 2.0
"""How long a rebalance waits for partitions to be given up in order, all together: no heartbeat is sent meanwhile. After that they are
taken."""
_UNKNOWN_S = 0.1
"""How often a broker is asked that does not know of the topic yet: it is new."""
_HEARTBEATS = 20
"""Within a session. Nodes learn by them that partitions are shared out anew, and what moves is not written until they have."""


class Membership:
    """A member with a name that survives its process (KIP-345): a node that was killed and is back within the session time finds
    its partitions where they were. Partitions move one by one (KIP-429), the others are written on meanwhile."""

    def __init__(self, link: KafkaLink, node: str, holders: Sequence[Holder]) -> None:
        self._link, self._node, self._holders = link, node, holders
        self._stopping, self._joined, self._doubted = Event(), Event(), Event()
        self._ended: JournalStopped | None = None
        self._thread = Thread(target=self._run, name="membership", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def wait_joined(self, timeout_s: float) -> bool:
        """Until the group has told this node which partitions are its own."""
        return self._joined.wait(timeout_s)

    @property
    def ended(self) -> JournalStopped | None:
        """Why this node is no member any more and will not be again."""
        return self._ended

    def doubt(self) -> None:
        """Ask the group whether what it has given to this node is still so."""
        self._doubted.set()

    def stop(self) -> None:
        """Give everything up in order. The group keeps the place of this node for the session time. Idempotent."""
        self._stopping.set()
        if self._thread.ident is not None:
            self._thread.join()

    def _run(self) -> None:
        while not self._stopping.is_set():
            try:
                self._be_member()
            except FencedInstanceIdError:
                self._ended = JournalStopped(f"another process has joined as node {self._node}: every node needs a name of its own")
                _log.critical("%s", self._ended)
                self._let_go(range(len(self._holders)))
                return
            except (KafkaError, JournalUnreachable) as error:
                _log.warning("the group of nodes is not reached: %s; trying again, and writing what is owned by the log", error)
                self._stopping.wait(_RETRY_S)
            except Exception:  # whatever it is, it is said, and tried again: a node outside of the group gets nothing to do
                _log.exception("the group of nodes is left; joining again")
                self._stopping.wait(_RETRY_S)

    def _be_member(self) -> None:
        """Until told to stop, or the group does not know this member any more."""
        consumer = self._consumer()
        listener = _Listener(self, consumer)
        try:
            # A member that shares out what it does not know of gives nobody anything, and is not asked again.
            while not consumer.partitions_for_topic(self._link.topic):
                if self._stopping.wait(_UNKNOWN_S):
                    return
            consumer.subscribe([self._link.topic], listener=listener)
            while not self._stopping.is_set() and not listener.is_lost:
                consumer.poll(timeout_ms=_POLL_MS)
                if consumer.group_metadata().state is MemberState.STABLE:
                    self._agree(consumer, listener)
                else:
                    _insist(consumer)
        finally:
            listener.is_closing = not self._stopping.is_set()
            release(consumer)

    def _consumer(self) -> KafkaConsumer:
        session_ms = round(self._link.session_timeout_s * 1_000)
        with Unreachable("no member of the group"):
            return begin(
                KafkaConsumer, **options(self._link), group_id=group_of(self._link), group_instance_id=self._node, enable_auto_commit=False,
                partition_assignment_strategy=[CooperativeStickyAssignor], session_timeout_ms=session_ms,
                heartbeat_interval_ms=max(session_ms // _HEARTBEATS, 100), max_poll_interval_ms=max(3 * session_ms, 30_000),
                auto_offset_reset="latest", allow_auto_create_topics=False,
            )

    def _agree(self, consumer: KafkaConsumer, listener: _Listener) -> None:
        assigned = consumer.assignment()
        mine = {one.partition for one in assigned}
        if kept := [number for number, holder in enumerate(self._holders) if holder.is_wanted and number not in mine]:
            self._let_go(kept)  # they were given to another node while this one was away from the group
        self._joined.set()
        if not self._doubted.is_set() or not assigned:
            return
        self._doubted.clear()
        # A commit is refused unless this is a member of the current generation: the one question that the group answers.
        consumer.commit({one: OffsetAndMetadata(0, "", -1) for one in assigned}, timeout_ms=round(1_000 * self._link.request_timeout_s))
        if not listener.is_lost and consumer.assignment() == assigned:
            self._hold(assigned)

    def _hold(self, partitions: Iterable[TopicPartition]) -> None:
        for one in partitions:
            if one.partition < len(self._holders):
                self._holders[one.partition].hold()
            else:
                _log.error("partition %d was added to %s, whose events are spread over %d: nobody writes it",
                           one.partition, self._link.topic, len(self._holders))

    def _let_go(self, numbers: Iterable[int]) -> None:
        holders = [self._holders[number] for number in numbers if number < len(self._holders)]
        for holder in holders:
            holder.let_go()
        end_s = monotonic() + _RELEASE_S
        for holder in holders:
            holder.wait_settled(max(end_s - monotonic(), 0.0))


def _insist(consumer: KafkaConsumer) -> None:
    """See to it that the next poll takes up the joining that the last one ran out of time for.

    A member that joins because the topic's partitions became known or more (not because the group told it to) forgets, as soon as it
    has shared them out, that it wanted to (kafka-python 3.0.12): were a poll to end between that and the group's answer, none would
    look for the answer, and the member, silent while it joins, would be taken for dead. The client has no public call for it, as
    Java's has with ``enforceRebalance``; joining again from time to time instead leaves partitions without an owner meanwhile."""
    consumer._coordinator.request_rejoin()


class _Listener(ConsumerRebalanceListener):  # type: ignore[misc]  # the client has no types
    """Runs on the client's own loop, which sends the heartbeats: it waits for nothing but partitions that are given up."""

    def __init__(self, membership: Membership, consumer: KafkaConsumer) -> None:
        self._membership, self._consumer = membership, consumer
        self.is_lost = False
        """The group has given this member up."""
        self.is_closing = False
        """It is left only to be joined again: what is owned stays so."""

    def on_partitions_assigned(self, assigned: Iterable[TopicPartition]) -> None:
        self._consumer.pause(*assigned)  # it reads nothing: the replicas do
        self._membership._hold(assigned)

    def on_partitions_revoked(self, revoked: Iterable[TopicPartition]) -> None:
        if not self.is_closing:
            self._membership._let_go(one.partition for one in revoked)

    def on_partitions_lost(self, lost: Iterable[TopicPartition]) -> None:
        self.is_lost = True
        self._membership._let_go(one.partition for one in lost)
