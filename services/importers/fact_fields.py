"""Facts made of a row's texts. The fields of a fact and their types are those of core.tickets.facts, listed nowhere else."""
from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import MISSING, fields
from enum import Enum
from typing import Any, get_args

from pydantic import TypeAdapter, ValidationError

from opsledger.core.tickets.facts import ActorKind, Channel, Fact, FeedbackKind, Status
from opsledger.services.importers.cells import BadValue, Binder, Cells
from opsledger.services.importers.mapping import key_path, said_of
from opsledger.services.importers.mapping_values import Value, ValueSpec
from opsledger.services.importers.quantities import duration_us
from opsledger.services.importers.times import Instants, TimeReader
from opsledger.services.importers.writing import kind_of

FACTS: Mapping[str, type] = {kind_of(fact): fact for fact in get_args(Fact)}
_TRUE, _FALSE = frozenset(("true", "yes", "y", "1", "public")), frozenset(("false", "no", "n", "0", "private"))
_spec = TypeAdapter[ValueSpec](Value)
_specs = TypeAdapter[dict[str, ValueSpec]](dict[str, Value])

Reading = Callable[[Cells], Any]
Moment = Callable[[Cells], Instants | None]
"""A row's time; None when it has none."""
Maker = Callable[[Cells], Fact | None]
"""The fact that a row says; None when a field that it cannot be without is empty."""


class FactMaker:
    def __init__(self, binder: Binder, times: TimeReader) -> None:
        self._binder = binder
        self._times = times

    def maker(self, path: str, kind: str, given: Mapping[str, Any]) -> Maker:
        """An unknown kind or field, and one that is missing, is a fault."""
        if kind not in FACTS:
            self._binder.fault(path, "UNKNOWN", f"there is no fact {kind!r}; there are: {', '.join(FACTS)}")
            return lambda cells: None
        fact_type, path = FACTS[kind], f"{path}.{kind}"
        known = {field.name.removesuffix("_us"): field for field in fields(fact_type)}
        for name in [name for name in given if name not in known]:
            self._binder.fault(f"{path}.{name}", "UNKNOWN", f"{kind} has no such field; its fields are: {', '.join(known) or 'none'}")
        needed = {name for name, field in known.items() if field.default is MISSING and field.default_factory is MISSING}
        for name in sorted(needed - {*given}):
            self._binder.fault(f"{path}.{name}", "REQUIRED", f"{kind} needs it")
        readings = [
            (known[name].name, name in needed, self.reading(f"{path}.{name}", str(known[name].type), value))
            for name, value in given.items() if name in known
        ]
        drop_empty = kind == "opened"

        def make(cells: Cells) -> Fact | None:
            values = {}
            for name, is_needed, read in readings:
                value = read(cells)
                if value is None and is_needed:
                    return None
                if value is not None:
                    values[name] = {k: v for k, v in value.items() if v} if drop_empty and name == "attributes" else value
            return fact_type(**values)  # type: ignore[no-any-return]  # one of Fact

        return make

    def reading(self, path: str, type_name: str, given: Any) -> Reading:
        """How a field of that type is read from a row; None of an empty text means "not given"."""
        try:
            if type_name.startswith("Mapping"):
                texts = {name: self._binder.text(f"{path}.{name}", spec) for name, spec in _specs.validate_python(given).items()}
                return lambda cells: {name: read(cells) for name, read in texts.items()}
            spec = _spec.validate_python(given)
        except ValidationError as error:
            for each in error.errors():
                inner = key_path(each["loc"], given)
                self._binder.fault(f"{path}.{inner}".removesuffix("."), "INVALID", said_of(each))
            return lambda cells: None
        if type_name == "int | None":
            moment = self.moment(path, spec)
            return lambda cells: found.first if (found := moment(cells)) is not None else None
        return self._converted(path, spec, self._converter(type_name, spec))

    def moment(self, path: str, spec: ValueSpec) -> Moment:
        """How a time is read from a row, with the durations on top of it; None when any of them is not given."""
        start = self._converted(path, spec, lambda text: self._times.instants(text) if text else None)
        if not spec.plus:
            return start
        durations = [self.reading(f"{path}.plus[{number}]", "int", part) for number, part in enumerate(spec.plus)]

        def add(cells: Cells) -> Instants | None:
            instants, lengths = start(cells), [read(cells) for read in durations]
            return None if instants is None or None in lengths else instants.after(sum(lengths))

        return add

    def _converted(self, path: str, spec: ValueSpec, convert: Callable[[str], Any]) -> Reading:
        read = self._binder.text(path, spec)

        def convert_cell(cells: Cells) -> Any:
            text = read(cells)
            try:
                return convert(text)
            except ValueError as error:
                raise BadValue(path, str(error)) from None

        return convert_cell

    def _converter(self, type_name: str, spec: ValueSpec) -> Callable[[str], Any]:
        match type_name:
            case "Status":
                return lambda text: _status(text) if text else None
            case "ActorKind" | "Channel" | "FeedbackKind":
                words = {"ActorKind": ActorKind, "Channel": Channel, "FeedbackKind": FeedbackKind}[type_name]
                return lambda text: _word(words, text) if text else None
            case "bool":
                return lambda text: _truth(text) if text else None
            case "float":
                return lambda text: float(self._binder.number(text)) if text else None
            case "int" | "Span | None":
                return lambda text: duration_us(text, spec.unit, decimal=self._binder.decimal) if text else None
            case name if name.startswith("tuple"):
                separator = spec.split or ","
                return lambda text: tuple(sorted({tag for part in text.split(separator) if (tag := part.strip())}))
            case "str | None":
                return lambda text: text
            case _:
                return lambda text: text or None


def _status(text: str) -> Status:
    try:
        return Status[text.upper().replace(" ", "_").replace("-", "_")]
    except KeyError:
        known = ", ".join(status.word for status in Status)
        raise ValueError(f"{text!r} is not a status ({known}); map the source's words to these") from None


def _word(words: type[Enum], text: str) -> Enum:
    try:
        return words(text.lower())
    except ValueError:
        raise ValueError(f"{text!r} is not one of {', '.join(str(word.value) for word in words)}") from None


def _truth(text: str) -> bool:
    if text.lower() in _TRUE:
        return True
    if text.lower() in _FALSE:
        return False
    raise ValueError(f"{text!r} is neither true nor false; map the source's words to these")
