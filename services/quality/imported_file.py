"""Evaluations that were made elsewhere, from a file: row by row, so that a file of any length needs the memory of one row.

A CSV file with a column for each field and each question, or JSON lines with the same keys, or with the answers under ``answers``.
"""
from __future__ import annotations

import json
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from opsledger.core.errors import FieldViolation, InvalidInput
from opsledger.core.names import find
from opsledger.core.quality.form import Form
from opsledger.core.quality.question_words import NA
from opsledger.core.text import unkept
from opsledger.proto.quality.v1 import evaluations_pb2 as pb
from opsledger.services.importers.files import Layout, Source, Table, open_source
from opsledger.services.importers.times import TimeReader
from opsledger.services.tickets.codec import timestamp

FIELDS: Mapping[str, tuple[str, ...]] = {
    "name": ("name", "id", "evaluation", "evaluation_id"), "source": ("source",), "ticket_id": ("ticket_id", "ticket"),
    "interaction_id": ("interaction_id", "interaction", "call_id"), "agent": ("agent", "agent_id"), "group": ("group", "team"),
    "analyst": ("analyst", "evaluator", "analyst_id"), "contact_at": ("contact_at",), "judged_at": ("judged_at", "evaluated_at"),
    "comment": ("comment",),
}
"""The columns that are no questions, by what else they may be called."""
JSON_SUFFIXES = (".jsonl", ".ndjson")


@dataclass(frozen=True, slots=True)
class Reading:
    """What the caller knows of the file."""

    columns: Mapping[str, str] = field(default_factory=dict)
    """Column by field or question, where it is not called so."""
    source: str = ""
    """Of all rows, where they do not say it."""
    delimiter: str = ","
    zone: str = "UTC"
    """Of times without an offset."""


class Item(NamedTuple):
    line: int
    evaluation: pb.ImportedEvaluation | None
    violations: tuple[FieldViolation, ...] = ()


def read_imported(path: str, form: Form, reading: Reading) -> Iterator[Item]:
    """In the file's order; ``-`` is standard input, .gz and .xz are unpacked. What is wrong with a row is in its item.

    Raises InvalidInput for a file that cannot be read, or a column that there is not.
    """
    for name in reading.columns:
        if name not in form.questions and name not in FIELDS:
            known = f"fields are {', '.join(FIELDS)}"
            raise InvalidInput(FieldViolation("--column", "UNKNOWN", f"{name!r} is no field and no question of the form; {known}"))
    times = TimeReader(zone=reading.zone, field="--zone")
    with open_source(path) as source:
        is_json = source.name.removesuffix(".gz").removesuffix(".xz").endswith(JSON_SUFFIXES)
        for line, fields, violations in _objects(source) if is_json else _rows(source, form, reading):
            yield _item(line, fields, form, reading, times) if not violations else Item(line, None, violations)


_Fields = tuple[int, Mapping[str, Any], tuple[FieldViolation, ...]]


def _rows(source: Source, form: Form, reading: Reading) -> Iterator[_Fields]:
    table = Table(source, Layout(delimiter=reading.delimiter))
    for column in reading.columns.values():
        if column not in table.columns:
            text = f"there is no column {column!r}; there are {', '.join(table.columns)}"
            raise InvalidInput(FieldViolation("--column", "UNKNOWN_COLUMN", text))
    if not any(_column(id, form, reading, table.columns) for id in form.questions):
        text = f"has no column of a question of the form {form.id!r}; its columns are: {', '.join(table.columns)}"
        raise InvalidInput(FieldViolation(f"{source.name}: header", "UNKNOWN_COLUMN", f"{text}; say --column QUESTION=COLUMN"))
    for row in table:
        wrong = table.length_violation(row)
        yield row.line, dict(zip(table.columns, row.cells, strict=False)), (wrong,) if wrong else ()


def _objects(source: Source) -> Iterator[_Fields]:
    lines = source.lines("utf-8-sig")
    for line, text in enumerate(lines, start=1):
        lines.begin_row()
        if not text.strip():
            continue
        try:
            found = json.loads(text)
        except (ValueError, RecursionError) as error:
            yield line, {}, (FieldViolation("", "NOT_JSON", f"is not JSON: {error}"),)
            continue
        yield line, found if isinstance(found, dict) else {}, () if isinstance(found, dict) else (
            FieldViolation("", "NOT_A_MAPPING", "must be an object with the fields of one evaluation"),)


def _item(line: int, fields: Mapping[str, Any], form: Form, reading: Reading, times: TimeReader) -> Item:
    wrong = [FieldViolation(str(name), "UNPRINTABLE", reason) for name, value in fields.items() for reason in filter(None, _unkept(value))]
    if "answers" in fields and "answers" not in form.questions and not isinstance(fields["answers"], dict):
        wrong.append(FieldViolation("answers", "NOT_A_MAPPING", "must be an object with answers by question"))
    if wrong:
        return Item(line, None, tuple(wrong))

    def text(name: str) -> str:
        names = (reading.columns[name],) if name in reading.columns else FIELDS[name]
        column = next(filter(None, (find(each, fields) for each in names)), None)
        value = fields[column] if column is not None and column not in form.questions else None
        return "" if value is None else str(value).strip()

    source, ticket_id, interaction_id = text("source") or reading.source, text("ticket_id"), text("interaction_id")
    subject = pb.EvaluationSubject(ticket=pb.TicketSubject(source=source, ticket_id=ticket_id))
    if interaction_id:
        subject = pb.EvaluationSubject(interaction=pb.InteractionSubject(source=source, ticket_id=ticket_id, interaction_id=interaction_id))
    found = pb.ImportedEvaluation(
        subject=subject, agent=text("agent"), group=text("group"), analyst=text("analyst"), sheet=pb.Sheet(comment=text("comment")))
    for name in ("contact_at", "judged_at"):
        if said := text(name):
            try:
                getattr(found, name).CopyFrom(timestamp(times.instant_us(said)))
            except (ValueError, OverflowError) as error:
                wrong.append(FieldViolation(name, "NOT_A_TIME", str(error)))
    found.name = text("name") or " ".join(filter(None, (source, ticket_id, interaction_id, found.agent, found.analyst, text("judged_at"))))
    found.sheet.answers.update(_answers(fields, form, reading))
    return Item(line, None if wrong else found, tuple(wrong))


def _unkept(value: object) -> Iterator[str]:
    """What is wrong with each text in a value of JSON; empty where nothing is."""
    if isinstance(value, str):
        yield unkept(value)
    elif isinstance(value, dict):
        for key, entry in value.items():
            yield from (unkept(str(key)), *_unkept(entry))
    elif isinstance(value, list):
        for entry in value:
            yield from _unkept(entry)


def _answers(fields: Mapping[str, Any], form: Form, reading: Reading) -> dict[str, Any]:
    """Empty cells are N/A where the form allows that."""
    if isinstance(given := fields.get("answers"), dict) and "answers" not in form.questions:
        return given
    found: dict[str, Any] = {}
    for id, question in form.questions.items():
        column = _column(id, form, reading, fields)
        value = fields[column] if column is not None else None
        if value is not None and value != "":
            found[id] = value
        elif question.may_be_na:
            found[id] = NA
    return found


def _column(id: str, form: Form, reading: Reading, columns: Collection[str]) -> str | None:
    """Called by the question's id or text, just so or in other letters."""
    names = [name for name in (reading.columns.get(id, id), form.questions[id].text) if name]
    return next((name for name in names if name in columns), None) or next(filter(None, (find(name, columns) for name in names)), None)
