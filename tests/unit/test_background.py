"""Background work: a failure is tried again, a stopped journal is the end."""
from __future__ import annotations

from threading import Event

from opsledger.core.errors import JournalStopped
from opsledger.services.background import Background


def test_what_fails_is_unhealthy_until_it_is_tried_again() -> None:
    failed, runs = Event(), Event()
    dead: list[Exception] = []

    def work(stop: Event) -> None:
        if not failed.is_set():
            failed.set()
            raise ConnectionError("the database is away")
        runs.set()
        stop.wait(60)

    background = Background("work", work, dead.append)
    background.start()
    assert failed.wait(60)
    assert runs.wait(60)
    assert background.is_healthy()
    background.stop(60)
    assert dead == []


def test_a_failure_is_known_while_it_waits_for_the_next_try() -> None:
    background = Background("work", lambda _: 1 / 0, lambda _: None)
    background.start()
    while background.is_healthy():
        pass
    assert background.failing == "ZeroDivisionError: division by zero"
    background.stop(60)


def test_a_journal_that_stopped_is_told_once_and_ends_it() -> None:
    told, dead = Event(), list[Exception]()

    def work(stop: Event) -> None:
        raise JournalStopped("fsync failed")

    def on_dead(error: Exception) -> None:
        dead.append(error)
        told.set()

    background = Background("work", work, on_dead)
    background.start()
    assert told.wait(60)
    background.stop(60)
    assert [str(error) for error in dead] == ["fsync failed"]
