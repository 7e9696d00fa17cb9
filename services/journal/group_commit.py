"""Group commit: callers queue, one thread builds a batch while another makes the one before it durable, and everyone in a batch
is answered after its one sync."""
from __future__ import annotations

from collections import deque
from collections.abc import Callable
from concurrent.futures import Future, InvalidStateError
from contextlib import suppress
from queue import Queue
from threading import Condition, Thread

from opsledger.core.errors import JournalError, JournalStopped, Overloaded
from opsledger.core.ports import Commit, Receipt
from opsledger.services.journal.batches import Batch, Request
from opsledger.services.journal.limits import Limits


class GroupCommit:
    """``build`` and ``store`` each run on a thread of their own. The first error of ``store`` is the last thing it is asked: it is
    never retried, because after a failed sync nobody knows what the disk holds; all who wait are told: the error itself when it
    is a JournalError, else JournalStopped. Of a batch that says how many of its commits stand, those are answered all the same."""

    def __init__(
        self, build: Callable[[list[Request]], Batch], store: Callable[[Batch], None], stopped: Callable[[], None], limits: Limits,
    ) -> None:
        self._build, self._store, self._on_stop, self._limits = build, store, stopped, limits
        self._queue: deque[Request] = deque()
        self._queue_bytes = 0
        self._changed = Condition()
        self._closing = False
        self._closed: JournalError = JournalStopped("the journal is closed")
        self._stopped: JournalError | None = None
        self._built: Queue[Batch | None] = Queue(maxsize=1)
        self._threads = [Thread(target=self._run_builder, name="journal-build", daemon=True),
                         Thread(target=self._run_storer, name="journal-store", daemon=True)]
        for thread in self._threads:
            thread.start()

    def submit(self, commit: Commit, size: int) -> Future[Receipt]:
        """Raises Overloaded when the queue is full."""
        answer: Future[Receipt] = Future()
        with self._changed:
            if self._closing or self._stopped:
                answer.set_exception(self._stopped or self._closed)
                return answer
            if self._queue and (
                len(self._queue) >= self._limits.queue_commits or self._queue_bytes + size > self._limits.queue_bytes
            ):
                raise Overloaded(f"{len(self._queue)} commits wait for the journal already; try again later")
            self._queue.append(Request(commit, size, answer))
            self._queue_bytes += size
            self._changed.notify()
        return answer

    def _take(self) -> list[Request]:
        """The next requests in order, as many as fit into a batch; none only when the queue is closed and empty."""
        taken: list[Request] = []
        taken_bytes = 0
        with self._changed:
            self._changed.wait_for(lambda: self._queue or self._closing)
            while self._queue and len(taken) < self._limits.batch_commits and taken_bytes < self._limits.batch_bytes:
                request = self._queue.popleft()
                taken.append(request)
                taken_bytes += request.size
            self._queue_bytes -= taken_bytes
        return taken

    def _run_builder(self) -> None:
        while requests := self._take():
            try:
                batch = self._build(requests)
            except Exception as error:  # a mistake of ours, no memory: nobody may wait for an answer that never comes
                self.stop(error)
                for request in requests:
                    with suppress(InvalidStateError):  # its caller has given it up
                        request.answer.set_exception(self._stopped)
            else:
                self._built.put(batch)
        self._built.put(None)

    def _run_storer(self) -> None:
        while batch := self._built.get():
            if not self._stopped:
                try:
                    self._store(batch)
                except Exception as error:  # a full disk, a failed sync: whatever it is, the disk is not known any more
                    self.stop(error)
            for answer, outcome, commits in batch.answers:
                if self._stopped and commits > batch.stood:
                    answer.set_exception(self._stopped)
                elif isinstance(outcome, Exception):
                    answer.set_exception(outcome)
                else:
                    answer.set_result(outcome)

    def stop(self, error: Exception) -> None:
        """Nothing is stored any more; whoever waits or comes is told why. The first reason stays."""
        with self._changed:
            if self._stopped:
                return
            if isinstance(error, JournalError):
                self._stopped = error
            else:
                self._stopped = JournalStopped(f"the journal stopped: it cannot be written ({error}); a restart recovers what is durable")
                self._stopped.__cause__ = error
        self._on_stop()

    @property
    def waiting(self) -> int:
        """Commits that no batch has taken yet."""
        return len(self._queue)

    @property
    def stopped(self) -> JournalError | None:
        """Why nothing can be written any more."""
        return self._stopped

    def close(self, reason: JournalError | None = None) -> None:
        """Finish what was queued; who comes later is told the reason, if there is another than that the journal is closed. Idempotent."""
        with self._changed:
            self._closing = True
            self._closed = reason or self._closed
            self._changed.notify_all()
        for thread in self._threads:
            thread.join()
