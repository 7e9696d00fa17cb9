"""Ticket facts: what a source says happened to a ticket. The domain's form of the TicketEvent message.

Times are microseconds since 1970 UTC, durations microseconds. An empty string means "none"; where "unchanged" is
possible as well it is None.
"""
from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import IntEnum, StrEnum
from typing import NamedTuple, TypeAlias

Span: TypeAlias = int
"""A duration in microseconds, where None must be told from it."""


class ActorKind(StrEnum):
    AGENT = "agent"
    REQUESTER = "requester"
    SYSTEM = "system"


class Status(IntEnum):
    """In the order of a ticket's life; numbers as in the proto enum TicketStatus."""

    NEW = 1
    OPEN = 2
    PENDING = 3
    ON_HOLD = 4
    RESOLVED = 5
    CLOSED = 6

    @property
    def is_done(self) -> bool:
        return self >= Status.RESOLVED

    @property
    def word(self) -> str:
        """As it is written in rules and reports: ``on_hold``."""
        return self.name.lower()


class Channel(StrEnum):
    CALL = "call"
    CHAT = "chat"
    EMAIL = "email"


class FeedbackKind(StrEnum):
    CSAT = "csat"
    NPS = "nps"


class TicketKey(NamedTuple):
    """One ticket, everywhere."""

    tenant: str
    source: str
    ticket_id: str


class Actor(NamedTuple):
    kind: ActorKind
    id: str = ""


@dataclass(frozen=True, slots=True)
class Opened:
    channel: str = ""
    requester_id: str = ""
    status: Status = Status.NEW
    source_status: str = ""
    priority: str = ""
    group: str = ""
    agent: str = ""
    category: str = ""
    tags: tuple[str, ...] = ()
    attributes: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Assigned:
    group: str | None = None
    agent: str | None = None


@dataclass(frozen=True, slots=True)
class StatusChanged:
    status: Status
    source_status: str = ""
    reason: str = ""


@dataclass(frozen=True, slots=True)
class PriorityChanged:
    priority: str


@dataclass(frozen=True, slots=True)
class Classified:
    category: str | None = None
    tags: tuple[str, ...] | None = None
    attributes: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Replied:
    public: bool
    channel: str = ""


@dataclass(frozen=True, slots=True)
class InteractionEnded:
    interaction_id: str
    channel: Channel
    answered: bool
    agent: str = ""
    group: str = ""
    queue_wait_us: Span | None = None
    """None: the source does not say."""
    talk_us: int = 0
    hold_us: int = 0
    wrap_us: int = 0
    recording_ref: str = ""


@dataclass(frozen=True, slots=True)
class FeedbackReceived:
    kind: FeedbackKind
    score: float
    scale_min: float
    scale_max: float
    agent: str = ""
    feedback_id: str = ""
    """A later fact with the same id and kind corrects this one; without an id it is an answer of its own."""


@dataclass(frozen=True, slots=True)
class DueSet:
    due_at_us: int | None
    metric: str = "resolution"


@dataclass(frozen=True, slots=True)
class Merged:
    into_ticket_id: str


@dataclass(frozen=True, slots=True)
class Reopened:
    reason: str = ""


Fact: TypeAlias = (
    Opened | Classified | PriorityChanged | DueSet | Assigned | InteractionEnded | Replied | Reopened
    | StatusChanged | Merged | FeedbackReceived
)


@dataclass(frozen=True, slots=True)
class TicketFact:
    """One fact with its envelope."""

    tenant: str
    program: str
    source: str
    ticket_id: str
    event_id: str
    occurred_at_us: int
    sequence: int
    actor: Actor
    fact: Fact

    @property
    def ticket(self) -> TicketKey:
        return TicketKey(self.tenant, self.source, self.ticket_id)
