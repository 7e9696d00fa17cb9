"""The consumer group of the nodes, seen from outside: who is a member, and how a member is taken out."""
from __future__ import annotations

from typing import Any, NamedTuple

from kafka.admin import MemberToRemove

from opsledger.services.journal.kafka.link import Unreachable, admin_client
from opsledger.services.journal.kafka.settings import KafkaLink


class Member(NamedTuple):
    """A node that takes part, or did until a moment ago."""

    node: str
    assigned: tuple[int, ...]
    """Partitions that are to be its own."""


def group_of(link: KafkaLink) -> str:
    return f"{link.topic}.nodes"


def members(link: KafkaLink) -> list[Member]:
    """By name. Raises JournalUnreachable."""
    admin = admin_client(link)
    try:
        with Unreachable("the group of nodes is not told"):
            described = admin.describe_groups([group_of(link)])[group_of(link)]
        return sorted(_member(one, link.topic) for one in described["members"])
    finally:
        admin.close()


def _member(described: dict[str, Any], topic: str) -> Member:
    assignment = described["member_assignment"] or {"assigned_partitions": []}
    numbers = [number for part in assignment["assigned_partitions"] if part["topic"] == topic for number in part["partitions"]]
    return Member(described["group_instance_id"] or described["member_id"], tuple(sorted(numbers)))


def remove(link: KafkaLink, node: str) -> None:
    """Take a node out at once, instead of when nothing was heard of it for the session time. Raises JournalUnreachable."""
    admin = admin_client(link)
    try:
        with Unreachable("the node cannot be taken out of the group"):
            admin.remove_group_members(group_of(link), [MemberToRemove(group_instance_id=node)])
    finally:
        admin.close()
