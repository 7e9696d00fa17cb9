"""Calibration: several raters judge the same contacts by the same form version, each without seeing what the others said.

    open ──close──▶ closed
      └───cancel──▶ cancelled

While it is open raters may join late and withdraw, and a rater sees what others said after submitting all contacts: what was submitted
cannot be taken back. Who is no rater sees nothing before it is closed. Times are microseconds since 1970 UTC and come in as arguments.
"""
from __future__ import annotations

from collections.abc import Collection, Sequence
from enum import StrEnum
from typing import Any, NamedTuple

from eventsourcing.domain import Aggregate, event

from opsledger.core.errors import FieldViolation, InvalidInput
from opsledger.core.quality import errors
from opsledger.core.quality.sheet import Plain, Sheet
from opsledger.core.quality.subject import Subject, read_subject

CONTACTS_MAX = 50
RATERS_MAX = 50


class CalibrationStatus(StrEnum):
    OPEN = "open"
    CLOSED = "closed"
    CANCELLED = "cancelled"


class Rating(NamedTuple):
    """What one rater says of one contact."""

    rater_id: str
    contact: Subject
    sheet: Sheet
    result: Plain
    """As result.py gives it."""
    at_us: int


class Calibration(Aggregate):
    """One session, by one form version."""

    # Events

    class Opened(Aggregate.Created):
        TOPIC = "quality.calibration.opened"
        tenant: str
        program: str
        title: str
        form_id: str
        form_version: int
        contacts: list[dict[str, str]]
        raters: list[str]
        reference_id: str
        due_at_us: int | None
        actor_id: str
        opened_at_us: int

    class RaterJoined(Aggregate.Event):
        TOPIC = "quality.calibration.rater_joined"
        rater_id: str
        actor_id: str
        joined_at_us: int

    class RaterWithdrawn(Aggregate.Event):
        TOPIC = "quality.calibration.rater_withdrawn"
        rater_id: str
        actor_id: str
        reason: str
        withdrawn_at_us: int

    class Submitted(Aggregate.Event):
        TOPIC = "quality.calibration.submitted"
        rater_id: str
        contact: dict[str, str]
        sheet: Plain
        result: Plain
        submitted_at_us: int

    class Closed(Aggregate.Event):
        TOPIC = "quality.calibration.closed"
        actor_id: str
        closed_at_us: int

    class Cancelled(Aggregate.Event):
        TOPIC = "quality.calibration.cancelled"
        actor_id: str
        reason: str
        cancelled_at_us: int

    # Commands: check, then record. One that would change nothing records nothing.

    @classmethod
    def open(cls, contacts: Sequence[Subject], raters: Sequence[str], reference_id: str, **fields: Any) -> Calibration:
        """``reference_id``: the rater whose ratings are the standard, or empty. Raises InvalidInput."""
        _check_number("contacts", contacts, 1, CONTACTS_MAX)
        _check_number("raters", raters, 2, RATERS_MAX)
        if reference_id and reference_id not in raters:
            raise InvalidInput(FieldViolation("reference_id", "UNKNOWN", f"{reference_id!r} is none of the raters"))
        return cls(
            contacts=[contact.plain() for contact in contacts], raters=list(raters), reference_id=reference_id, **fields)

    @event(Opened)
    def __init__(
        self, tenant: str, program: str, title: str, form_id: str, form_version: int, contacts: list[dict[str, str]], raters: list[str],
        reference_id: str, due_at_us: int | None, actor_id: str, opened_at_us: int,
    ) -> None:
        self.tenant, self.program, self.title = tenant, program, title
        self.form_id, self.form_version = form_id, form_version
        self.contacts = tuple(read_subject(contact) for contact in contacts)
        self.raters, self.reference_id = tuple(raters), reference_id
        self.due_at_us, self.opened_by, self.opened_at_us = due_at_us, actor_id, opened_at_us
        self.withdrawn: dict[str, str] = {}
        """Raters who left, and why. They stay among ``raters``; what they said does not count."""
        self.ratings: tuple[Rating, ...] = ()
        """Of everybody: for folds. What somebody may be shown is ``ratings_for``."""
        self.status = CalibrationStatus.OPEN
        self.ended_at_us: int | None = None
        self.cancel_reason = ""

    def join(self, rater_id: str, actor_id: str, now_us: int) -> None:
        """Raises CalibrationOver, RaterLeft; InvalidInput when there are too many."""
        self._check_open()
        if rater_id in self.withdrawn:
            raise errors.RaterLeft(self.id, rater_id)
        if rater_id not in self.raters:
            _check_number("raters", (*self.raters, rater_id), 2, RATERS_MAX)
            self._rater_joined(rater_id=rater_id, actor_id=actor_id, joined_at_us=now_us)

    def withdraw(self, rater_id: str, actor_id: str, reason: str, now_us: int) -> None:
        """A rater leaves; what they said does not count. Raises CalibrationOver, NotARater, ReferenceNeeded."""
        self._check_open()
        if rater_id not in self.raters:
            raise errors.NotARater(self.id, rater_id)
        if rater_id == self.reference_id:
            raise errors.ReferenceNeeded(self.id, rater_id)
        if rater_id not in self.withdrawn:
            self._rater_withdrawn(rater_id=rater_id, actor_id=actor_id, reason=reason, withdrawn_at_us=now_us)

    def submit(self, rater_id: str, contact: Subject, sheet: Sheet, result: Plain, now_us: int) -> None:
        """Say what one contact is worth, for good. Raises NotARater, RaterLeft, NotInSession, CalibrationOver, AlreadyRated."""
        if rater_id not in self.raters:
            raise errors.NotARater(self.id, rater_id)
        self._check_open()
        if rater_id in self.withdrawn:
            raise errors.RaterLeft(self.id, rater_id)
        if contact not in self.contacts:
            raise errors.NotInSession(self.id, contact)
        before = next((rating for rating in self.ratings if (rating.rater_id, rating.contact) == (rater_id, contact)), None)
        if before is None:
            self._submitted(
                rater_id=rater_id, contact=contact.plain(), sheet=sheet.plain(), result=result, submitted_at_us=now_us)
        elif before.sheet != sheet:
            raise errors.AlreadyRated(self.id, rater_id, contact)

    def close(self, actor_id: str, now_us: int) -> None:
        """End it and show what everybody said. Raises CalibrationOver when it was cancelled."""
        if self.status is CalibrationStatus.CANCELLED:
            raise errors.CalibrationOver(self.id, self.status)
        if self.status is CalibrationStatus.OPEN:
            self._closed(actor_id=actor_id, closed_at_us=now_us)

    def cancel(self, actor_id: str, reason: str, now_us: int) -> None:
        """End it without results. Raises CalibrationOver when it was closed."""
        if self.status is CalibrationStatus.CLOSED:
            raise errors.CalibrationOver(self.id, self.status)
        if self.status is CalibrationStatus.OPEN:
            self._cancelled(actor_id=actor_id, reason=reason, cancelled_at_us=now_us)

    def _check_open(self) -> None:
        if self.status is not CalibrationStatus.OPEN:
            raise errors.CalibrationOver(self.id, self.status)

    # Fold: plain assignments that cannot fail, whatever was recorded.

    @event(RaterJoined)
    def _rater_joined(self, rater_id: str, actor_id: str, joined_at_us: int) -> None:
        self.raters = (*self.raters, rater_id)

    @event(RaterWithdrawn)
    def _rater_withdrawn(self, rater_id: str, actor_id: str, reason: str, withdrawn_at_us: int) -> None:
        self.withdrawn = {**self.withdrawn, rater_id: reason}

    @event(Submitted)
    def _submitted(self, rater_id: str, contact: dict[str, str], sheet: Plain, result: Plain, submitted_at_us: int) -> None:
        self.ratings = (*self.ratings, Rating(rater_id, read_subject(contact), Sheet(**sheet), result, submitted_at_us))

    @event(Closed)
    def _closed(self, actor_id: str, closed_at_us: int) -> None:
        self.status, self.ended_at_us = CalibrationStatus.CLOSED, closed_at_us

    @event(Cancelled)
    def _cancelled(self, actor_id: str, reason: str, cancelled_at_us: int) -> None:
        self.status, self.ended_at_us, self.cancel_reason = CalibrationStatus.CANCELLED, cancelled_at_us, reason

    # Queries

    @property
    def active_raters(self) -> tuple[str, ...]:
        """Those whose ratings count."""
        return tuple(rater for rater in self.raters if rater not in self.withdrawn)

    def submitted(self, rater_id: str) -> int:
        """How many contacts a rater has judged; open to everybody."""
        return sum(rating.rater_id == rater_id for rating in self.ratings)

    def is_blind_to(self, viewer_id: str) -> bool:
        """What others say is hidden from this person."""
        return self.status is not CalibrationStatus.CLOSED and self.submitted(viewer_id) < len(self.contacts)

    def ratings_for(self, viewer_id: str) -> tuple[Rating, ...]:
        """What this person may see: their own ratings, and those of others once it is not blind to them."""
        blind = self.is_blind_to(viewer_id)
        return tuple(rating for rating in self.ratings if not blind or rating.rater_id == viewer_id)

    def check_not_blind_to(self, viewer_id: str) -> None:
        """Raises StillBlind."""
        if self.is_blind_to(viewer_id):
            raise errors.StillBlind(self.id, viewer_id)


def _check_number(field: str, given: Collection[object], least: int, most: int) -> None:
    if not least <= len(given) <= most:
        raise InvalidInput(FieldViolation(field, "OUT_OF_RANGE", f"must be {least} to {most}, not {len(given)}"))
    if len(set(given)) < len(given):
        raise InvalidInput(FieldViolation(field, "DUPLICATE", "names one of them twice"))
