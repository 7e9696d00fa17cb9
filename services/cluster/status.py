"""How the nodes of a topic share it: what the log says of the owners, and the group of who is there."""
from __future__ import annotations

from collections.abc import Sequence

from kafka import TopicPartition

from opsledger.core.errors import JournalUnreachable
from opsledger.proto.cluster.v1 import cluster_pb2 as pb
from opsledger.services.cluster.group import Member, members
from opsledger.services.journal.kafka.journal import KafkaJournal
from opsledger.services.journal.kafka.link import Unreachable, consumer_client, release
from opsledger.services.journal.kafka.settings import KafkaLink


def describe(status: pb.GetStatusResponse, node: str, link: KafkaLink, journals: Sequence[KafkaJournal]) -> None:
    """Fill in what is known of the nodes. What Kafka does not answer stays unset."""
    status.node = node
    for partition, journal in zip(status.partitions, journals, strict=True):
        claim = journal.owner
        partition.owner, partition.address, partition.epoch = claim.node, claim.address, claim.epoch
    known: list[Member] | None = None
    try:
        for partition, journal, end in zip(status.partitions, journals, _ends(link, len(journals)), strict=True):
            partition.replica_lag = max(end - journal.next_offset, 0)
        known = members(link)
    except JournalUnreachable:
        pass  # to be seen by what is not set
    status.nodes.extend(_nodes(status.partitions, known))


def _ends(link: KafkaLink, partitions: int) -> list[int]:
    """The offset after the last record of each partition."""
    consumer = consumer_client(link)
    try:
        with Unreachable("the ends of the topic are not told"):
            ends = consumer.end_offsets([TopicPartition(link.topic, number) for number in range(partitions)])
    finally:
        release(consumer)
    return [ends[TopicPartition(link.topic, number)] for number in range(partitions)]


def _nodes(partitions: Sequence[pb.PartitionStatus], known: Sequence[Member] | None) -> list[pb.NodeStatus]:
    """Members of the group, and whoever owns something by the log, by name."""
    nodes: dict[str, pb.NodeStatus] = {}
    for partition in partitions:
        if partition.owner:
            owner = nodes.setdefault(partition.owner, pb.NodeStatus(node=partition.owner))
            owner.owned.append(partition.partition)
            owner.address = partition.address
    for member in known or ():
        nodes.setdefault(member.node, pb.NodeStatus(node=member.node)).assigned.extend(member.assigned)
    if known is not None:
        there = {member.node for member in known}
        for name, node in nodes.items():
            node.is_member = name in there
    return [nodes[name] for name in sorted(nodes)]
