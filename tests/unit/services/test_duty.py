"""Work for the owner of a partition: it begins and ends with the ownership."""
from __future__ import annotations

from queue import Queue
from threading import Condition, Event, Thread

import pytest

from opsledger.services.duty import while_owned
from opsledger.services.journal.memory import MemoryJournal
from opsledger.services.journal.partitions import Numbered

LONG_S = 60


class Owned(Numbered):
    """A partition whose owner a test decides."""

    def __init__(self) -> None:
        super().__init__(MemoryJournal(), 3)
        self._owner, self._changed = False, Condition()
        self.asked = Queue[bool]()
        """What was waited for."""

    @property
    def is_owner(self) -> bool:
        return self._owner

    def wait_owner(self, owner: bool, timeout_s: float) -> bool:
        self.asked.put(owner)
        with self._changed:
            return self._changed.wait_for(lambda: self._owner is owner, timeout_s)

    def decide(self, owner: bool) -> None:
        with self._changed:
            self._owner = owner
            self._changed.notify_all()


class Work:
    """Tells when it begins and when it ends."""

    def __init__(self) -> None:
        self.begun: Queue[Event] = Queue()
        self.ended: Queue[Event] = Queue()

    def __call__(self, stop: Event) -> None:
        self.begun.put(stop)
        stop.wait(LONG_S)
        self.ended.put(stop)


def test_work_goes_on_while_the_partition_is_owned_and_begins_again() -> None:
    partition, work, stop = Owned(), Work(), Event()
    thread = Thread(target=while_owned(partition, work), args=(stop,))
    thread.start()
    stops = []
    for _ in range(3):
        partition.decide(True)
        stops.append(work.begun.get(timeout=LONG_S))
        assert not stops[-1].is_set()
        assert work.ended.empty()
        partition.decide(False)
        assert work.ended.get(timeout=LONG_S) is stops[-1]
    assert len({id(each) for each in stops}) == 3
    stop.set()
    thread.join(LONG_S)
    assert not thread.is_alive()
    assert work.begun.empty()


def test_it_stops_in_the_middle_of_an_ownership() -> None:
    partition, work, stop = Owned(), Work(), Event()
    partition.decide(True)
    thread = Thread(target=while_owned(partition, work), args=(stop,))
    thread.start()
    begun = work.begun.get(timeout=LONG_S)
    stop.set()
    assert work.ended.get(timeout=LONG_S) is begun
    thread.join(LONG_S)
    assert not thread.is_alive()


def test_who_never_owns_never_works() -> None:
    partition, work, stop = Owned(), Work(), Event()
    thread = Thread(target=while_owned(partition, work), args=(stop,))
    thread.start()
    stop.set()
    thread.join(LONG_S)
    assert work.begun.empty()


def test_what_work_raises_is_raised() -> None:
    partition = Owned()
    partition.decide(True)
    with pytest.raises(ZeroDivisionError):
        while_owned(partition, lambda _: 1 / 0)(Event())


def test_work_that_is_done_early_waits_for_the_next_ownership() -> None:
    partition, stop, times = Owned(), Event(), Queue[int]()
    partition.decide(True)
    thread = Thread(target=while_owned(partition, lambda _: times.put(1)), args=(stop,))
    thread.start()
    times.get(timeout=LONG_S)
    partition.decide(False)
    assert partition.asked.get(timeout=LONG_S)
    while not partition.asked.get(timeout=LONG_S):
        pass  # until it has seen the end, and asks for the next begin
    assert times.empty()
    partition.decide(True)
    times.get(timeout=LONG_S)
    stop.set()
    thread.join(LONG_S)
    assert not thread.is_alive()
