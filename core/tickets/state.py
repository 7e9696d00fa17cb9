"""What a ticket looks like after its facts, folded in order. The fold takes any recorded past and never fails."""
from __future__ import annotations

from collections.abc import Iterable, Mapping
from types import MappingProxyType
from typing import NamedTuple

from opsledger.core.tickets.facts import (
    ActorKind,
    Assigned,
    Classified,
    Merged,
    Opened,
    PriorityChanged,
    Reopened,
    Replied,
    Status,
    StatusChanged,
    TicketFact,
)


class TicketState(NamedTuple):
    program: str
    opened_at_us: int
    """Of the opening; of the first known fact while the opening is not known."""
    changed_at_us: int
    """Of the last fact."""
    status: Status = Status.NEW
    source_status: str = ""
    channel: str = ""
    requester_id: str = ""
    priority: str = ""
    group: str = ""
    agent: str = ""
    category: str = ""
    tags: tuple[str, ...] = ()
    attributes: Mapping[str, str] = MappingProxyType({})
    resolved_at_us: int | None = None
    """Of the resolution that stands; None while the ticket is open."""
    resolutions: int = 0
    reopenings: int = 0
    transfers: int = 0
    """Moves from one group to another, with or without a time in none."""
    public_replies: int = 0
    """By agents."""
    requester_replies: int = 0
    merged_into: str = ""
    last_group: str = ""
    """The group that has it, or had it last."""
    opening_seen: bool = False
    begun: bool = False
    """A fact has been folded in."""
    late_openings: int = 0
    """Openings that were not the first fact: see ``_opened_late``."""
    reopening_seen: bool = False
    """A status change has already said what an explicit "reopened" is about to say."""

    @property
    def is_done(self) -> bool:
        return self.status.is_done or bool(self.merged_into)


def begin(fact: TicketFact) -> TicketState:
    """The ticket before its first known fact."""
    return TicketState(program=fact.program, opened_at_us=fact.occurred_at_us, changed_at_us=fact.occurred_at_us)


def evolve(state: TicketState, fact: TicketFact) -> TicketState:
    """The ticket after one more fact."""
    at_us = fact.occurred_at_us
    is_first = not state.begun
    state = state._replace(program=fact.program, changed_at_us=at_us, begun=True)
    match fact.fact:
        case Opened() as opened if not is_first:
            return _opened_late(state, opened, at_us)
        case Opened() as opened:
            state = state._replace(
                channel=opened.channel, requester_id=opened.requester_id, source_status=opened.source_status,
                priority=opened.priority, group=opened.group, last_group=opened.group or state.last_group,
                agent=opened.agent, category=opened.category,
                tags=opened.tags, attributes=opened.attributes, opening_seen=True, opened_at_us=at_us,
            )
            return _with_status(state, opened.status, at_us)
        case Assigned(group, agent):
            moved = bool(group) and state.last_group not in ("", group)
            return state._replace(
                group=state.group if group is None else group,
                agent=state.agent if agent is None else agent,
                last_group=group or state.last_group,
                transfers=state.transfers + moved,
            )
        case StatusChanged(status, source_status):
            return _with_status(state._replace(source_status=source_status), status, at_us)
        case PriorityChanged(priority):
            return state._replace(priority=priority)
        case Classified(category, tags, attributes):
            merged = {**state.attributes, **attributes} if attributes else state.attributes
            return state._replace(
                category=state.category if category is None else category,
                tags=state.tags if tags is None else tags,
                attributes={key: value for key, value in merged.items() if value} if attributes else merged,
            )
        case Replied(public):
            if not public:
                return state
            if fact.actor.kind is ActorKind.AGENT:
                return state._replace(public_replies=state.public_replies + 1)
            if fact.actor.kind is ActorKind.REQUESTER:
                return state._replace(requester_replies=state.requester_replies + 1)
            return state
        case Reopened():
            if state.reopening_seen:
                return state._replace(reopening_seen=False)
            reopened = state._replace(reopenings=state.reopenings + 1)
            return reopened._replace(status=Status.OPEN, resolved_at_us=None) if state.status.is_done else reopened
        case Merged(into_ticket_id):
            return state._replace(merged_into=into_ticket_id)
    return state


def _opened_late(state: TicketState, opened: Opened, at_us: int) -> TicketState:
    """An opening that is not the first fact wipes nothing that it leaves unset, and reopens nothing.

    The first one of a ticket is about its beginning, whatever the source's clocks say: it fills in what is not known yet. A second one
    says what has become of the ticket since.
    """
    again = state.opening_seen
    said = {name: value for name in _SAID if (value := getattr(opened, name)) and (again or not getattr(state, name))}
    attributes = {**state.attributes, **opened.attributes} if again else {**opened.attributes, **state.attributes}
    state = state._replace(
        **said, last_group=said.get("group", state.last_group), attributes=attributes if opened.attributes else state.attributes,
        opening_seen=True, opened_at_us=state.opened_at_us if again else at_us, late_openings=state.late_openings + 1,
    )
    known = state.status is not Status.NEW if not again else state.status.is_done and not opened.status.is_done
    return state if known or opened.status is Status.NEW else _with_status(state, opened.status, at_us)


_SAID = ("channel", "requester_id", "source_status", "priority", "group", "agent", "category", "tags")


def fold(facts: Iterable[TicketFact]) -> TicketState | None:
    """The ticket after its facts, which must be in order; None when there are none."""
    state: TicketState | None = None
    for fact in facts:
        state = evolve(begin(fact) if state is None else state, fact)
    return state


def _with_status(state: TicketState, status: Status, at_us: int) -> TicketState:
    if status.is_done and not state.status.is_done:
        return state._replace(status=status, resolved_at_us=at_us, resolutions=state.resolutions + 1, reopening_seen=False)
    if state.status.is_done and not status.is_done:
        return state._replace(status=status, resolved_at_us=None, reopenings=state.reopenings + 1, reopening_seen=True)
    return state._replace(status=status)
