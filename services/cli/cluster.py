"""``opsledger cluster``: how the nodes of one journal share it."""
from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import typer

from opsledger.services.cli.options import AsJson
from opsledger.services.cli.remote import ServerAddress, Token, server_client

if TYPE_CHECKING:
    from opsledger.proto.cluster.v1 import cluster_pb2 as pb

group = typer.Typer(no_args_is_help=True, help="The nodes of one journal: docs/kafka.md.")
EXIT_WRONG = 1
DEFAULT_SERVER = "127.0.0.1:50051"


@group.callback()
def _group() -> None:
    """Makes the one command a subcommand."""


@group.command()
def status(server: ServerAddress = DEFAULT_SERVER, token: Token = "", as_json: AsJson = False) -> None:
    """Partitions, their owners and how far behind anything is, as one node sees it.

    Exit code 1 when a partition has no owner that is there, or Kafka does not answer.
    """
    from opsledger.services.cli.cluster_tables import show
    from opsledger.services.cli.json_output import print_json

    with server_client(server, token) as client:
        found = client.cluster.GetStatus()
    problems = list(_problems(found))
    if as_json:
        print_json(found)
    else:
        show(found)
    for problem in problems:
        typer.echo(f"warning: {problem}", err=True)
    if problems:
        raise typer.Exit(EXIT_WRONG)


def _problems(found: pb.GetStatusResponse) -> Iterator[str]:
    if not found.node:
        return  # a journal in a folder
    if any(not node.HasField("is_member") for node in found.nodes):
        yield f"Kafka does not answer {found.node}"
        return
    there = {node.node for node in found.nodes if node.is_member}
    for partition in found.partitions:
        if not partition.owner:
            yield f"nobody owns partition {partition.partition} yet"
        elif partition.owner not in there:
            yield f"{partition.owner}, which owned partition {partition.partition}, is away; another node takes it over"
