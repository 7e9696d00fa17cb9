"""What is evaluated: one agent's part of a ticket, one interaction, or an evaluation (then its analyst is the one judged)."""
from __future__ import annotations

from enum import StrEnum
from typing import NamedTuple

from opsledger.core.errors import FieldViolation, InvalidInput
from opsledger.core.tickets.validation import check_name


class SubjectKind(StrEnum):
    TICKET = "ticket"
    INTERACTION = "interaction"
    EVALUATION = "evaluation"


class Subject(NamedTuple):
    """Names that do not apply are empty."""

    kind: SubjectKind
    source: str = ""
    ticket_id: str = ""
    interaction_id: str = ""
    evaluation_id: str = ""
    """Of an evaluation: its UUID as text."""

    def __str__(self) -> str:
        """For people: ``ticket zendesk T1``."""
        return " ".join(str(value) for value in self if value)

    def plain(self) -> dict[str, str]:
        return {name: str(value) for name, value in self._asdict().items() if value}


_NEEDED = {
    SubjectKind.TICKET: ("source", "ticket_id"),
    SubjectKind.INTERACTION: ("source", "interaction_id"),
    SubjectKind.EVALUATION: ("evaluation_id",),
}


def read_subject(plain: dict[str, str]) -> Subject:
    """What ``plain`` gave, as recorded."""
    return Subject(SubjectKind(plain["kind"]), *(plain.get(name, "") for name in Subject._fields[1:]))


def check_subject(subject: Subject) -> None:
    """Raises InvalidInput for what is missing, or can be no name."""
    found: list[FieldViolation] = []
    for name in Subject._fields[1:]:
        found += check_name(f"subject.{name}", getattr(subject, name), required=name in _NEEDED[subject.kind])
    if found:
        raise InvalidInput(*found)
