"""``opsledger topics``: the topics through which other systems give and take events, and how their tools read them."""
from __future__ import annotations

import json
from importlib.resources import files
from pathlib import Path
from typing import Annotated

import typer

from opsledger.core.errors import NotFound
from opsledger.services.cli.exchange import Config, KafkaServers, Prefix, exchange_of
from opsledger.services.cli.options import AsJson

group = typer.Typer(no_args_is_help=True, help="The Kafka topics for other systems: docs/exchange.md.")
DESCRIPTORS = "opsledger.binpb"


@group.command("list")
def list_(kafka: KafkaServers = "", prefix: Prefix = "", config: Config = None, as_json: AsJson = False) -> None:
    """Every topic: what it holds, by which key, whether it is there."""
    from rich.console import Console
    from rich.table import Table

    from opsledger.services.exchange.making import topics_there

    exchange = exchange_of(kafka, prefix, config)
    there = topics_there(exchange.kafka)
    if as_json:
        print(json.dumps([topic._asdict() | {"is_there": topic.name in there} for topic in exchange.topics]))
        return
    table = Table("topic", "holds", "key", "", box=None)
    for topic in exchange.topics:
        table.add_row(topic.name, topic.holds, topic.key, "" if topic.name in there else "not there yet")
    Console(soft_wrap=True).print(table)


@group.command()
def create(kafka: KafkaServers = "", prefix: Prefix = "", config: Config = None, as_json: AsJson = False) -> None:
    """Make the topics that are not there, with their settings, and check the settings of the others; a server does so by itself."""
    from opsledger.services.exchange.making import ensure_topics

    exchange = exchange_of(kafka, prefix, config)
    made = ensure_topics(exchange.kafka, tuple(exchange.topics))
    if as_json:
        print(json.dumps({"made": made}))
    else:
        print("\n".join([*(f"made {name}" for name in made), "all topics are there"]))


@group.command()
def descriptors(file: Annotated[Path, typer.Argument(help="Where to write it.", dir_okay=False)] = Path(DESCRIPTORS)) -> None:
    """Write the protobuf descriptor set of all messages: for protoc --descriptor_set_in and tools that read topics."""
    source = files("opsledger.proto") / DESCRIPTORS
    if not source.is_file():
        raise NotFound("descriptor set in this installation; build it with `make proto`:", DESCRIPTORS)
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_bytes(source.read_bytes())
    print(f"written to {file}")
