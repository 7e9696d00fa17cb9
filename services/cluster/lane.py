"""Commits on their way to the owner of a partition: one request at a time, with all that came in the meantime in the next."""
from __future__ import annotations

from collections import deque
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from functools import partial
from threading import Condition, Timer
from time import monotonic
from typing import NamedTuple

from opsledger.core.errors import JournalMoved, JournalUnreachable, OpsledgerError, Overloaded
from opsledger.core.ports import Commit, Receipt
from opsledger.services.futures import promised

QUEUE_COMMITS_MAX, QUEUE_BYTES_MAX = 10_000, 64 << 20
"""What may wait for one partition's owner."""
_REQUEST_COMMITS_MAX, _REQUEST_BYTES_MAX = 1_000, 1 << 20
"""After which the rest waits for the next request; one commit may have more."""
_HANDOVER_S = 5.0
"""How long commits wait for the next owner after the last one has given the partition up."""
_LAST_WORD_S = 2.0
"""How long an owner that is none any more may take to answer what it was asked while it was one."""
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
        self._lock = Condition()
        self._queue: deque[_Waiting] = deque()
        self._queue_bytes = 0
        self._taken: list[_Waiting] = []
        self._sending = 0
        """The number of the request that is on its way; 0 when there is none."""
        self._requests = self._doubted = 0
        self._asked = Owner("", "", -1)
        self._refused_by = -1
        """The turn of an owner that does not own the partition any more, or not yet: nothing is sent to it."""

    def submit(self, commit: Commit, size: int) -> Future[Answered]:
        """Of one outcome. Raises Overloaded when too much waits; from the future JournalMoved when nobody owns the partition,
        JournalUnreachable, and what the owner raises."""
        answer: Future[Answered] = promised()
        with self._lock:
            if self._queue and (len(self._queue) >= QUEUE_COMMITS_MAX or self._queue_bytes + size > QUEUE_BYTES_MAX):
                raise Overloaded(f"{len(self._queue)} commits wait for the owner of their partition already; try again later")
            self._queue.append(_Waiting(commit, size, answer))
            self._queue_bytes += size
        self.go_on()
        return answer

    def go_on(self) -> None:
        """Send what waits. To be called when the partition has another owner, too: who was asked may never answer, when it was frozen."""
        while self._send_next():
            pass

    def _send_next(self) -> bool:
        """Whether it was answered at once and the next request may follow. As long as nobody takes commits and more keep coming that has
        no end, so it is not the answer that sends the next one."""
        owner = self._owner()
        with self._lock:
            if self._sending > self._doubted and (owner.node, owner.address) != (self._asked.node, self._asked.address):
                self._doubted = self._sending
                self._later(_LAST_WORD_S, partial(self._give_up, self._sending))
            if self._sending or not self._queue:
                return False
            is_refused = owner.turn <= self._refused_by
            if is_refused and monotonic() < self._queue[0].patience_ends_s:
                return False  # it waits for the next owner
            self._requests += 1
            request = self._sending = self._requests
            self._asked, self._taken = owner, self._take()
            commits = [waiting.commit for waiting in self._taken]
        if is_refused:
            return self._finish(request, Answered([JournalMoved("", "", 0)] * len(commits), 0))
        sent = self._send(owner, commits)
        if sent.done():
            return self._finish(request, sent.exception() or sent.result())
        sent.add_done_callback(lambda done: self._answered(request, done.exception() or done.result()))
        return False

    @property
    def is_busy(self) -> bool:
        """Something waits, or is on its way."""
        with self._lock:
            return bool(self._sending or self._queue)

    def finish(self, timeout_s: float) -> bool:
        """Block until nothing waits (True), or the time is over (False)."""
        with self._lock:
            return self._lock.wait_for(lambda: not (self._sending or self._queue), timeout_s)

    def _give_up(self, request: int) -> None:
        self._answered(request, JournalUnreachable("the owner that was asked is none any more; send the same request again"))

    def _answered(self, request: int, answered: Answered | BaseException) -> None:
        if self._finish(request, answered):
            self.go_on()

    def _take(self) -> list[_Waiting]:
        taken: list[_Waiting] = []
        taken_bytes = 0
        while self._queue and len(taken) < _REQUEST_COMMITS_MAX and taken_bytes < _REQUEST_BYTES_MAX:
            taken.append(self._queue.popleft())
            taken_bytes += taken[-1].size
        self._queue_bytes -= taken_bytes
        return taken

    def _finish(self, request: int, answered: Answered | BaseException) -> bool:
        """Tell the callers of a request; whether the next one may follow."""
        with self._lock:
            if request != self._sending:
                return False  # it was given up, or has answered
            self._sending = -request  # nothing is sent until its callers know
            taken, owner = self._taken, self._asked
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
        for waiting, result in settled:
            if isinstance(result, BaseException):
                waiting.answer.set_exception(result)
            else:
                waiting.answer.set_result(result)
        with self._lock:
            self._queue.extendleft(reversed(again))
            self._queue_bytes += sum(waiting.size for waiting in again)
            if again:
                self._refused_by = max(self._refused_by, owner.turn)
            self._sending = 0
            self._lock.notify_all()
        if again and self._owner().turn <= owner.turn:
            self._later(again[0].patience_ends_s - monotonic() + _MARGIN_S, self.go_on)
            return False
        return True

    def _later(self, after_s: float, do: Callable[[], None]) -> None:
        timer = Timer(max(after_s, 0), do)
        timer.daemon = True
        timer.start()
