"""YAML (and so JSON) files written by people: calendars, rules, mappings. What is wrong with one names the file."""
from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from datetime import date
from pathlib import Path

import yaml

from opsledger.core.documents import CHARACTERS_MAX
from opsledger.core.errors import FieldViolation, InvalidInput
from opsledger.services.bounded_yaml import Loader, PlainLoader, load


def read_document(path: Path) -> object:
    """The content of a YAML or JSON file; ``-`` is standard input. Raises InvalidInput, naming file and line."""
    return read_yaml(path, Loader)


def read_texts(path: Path) -> object:
    """The same, with every value as the text that it is."""
    return read_yaml(path, PlainLoader)


def read_yaml(path: Path, loader: type[Loader | PlainLoader]) -> object:
    try:
        with nullcontext(sys.stdin) if path == Path("-") else path.open(encoding="utf-8-sig") as file:
            return load(file.read(CHARACTERS_MAX + 1), loader)
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise not_yaml(place(path), error) from None
    except OSError as error:
        raise InvalidInput(FieldViolation(place(path), "UNREADABLE", error.strerror or "cannot be read")) from None


def not_yaml(file: str, error: yaml.YAMLError | UnicodeDecodeError) -> InvalidInput:
    """The error that says what is wrong with a file, and on which line where that is known."""
    if isinstance(error, yaml.MarkedYAMLError) and error.problem_mark:
        return InvalidInput(FieldViolation(f"{file}, line {error.problem_mark.line + 1}", "NOT_YAML", error.problem or "is not YAML"))
    return InvalidInput(FieldViolation(file, "NOT_YAML", f"is not a YAML file: {error}"))


def place(path: Path) -> str:
    """How errors call a file; ``-`` is standard input."""
    return "standard input" if path == Path("-") else str(path)


@contextmanager
def naming(place: object) -> Iterator[None]:
    """Put a place (a file, a line) before the field of every violation raised within."""
    try:
        yield
    except InvalidInput as error:
        violations = (violation._replace(field=f"{place}: {violation.field}") for violation in error.violations)
        raise type(error)(*violations) from None


def as_json(document: object) -> str:
    """A document that was read as YAML, as JSON text: dates are written as YAML reads them."""
    return json.dumps(_plain(document), ensure_ascii=False)


def _plain(value: object) -> object:
    if isinstance(value, dict):
        return {key if isinstance(key, str) else str(key): _plain(entry) for key, entry in value.items()}
    if isinstance(value, list):
        return [_plain(entry) for entry in value]
    return value.isoformat() if isinstance(value, date) else value
