"""``opsledger journal``: look into a journal, also while a server writes to it."""
from __future__ import annotations

import json
import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from opsledger.core.errors import FieldViolation, InvalidInput
from opsledger.core.ports import RecordedEvent
from opsledger.services.cli.options import DEFAULT_JOURNAL, AsJson, JournalFolder
from opsledger.services.cli.progress import progress_bar

if TYPE_CHECKING:
    from opsledger.services.journal.verification import Verification

EXIT_DAMAGED = 1
group = typer.Typer(no_args_is_help=True, help="Look into a journal: verify, stat, cat. None of them changes it.")


@group.command("verify")
def verify_command(journal: JournalFolder = DEFAULT_JOURNAL, as_json: AsJson = False) -> None:
    """Walk every byte: checksums, the chain of hashes, positions, versions. Exit code 1 with position, file and byte on damage."""
    from opsledger.services.journal.folders import partition_folders

    found = [_verify(folder) for folder in partition_folders(journal)]
    if as_json:
        print(json.dumps(_whole([_verified(checked) for checked in found])))
    for number, checked in enumerate(found):
        name = f"Partition {number}" if len(found) > 1 else "The journal"
        if not as_json:
            _print_table(f"{name} is {'damaged' if checked.damage else 'whole'}", _verified(checked) | {"damage": None})
        if checked.damage:
            print(f"error: {checked.damage}", file=sys.stderr)
            print(f"{checked.events} events before it are whole: `opsledger journal cat` prints them.", file=sys.stderr)
    if any(checked.damage for checked in found):
        raise typer.Exit(EXIT_DAMAGED)


@group.command("stat")
def stat_command(journal: JournalFolder = DEFAULT_JOURNAL, as_json: AsJson = False) -> None:
    """Count what is in it."""
    from opsledger.services.journal.folders import partition_folders

    found = [(folder, _verify(folder)) for folder in partition_folders(journal)]
    numbers = [_verified(checked) | _counted(folder, checked.events) for folder, checked in found]
    if as_json:
        print(json.dumps(_whole(numbers)))
    else:
        for (folder, _), counted in zip(found, numbers, strict=True):
            _print_table(f"Journal {folder}", counted | {"damage": None})
    if damage := next((checked.damage for _, checked in found if checked.damage), None):
        raise damage


@group.command("cat")
def cat_command(
    journal: JournalFolder = DEFAULT_JOURNAL,
    after: Annotated[int, typer.Option(min=0, help="Begin behind this position.")] = 0,
    limit: Annotated[int | None, typer.Option(min=0, help="Stop after as many events.")] = None,
    tenant: Annotated[str | None, typer.Option(help="Only of this tenant.")] = None,
    type_: Annotated[str | None, typer.Option("--type", help="Only of this type, or of all that begin with it: tickets.v1.")] = None,
    stream: Annotated[str | None, typer.Option(help="Only of this stream: 32 hexadecimal digits.")] = None,
) -> None:
    """Print events as JSON lines, in the order of their positions: partition after partition, where a node has several."""
    from opsledger.services.journal.readable import readable

    events = _events(journal, after, _stream_id(stream))
    left = limit
    for event in events:
        if left == 0:
            return
        if (tenant is None or event.tenant == tenant) and (type_ is None or event.type.startswith(type_)):
            print(json.dumps(readable(event), ensure_ascii=False))
            left = None if left is None else left - 1


def _stream_id(text: str | None) -> bytes | None:
    if text is None:
        return None
    try:
        stream_id = bytes.fromhex(text)
    except ValueError:
        stream_id = b""
    if len(stream_id) != 16:
        raise InvalidInput(FieldViolation("--stream", "MALFORMED", f"must be 32 hexadecimal digits, not {text!r}"))
    return stream_id


def _events(folder: Path, after: int, stream_id: bytes | None) -> Iterator[RecordedEvent]:
    from opsledger.core.partitions import begin_of, partition_at
    from opsledger.services.journal.folders import open_partitions

    with open_partitions(folder) as partitions:
        for part in partitions[partition_at(after):]:
            after = max(after, begin_of(part.number))
            if stream_id is not None:
                yield from (event for event in part.read_stream(stream_id) if event.position > after)
                continue
            while events := part.read(after):
                yield from events
                after = events[-1].position


def _verify(folder: Path) -> Verification:
    from opsledger.services.journal.segment import journal_files
    from opsledger.services.journal.verification import journal_bytes, verify

    files = journal_files(folder)
    with progress_bar("Verifying", journal_bytes(files)) as progress:
        return verify(files, progress)


def _verified(checked: Verification) -> dict[str, Any]:
    damage = checked.damage
    return {
        "ok": damage is None, "events": checked.events, "commits": checked.commits, "streams": checked.streams,
        "segments": checked.segments, "bytes": checked.size_bytes, "head_hash": checked.head_hash.hex(),
        "unacknowledged_bytes": checked.tail.size if checked.tail else 0,
        "damage": damage and {"position": damage.position, "segment": damage.segment, "offset": damage.offset, "reason": damage.text},
    }


def _whole(parts: list[dict[str, Any]]) -> dict[str, Any]:
    """One is said as it is."""
    if len(parts) == 1:
        return parts[0]
    return {"ok": all(part["ok"] for part in parts), "partitions": [{"partition": number, **part} for number, part in enumerate(parts)]}


def _counted(folder: Path, until: int) -> dict[str, Any]:
    from opsledger.services.journal.readable import iso_time

    tenants: Counter[str] = Counter()
    types: Counter[str] = Counter()
    first = last = None
    with progress_bar("Counting", until) as progress:
        for event in _events(folder, 0, None) if until else ():
            if event.position > until:
                break
            tenants[event.tenant] += 1
            types[event.type] += 1
            first, last = first or event, event
            progress(1)
            if event.position == until:
                break
    return {
        "tenants": dict(tenants.most_common()), "types": dict(types.most_common()),
        "first_recorded_at": iso_time(first.recorded_at_us) if first else None,
        "last_recorded_at": iso_time(last.recorded_at_us) if last else None,
    }


def _print_table(title: str, numbers: dict[str, Any]) -> None:
    from rich.console import Console
    from rich.table import Table

    table = Table("", "", title=title, show_header=False, title_justify="left")
    table.columns[1].overflow = "fold"
    for name, value in numbers.items():
        if name != "ok" and value is not None:
            shown = "\n".join(f"{part or '(none)'}: {count:,}" for part, count in value.items()) if isinstance(value, dict) else value
            table.add_row(name.replace("_", " "), f"{shown:,}" if isinstance(shown, int) else str(shown))
    Console().print(table)
