"""The mapping file of ``opsledger import csv``: what a table's columns mean. docs/importing.md is its reference.

Every scalar of the file is text until a key says otherwise, so that ``No`` and ``2024-01-05`` stay what the source wrote.
"""
from __future__ import annotations

from datetime import datetime
from itertools import pairwise
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BeforeValidator, Field, ValidationError, model_validator
from pydantic_core import ErrorDetails

from opsledger.core.errors import FieldViolation, InvalidInput
from opsledger.services.documents import read_texts
from opsledger.services.importers.mapping_values import ActorSpec, ActorValue, AnyOf, Condition, Section, Value, ValueSpec, Words

Fields = dict[str, Any]


def _emit(given: object) -> object:
    """One fact or several: ``resolved``, ``{kind: fields}``, or a list of these, as a list of (kind, fields)."""
    items = given if isinstance(given, list) else [given]
    found: list[tuple[str, object]] = []
    for item in items:
        if isinstance(item, str):
            found.append((item, {}))
        elif isinstance(item, dict):
            found += [(str(kind), fields or {}) for kind, fields in item.items()]
        else:
            raise ValueError("must be the name of a fact, or facts with their fields")
    return found


class TicketSpec(Section):
    """Conditions on the ticket as the rows before this one left it; a status in our words, empty before the first fact."""

    status: Condition | None = None
    source_status: Condition | None = None
    channel: Condition | None = None
    requester_id: Condition | None = None
    priority: Condition | None = None
    group: Condition | None = None
    agent: Condition | None = None
    category: Condition | None = None
    reopenings: Condition | None = None


FIRST, LAST = 1, -1


def _once(given: object) -> object:
    """``first``, ``last``, or the number of the row among those for which the conditions hold."""
    if given in ("first", "last"):
        return FIRST if given == "first" else LAST
    if isinstance(given, str) and given.isdecimal() and int(given) > 0:
        return int(given)
    raise ValueError("must be first, last, or a number from 1 on: 2 is the second row for which the conditions hold")


class RuleSpec(Section):
    emit: Annotated[list[tuple[str, Fields]], BeforeValidator(_emit), Field(min_length=1)]
    when: AnyOf = [{}]
    ticket: TicketSpec | None = None
    once: Annotated[int, BeforeValidator(_once)] | None = None
    at: Value | None = None
    actor: ActorValue | None = None
    event_id: Value | None = None

    @model_validator(mode="after")
    def _one_id(self) -> RuleSpec:
        if self.event_id is not None and len(self.emit) > 1:
            raise ValueError("event_id names one fact, and this rule has several")
        if self.once == LAST and self.ticket is not None:
            raise ValueError("once: last and ticket cannot stand together: which row is the last would depend on what it says")
        return self


class SnapshotSpec(Section):
    status: Value | None = None
    source_status: Value | None = None
    priority: Value | None = None
    group: Value | None = None
    agent: Value | None = None
    category: Value | None = None
    channel: Value | None = None
    requester_id: Value | None = None
    reopenings: Value | None = None
    attributes: dict[str, Value] = {}
    opened_at: Value | None = None

    @model_validator(mode="after")
    def _status(self) -> SnapshotSpec:
        if self.source_status is not None and self.status is None:
            raise ValueError("source_status is the source's word for status, which must be given too")
        return self


def _text_encoding(name: str) -> str:
    try:
        "".encode(name)
    except LookupError:
        raise ValueError(f"there is no text encoding {name!r}") from None
    return name


class FormatSpec(Section):
    delimiter: str = ","
    quote: Annotated[str, Field(max_length=1)] = '"'
    encoding: Annotated[str, AfterValidator(_text_encoding)] = "utf-8-sig"
    columns: list[str] = []
    skip_lines: Annotated[int, Field(ge=0, le=10_000)] = 0
    decimal: Literal[".", ","] = "."
    missing: Words = []
    sheet: str = ""

    @model_validator(mode="after")
    def _delimiter(self) -> FormatSpec:
        if self.delimiter != "tab" and (len(self.delimiter) != 1 or self.delimiter in f"{self.quote}\r\n "):
            raise ValueError("delimiter must be tab, or one character other than the quote, a blank and the ends of lines")
        return self


def _until(given: object) -> object:
    try:
        until = datetime.fromisoformat(str(given))
    except ValueError:
        until = None
    if until is None or until.tzinfo is not None:
        raise ValueError(f"{given!r} is not a local date or time such as 2025-07-01 or 2025-07-01 08:00")
    return until


class ZoneSpec(Section):
    zone: str
    until: Annotated[datetime, BeforeValidator(_until)] | None = None
    """Local times before it are of this zone."""


def _zones(given: object) -> object:
    return [{"zone": given}] if isinstance(given, str) else given


class TimeSpec(Section):
    formats: Annotated[Words, Field(min_length=1)] = ["iso"]
    zone: Annotated[list[ZoneSpec], BeforeValidator(_zones), Field(min_length=1)] = [ZoneSpec(zone="UTC")]
    calendar: Literal["gregorian", "persian"] = "gregorian"

    @model_validator(mode="after")
    def _spans(self) -> TimeSpec:
        ends = [span.until for span in self.zone]
        if ends[-1] is not None or None in ends[:-1] or any(one >= other for one, other in pairwise(ends[:-1])):  # type: ignore[operator]  # none is None
            raise ValueError("zones in the order of their dates: every one but the last needs `until`, each later than the one before")
        return self


class OrderSpec(Section):
    column: str
    values: Annotated[list[str], Field(min_length=1)]
    ignore_case: bool = False


class MappingSpec(Section):
    ticket_id: Value
    tenant: Value = ValueSpec(value="default")
    program: Value = ValueSpec(value="default")
    source: Value = ValueSpec(value="csv")
    event_id: Value | None = None
    occurred_at: Value | None = None
    sequence: Value | None = None
    order: OrderSpec | None = None
    actor: ActorValue = ActorSpec()
    rows: Literal["events", "tickets"] = "events"
    as_of: Value | None = None
    """The date at which rows that are `tickets` showed them."""
    identical_rows: Literal["once", "keep"] = "once"
    format: FormatSpec = FormatSpec()
    time: TimeSpec = TimeSpec()
    words: dict[str, dict[str, str]] = {}
    where: AnyOf = [{}]
    snapshot: SnapshotSpec | None = None
    rules: list[RuleSpec] = []

    @model_validator(mode="after")
    def _whole(self) -> MappingSpec:
        if self.snapshot is None and not self.rules:
            raise ValueError("must have rules or a snapshot: otherwise no row says anything")
        if self.occurred_at is None:
            if self.rows == "events":
                raise ValueError("occurred_at is needed where rows are events: the column with a row's time")
            timeless = next((number for number, rule in enumerate(self.rules) if rule.at is None), None)
            if timeless is not None:
                raise ValueError(f"rules[{timeless}] needs `at`, because the mapping has no occurred_at")
        if self.rows == "tickets" and self.snapshot is not None:
            raise ValueError("snapshot compares rows of a ticket, so rows cannot be `tickets` (one row each)")
        stateful = next((number for number, rule in enumerate(self.rules) if rule.ticket is not None), None)
        if self.rows == "tickets" and stateful is not None:
            raise ValueError(f"rules[{stateful}].ticket needs rows before, and rows that are `tickets` are one each")
        if self.rows == "events" and self.as_of is not None:
            raise ValueError("as_of is the date of a table whose rows are `tickets`; rows that are events have their own time")
        if self.sequence is not None and self.order is not None:
            raise ValueError("sequence and order are two ways to say the same: give one")
        return self


def load_mapping(file: Path) -> MappingSpec:
    """Raises InvalidInput, naming the file and the key's path, for a mapping that cannot be used."""
    document = read_texts(file)
    if not isinstance(document, dict):
        raise InvalidInput(FieldViolation(str(file), "MALFORMED", "must be a mapping of keys, as docs/importing.md shows"))
    try:
        return MappingSpec.model_validate(document)
    except ValidationError as error:
        raise InvalidInput(*(
            FieldViolation(f"{file}: {key_path(item['loc'], document)}".removesuffix(": "), "INVALID", said_of(item))
            for item in error.errors()
        )) from error


def said_of(error: ErrorDetails) -> str:
    return error["msg"].removeprefix("Value error, ")


def key_path(path: tuple[int | str, ...], document: Any) -> str:
    """``rules[0].when.State``: a key's path as the document has it, where one set of conditions need not be written as a list."""
    keys, node = "", document
    for key in path:
        if isinstance(key, int) and not isinstance(node, list):
            continue
        keys += f"[{key}]" if isinstance(key, int) else f".{key}"
        inside = isinstance(node, list) or (isinstance(node, dict) and key in node)
        node = node[key] if inside else None
    return keys.removeprefix(".")
