"""What is wrong with the input. Either the whole import is refused for it, or the wrong rows are left out and counted."""
from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from opsledger.core.errors import FieldViolation, InvalidInput

SHOWN_MAX = 20
"""So many different problems are named."""
_DIFFERENT_MAX = 10_000
"""So many are told apart; of a file that is wrong in every row, in another way each, the rest is counted."""


class WrongRows(InvalidInput):
    """``rows`` is how many of them there are; the violations are the first problems."""

    def __init__(self, rows: int, *violations: FieldViolation) -> None:
        super().__init__(*violations)
        self.rows = rows


@dataclass(slots=True)
class _Seen:
    line: int
    """The first with this problem."""
    rows: int = 0


class Problems:
    """Collects violations, placed by file and line. The same one in several rows is one problem."""

    def __init__(self, file: str, *, skip_invalid: bool = False) -> None:
        self.file = file
        self.count = 0
        """Of wrong rows or lines."""
        self._seen: dict[FieldViolation, _Seen] = {}
        self._not_told_apart = 0
        self._skip_invalid = skip_invalid

    def add(self, line: int, violations: Iterable[FieldViolation]) -> None:
        """One wrong row."""
        self.count += 1
        for violation in dict.fromkeys(violations):
            if violation not in self._seen and len(self._seen) >= _DIFFERENT_MAX:
                self._not_told_apart += 1
                continue
            seen = self._seen.setdefault(violation, _Seen(line))
            seen.rows += 1
            seen.line = min(seen.line, line)

    @property
    def shown(self) -> list[FieldViolation]:
        """The first problems by line, each with how many other rows have it; last, how many more problems there are."""
        in_order = sorted(self._seen.items(), key=lambda item: (item[1].line, item[0]))
        found = [placed(self.file, seen.line, _counted(violation, seen.rows)) for violation, seen in in_order[:SHOWN_MAX]]
        if more := len(in_order) - len(found) + self._not_told_apart:
            text = f"and {more:,} more problem{'s' * (more > 1)}; {self.count:,} rows are wrong in all"
            found.append(FieldViolation(self.file, "TOO_MANY", text))
        return found

    def close(self) -> None:
        """The whole input has been read. Raises WrongRows when there was something wrong that may not be left out."""
        if self._seen and not self._skip_invalid:
            raise WrongRows(self.count, *self.shown)


def placed(file: str, line: int, violation: FieldViolation) -> FieldViolation:
    """The violation with its file and line before the field."""
    place = f"{file}: line {line}"
    return violation._replace(field=f"{place}: {violation.field}" if violation.field else place)


def _counted(violation: FieldViolation, rows: int) -> FieldViolation:
    if rows == 1:
        return violation
    others = f"{rows - 1:,} other row{'s' * (rows > 2)}"
    return violation._replace(description=f"{violation.description} (and so in {others})")
