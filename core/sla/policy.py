"""What a policy promises, for which tickets. Read from a rules document by core/sla/rules.py; immutable."""
from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from opsledger.core.tickets.facts import Status
from opsledger.core.tickets.state import TicketState

DEFAULT_PAUSE_ON: Mapping[str, frozenset[Status]] = {
    "first_reply": frozenset(),
    "next_reply": frozenset(),
    "periodic_update": frozenset(),
    "requester_wait": frozenset({Status.PENDING}),
    "agent_work": frozenset({Status.PENDING, Status.ON_HOLD}),
    "resolution": frozenset({Status.PENDING, Status.ON_HOLD}),
    "ownership": frozenset({Status.PENDING, Status.ON_HOLD}),
    "closure": frozenset({Status.PENDING, Status.ON_HOLD}),
}
"""The metrics, each with the statuses in which its clocks stand still unless a policy says otherwise."""


class Reopen(StrEnum):
    """What becomes of a clock that the resolution ended, when the ticket is reopened."""

    RESUME = "resume"
    """It goes on; the time from the resolution to the reopening is a pause."""
    COUNT_THROUGH = "count_through"
    """It goes on as if the ticket had not been resolved; the time in between counts."""
    RESTART = "restart"
    """Its result stands; the next cycle starts at the reopening with the full target."""
    IGNORE = "ignore"
    """Its result stands; nothing starts."""


class FirstReplyStarts(StrEnum):
    """With what the first_reply of a ticket starts that an agent opened; of all others with the opening."""

    OPENING = "opening"
    REQUESTER_MESSAGE = "requester_message"
    """Until the requester writes there is nothing to reply to."""


@dataclass(frozen=True, slots=True)
class Condition:
    """Holds for a ticket when everything in it holds; an empty condition always does."""

    among: tuple[tuple[str, frozenset[str]], ...] = ()
    """A field of TicketState, and the values of which it must be one."""
    attributes: tuple[tuple[str, frozenset[str]], ...] = ()
    """Likewise for an attribute; an attribute that is not there counts as the empty text."""
    tags_any: frozenset[str] = frozenset()
    tags_all: frozenset[str] = frozenset()
    unless: Condition | None = None
    """Must not hold."""

    def holds(self, ticket: TicketState) -> bool:
        return (
            all(getattr(ticket, field) in values for field, values in self.among)
            and all(ticket.attributes.get(key, "") in values for key, values in self.attributes)
            and (not self.tags_any or not self.tags_any.isdisjoint(ticket.tags))
            and (not self.tags_all or self.tags_all.issubset(ticket.tags))
            and not (self.unless is not None and self.unless.holds(ticket))
        )


@dataclass(frozen=True, slots=True)
class Step:
    """One rung of an escalation ladder: an instant named relative to the due time, or to the share of the target that is used up."""

    name: str
    offset_us: int = 0
    """Business time after the due time; negative before it."""
    percent: int | None = None
    """Instead of the offset: the instant at which this share of the target is used up; may exceed 100."""


@dataclass(frozen=True, slots=True)
class Target:
    """What a policy promises for one metric."""

    spans_us: Mapping[str, int]
    """Business time by the value of the ticket's field ``by``."""
    default_us: int | None
    """For every other value; None: no clock for them."""
    by: str
    """A field of TicketState: priority, group, category or channel."""
    calendar: str
    """Name of a calendar of the same rules."""
    pause_on: frozenset[Status]
    escalation: tuple[Step, ...] = ()

    def span_us(self, ticket: TicketState) -> int | None:
        return self.spans_us.get(getattr(ticket, self.by), self.default_us)


@dataclass(frozen=True, slots=True)
class Policy:
    name: str
    when: Condition
    reopen: Reopen
    targets: Mapping[str, Target]
    """By metric. A metric without a target has no clock."""
    keep_breach: bool = False
    """A clock that is past due when no target holds for its ticket any more ends breached, not cancelled."""

    robot_replies_count: bool = False
    """A public reply of the system ends and starts clocks as one of an agent does."""

    first_reply_starts: FirstReplyStarts = FirstReplyStarts.OPENING

    @property
    def choices(self) -> dict[str, str]:
        """What it chooses that is not so unless a policy says it, as a rules document does."""
        chosen = {key: "true" for key in ("keep_breach", "robot_replies_count") if getattr(self, key)}
        if self.first_reply_starts is not FirstReplyStarts.OPENING:
            chosen["first_reply_starts"] = self.first_reply_starts.value
        return chosen
