"""Every error that Opsledger raises on purpose. services/grpc/status.py maps each class to its gRPC status in one table.

    OpsledgerError
    ├── InvalidInput             names the field, file or line that is wrong
    │   ├── InvalidCalendar
    │   ├── InvalidRules
    │   ├── InvalidForm
    │   ├── InvalidAnswers
    │   ├── TargetUnreachable    a calendar has too few open hours for a deadline
    │   ├── InvalidSettings
    │   └── InvalidPageToken
    ├── NotFound
    ├── NotAuthenticated         no token, or one that does not hold
    ├── NotAllowed               the caller's token does not cover it; core/quality/errors.py has more
    ├── Precluded                what has happened does not allow it, or not any more; core/quality/errors.py has more
    ├── VersionConflict          somebody wrote to the stream in between
    ├── Overloaded               a bound was reached; try again later
    ├── ExchangeUnreachable      the Kafka through which other systems give and take events does not answer
    ├── DatabaseUnusable         the read models' database cannot be reached or is of another version
    ├── NoRoom                   a folder, or the disk of a file, takes no more; names it
    ├── NotReady                 draining, or views not yet as far as asked; try again later
    └── JournalError
        ├── JournalDamaged       bytes that were acknowledged cannot be read back; names the position
        ├── JournalStopped       an fsync failed or the journal was closed; a restart recovers
        ├── JournalLocked        another process writes to this folder
        ├── JournalMoved         another node owns the journal now; names its address
        └── JournalUnreachable   the log behind the journal does not answer; try again later
"""
from __future__ import annotations

from typing import NamedTuple


class FieldViolation(NamedTuple):
    """One thing wrong with one field."""

    field: str
    """Path of the field: ``occurred_at``, ``hours.mon[0]``, ``line 12: opened_at``."""
    reason: str
    """UPPER_SNAKE and stable: ``REQUIRED``, ``TOO_LONG``."""
    description: str
    """For people."""


class OpsledgerError(Exception):
    """Root of the tree. ``reason`` is stable and for machines; the message is for people."""

    reason = "INTERNAL"


class InvalidInput(OpsledgerError):
    """Input that cannot be used. ``violations`` says what is wrong, field by field; it is never empty."""

    reason = "INVALID_INPUT"

    def __init__(self, *violations: FieldViolation) -> None:
        super().__init__("; ".join(f"{v.field}: {v.description}" if v.field else v.description for v in violations))
        self.violations = violations


class InvalidCalendar(InvalidInput):
    reason = "INVALID_CALENDAR"


class InvalidRules(InvalidInput):
    reason = "INVALID_RULES"


class InvalidForm(InvalidInput):
    reason = "INVALID_FORM"


class InvalidAnswers(InvalidInput):
    """Answers that do not fit their form."""

    reason = "INVALID_ANSWERS"


class TargetUnreachable(InvalidInput):
    reason = "TARGET_UNREACHABLE"


class InvalidSettings(InvalidInput):
    reason = "INVALID_SETTINGS"


class InvalidPageToken(InvalidInput):
    reason = "INVALID_PAGE_TOKEN"


class NotFound(OpsledgerError):
    reason = "NOT_FOUND"

    def __init__(self, kind: str, name: str) -> None:
        super().__init__(f"there is no {kind} {name!r}")
        self.kind, self.name = kind, name


class NotAuthenticated(OpsledgerError):
    reason = "NOT_AUTHENTICATED"


class NotAllowed(OpsledgerError):
    reason = "NOT_ALLOWED"


class Precluded(OpsledgerError):
    """A command that the recorded history does not allow. Each area has subclasses with a reason of their own."""

    reason = "PRECLUDED"


class RequestIdReused(Precluded):
    """The request id names another request of the same principal. ``position`` is where that one was recorded."""

    reason = "REQUEST_ID_REUSED"

    def __init__(self, request_id: str, position: int) -> None:
        super().__init__(
            f"the request id {request_id!r} has been used for a request with other content, recorded at position {position}; "
            "a new request needs a new id"
        )
        self.request_id, self.position = request_id, position


class VersionConflict(OpsledgerError):
    """The stream has moved on. ``current`` is its last version, ``given`` the one the writer wanted to take."""

    reason = "VERSION_CONFLICT"

    def __init__(self, stream_id: bytes, current: int, given: int) -> None:
        super().__init__(f"stream {stream_id.hex()} is at version {current}; version {given} cannot be written")
        self.stream_id, self.current, self.given = stream_id, current, given


class Overloaded(OpsledgerError):
    reason = "OVERLOADED"


class ExchangeUnreachable(OpsledgerError):
    reason = "EXCHANGE_UNREACHABLE"


class DatabaseUnusable(OpsledgerError):
    reason = "DATABASE_UNUSABLE"


class NoRoom(OpsledgerError):
    reason = "NO_ROOM"


class NotReady(OpsledgerError):
    reason = "NOT_READY"


class JournalError(OpsledgerError):
    reason = "JOURNAL"


class JournalDamaged(JournalError):
    """``position`` is the first one that cannot be read back; ``segment`` and ``offset`` say where its bytes should be."""

    reason = "JOURNAL_DAMAGED"

    def __init__(self, text: str, *, position: int, segment: str, offset: int) -> None:
        super().__init__(
            f"the journal is damaged at position {position} ({segment}, byte {offset}): {text}. Restore its folder from a copy"
        )
        self.text, self.position, self.segment, self.offset = text, position, segment, offset


class JournalStopped(JournalError):
    reason = "JOURNAL_STOPPED"


class JournalLocked(JournalError):
    reason = "JOURNAL_LOCKED"


class JournalMoved(JournalError):
    """Another node writes the journal; nothing was recorded. ``node`` owns it since ``epoch``, or is empty while nobody does; ``address``
    is where it listens, empty when it said none."""

    reason = "JOURNAL_MOVED"

    def __init__(self, node: str, address: str, epoch: int) -> None:
        if node:
            where = f"{node} at {address}" if address else node
            super().__init__(f"the journal is written by {where} now (epoch {epoch}); send the same request there")
        else:
            super().__init__("nobody writes this partition of the journal at the moment; send the same request again")
        self.node, self.address, self.epoch = node, address, epoch


class JournalUnreachable(JournalError):
    """What waited for an answer may be recorded or not: the same request with the same ids is recorded once."""

    reason = "JOURNAL_UNREACHABLE"
