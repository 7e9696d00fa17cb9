"""A persistence module of the ``eventsourcing`` library: decisions are recorded in the journal, beside the facts.

    PERSISTENCE_MODULE=opsledger.services.journal.recorder
    OPSLEDGER_JOURNAL=FOLDER            (or NAME_OPSLEDGER_JOURNAL for the application called NAME)

Applications that name the same folder share one open journal, within one process; a server that has opened it already
says so with ``lend``. Their aggregates live in one space of ids, their notification logs, snapshots and tracking are
told apart by the application's name, so a name is for ever.

What ``app.save(…)`` may say besides the library's own arguments:

    request_id      names the command. Repeated, it records nothing and is answered with the first one's notification ids
                    (with none, if it now comes with another number of events). An aggregate cache without fast-forward
                    must not be used with it: the library would cache what was not recorded.
    named, said     instead of request_id: the 16 bytes that name the command, and those that name what it says, the key of the last event.
    tenant          of the events and of the request id; default: none.
    occurred_at_us  when it was true; default: now.

Errors are the library's: IntegrityError for a version or tracking that is not beyond the last one, and for a snapshot that is there
already (one that is older than the last is passed over); DataError for what the journal cannot hold, OperationalError when it stopped,
is locked or is overloaded, InternalError when it is damaged.
"""
from opsledger.services.journal.recorder.factory import JournalFactory
from opsledger.services.journal.recorder.recorders import (
    JournalAggregateRecorder,
    JournalApplicationRecorder,
    JournalProcessRecorder,
    JournalTrackingRecorder,
)
from opsledger.services.journal.recorder.sharing import lend

__all__ = [
    "JournalAggregateRecorder",
    "JournalApplicationRecorder",
    "JournalFactory",
    "JournalProcessRecorder",
    "JournalTrackingRecorder",
    "lend",
]
