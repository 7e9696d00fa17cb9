"""Several commits at once into a journal of this process."""
from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import Future
from threading import Lock

from opsledger.core.errors import JournalUnreachable, OpsledgerError, Overloaded
from opsledger.core.ports import Commit, Journal, Receipt
from opsledger.services.cluster.lane import Answered


def record_all(journal: Journal, commits: Sequence[Commit]) -> Future[Answered]:
    """The future is done when the fate of all is known. When the journal's queue is full, what comes after is refused too: it must
    not overtake."""
    answer: Future[Answered] = Future()
    answer.set_running_or_notify_cancel()
    futures: list[Future[Receipt] | Overloaded] = []
    full: Overloaded | None = None
    for commit in commits:
        try:
            futures.append(full or journal.submit(commit))
        except Overloaded as error:
            full = error
            futures.append(error)
    lock = Lock()
    left = len(futures) + 1

    def finish(_: object = None) -> None:
        nonlocal left
        with lock:
            left -= 1
            if left:
                return
        answer.set_result(Answered([_outcome(future) for future in futures], journal.position))

    for future in futures:
        if isinstance(future, Future):
            future.add_done_callback(finish)
        else:
            finish()
    finish()
    return answer


def _outcome(future: Future[Receipt] | Overloaded) -> Receipt | OpsledgerError:
    if isinstance(future, Overloaded):
        return future
    if error := future.exception():
        return error if isinstance(error, OpsledgerError) else JournalUnreachable(f"{type(error).__name__}: {error}")
    return future.result()
