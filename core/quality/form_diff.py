"""What differs between two versions of a form, by the ids of their parts."""
from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import fields
from enum import Enum, StrEnum
from fractions import Fraction
from typing import Any, NamedTuple

from opsledger.core.quality.condition import Every, Some
from opsledger.core.quality.exact_text import exact_text
from opsledger.core.quality.form import Form, Option

_WORDING = frozenset({"text", "title", "label", "color", "evidence", "root_causes"})


class Kind(StrEnum):
    ADDED = "added"
    REMOVED = "removed"
    CHANGED = "changed"


class Change(NamedTuple):
    path: str
    """``questions.greeting.options.yes.points``: parts by their ids, not their places."""
    kind: Kind
    before: str
    after: str
    affects_results: bool
    """Whether it can change which answers are asked for or accepted, or what they are worth; else it is wording."""


def diff(old: Form, new: Form) -> list[Change]:
    """In the order of the old form, then what is new."""
    return [
        *_fields("", {"form": old.id, "title": old.title}, {"form": new.id, "title": new.title}),
        *_fields("scoring.", _values(old.scoring), _values(new.scoring)),
        *_parts("sections", {section.id: section for section in old.sections}, {section.id: section for section in new.sections}),
        *_parts("questions", old.questions, new.questions),
    ]


def _parts(name: str, old: Mapping[str, Any], new: Mapping[str, Any]) -> Iterator[Change]:
    for id in [*old, *(id for id in new if id not in old)]:
        path = f"{name}.{id}"
        if id not in new:
            yield Change(path, Kind.REMOVED, _title(old[id]), "", affects_results=True)
        elif id not in old:
            yield Change(path, Kind.ADDED, "", _title(new[id]), affects_results=True)
        else:
            yield from _fields(f"{path}.", _values(old[id]), _values(new[id]))
            if name == "questions":
                before, after = ({option.id: option for option in question.options} for question in (old[id], new[id]))
                yield from _parts(f"{path}.options", before, after)


def _fields(path: str, old: Mapping[str, str], new: Mapping[str, str]) -> Iterator[Change]:
    for name, before in old.items():
        if before != new[name]:
            yield Change(f"{path}{name}", Kind.CHANGED, before, new[name], affects_results=name not in _WORDING)


def _values(part: Any) -> dict[str, str]:
    """Its own fields as text, without those that are parts themselves."""
    if isinstance(part, Option):
        return {"label": part.label, **{name: _shown(value) for name, value in part.then._asdict().items()}}
    return {name: _shown(value) for name, value in _all(part) if name not in ("id", "questions", "options")}


def _all(part: Any) -> list[tuple[str, object]]:
    return [(field.name, getattr(part, field.name)) for field in fields(part)]


def _title(part: Any) -> str:
    return next((text for name in ("text", "title", "label") if (text := getattr(part, name, ""))), part.id)


def _shown(value: object) -> str:
    match value:
        case None:
            return ""
        case Fraction():
            text = exact_text(value)
            return str(value) if text.endswith("…") else text
        case Enum():
            return value.name.lower() if isinstance(value.value, int) else str(value.value)
        case frozenset():
            return ", ".join(sorted(map(_shown, value)))
        case tuple() if hasattr(value, "_asdict"):
            return ", ".join(f"{name} {_shown(each)}" for name, each in value._asdict().items() if _shown(each))
        case tuple():
            return "; ".join(map(_shown, value))
        case Every() | Some():
            return str(value)
        case _ if hasattr(value, "__dataclass_fields__"):
            return ", ".join(f"{name} {text}" for name, each in _all(value) if each is not False and (text := _shown(each)))
    return str(value)
