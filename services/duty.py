"""Work that is done once for each partition, by the node that owns it."""
from __future__ import annotations

from collections.abc import Callable
from threading import Event, Thread

from opsledger.services.journal.partitions import Partition

LOOK_S = 0.25
"""How long somebody who waits for a change of the owner takes to see that all is to stop."""
Work = Callable[[Event], object]


def while_owned(partition: Partition, work: Work) -> Work:
    """``work(stop)`` whenever this node owns the partition, for a Background.

    When ownership ends, the event that ``work`` was given is set; with the next ownership it begins again, with a new one. What it
    raises is raised. Work that returns by itself has done its duty until then.
    """

    def on_duty(stop: Event) -> None:
        while not stop.is_set():
            if partition.wait_owner(True, LOOK_S):
                _work_once(partition, work, stop)

    return on_duty


def _work_once(partition: Partition, work: Work, stop: Event) -> None:
    ended = Event()
    watch = Thread(target=_watch, args=(partition, stop, ended), name=f"duty-{partition.number}", daemon=True)
    watch.start()
    try:
        work(ended)
    except BaseException:
        ended.set()
        raise
    finally:
        watch.join()


def _watch(partition: Partition, stop: Event, ended: Event) -> None:
    """Set ``ended`` when the duty is over."""
    while not ended.is_set() and not stop.is_set() and not partition.wait_owner(False, LOOK_S):
        pass
    ended.set()
