"""Where settings come from, and which keys there are: a key that nothing reads is a mistake somebody would rather hear of."""
from __future__ import annotations

from collections.abc import Iterable, Iterator
from difflib import get_close_matches
from pathlib import Path
from types import UnionType
from typing import Any, NamedTuple, get_args, get_origin

import yaml
from pydantic import BaseModel

from opsledger.core.errors import FieldViolation, InvalidSettings
from opsledger.services.bounded_yaml import Loader, load

KeyPath = tuple[str, ...]


class ConfigFile(NamedTuple):
    name: str
    values: dict[str, Any]
    lines: dict[KeyPath, int]
    """Where each key stands, from 1."""

    def place(self, path: KeyPath) -> str:
        """How an error names a key: ``opsledger.yaml line 3: limits.window``."""
        line = next((self.lines[path[:end]] for end in range(len(path), 0, -1) if path[:end] in self.lines), 1)
        return f"{self.name} line {line}: {'.'.join(path)}"

    def unknown_keys(self, model: type[BaseModel]) -> Iterator[FieldViolation]:
        known = keys(model)
        # A key beneath an unknown one, or beneath a plain value, says nothing new.
        for path in self.lines:
            if path not in known and (len(path) == 1 or _is_section(known, path[:-1])):
                siblings = [other[-1] for other in known if other[:-1] == path[:-1]]
                yield _unknown(self.place(path), path[-1], siblings)


def read_file(path: Path) -> ConfigFile:
    """A YAML file of settings. Raises InvalidSettings when it cannot be read or is not a mapping."""
    try:
        text = path.read_text(encoding="utf-8")
        root = yaml.compose(text, Loader)
        values = load(text)
    except (OSError, UnicodeDecodeError) as error:
        raise InvalidSettings(FieldViolation(str(path), "UNREADABLE", str(error))) from None
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        place = f"{path} line {mark.line + 1}" if mark else str(path)
        raise InvalidSettings(FieldViolation(place, "MALFORMED", f"not YAML: {getattr(error, 'problem', error)}")) from None
    if values is None:
        return ConfigFile(str(path), {}, {})
    if not isinstance(values, dict):
        raise InvalidSettings(FieldViolation(str(path), "MALFORMED", "must be a mapping of settings"))
    return ConfigFile(str(path), values, dict(_lines(root, ())))


def _lines(node: yaml.Node | None, above: KeyPath) -> Iterator[tuple[KeyPath, int]]:
    if isinstance(node, yaml.MappingNode):
        for key, value in node.value:
            path = (*above, str(key.value))
            yield path, key.start_mark.line + 1
            yield from _lines(value, path)


def unknown_variables(
    model: type[BaseModel], environment: Iterable[str], prefix: str, known: Iterable[str] = ()
) -> Iterator[FieldViolation]:
    """Variables with our prefix that name no setting."""
    names = {prefix + "__".join(path).upper() for path in keys(model)} | set(known)
    for variable in environment:
        if variable.upper().startswith(prefix) and variable.upper() not in names:
            yield _unknown(variable, variable.upper(), names)


def keys(model: type[BaseModel], above: KeyPath = ()) -> set[KeyPath]:
    """The path of every setting, sections included."""
    found: set[KeyPath] = set()
    for name, field in model.model_fields.items():
        path = (*above, name)
        found.add(path)
        for kind in get_args(field.annotation) if get_origin(field.annotation) is UnionType else (field.annotation,):
            if isinstance(kind, type) and issubclass(kind, BaseModel):
                found |= keys(kind, path)
    return found


def _is_section(known: set[KeyPath], path: KeyPath) -> bool:
    return any(other[:-1] == path for other in known)


def _unknown(field: str, given: str, known: Iterable[str]) -> FieldViolation:
    near = get_close_matches(given, list(known), n=1, cutoff=0.5)
    return FieldViolation(field, "UNKNOWN", f"there is no such setting{f'; did you mean {near[0]}?' if near else ''}")

