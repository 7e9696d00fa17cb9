"""What an import did or why it did nothing, for people and for machines."""
from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import fields
from datetime import UTC, datetime, timedelta
from enum import Enum
from typing import TYPE_CHECKING

from opsledger.core.errors import FieldViolation, InvalidInput, OpsledgerError

if TYPE_CHECKING:
    from opsledger.core.tickets.facts import Fact
    from opsledger.services.importers.summary import Summary


@contextmanager
def answering(as_json: bool, dry_run: bool) -> Iterator[None]:
    """For machines, an import that is refused has a summary too. The error goes on: it is told on stderr and by the exit code."""
    try:
        yield
    except OpsledgerError as error:
        if as_json:
            from opsledger.services.importers.summary import Summary

            found = error.violations if isinstance(error, InvalidInput) else (FieldViolation("", error.reason, str(error)),)
            print_summary(Summary(invalid=getattr(error, "rows", 0), problems=[*found], dry_run=dry_run, refused=True), as_json)
        raise


def print_summary(summary: Summary, as_json: bool) -> None:
    if as_json:
        print(json.dumps(summary.as_json(), ensure_ascii=False))
        return
    if summary.facts:
        _print_facts(summary.facts)
    _print_counts(summary)
    for remark in summary.remarks:
        print(f"note: {remark}", file=sys.stderr)
    for violation in summary.problems:
        print(f"left out: {violation.field}: {violation.description}", file=sys.stderr)


def _print_counts(summary: Summary) -> None:
    from rich.console import Console
    from rich.table import Table

    table = Table(show_header=False, box=None)
    table.add_column(justify="right")
    table.add_column()
    lines: list[tuple[int, str]] = [(summary.rows, "rows"), (summary.tickets, "tickets"), (summary.events, "events")]
    if summary.dry_run:
        lines.append((0, "recorded: this was a dry run"))
    else:
        lines += [(summary.recorded, "recorded"), (summary.duplicates, "known already")]
    lines += [(summary.differing, "of these with other content: what was recorded first stands")] * bool(summary.differing)
    lines += [(summary.invalid, "invalid rows left out")] * bool(summary.invalid)
    lines += [(count, what) for what, count in summary.notes.items()]
    for count, what in lines:
        table.add_row(f"{count:,}", what)
    Console().print(table)


def _print_facts(facts: list[tuple[int, bytes]]) -> None:
    """The facts of one ticket, in the order of the fold, with the lines that say them."""
    from rich.console import Console
    from rich.table import Table

    from opsledger.services.importers.writing import kind
    from opsledger.services.tickets.codec import decode_bytes

    table = Table("line", "at (UTC)", "by", "fact", "", box=None)
    for line, event in facts:
        fact = decode_bytes(event)
        who = f"{fact.actor.kind} {fact.actor.id}".strip()
        table.add_row(str(line), _instant(fact.occurred_at_us), who, kind(fact.fact), _said(fact.fact))
    Console().print(table)


def _said(fact: Fact) -> str:
    """Its fields, as a mapping names them; those that say nothing are left out."""
    said = []
    for field in fields(fact):
        value = getattr(fact, field.name)
        if value in (field.default, {}, ()):
            continue
        if field.name.endswith("_us"):
            value = _instant(value) if field.name == "due_at_us" else timedelta(microseconds=value)
        said.append(f"{field.name.removesuffix('_us')}: {value.name.lower() if isinstance(value, Enum) else value}")
    return ", ".join(said)


def _instant(at_us: int) -> str:
    return str(datetime(1970, 1, 1, tzinfo=UTC) + timedelta(microseconds=at_us)).removesuffix("+00:00")
