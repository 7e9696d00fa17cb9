"""The audit export of a ServiceNow incident table: one row is an incident as it was after an audit event.

An incident's rows are read in the order of sys_mod_count; facts are the differences of consecutive rows, at the later row's
sys_updated_at. docs/importing.md says what is made of rows that contradict each other.
"""
from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import groupby

from opsledger.core.errors import FieldViolation
from opsledger.core.tickets.facts import Actor, ActorKind, Fact, Status, TicketFact
from opsledger.services.importers.snapshots import Snapshot, carried, changes, opening
from opsledger.services.importers.times import TimeReader
from opsledger.services.importers.writing import Owner, kind

REQUIRED = ("number", "incident_state", "sys_mod_count", "sys_updated_at", "opened_at")
TIME_FORMATS = ("%d/%m/%Y %H:%M", "%Y-%m-%d %H:%M:%S", "iso")
MISSING = "?"

_AWAITING = "awaiting"
_STATES = {
    "new": Status.NEW, "active": Status.OPEN, "in progress": Status.OPEN, "assigned": Status.OPEN, "on hold": Status.PENDING,
    "resolved": Status.RESOLVED, "closed": Status.CLOSED, "canceled": Status.CLOSED, "cancelled": Status.CLOSED,
}
UNKNOWN_STATE = "-100"
"""ServiceNow's number for "no such choice"."""

# Filled back into every row of an incident when it is resolved or closed: true of no row before that.
_KNOWN_WHEN_RESOLVED = ("closed_code", "resolved_by")
_KNOWN_WHEN_CLOSED = ("caller_id",)
_DESCRIBING = (
    "location", "subcategory", "u_symptom", "cmdb_ci", "impact", "urgency", "knowledge", "u_priority_confirmation", "notify",
    "problem_id", "rfc", "vendor", "caused_by",
)
_PROGRESSING = ("made_sla", "reassignment_count")
_KNOWN_BY_STATUS: Mapping[Status | None, tuple[str, ...]] = {
    status: (
        *_DESCRIBING, *_PROGRESSING, *(_KNOWN_WHEN_RESOLVED if status is not None and status.is_done else ()),
        *(_KNOWN_WHEN_CLOSED if status is Status.CLOSED else ()),
    )
    for status in (None, *Status)
}
ATTRIBUTES = frozenset((*_DESCRIBING, *_PROGRESSING, *_KNOWN_WHEN_RESOLVED, *_KNOWN_WHEN_CLOSED))
COLUMNS = {
    "incident_state": ("status", "source_status"), "priority": ("priority",), "assignment_group": ("group",), "assigned_to": ("agent",),
    "category": ("category",), "reopen_count": ("reopenings",),
}
"""The fields of a snapshot that a column shows."""
_LEARNED_LATER = frozenset((*_PROGRESSING, *_KNOWN_WHEN_RESOLVED, *_KNOWN_WHEN_CLOSED))


@dataclass(frozen=True, slots=True)
class AuditRow:
    line: int
    number: str
    mod_count: int
    opened_at_us: int
    updated_at: str
    updated_at_us: int
    """The first of two instants where the local clock shows ``updated_at`` twice."""
    updated_by: str
    opened_by: str
    closed_at: str
    """Looks ahead: only for telling whether the file holds the whole incident."""
    snapshot: Snapshot


@dataclass(slots=True)
class Incident:
    """The facts of an incident, line by line, and what had to be decided on the way."""

    facts: list[tuple[int, list[TicketFact]]] = field(default_factory=list)
    set_aside: int = 0
    """Rows with the sys_mod_count of another row that fits its neighbours better."""
    moved: int = 0
    """Rows whose time was taken to be that of the row (or the opening) before them, because theirs is earlier."""


class RowError(Exception):
    def __init__(self, violation: FieldViolation) -> None:
        super().__init__(violation.description)
        self.violation = violation


def parse_row(line: int, cells: Mapping[str, str], times: TimeReader) -> AuditRow:
    """Raises RowError for a value that cannot be read."""

    known = {column: value for column, cell in cells.items() if (value := cell.strip()) != MISSING and value}

    def number(column: str) -> int:
        value = known.get(column, "0")
        if not value.isdecimal():
            raise RowError(FieldViolation(column, "NOT_A_NUMBER", f"{value!r} is not a count"))
        return int(value)

    def instant_us(column: str) -> int:
        try:
            return times.instant_us(known[column])
        except ValueError as error:
            raise RowError(FieldViolation(column, "NOT_A_TIME", str(error))) from None

    for column in REQUIRED:
        if column not in known:
            raise RowError(FieldViolation(column, "REQUIRED", "must not be empty"))
    state = known["incident_state"]
    status = _status(state)
    attributes = {column: known[column] for column in _KNOWN_BY_STATUS[status] if column in known}
    return AuditRow(
        line, known["number"], number("sys_mod_count"), instant_us("opened_at"), known["sys_updated_at"], instant_us("sys_updated_at"),
        known.get("sys_updated_by", ""), known.get("opened_by", ""), known.get("closed_at", ""),
        Snapshot(
            status, state, known.get("priority", ""), known.get("assignment_group", ""), known.get("assigned_to", ""),
            known.get("category", ""), known.get("contact_type", "").lower(), "", number("reopen_count"), attributes,
        ),
    )


def _status(state: str) -> Status | None:
    word = state.lower()
    if word.startswith(_AWAITING):
        return Status.PENDING
    if word in _STATES:
        return _STATES[word]
    if word == UNKNOWN_STATE:
        return None
    known = ", ".join(repr(name) for name in _STATES)
    raise RowError(FieldViolation("incident_state", "UNKNOWN", f"{state!r} is not one of {known}, 'awaiting …' or {UNKNOWN_STATE!r}"))


def incident_facts(rows: Sequence[AuditRow], owner: Owner, times: TimeReader) -> Incident:
    """The facts of one incident's rows, given in any order."""
    incident = Incident()
    in_order = counted(rows)
    latest_us = in_order[0].opened_at_us
    before: Snapshot | None = None
    for row in one_per_count(in_order):
        facts: list[TicketFact] = []
        if before is None:
            opened, before = opened_by(row, owner, latest_us)
            facts.append(opened)
        at_us = times.instant_us(row.updated_at, not_before_us=latest_us)
        incident.moved += at_us < latest_us
        latest_us = max(latest_us, at_us)
        after = carried(before, row.snapshot)
        facts += [changed_by(row, owner, latest_us, change) for change in changes(before, after)]
        incident.facts.append((row.line, facts))
        before = after
    incident.set_aside = len(rows) - len(incident.facts)
    return incident


def opened_by(first: AuditRow, owner: Owner, at_us: int) -> tuple[TicketFact, Snapshot]:
    """The opening, as an incident's first row tells it, and the incident as it stood then."""
    opened, stood = opening(first.snapshot, learned_later=_LEARNED_LATER)
    opener = Actor(ActorKind.AGENT, first.opened_by) if first.opened_by else Actor(ActorKind.SYSTEM)
    return _fact(owner, first, f"{first.number}:opened", at_us, opener, opened), stood


def changed_by(row: AuditRow, owner: Owner, at_us: int, change: Fact) -> TicketFact:
    """A fact of the row."""
    actor = Actor(ActorKind.AGENT, row.updated_by) if row.updated_by else Actor(ActorKind.SYSTEM)
    return _fact(owner, row, f"{row.number}:{row.mod_count}:{kind(change)}", at_us, actor, change)


def counted(rows: Sequence[AuditRow]) -> list[AuditRow]:
    """In the order of sys_mod_count, whatever their order in the file."""
    return sorted(rows, key=lambda row: (row.mod_count, row.updated_at_us, row.updated_by, repr(row.snapshot)))


def one_per_count(in_order: Sequence[AuditRow]) -> Iterator[AuditRow]:
    """Of rows with one sys_mod_count the first that is not earlier than the row before them, else the last of them."""
    latest_us = 0
    for _, group in groupby(in_order, key=lambda row: row.mod_count):
        same = list(group)
        chosen = next((row for row in same if row.updated_at_us >= latest_us), same[-1])
        latest_us = max(latest_us, chosen.updated_at_us)
        yield chosen


def _fact(owner: Owner, row: AuditRow, event_id: str, at_us: int, actor: Actor, fact: Fact) -> TicketFact:
    return TicketFact(owner.tenant, owner.program, owner.source, row.number, event_id, at_us, row.mod_count, actor, fact)
