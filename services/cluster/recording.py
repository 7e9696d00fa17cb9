"""Several commits at once into a journal of this process."""
from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import Future

from opsledger.core.errors import JournalUnreachable, OpsledgerError, Overloaded
from opsledger.core.ports import Commit, Journal, Receipt
from opsledger.services.cluster.lane import Answered
from opsledger.services.futures import refused, when_all


def record_all(journal: Journal, commits: Sequence[Commit]) -> Future[Answered]:
    """The future is done when the fate of all is known. When the journal's queue is full, what comes after is refused too: it must
    not overtake."""
    futures: list[Future[Receipt]] = []
    full: Overloaded | None = None
    for commit in commits:
        try:
            futures.append(refused(full) if full else journal.submit(commit))
        except Overloaded as error:
            full = error
            futures.append(refused(error))
    return when_all(futures, lambda: Answered([_outcome(future) for future in futures], journal.position))


def _outcome(future: Future[Receipt]) -> Receipt | OpsledgerError:
    if error := future.exception():
        return error if isinstance(error, OpsledgerError) else JournalUnreachable(f"{type(error).__name__}: {error}")
    return future.result()
