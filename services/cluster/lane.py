"""Commits on their way to the owner of a partition: one request at a time, with all that came in the meantime in the next."""
from __future__ import annotations

from collections import deque
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from threading import Lock, Timer
from time import monotonic
from typing import NamedTuple

from opsledger.core.errors import JournalMoved, OpsledgerError, Overloaded
from opsledger.core.ports import Commit, Receipt

QUEUE_COMMITS_MAX, QUEUE_BYTES_MAX = 10_000, 64 << 20
"""What may wait for one partition's owner."""
_REQUEST_COMMITS_MAX, _REQUEST_BYTES_MAX = 1_000, 1 << 20
"""After which the rest waits for the next request; one commit may have more."""
_HANDOVER_S = 5.0
"""How long commits wait for the next owner after the last one has given the partition up."""
_MARGIN_S = 0.05


class Answered(NamedTuple):
    """What the owner made of the commits of a request."""

    outcomes: Sequence[Receipt | OpsledgerError]
    position: int
    """What it had reached when it answered."""


class Owner(NamedTuple):
    """Who writes a partition, by its log."""

    node: str
    address: str
    turn: int
    """Grows with every change of who takes commits."""


Send = Callable[[Owner, Sequence[Commit]], "Future[Answered]"]
"""Raises from the future JournalUnreachable, Overloaded. An outcome JournalMoved says that the commit was not recorded."""


class _Waiting(NamedTuple):
    commit: Commit
    size: int
    answer: Future[Answered]
    patience_ends_s: float = 0.0
    """When it was refused by an owner that is none any more: until when it waits for the next one."""


class Lane:
    """The commits of one partition stay in order: the next request leaves when the one before it is answered.

    What was refused because the owner has given the partition up waits for the next owner, a short time.
    """

    def __init__(self, owner: Callable[[], Owner], send: Send) -> None:
        self._owner, self._send = owner, send
        self._lock = Lock()
        self._queue: deque[_Waiting] = deque()
        self._queue_bytes = 0
        self._sending = False
        self._refused_by = -1
        """The turn of an owner that does not own the partition any more, or not yet: nothing is sent to it."""

    def submit(self, commit: Commit, size: int) -> Future[Answered]:
        """Of one outcome. Raises Overloaded when too much waits; from the future JournalMoved when nobody owns the partition,
        JournalUnreachable, and what the owner raises."""
        answer: Future[Answered] = Future()
        answer.set_running_or_notify_cancel()
        with self._lock:
            if self._queue and (len(self._queue) >= QUEUE_COMMITS_MAX or self._queue_bytes + size > QUEUE_BYTES_MAX):
                raise Overloaded(f"{len(self._queue)} commits wait for the owner of their partition already; try again later")
            self._queue.append(_Waiting(commit, size, answer))
            self._queue_bytes += size
        self.go_on()
        return answer

    def go_on(self) -> None:
        """Send what waits. To be called when the partition has another owner, too."""
        owner = self._owner()
        with self._lock:
            if self._sending or not self._queue:
                return
            is_refused = owner.turn <= self._refused_by
            if is_refused and monotonic() < self._queue[0].patience_ends_s:
                return  # it waits for the next owner
            self._sending = True
            taken = self._take()
        if is_refused:
            self._finish(taken, owner, Answered([JournalMoved("", "", 0)] * len(taken), 0))
            return
        sent = self._send(owner, [waiting.commit for waiting in taken])
        sent.add_done_callback(lambda done: self._finish(taken, owner, done.exception() or done.result()))

    def _take(self) -> list[_Waiting]:
        taken: list[_Waiting] = []
        taken_bytes = 0
        while self._queue and len(taken) < _REQUEST_COMMITS_MAX and taken_bytes < _REQUEST_BYTES_MAX:
            taken.append(self._queue.popleft())
            taken_bytes += taken[-1].size
        self._queue_bytes -= taken_bytes
        return taken

    def _finish(self, taken: list[_Waiting], owner: Owner, answered: Answered | BaseException) -> None:
        again: list[_Waiting] = []
        settled: list[tuple[_Waiting, Answered | BaseException]] = []
        now_s = monotonic()
        if isinstance(answered, BaseException):
            settled = [(waiting, answered) for waiting in taken]
        else:
            for waiting, outcome in zip(taken, answered.outcomes, strict=True):
                until_s = waiting.patience_ends_s or now_s + _HANDOVER_S
                if isinstance(outcome, JournalMoved) and now_s < until_s:
                    again.append(waiting._replace(patience_ends_s=until_s))
                else:
                    settled.append((waiting, Answered([outcome], answered.position)))
        with self._lock:
            self._queue.extendleft(reversed(again))
            self._queue_bytes += sum(waiting.size for waiting in again)
            if again:
                self._refused_by = max(self._refused_by, owner.turn)
            self._sending = False
        if again and self._owner().turn <= owner.turn:
            self._wake_at(again[0].patience_ends_s)
        else:
            self.go_on()
        for waiting, result in settled:
            if isinstance(result, BaseException):
                waiting.answer.set_exception(result)
            else:
                waiting.answer.set_result(result)

    def _wake_at(self, at_s: float) -> None:
        timer = Timer(max(at_s - monotonic(), 0) + _MARGIN_S, self.go_on)
        timer.daemon = True
        timer.start()
