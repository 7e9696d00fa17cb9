"""Values and conditions of a mapping, bound to the columns of a table."""
from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from decimal import Decimal

from opsledger.core.errors import FieldViolation, InvalidInput
from opsledger.services.importers.columns import other_delimiter, same
from opsledger.services.importers.mapping import Conditions, ConditionSpec, FormatSpec, ValueSpec
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
    """Turns what a mapping says into functions of a row. Each method raises InvalidInput with the key's path."""

    def __init__(
        self, file: str, columns: Sequence[str], form: FormatSpec, words: Mapping[str, Mapping[str, str]], *, delimiter: str = ""
    ) -> None:
        """``delimiter`` is the table's, for errors about columns."""
        self._file = file
        self._columns = {same(name): place for place, name in enumerate(columns)}
        self._other_delimiter = other_delimiter(columns, delimiter)
        self._missing = frozenset(form.missing)
        self.decimal = form.decimal
        self._words = words

    def violation(self, path: str, reason: str, text: str) -> InvalidInput:
        return InvalidInput(FieldViolation(f"{self._file}: {path}", reason, text))

    def cell(self, path: str, column: str) -> Text:
        """The text of one cell, without blanks around it; empty when it is one of the words for a missing value."""
        if same(column) not in self._columns:
            available = ", ".join(self._columns) + self._other_delimiter
            raise self.violation(path, "UNKNOWN_COLUMN", f"there is no column {column!r}; the columns are: {available}")
        place, missing = self._columns[same(column)], self._missing

        def read(cells: Cells) -> str:
            text = cells[place].strip()
            return "" if text in missing else text

        return read

    def text(self, path: str, spec: ValueSpec) -> Text:
        """What a value says of a row."""
        read = self._template(path, spec.value)
        if spec.match is not None:
            read = _matched(read, self._pattern(f"{path}.match", spec.match))
        if spec.map is not None:
            read = self._mapped(path, read, spec)
        elif spec.default is not None:
            default = spec.default
            return lambda cells, read=read: read(cells) or default  # type: ignore[misc]  # mypy: default argument of a lambda
        return read

    def number(self, text: str) -> Decimal:
        """Raises ValueError."""
        return number(text, decimal=self.decimal)

    def test(self, path: str, conditions: Conditions, *, alone: bool = False) -> Test:
        """All conditions together. ``alone``: there is no row to compare with."""
        tests = [
            self._condition(f"{path}.{column}", self.cell(f"{path}.{column}", column), spec, alone) for column, spec in conditions.items()
        ]
        return lambda cells, before: all(test(cells, before) for test in tests)

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

    def _mapped(self, path: str, read: Text, spec: ValueSpec) -> Text:
        if isinstance(spec.map, str):
            if spec.map not in self._words:
                raise self.violation(f"{path}.map", "UNKNOWN", f"there is no {spec.map!r} in words; there are: {', '.join(self._words)}")
            words = self._words[spec.map]
        else:
            words = spec.map or {}
        exact, folded, default = dict(words), {word.casefold(): meaning for word, meaning in words.items()}, spec.default

        def look_up(cells: Cells) -> str:
            text = read(cells)
            found = exact.get(text)
            if found is None:
                found = folded.get(text.casefold(), default)
            if found is None:
                if not text:
                    return ""
                raise BadValue(path, f"{text!r} ({spec.value}) is not in its map; add it there, or give a default")
            return found

        return look_up

    def _pattern(self, path: str, pattern: str) -> re.Pattern[str]:
        try:
            return re.compile(pattern)
        except re.error as error:
            raise self.violation(path, "INVALID", f"{pattern!r} is not a regular expression: {error}") from error

    def _condition(self, path: str, read: Text, spec: ConditionSpec, alone: bool) -> Test:
        tests: list[Test] = []
        if alone and (spec.changed is not None or spec.increased is not None):
            raise self.violation(path, "INVALID", "changed and increased compare rows of a ticket; they belong into a rule's when")
        if spec.in_ is not None:
            wanted = frozenset(spec.in_)
            tests.append(lambda cells, before: read(cells) in wanted)
        if spec.not_ is not None:
            unwanted = frozenset(spec.not_)
            tests.append(lambda cells, before: read(cells) not in unwanted)
        if spec.matches is not None:
            pattern = self._pattern(f"{path}.matches", spec.matches)
            tests.append(lambda cells, before: pattern.search(read(cells)) is not None)
        if spec.empty is not None:
            empty = spec.empty
            tests.append(lambda cells, before: (read(cells) == "") == empty)
        if spec.changed is not None:
            changed = spec.changed
            tests.append(lambda cells, before: (read(cells) != (read(before) if before else "")) == changed)
        if spec.increased is not None:
            increased = spec.increased
            tests.append(lambda cells, before: self._rose(path, read, cells, before) == increased)
        return lambda cells, before: all(test(cells, before) for test in tests)

    def _rose(self, path: str, read: Text, cells: Cells, before: Cells | None) -> bool:
        try:
            return self.number(read(cells) or "0") > self.number((read(before) if before else "") or "0")
        except ValueError as error:
            raise BadValue(path, str(error)) from None


def _matched(read: Text, pattern: re.Pattern[str]) -> Text:
    def find(cells: Cells) -> str:
        found = pattern.search(read(cells))
        if found is None:
            return ""
        return (found.group(1) if pattern.groups else found.group()) or ""

    return find
