"""Values and conditions of a mapping, bound to the columns of a table."""
from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from decimal import Decimal

from opsledger.core.errors import FieldViolation, InvalidInput
from opsledger.core.names import find, lookup_key
from opsledger.core.reading import shown
from opsledger.core.tickets.state import TicketState
from opsledger.services.importers.columns import other_delimiter, same
from opsledger.services.importers.mapping import FormatSpec, TicketSpec
from opsledger.services.importers.mapping_values import ChoiceSpec, Conditions, ConditionSpec, ValueSpec
from opsledger.services.importers.patterns import Pattern
from opsledger.services.importers.quantities import number

Cells = Sequence[str]
Text = Callable[[Cells], str]
"""The text of a value for one row; empty when there is none."""
Test = Callable[[Cells, Cells | None], bool]
"""Whether conditions hold of a row, given the row of the same ticket before it (None for its first)."""

_REFERENCE = re.compile(r"\{([^{}]+)\}")


class BadValue(Exception):
    """A cell that cannot be read as the mapping says."""

    def __init__(self, path: str, description: str) -> None:
        super().__init__(description)
        self.violation = FieldViolation(path, "INVALID", description)


class Binder:
    """Turns what a mapping says into functions of a row. What does not fit is a fault with the key's path; ``close`` raises them all."""

    def __init__(
        self, file: str, columns: Sequence[str], form: FormatSpec, words: Mapping[str, Mapping[str, str]], *, delimiter: str = ""
    ) -> None:
        """``delimiter`` is the table's, for errors about columns."""
        self._file = file
        self._columns = tuple(columns)
        self._other_delimiter = other_delimiter(columns, delimiter)
        self._missing = frozenset(form.missing)
        self.decimal = form.decimal
        self._words = words
        self._faults: list[FieldViolation] = []

    def fault(self, path: str, reason: str, text: str) -> None:
        """Something is wrong with that key; whatever is bound instead of it will not be used."""
        self._faults.append(FieldViolation(f"{self._file}: {path}", reason, text))

    def close(self) -> None:
        """Everything is bound. Raises InvalidInput with all faults."""
        if self._faults:
            raise InvalidInput(*dict.fromkeys(self._faults))

    def cell(self, path: str, column: str) -> Text:
        """The text of one cell, without blanks around it; empty when it is one of the words for a missing value."""
        found = find(column, self._columns)
        if found is None:
            available = ", ".join(self._columns) + self._other_delimiter
            self.fault(path, "UNKNOWN_COLUMN", f"there is no column {column!r}; the columns are: {available}")
            return _nothing
        place, missing = self._columns.index(found), self._missing

        def read(cells: Cells) -> str:
            text = cells[place].strip()
            return "" if text in missing else text

        return read

    def text(self, path: str, spec: ValueSpec) -> Text:
        """What a value says of a row."""
        read = self._template(path, spec.value) if spec.choose is None else self._chosen(path, spec.choose)
        if spec.match is not None:
            pattern, source = self._pattern(f"{path}.match", spec.match), read
            read = lambda cells: pattern.value_in(source(cells))  # noqa: E731  # one step of several
        if spec.case is not None:
            read = _in_case(read, str.lower if spec.case == "lower" else str.upper)
        if spec.map is not None:
            read = self._mapped(path, read, spec)
        elif spec.default is not None:
            default = spec.default
            return lambda cells, read=read: read(cells) or default  # type: ignore[misc]  # mypy: default argument of a lambda
        return read

    def number(self, text: str) -> Decimal:
        """Raises ValueError."""
        return number(text, decimal=self.decimal)

    def test(self, path: str, any_of: Sequence[Conditions], *, alone: bool = False) -> Test:
        """All conditions of one of the sets. ``alone``: there is no row to compare with."""
        places = [path] if len(any_of) == 1 else [f"{path}[{number}]" for number in range(len(any_of))]
        sets = [
            [
                self._condition(f"{place}.{column}", self.cell(f"{place}.{column}", column), spec, alone)
                for column, spec in conditions.items()
            ]
            for place, conditions in zip(places, any_of, strict=True)
        ]
        return lambda cells, before: any(all(test(cells, before) for test in tests) for tests in sets)

    def ticket_test(self, path: str, spec: TicketSpec) -> Callable[[TicketState | None], bool]:
        """All conditions on a ticket as it stands."""
        tests = [
            self._condition(f"{path}.{name}", _cell(place), condition, alone=True)
            for place, name in enumerate(TicketSpec.model_fields) if (condition := getattr(spec, name)) is not None
        ]

        def holds(state: TicketState | None) -> bool:
            cells = [_state_text(state, name) for name in TicketSpec.model_fields]
            return all(test(cells, None) for test in tests)

        return holds

    def _template(self, path: str, template: str) -> Text:
        pieces = _REFERENCE.split(template)
        if len(pieces) == 1:
            return lambda cells: template
        columns = [self.cell(path, name) for name in pieces[1::2]]
        if pieces[::2] == ["", ""]:
            return columns[0]
        plain = pieces[::2]

        def fill(cells: Cells) -> str:
            found = [column(cells) for column in columns]
            if not any(found):
                return ""
            return (plain[0] + "".join(text + after for text, after in zip(found, plain[1:], strict=True))).strip()

        return fill

    def _chosen(self, path: str, choices: Sequence[ChoiceSpec]) -> Text:
        """The first value whose conditions hold; empty when there is none."""
        readings = [
            (self.test(f"{place}.when", choice.when or [{}], alone=True), self.text(place, choice))
            for place, choice in ((f"{path}.choose[{number}]", choice) for number, choice in enumerate(choices))
        ]
        return lambda cells: next((read(cells) for holds, read in readings if holds(cells, None)), "")

    def _mapped(self, path: str, read: Text, spec: ValueSpec) -> Text:
        if isinstance(spec.map, str):
            if spec.map not in self._words:
                self.fault(f"{path}.map", "UNKNOWN", f"there is no {spec.map!r} in words; there are: {', '.join(self._words)}")
            words = self._words.get(spec.map, {})
        else:
            words = spec.map or {}
        alike = Counter(map(lookup_key, words))
        exact, default = dict(words), spec.default
        folded = {key: meaning for word, meaning in words.items() if alike[key := lookup_key(word)] == 1}

        def look_up(cells: Cells) -> str:
            text = read(cells)
            found = exact.get(text)
            if found is None:
                found = folded.get(lookup_key(text), default)
            if found is None:
                if not text:
                    return ""
                raise BadValue(path, f"{text!r} ({spec.value or 'chosen'}) is not in its map; add it there, or give a default")
            return found

        return look_up

    def _pattern(self, path: str, pattern: str, *, ignore_case: bool = False) -> Pattern:
        try:
            return Pattern(pattern, ignore_case=ignore_case)
        except ValueError as error:
            self.fault(path, "INVALID", f"{shown(pattern)} {error}")
            return Pattern("")

    def _condition(self, path: str, cell: Text, spec: ConditionSpec, alone: bool) -> Test:
        tests: list[Test] = []
        if alone and (spec.changed is not None or spec.increased is not None):
            self.fault(path, "INVALID", "changed and increased compare rows of a ticket; they belong into a rule's when")
        fold = lookup_key if spec.ignore_case else same
        read = _in_case(cell, fold)
        if spec.in_ is not None:
            wanted = frozenset(map(fold, spec.in_))
            tests.append(lambda cells, before: read(cells) in wanted)
        if spec.not_ is not None:
            unwanted = frozenset(map(fold, spec.not_))
            tests.append(lambda cells, before: read(cells) not in unwanted)
        if spec.matches is not None:
            pattern = self._pattern(f"{path}.matches", spec.matches, ignore_case=spec.ignore_case)
            tests.append(lambda cells, before: pattern.found_in(cell(cells)))
        if spec.empty is not None:
            empty = spec.empty
            tests.append(lambda cells, before: (read(cells) == "") == empty)
        if spec.changed is not None:
            changed = spec.changed
            tests.append(lambda cells, before: (read(cells) != (read(before) if before else "")) == changed)
        if spec.increased is not None:
            increased = spec.increased
            tests.append(lambda cells, before: self._rose(path, cell, cells, before) == increased)
        return lambda cells, before: all(test(cells, before) for test in tests)

    def _rose(self, path: str, read: Text, cells: Cells, before: Cells | None) -> bool:
        try:
            return self.number(read(cells) or "0") > self.number((read(before) if before else "") or "0")
        except ValueError as error:
            raise BadValue(path, str(error)) from None


def _nothing(cells: Cells) -> str:
    return ""


def _in_case(read: Text, change: Callable[[str], str]) -> Text:
    return lambda cells: change(read(cells))


def _cell(place: int) -> Text:
    return lambda cells: cells[place]


def _state_text(state: TicketState | None, name: str) -> str:
    if state is None:
        return ""
    return state.status.word if name == "status" else str(getattr(state, name))
