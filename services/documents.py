"""YAML (and so JSON) files written by people: calendars, rules, mappings. What is wrong with one names the file."""
from __future__ import annotations

import json
import sys
from collections.abc import Hashable, Iterator
from contextlib import contextmanager, nullcontext
from datetime import date
from pathlib import Path

import yaml

from opsledger.core.errors import FieldViolation, InvalidInput


class _Loader(yaml.SafeLoader):
    """Refuses a key that is there twice, of which YAML would silently keep the last."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Hashable, object]:
        seen: set[Hashable] = set()
        for key_node, _ in node.value:
            if key_node.tag == "tag:yaml.org,2002:merge":
                continue
            key = self.construct_object(key_node, deep=True)
            if isinstance(key, Hashable):
                if key in seen:
                    raise yaml.constructor.ConstructorError(None, None, f"the key {key!r} is there twice", key_node.start_mark)
                seen.add(key)
        return super().construct_mapping(node, deep)

    def construct_date(self, node: yaml.ScalarNode) -> object:
        try:
            return self.construct_yaml_timestamp(node)
        except ValueError as error:  # 2026-02-30
            raise yaml.constructor.ConstructorError(None, None, f"{node.value}: {error}", node.start_mark) from None


_Loader.add_constructor("tag:yaml.org,2002:timestamp", _Loader.construct_date)


def read_document(path: Path) -> object:
    """The content of a YAML or JSON file; ``-`` is standard input. Raises InvalidInput, naming file and line."""
    try:
        with nullcontext(sys.stdin) if path == Path("-") else path.open(encoding="utf-8-sig") as file:
            return yaml.load(file, _Loader)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark
        where = f"{place(path)}, line {mark.line + 1}" if mark else place(path)
        raise InvalidInput(FieldViolation(where, "NOT_YAML", error.problem or "is not YAML")) from None
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise InvalidInput(FieldViolation(place(path), "NOT_YAML", f"is not a YAML file: {error}")) from None
    except OSError as error:
        raise InvalidInput(FieldViolation(place(path), "UNREADABLE", error.strerror or "cannot be read")) from None


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
