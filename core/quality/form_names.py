"""Ids of a form that a reader cannot tell apart. New versions have none; what was published before keeps its own."""
from __future__ import annotations

from collections.abc import Iterable, Iterator

from opsledger.core.errors import FieldViolation, InvalidForm
from opsledger.core.names import lookup_key
from opsledger.core.quality.form import Form


def check_names(form: Form) -> None:
    """Raises InvalidForm, naming each id that looks like another one before it."""
    if found := list(_look_alikes(form)):
        raise InvalidForm(*found)


def _look_alikes(form: Form) -> Iterator[FieldViolation]:
    yield from _twice((f"sections[{place}].id", section.id) for place, section in enumerate(form.sections))
    placed = [
        (f"sections[{place}].questions[{index}]", question)
        for place, section in enumerate(form.sections) for index, question in enumerate(section.questions)]
    yield from _twice((f"{path}.id", question.id) for path, question in placed)
    for path, question in placed:
        yield from _twice((f"{path}.options[{index}].id", option.id) for index, option in enumerate(question.options))


def _twice(ids: Iterable[tuple[str, str]]) -> Iterator[FieldViolation]:
    seen: dict[str, str] = {}
    for field, id in ids:
        if (other := seen.setdefault(lookup_key(id), id)) != id:
            yield FieldViolation(field, "LOOKS_ALIKE", f"{id!r} looks like {other!r} before it: give one of them another id")
