"""An audit table's rows become facts: each row shows a ticket as it was after a change, and facts are the differences.

Pure. A row's facts say what the row shows and the row before it did not.
"""
from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field, replace

from opsledger.core.tickets.facts import Assigned, Classified, Fact, Opened, PriorityChanged, Reopened, Status, StatusChanged
from opsledger.core.tickets.state import TicketState


@dataclass(frozen=True, slots=True)
class Snapshot:
    """A ticket as one row shows it. An empty string means "none"."""

    status: Status | None = None
    """None: the row does not say; it is as it was."""
    source_status: str = ""
    priority: str = ""
    group: str = ""
    agent: str = ""
    category: str = ""
    channel: str = ""
    requester_id: str = ""
    reopenings: int = 0
    """By the source's own count; 0 where it keeps none."""
    attributes: Mapping[str, str] = field(default_factory=dict)


CHANGES = ("classified", "priority_changed", "reopened", "assigned", "status_changed")
"""The kinds of the facts that say differences."""
_COMPARED = ("status", "source_status", "priority", "group", "agent", "category", "reopenings")


def opening(first: Snapshot, *, learned_later: Collection[str] = ()) -> tuple[Opened, Snapshot]:
    """What the first row says of the opening, and the ticket as it stood then.

    The opening carries what describes a ticket. What had been done with it by the time of the first row (status, group,
    agent, the attributes ``learned_later``) is left to that row's own facts: a ticket begins new and with nobody.
    """
    attributes = {key: value for key, value in first.attributes.items() if key not in learned_later and value}
    stood = replace(
        first, status=Status.NEW, source_status=first.source_status if first.status is Status.NEW else "", group="", agent="",
        reopenings=0, attributes=attributes,
    )
    opened = Opened(
        channel=stood.channel, requester_id=stood.requester_id, status=Status.NEW, source_status=stood.source_status,
        priority=stood.priority, category=stood.category, attributes=attributes,
    )
    return opened, stood


def of_state(state: TicketState) -> Snapshot:
    """A ticket as its facts leave it; the number of reopenings is theirs."""
    return Snapshot(
        state.status, state.source_status, state.priority, state.group, state.agent, state.category, state.channel, state.requester_id,
        state.reopenings, {key: value for key, value in state.attributes.items() if value},
    )


def overlaid(before: Snapshot, row: Snapshot, columns: Collection[str], attributes: Collection[str]) -> Snapshot:
    """``before`` with what a row shows of it: it says nothing of fields and attributes that its table has no column for."""
    shown = {key: value for key, value in before.attributes.items() if key not in attributes}
    unknown = {name: getattr(before, name) for name in _COMPARED if name not in columns}
    return carried(before, replace(row, **unknown, attributes={**shown, **row.attributes}))


def carried(before: Snapshot, after: Snapshot) -> Snapshot:
    """``after`` with the status of ``before`` where the row does not say one."""
    if after.status is not None:
        return after
    return replace(after, status=before.status, source_status=before.source_status)


def changes(before: Snapshot, after: Snapshot) -> Iterator[Fact]:
    """The facts between two rows, in the order of a ticket's life; at most one of each kind."""
    was, now = before.status or Status.NEW, after.status or Status.NEW
    reopens = was.is_done and not now.is_done
    reopened_unseen = after.reopenings > before.reopenings and not reopens
    category = after.category if after.category != before.category else None
    attributes = _changed(before.attributes, after.attributes)
    if category is not None or attributes:
        yield Classified(category=category, attributes=attributes)
    if after.priority != before.priority:
        yield PriorityChanged(after.priority)
    if reopened_unseen:
        yield Reopened()
    if (after.group, after.agent) != (before.group, before.agent):
        yield Assigned(
            group=after.group if after.group != before.group else None, agent=after.agent if after.agent != before.agent else None,
        )
    # between the two rows it was reopened and done again: only a status of its own says that it is done
    if now != was or after.source_status != before.source_status or (reopened_unseen and now.is_done):
        yield StatusChanged(now, after.source_status)


def _changed(before: Mapping[str, str], after: Mapping[str, str]) -> dict[str, str]:
    """What is new or other in ``after``; empty texts for what is gone."""
    if before == after:
        return {}
    changed = {key: value for key, value in after.items() if value != before.get(key, "")}
    return changed | {key: "" for key, value in before.items() if value and key not in after}
