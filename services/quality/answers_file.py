"""Answers to a form from a file: a CSV row, a JSON line or an entry of a JSON or YAML list for each evaluation."""
from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import yaml

from opsledger.core.documents import parse_json
from opsledger.core.errors import FieldViolation, InvalidInput
from opsledger.core.names import find
from opsledger.core.quality.answers import Answers, read_answers
from opsledger.core.quality.form import Form
from opsledger.services.bounded_yaml import load
from opsledger.services.documents import naming, not_yaml
from opsledger.services.importers.columns import require_columns
from opsledger.services.importers.files import Layout, Source, Table, open_source, whole_rows

ID_NAMES = ("id", "evaluation", "evaluation_id", "ticket", "ticket_id", "interaction_id", "contact_id")
AGENT_NAMES = ("agent", "agent_id", "advisor", "assignee")


@dataclass(frozen=True, slots=True)
class Reading:
    """What the caller knows of the file; empty: as it says itself."""

    id: str = ""
    agent: str = ""
    columns: Mapping[str, str] = field(default_factory=dict)
    """Column by question, where it is not called by the question's id or text."""
    delimiter: str = ","
    missing_is_na: bool = True
    skip_invalid: bool = False


class Evaluation(NamedTuple):
    id: str
    agent: str
    answers: Answers


class AnswersFile(NamedTuple):
    evaluations: list[Evaluation]
    skipped: int
    """Evaluations that were left out."""
    violations: list[FieldViolation]
    """What was wrong with them."""
    has_agents: bool


class _Raw(NamedTuple):
    place: str
    fields: Mapping[str, Any]


def read_answers_file(path: str, form: Form, reading: Reading) -> AnswersFile:
    """``-`` is standard input; .gz and .xz are unpacked. Raises InvalidInput, naming file, line and question of all that is wrong."""
    reader = AnswersReader(path, form, reading)
    return AnswersFile(list(reader), reader.skipped, reader.violations, reader.has_agents)


class AnswersReader:
    """The evaluations of a file one after another, as ``read_answers_file`` reads them; of a table no more than a row is held.

    What is wrong is known at the end: iterating raises InvalidInput after the last evaluation, unless it is to be skipped.
    """

    def __init__(self, path: str, form: Form, reading: Reading) -> None:
        for question in reading.columns:
            if question not in form.questions:
                raise InvalidInput(FieldViolation("--column", "UNKNOWN", f"the form {form.id!r} has no question {question!r}"))
        self._path, self._form, self._reading = path, form, reading
        self.skipped, self.has_agents = 0, False
        self.violations: list[FieldViolation] = []

    def __iter__(self) -> Iterator[Evaluation]:
        id = agent = ""
        with open_source(self._path) as source:
            number = 0
            for number, row in enumerate(_rows(source, self._form, self._reading), start=1):
                if number == 1:
                    id, agent = (
                        _chosen(row, asked, known, self._form)
                        for asked, known in ((self._reading.id, ID_NAMES), (self._reading.agent, AGENT_NAMES)))
                self.has_agents = self.has_agents or agent in row.fields
                if (answers := self._answers(row)) is not None:
                    yield Evaluation(str(row.fields.get(id, "") or number), str(row.fields.get(agent, "")).strip(), answers)
        if number == 0:
            raise InvalidInput(FieldViolation(source.name, "EMPTY", "holds no answers"))
        if self.violations and not self._reading.skip_invalid:
            raise InvalidInput(*self.violations)

    def _answers(self, row: _Raw) -> Answers | None:
        """None, and a violation, for those that do not fit the form."""
        try:
            with naming(row.place):
                return read_answers(self._form, _answers(row.fields, self._form, self._reading), missing_is_na=self._reading.missing_is_na)
        except InvalidInput as error:
            self.violations += error.violations
            self.skipped += 1
            return None


def _rows(source: Source, form: Form, reading: Reading) -> Iterator[_Raw]:
    """Lines of a table; entries of a document when the file begins like one or is called so."""
    name = source.name.removesuffix(".gz").removesuffix(".xz")
    if name.endswith((".yaml", ".yml", ".json", ".jsonl", ".ndjson")):
        yield from _entries(source)
        return
    if source.stream.peek(1)[:1] in (b"{", b"["):
        yield from _entries(source)
    else:
        yield from _table(source, form, reading)


def _table(source: Source, form: Form, reading: Reading) -> Iterator[_Raw]:
    table = Table(source, Layout(delimiter=reading.delimiter))
    require_columns(source.name, table.columns, [*reading.columns.values(), *(name for name in (reading.id, reading.agent) if name)])
    if not any(_column(id, form, reading, table.columns) for id in form.questions):
        text = f"has no column of a question of the form {form.id!r}; its columns are: {', '.join(table.columns)}"
        raise InvalidInput(FieldViolation(f"{source.name}: header", "UNKNOWN_COLUMN", f"{text}; say --column QUESTION=COLUMN"))
    for row in whole_rows(table, source.name):
        yield _Raw(f"{source.name}: line {row.line}", dict(zip(table.columns, row.cells, strict=True)))


def _entries(source: Source) -> Iterator[_Raw]:
    text = source.text("utf-8-sig")
    try:
        document = _json(text) if source.name.endswith((".json", ".jsonl", ".ndjson")) or text[:1] in "{[" else load(text)
    except yaml.YAMLError as error:
        raise not_yaml(source.name, error) from None
    except ValueError as error:
        raise InvalidInput(FieldViolation(source.name, "MALFORMED", f"is neither JSON nor YAML: {error}")) from None
    if isinstance(document, dict):
        document = document["evaluations"] if isinstance(document.get("evaluations"), list) else [document]
    if not isinstance(document, list):
        raise InvalidInput(FieldViolation(source.name, "NOT_A_LIST", "must hold a list of evaluations, or one"))
    for index, entry in enumerate(document):
        if not isinstance(entry, dict):
            raise InvalidInput(FieldViolation(f"{source.name}: [{index}]", "NOT_A_MAPPING", "must be a mapping with answers by question"))
        yield _Raw(f"{source.name}: [{index}]", {str(key): value for key, value in entry.items()})


def _json(text: str) -> object:
    """One document, or one on each line."""
    try:
        return parse_json(text)
    except ValueError:
        lines = [line for line in text.splitlines() if line.strip()]
        if len(lines) < 2:
            raise
        return [parse_json(line) for line in lines]


def _answers(fields: Mapping[str, Any], form: Form, reading: Reading) -> Mapping[str, object]:
    """Those under ``answers``, or the fields that are called like a question."""
    if isinstance(given := fields.get("answers"), dict) and "answers" not in form.questions:
        return {str(key): value for key, value in given.items()}
    found = {id: _column(id, form, reading, fields) for id in form.questions}
    return {id: fields[column] for id, column in found.items() if column is not None}


def _column(id: str, form: Form, reading: Reading, columns: Mapping[str, Any] | tuple[str, ...]) -> str | None:
    names = (reading.columns.get(id, id), form.questions[id].text)
    exact = next((name for name in names if name and name in columns), None)
    return exact or next((found for name in names if name and (found := find(name, columns)) is not None), None)


def _chosen(first: _Raw, asked: str, known: tuple[str, ...], form: Form) -> str:
    if asked:
        return asked
    return next((name for word in known for name in first.fields if name.lower() == word and name not in form.questions), known[0])
