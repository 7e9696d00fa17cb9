"""What a coaching session is about: references to things on record, each of its kind."""
from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple, TypeAlias


class Evaluation(NamedTuple):
    evaluation_id: str
    """UUID as text."""


class Ticket(NamedTuple):
    source: str
    ticket_id: str


class Interaction(NamedTuple):
    source: str
    ticket_id: str
    interaction_id: str


class Breach(NamedTuple):
    """One clock of a ticket that ran out."""

    source: str
    ticket_id: str
    metric: str
    cycle: int


Evidence: TypeAlias = "Evaluation | Ticket | Interaction | Breach"
_KINDS: dict[str, type[Evidence]] = {"evaluation": Evaluation, "ticket": Ticket, "interaction": Interaction, "breach": Breach}


def plain(evidence: Evidence) -> dict[str, Any]:
    """As it stands in an event: ``{"kind": "ticket", "source": …}``."""
    kind = next(name for name, kind in _KINDS.items() if isinstance(evidence, kind))
    return {"kind": kind, **evidence._asdict()}


def typed(recorded: Mapping[str, Any]) -> Evidence:
    """The reference that ``plain`` wrote."""
    kind = _KINDS[recorded["kind"]]
    return kind(*(recorded[name] for name in kind._fields))
