"""Which exchange a command means: the settings of the server, or --kafka and --prefix."""
from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from opsledger.core.errors import FieldViolation, InvalidSettings

if TYPE_CHECKING:
    from opsledger.services.exchange.topics import Exchange

KafkaServers = Annotated[
    str, typer.Option("--kafka", help="Some of the brokers; else as the settings say.", metavar="HOST:PORT,…", show_default=False)
]
Prefix = Annotated[str, typer.Option(help="Of the topics' names.  [default: opsledger]", show_default=False)]
Config = Annotated[Path | None, typer.Option(envvar="OPSLEDGER_CONFIG", help="The server's settings (YAML).", dir_okay=False)]


def exchange_of(kafka: str, prefix: str, config: Path | None) -> Exchange:
    """Raises InvalidSettings when nothing says where Kafka is."""
    from opsledger.services.exchange.topics import Exchange
    from opsledger.services.journal.kafka.settings import KafkaLink
    from opsledger.services.settings import load_settings

    known = load_settings(config).exchange
    if kafka:
        link = known.kafka.model_dump() if known else {}
        known = Exchange(kafka=KafkaLink.model_validate(link | {"bootstrap_servers": kafka}), prefix=known.prefix if known else "opsledger")
    if known is None:
        raise InvalidSettings(FieldViolation("--kafka", "REQUIRED", "say where Kafka is, or give --config with a section `exchange`"))
    return known.model_copy(update={"prefix": prefix}) if prefix else known
