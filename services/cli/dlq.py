"""``opsledger dlq``: what the ingress refused, and sending it again."""
from __future__ import annotations

import base64
import json
import sys
from typing import TYPE_CHECKING, Annotated, Any

import typer

from opsledger.services.cli.exchange import Config, KafkaServers, Prefix, exchange_of
from opsledger.services.cli.options import AsJson

if TYPE_CHECKING:
    from opsledger.services.exchange.dead_letters import DeadLetter

group = typer.Typer(no_args_is_help=True, help="Records of the inbound topic that could not be recorded, with the reason for each.")


@group.command("list")
def list_(
    kafka: KafkaServers = "",
    prefix: Prefix = "",
    config: Config = None,
    sent_too: Annotated[bool, typer.Option("--all", help="Those that were sent again, too.")] = False,
    limit: Annotated[int, typer.Option(help="At most so many.", min=1)] = 50,
    as_json: AsJson = False,
) -> None:
    """The dead letters that wait, the oldest first."""
    from opsledger.services.exchange.replay import DeadLetters

    dead = DeadLetters(exchange_of(kafka, prefix, config))
    found, waiting, sent_up_to = dead.letters(sent_too=sent_too, limit=limit), dead.waiting(), dead.sent_up_to()
    sent = [letter.record.offset < sent_up_to.get(letter.record.partition, 0) for letter in found]
    if as_json:
        print(json.dumps({
            "waiting": waiting, "letters": [_document(letter, again) for letter, again in zip(found, sent, strict=True)],
        }))
        return
    _print(found, sent)
    print(f"{waiting:,} dead letters wait; `opsledger dlq replay` sends them to the inbound topic again" if waiting else "none waits")


@group.command()
def replay(
    kafka: KafkaServers = "",
    prefix: Prefix = "",
    config: Config = None,
    limit: Annotated[int | None, typer.Option(help="Only the oldest so many.", min=1, show_default=False)] = None,
    as_json: AsJson = False,
) -> None:
    """Send the dead letters that wait to the inbound topic, as they came. What is still wrong comes back as a new dead letter."""
    from opsledger.services.cli.progress import progress_bar
    from opsledger.services.exchange.replay import DeadLetters

    dead = DeadLetters(exchange_of(kafka, prefix, config))
    waiting = dead.waiting()
    with progress_bar("sending again", waiting if limit is None else min(waiting, limit)) as advance:
        sent = dead.replay(limit=limit, progress=advance)
    print(json.dumps({"sent": sent}) if as_json else f"{sent:,} dead letters sent again")


def _print(found: list[DeadLetter], sent: list[bool]) -> None:
    from rich.console import Console
    from rich.table import Table

    if not found:
        return
    table = Table("came from", "key", "reason", "what is wrong", "refused", "sent again", box=None)
    for letter, again in zip(found, sent, strict=True):
        table.add_row(
            f"{letter.partition}/{letter.offset}", (letter.record.key or b"").decode("utf-8", "replace"), letter.reason,
            letter.description, f"{letter.attempts}x", "yes" if again else "",
        )
    Console(soft_wrap=True, file=sys.stdout).print(table)


def _document(letter: DeadLetter, again: bool) -> dict[str, Any]:
    record = letter.record
    return {
        "reason": letter.reason, "field": letter.field, "description": letter.description, "topic": letter.topic,
        "partition": letter.partition, "offset": letter.offset, "attempts": letter.attempts, "sent_again": again,
        "key_base64": _base64(record.key), "value_base64": _base64(record.value),
        "headers": [[name, value.decode("utf-8", "replace")] for name, value in record.headers],
        "dead_letter": {"partition": record.partition, "offset": record.offset, "at_ms": record.timestamp},
    }


def _base64(data: bytes | None) -> str | None:
    return None if data is None else base64.b64encode(data).decode()
