"""What an import did, for people and for machines."""
from __future__ import annotations

from dataclasses import asdict, dataclass, field
from typing import Any

from opsledger.core.errors import FieldViolation


@dataclass(slots=True)
class Summary:
    rows: int = 0
    """Rows (or lines) that were read and belong to tickets that were taken."""
    tickets: int = 0
    events: int = 0
    """Facts that the rows say."""
    recorded: int = 0
    duplicates: int = 0
    """Facts that were in the journal already, or twice in the file."""
    invalid: int = 0
    """Rows left out because something is wrong with them."""
    notes: dict[str, int] = field(default_factory=dict)
    """What had to be decided on the way, and how often."""
    remarks: list[str] = field(default_factory=list)
    problems: list[FieldViolation] = field(default_factory=list)
    """The first of what is wrong with the invalid rows."""
    dry_run: bool = False

    def note(self, what: str, count: int = 1) -> None:
        if count:
            self.notes[what] = self.notes.get(what, 0) + count

    def as_json(self) -> dict[str, Any]:
        return {**asdict(self), "problems": [violation._asdict() for violation in self.problems]}
