"""``opsledger sla``: the SLA arithmetic by hand, offline. Prints to standard output only what was asked for."""
from __future__ import annotations

import json
import re
import sys
from collections.abc import Callable, Iterator, Sequence
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, TypeAlias

import typer

from opsledger.core.documents import parse_json
from opsledger.core.errors import FieldViolation, InvalidInput
from opsledger.services.cli.explain import explain

if TYPE_CHECKING:
    from opsledger.core.sla.calendar import Calendar
    from opsledger.services.importers.files import Source

group = typer.Typer(no_args_is_help=True, help="SLA arithmetic and explanations, offline.")
group.command()(explain)

CalendarFile = Annotated[Path, typer.Option("--calendar", help="Calendar (YAML).", exists=True, dir_okay=False)]
From = Annotated[str | None, typer.Option("--from", help="ISO time; without an offset it is in the calendar's zone.")]
Input = Annotated[str | None, typer.Option("--input", metavar="FILE", help="JSON lines instead; - is standard input.")]
Lines: TypeAlias = list[dict[str, Any]]
CHUNK_LINES = 10_000


@group.command()
def elapsed(
    calendar: CalendarFile, from_: From = None,
    to: Annotated[str | None, typer.Option(help="ISO time; may lie before --from.")] = None, input_: Input = None,
) -> None:
    """Open time between two instants, in seconds; negative when --to lies before --from.

    With --input, each line {"from": …, "to": …} is given back with "elapsed_s".
    """
    hours = _calendar(calendar)
    if input_ is not None:
        _refuse_both(from_, to)
        _answer_lines(input_, lambda lines: _add_elapsed(hours, lines))
    elif from_ is None or to is None:
        raise typer.BadParameter("give --from and --to, or --input")
    else:
        span_us = hours.elapsed_us(hours.instant_us(from_, field="--from"), hours.instant_us(to, field="--to"))
        print(_seconds(span_us))


@group.command()
def due(
    calendar: CalendarFile, from_: From = None,
    target: Annotated[
        str | None, typer.Option(help="Open time: 1h30m, PT1H30M or seconds; a day (2d) is 24 open hours; negative goes back in time.")
    ] = None,
    input_: Input = None,
) -> None:
    """The instant at which the open time since --from reaches --target, in the calendar's zone.

    With --input, each line {"from": …, "target_s": …} is given back with "due".
    """
    hours = _calendar(calendar)
    if input_ is not None:
        _refuse_both(from_, target)
        _answer_lines(input_, lambda lines: _add_due(hours, lines))
    elif from_ is None or target is None:
        raise typer.BadParameter("give --from and --target, or --input")
    else:
        print(hours.text(hours.due_us(hours.instant_us(from_, field="--from"), _target_us(target))))


def _calendar(path: Path) -> Calendar:
    from opsledger.core.sla.calendar import parse_calendar
    from opsledger.services.documents import naming, read_document

    document = read_document(path)
    with naming(path):
        return parse_calendar(document)


def _refuse_both(*values: str | None) -> None:
    if any(value is not None for value in values):
        raise typer.BadParameter("with --input, the times come from its lines")


def _target_us(text: str) -> int:
    """Signed microseconds of ``-1h30m``, ``PT1H30M`` or ``5400.5``."""
    from opsledger.core.sla.durations import parse_duration_us

    sign = -1 if text.startswith("-") else 1
    span = text.removeprefix("-").removeprefix("+")
    try:
        if re.fullmatch(r"\d+(\.\d+)?", span):
            return sign * round(float(span) * 1_000_000)
        iso = span.upper().startswith("P")
        return sign * parse_duration_us(span.upper().removeprefix("P").replace("T", "").lower() if iso else span)
    except ValueError as error:
        raise InvalidInput(FieldViolation("--target", "INVALID", str(error))) from None


def _seconds(span_us: int) -> str:
    whole, part_us = divmod(abs(span_us), 1_000_000)
    fraction = f".{part_us:06}".rstrip("0") if part_us else ""
    return f"{'-' if span_us < 0 else ''}{whole}{fraction}"


def _answer_lines(path: str, add: Callable[[Lines], None]) -> None:
    """Give every line of a JSON lines file back with what ``add`` puts in. Raises InvalidInput, naming file, line and field."""
    from opsledger.services.documents import naming
    from opsledger.services.importers.files import open_source

    with open_source(path) as source:
        numbered = _read_lines(source)
        while chunk := list(islice(numbered, CHUNK_LINES)):
            lines = [line for _, line in chunk]
            try:
                add(lines)
            except InvalidInput:
                for number, line in chunk:  # once more, one by one, to find the line at fault
                    with naming(f"{source.name}, line {number}"):
                        add([line])
                raise
            sys.stdout.write("".join(json.dumps(line) + "\n" for line in lines))


def _read_lines(source: Source) -> Iterator[tuple[int, dict[str, Any]]]:
    lines = source.lines("utf-8-sig")
    for number, text in enumerate(lines, 1):
        lines.begin_row()
        if not text.strip():
            continue
        place = f"{source.name}, line {number}"
        try:
            line = parse_json(text)
        except ValueError as error:
            raise InvalidInput(FieldViolation(place, "NOT_JSON", f"is not JSON: {error}")) from None
        if not isinstance(line, dict):
            raise InvalidInput(FieldViolation(place, "INVALID", "must be a JSON object"))
        yield number, line


def _add_elapsed(calendar: Calendar, lines: Lines) -> None:
    spans_us = calendar.elapsed_many_us(_instants(calendar, lines, "from"), _instants(calendar, lines, "to"))
    for line, span_us in zip(lines, spans_us, strict=True):
        line["elapsed_s"] = span_us / 1_000_000 if span_us % 1_000_000 else span_us // 1_000_000


def _add_due(calendar: Calendar, lines: Lines) -> None:
    targets_us = [_line_target_us(line.get("target_s")) for line in lines]
    for line, due_us in zip(lines, calendar.due_many_us(_instants(calendar, lines, "from"), targets_us), strict=True):
        line["due"] = calendar.text(due_us)


def _instants(calendar: Calendar, lines: Lines, field: str) -> Sequence[int]:
    return [calendar.instant_us(line.get(field), field=field) for line in lines]


def _line_target_us(value: object) -> int:
    if isinstance(value, bool) or not isinstance(value, int | float):
        reason, text = ("REQUIRED", "must be set") if value is None else ("INVALID", f"must be a number of seconds, not {value!r}")
        raise InvalidInput(FieldViolation("target_s", reason, text))
    try:
        return value * 1_000_000 if isinstance(value, int) else round(value * 1_000_000)
    except (ValueError, OverflowError):
        raise InvalidInput(FieldViolation("target_s", "INVALID", f"must be a number of seconds, not {value!r}")) from None
