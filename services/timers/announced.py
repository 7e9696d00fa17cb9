"""What is to be said aloud about a ticket: steps of the ladder and breaches against what has been announced already. Pure."""
from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import NamedTuple

from opsledger.core.ports import NewEvent
from opsledger.core.tickets.identity import name16
from opsledger.proto.sla.v1.announcement_pb2 import Announcement
from opsledger.services.projections.announcing import ANNOUNCEMENT
from opsledger.services.projections.ticket_view import BREACH, WARNING
from opsledger.services.tickets.codec import timestamp

RETRACTION = "retraction"
_KINDS = {WARNING: Announcement.KIND_WARNING, BREACH: Announcement.KIND_BREACH}


class Subject(NamedTuple):
    """What an announcement is about: one step of one clock at one instant. At another instant it is another one."""

    tenant: str
    source: str
    ticket_id: str
    metric: str
    cycle: int
    kind: str
    """warning or breach"""
    step: str
    at_us: int


class Details(NamedTuple):
    """What is told besides."""

    program: str
    policy: str
    due_at_us: int | None


class Said(NamedTuple):
    """What has been announced about a subject so far."""

    times: int
    """Announcements and retractions."""
    stands: bool
    details: Details


def said(announcements: Iterable[tuple[Subject, Details, bool]]) -> dict[Subject, Said]:
    """Fold announcements, in their order: subject, details, whether it was announced (or retracted)."""
    found: dict[Subject, Said] = {}
    for subject, details, announced in announcements:
        before = found.get(subject)
        found[subject] = Said(before.times + 1 if before else 1, announced, details)
    return found


def decide(steps: dict[Subject, Details], known: dict[Subject, Said], *, now_us: int, not_before_us: int) -> Iterator[NewEvent]:
    """The events that make what has been said agree with the steps.

    ``steps``: all steps of some tickets, past and future. ``known``: all that has been said about those tickets. A step that was
    reached before ``not_before_us`` is not announced any more: it is history, and nobody could act on it.
    """
    for subject, details in sorted(steps.items(), key=lambda entry: (entry[0].at_us, entry[0])):
        before = known.get(subject)
        if not_before_us < subject.at_us <= now_us and not (before and before.stands):
            yield _event(subject, details, before.times if before else 0, Announcement.KIND_UNSPECIFIED)
    for subject, before in sorted(known.items()):
        if before.stands and subject not in steps and subject.kind in _KINDS:
            yield _event(subject, before.details, before.times, _KINDS[subject.kind])


def _event(subject: Subject, details: Details, times: int, retracts: Announcement.Kind) -> NewEvent:
    """``times``: how often the subject has been spoken of. It makes the key, so that nothing is said twice, whatever is restarted."""
    message = Announcement(
        kind=Announcement.KIND_RETRACTION if retracts else _KINDS[subject.kind], retracts=retracts,
        tenant=subject.tenant, program=details.program, source=subject.source, ticket_id=subject.ticket_id,
        metric=subject.metric, cycle=subject.cycle, policy=details.policy, step=subject.step, at=timestamp(subject.at_us),
    )
    if details.due_at_us is not None:
        message.due_at.CopyFrom(timestamp(details.due_at_us))
    ticket = (subject.tenant, subject.source, subject.ticket_id)
    return NewEvent(
        name16("announcements", *ticket), ANNOUNCEMENT, subject.tenant, subject.at_us, message.SerializeToString(deterministic=True),
        key=name16("announcement", *map(str, subject), str(times)),
    )
