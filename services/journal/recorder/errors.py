"""The journal's errors in the library's words."""
from __future__ import annotations

from types import TracebackType

from eventsourcing.persistence import DataError, IntegrityError, InternalError, OperationalError, PersistenceError

from opsledger.core.errors import InvalidInput, JournalDamaged, JournalError, OpsledgerError, Overloaded, VersionConflict

_WORDS: tuple[tuple[type[OpsledgerError], type[PersistenceError]], ...] = (
    (VersionConflict, IntegrityError),
    (InvalidInput, DataError),
    (Overloaded, OperationalError),
    (JournalDamaged, InternalError),
    (JournalError, OperationalError),
)


class _Translated:
    """A context: errors of the journal leave it as errors of the library, with the journal's own as their cause."""

    def __enter__(self) -> None: ...

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        if error is None:
            return
        for ours, theirs in _WORDS:
            if isinstance(error, ours):
                raise theirs(str(error)) from error


TRANSLATED = _Translated()
