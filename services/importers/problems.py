"""What is wrong with the input. Either the whole import is refused for it, or the wrong rows are left out and counted."""
from __future__ import annotations

from collections.abc import Iterable

from opsledger.core.errors import FieldViolation, InvalidInput

SHOWN_MAX = 20
"""So many are named; an import that must be free of them gives up at this number."""


class Problems:
    """Collects violations, placed by file and line."""

    def __init__(self, file: str, *, skip_invalid: bool = False) -> None:
        self.file = file
        self.count = 0
        """Of wrong rows or lines."""
        self.shown: list[FieldViolation] = []
        self._skip_invalid = skip_invalid

    def add(self, line: int, violations: Iterable[FieldViolation]) -> None:
        """One wrong row. Raises InvalidInput with all that was found when that is enough."""
        self.count += 1
        for violation in violations:
            if len(self.shown) < SHOWN_MAX:
                self.shown.append(placed(self.file, line, violation))
        if len(self.shown) >= SHOWN_MAX and not self._skip_invalid:
            raise InvalidInput(*self.shown)

    def close(self) -> None:
        """The whole input has been read. Raises InvalidInput when there was something wrong that may not be left out."""
        if self.shown and not self._skip_invalid:
            raise InvalidInput(*self.shown)


def placed(file: str, line: int, violation: FieldViolation) -> FieldViolation:
    """The violation with its file and line before the field."""
    place = f"{file}: line {line}"
    return violation._replace(field=f"{place}: {violation.field}" if violation.field else place)
