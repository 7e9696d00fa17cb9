"""A journal in several partitions: which one an event belongs to, and positions that are one numbering across all of them.

What people decide for a tenant, and its rules, stand in the tenant's home: one command is one commit there, and its request id is
known there. Facts are spread by ticket. So the order that anything relies on is always that of one partition.
"""
from __future__ import annotations

from opsledger.core.ports import NewEvent
from opsledger.core.tickets.identity import name16

POSITION_BITS = 40
PARTITIONS_MAX = 1 << 13
"""Positions stay below 2**53 then, which every reader of JSON holds exactly."""
_SPREAD = "tickets."
"""Types whose streams are spread over all partitions."""


def begin_of(partition: int) -> int:
    """The position before a partition's first event: its events follow it without gaps. 0 for the first partition, so a journal
    of one partition is numbered from 1."""
    return partition << POSITION_BITS


def partition_at(position: int) -> int:
    """Which partition a position (or the begin of one) is of."""
    return position >> POSITION_BITS


def home_of(tenant: str, partitions: int) -> int:
    """Where the decisions and rules of a tenant stand."""
    return _chosen(name16("home", tenant), partitions)


def partition_of_stream(stream_id: bytes, partitions: int) -> int:
    """Where the facts of a ticket stand, and what is announced about it."""
    return _chosen(stream_id, partitions)


def partition_of(event: NewEvent, partitions: int) -> int:
    """Where an event stands, unless its writer knows better."""
    if event.type.startswith(_SPREAD):
        return partition_of_stream(event.stream_id, partitions)
    return home_of(event.tenant, partitions)


def _chosen(name: bytes, partitions: int) -> int:
    return int.from_bytes(name[:8], "little") % partitions
