"""The nodes of a journal on a terminal."""
from __future__ import annotations

from collections.abc import Iterable

from rich.markup import escape
from rich.table import Table

from opsledger.core.partitions import begin_of
from opsledger.proto.cluster.v1 import cluster_pb2 as pb
from opsledger.services.cli.listing import wide_console


def show(found: pb.GetStatusResponse) -> None:
    console = wide_console()
    if not found.node:
        console.print("the journal is a folder of this server: one node, one partition")
    partitions = Table("partition", "owner", "address", box=None, padding=(0, 2, 0, 0))
    for name in ("epoch", "events", "not read yet", "not in the read models yet"):
        partitions.add_column(name, justify="right")
    for each in found.partitions:
        partitions.add_row(
            str(each.partition), escape(each.owner) or "-", escape(each.address) or "-", str(each.epoch),
            str(each.position - begin_of(each.partition)), str(each.replica_lag) if each.HasField("replica_lag") else "?",
            str(each.read_models_lag) if each.HasField("read_models_lag") else "?",
        )
    console.print(partitions)
    if not found.nodes:
        return
    nodes = Table("node", "address", "owns", "is to own", "", box=None, padding=(0, 2, 0, 0))
    for node in found.nodes:
        nodes.add_row(escape(node.node), escape(node.address) or "-", _numbers(node.owned), _numbers(node.assigned), _state(node))
    console.print()
    console.print(nodes)
    console.print(f"as {found.node} sees it", style="dim", highlight=False)


def _numbers(numbers: Iterable[int]) -> str:
    return ", ".join(map(str, numbers)) or "-"


def _state(node: pb.NodeStatus) -> str:
    if not node.HasField("is_member"):
        return "?"
    return "" if node.is_member else "away"
