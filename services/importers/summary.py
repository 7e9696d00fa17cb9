"""What an import did, for people and for machines."""
from __future__ import annotations

from dataclasses import asdict, dataclass, field
from typing import Any

from google.protobuf.json_format import MessageToDict

from opsledger.core.errors import FieldViolation
from opsledger.core.tickets.facts import TicketFact
from opsledger.proto.tickets.v1.ticket_event_pb2 import TicketEvent
from opsledger.services.importers.writing import kind

DIFFERING_SHOWN_MAX = 10
"""So many of the facts that differ are named."""


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
    differing: int = 0
    """Those of the duplicates that say something else than the first, which stands."""
    invalid: int = 0
    """Rows left out because something is wrong with them."""
    notes: dict[str, int] = field(default_factory=dict)
    """What had to be decided on the way, and how often."""
    remarks: list[str] = field(default_factory=list)
    problems: list[FieldViolation] = field(default_factory=list)
    """The first of what is wrong with the invalid rows."""
    dry_run: bool = False
    refused: bool = False
    """Something is wrong that may not be left out: nothing was recorded."""
    facts: list[tuple[int, bytes]] = field(default_factory=list)
    """(line, TicketEvent) of the ticket that was asked for, in the order of the fold."""

    def note(self, what: str, count: int = 1) -> None:
        if count:
            self.notes[what] = self.notes.get(what, 0) + count

    def differs(self, fact: TicketFact) -> None:
        """A fact came again with other content."""
        self.differing += 1
        if self.differing <= DIFFERING_SHOWN_MAX:
            self.remarks.append(
                f"ticket {fact.ticket_id}, event {fact.event_id}: {kind(fact.fact)} is recorded with other content, which stands; "
                "a source that corrects itself does so with an event of its own"
            )

    def as_json(self) -> dict[str, Any]:
        return {
            **asdict(self), "problems": [violation._asdict() for violation in self.problems],
            "facts": [
                {"line": line, "event": MessageToDict(TicketEvent.FromString(event), preserving_proto_field_name=True)}
                for line, event in self.facts
            ],
        }
