"""The timer service over real read models, with a clock that only moves when told."""
from __future__ import annotations

from collections.abc import Sequence
from queue import SimpleQueue
from threading import Event, Thread

import pytest
from sqlalchemy import Engine

from opsledger.core.ports import Journal, NewEvent, RecordedEvent
from opsledger.core.tickets.facts import Merged, Opened, PriorityChanged, Replied, Status, StatusChanged, TicketFact
from opsledger.proto.sla.v1.announcement_pb2 import Announcement
from opsledger.services.journal.memory import MemoryJournal
from opsledger.services.journal.partitions import Numbered
from opsledger.services.projections.announcing import ANNOUNCEMENT
from opsledger.services.projections.database import open_database
from opsledger.services.projections.runner import Projector
from opsledger.services.tickets.codec import timestamp_us
from opsledger.services.timers.announcer import Announcer
from tests.kit.read_models import MINUTE_US, RULES, START_US, fact, record, rules_event

PATIENCE_S = 30


class Floor:
    """A journal with rules, its read models, and a timer service whose clock stands at a minute past nine."""

    def __init__(self, engine: Engine) -> None:
        self.journal, self.engine, self.minute = MemoryJournal(), engine, 0
        record(self.journal, [rules_event(1, RULES)])
        self.projector = Projector(Numbered(self.journal), engine)
        self.restart()

    def restart(self, history_minutes: int = 10_000) -> None:
        self.announcer = Announcer(
            Numbered(self.journal), self.engine, now_us=lambda: START_US + self.minute * MINUTE_US,
            history_us=history_minutes * MINUTE_US,
        )

    def at(self, minute: int, *events: TicketFact | NewEvent) -> int | None:
        """Record what arrives at this minute, and let the timer service look; minutes until the next step."""
        self.minute = minute
        record(self.journal, events)
        self.projector.catch_up()
        next_at_us = self.announcer.announce()
        self.projector.catch_up()
        return None if next_at_us is None else (next_at_us - START_US) // MINUTE_US

    def told(self) -> list[tuple[str, str, str, int]]:
        """Kind, metric, step, minute of every announcement so far."""
        return [_told(event) for event in announcements(self.journal)]


def announcements(journal: Journal) -> Sequence[RecordedEvent]:
    return [event for event in journal.read(0, journal.position) if event.type == ANNOUNCEMENT]


def _told(event: RecordedEvent) -> tuple[str, str, str, int]:
    message = Announcement.FromString(event.payload)
    assert timestamp_us(message.at) == event.occurred_at_us
    kind = Announcement.Kind.Name(message.kind).removeprefix("KIND_").lower()
    return kind, message.metric, message.step, (event.occurred_at_us - START_US) // MINUTE_US


@pytest.fixture
def floor(database_url: str) -> Floor:
    return Floor(open_database(database_url))


def test_steps_and_breaches_are_announced_when_they_are_reached_and_once(floor: Floor) -> None:
    assert floor.at(0, fact("1", 0, Opened(priority="high"))) == 15
    assert floor.told() == []
    assert floor.at(15) == 30
    assert floor.told() == [("warning", "first_reply", "lead", 15)]
    floor.at(29)
    floor.restart()
    assert floor.at(61) is None
    assert floor.told()[1:] == [
        ("breach", "first_reply", "breach", 30), ("warning", "resolution", "lead", 30), ("breach", "resolution", "breach", 60),
    ]
    floor.restart()
    floor.at(100)
    assert len(floor.told()) == 4


def test_a_clock_that_ended_in_time_is_not_heard_of(floor: Floor) -> None:
    floor.at(5, fact("1", 0, Opened()), fact("1", 4, Replied(True)), fact("1", 5, StatusChanged(Status.RESOLVED)))
    assert floor.at(1000) is None
    assert floor.told() == []


def test_a_breach_that_nobody_saw_is_announced_although_the_clock_has_ended(floor: Floor) -> None:
    floor.at(500, fact("1", 0, Opened(priority="high")), fact("1", 90, StatusChanged(Status.RESOLVED)))
    assert ("breach", "resolution", "breach", 60) in floor.told()


def test_a_late_fact_retracts_what_it_made_untrue(floor: Floor) -> None:
    floor.at(0, fact("1", 0, Opened(priority="high")))
    floor.at(70)
    assert len(floor.told()) == 4
    floor.at(80, fact("1", 20, Replied(True)), fact("1", 40, StatusChanged(Status.RESOLVED)))
    assert floor.told()[4:] == [("retraction", "first_reply", "breach", 30), ("retraction", "resolution", "breach", 60)]
    retraction = Announcement.FromString(announcements(floor.journal)[4].payload)
    assert retraction.retracts == Announcement.KIND_BREACH
    floor.restart()
    floor.at(90)
    assert len(floor.told()) == 6


def test_what_became_untrue_while_the_service_was_down_is_retracted(floor: Floor) -> None:
    floor.at(70, fact("1", 0, Opened(priority="high")))
    record(floor.journal, [fact("1", 5, Merged("2"))])
    floor.projector.catch_up()
    floor.restart()
    floor.at(71)
    assert [kind for kind, *_ in floor.told()] == ["warning", "breach", "warning", "breach"] + ["retraction"] * 4


def test_what_was_announced_while_the_read_models_were_behind_is_retracted(floor: Floor) -> None:
    floor.at(0, fact("1", 0, Opened(priority="high")))
    merged = record(floor.journal, [fact("1", 5, Merged("2"))])
    floor.minute = 70
    floor.announcer.announce()
    assert len(floor.told()) == 4
    floor.projector.catch_up(up_to=merged)
    floor.announcer.announce()
    floor.at(71)
    assert [kind for kind, *_ in floor.told()[4:]] == ["retraction"] * 4


def test_nothing_is_announced_by_read_models_that_are_behind_when_it_begins(floor: Floor) -> None:
    """As those of a node that takes a partition over, or has been away: the journal knows that the ticket was merged in time."""
    asked: SimpleQueue[int] = SimpleQueue()

    class Observed(Projector):
        def wait_for(self, position: int, timeout_s: float | None = None) -> bool:
            asked.put(position)
            return super().wait_for(position, timeout_s)

    floor.at(0, fact("1", 0, Opened(priority="high")))
    merged = record(floor.journal, [fact("1", 5, Merged("2"))])
    floor.minute = 70
    floor.restart()
    projector, stop = Observed(Numbered(floor.journal), floor.engine), Event()
    thread = Thread(target=floor.announcer.run, args=(stop, projector, 60.0))
    thread.start()
    try:
        assert asked.get(timeout=PATIENCE_S) == merged
        projector.catch_up()
        while asked.get(timeout=PATIENCE_S) != merged + 1:  # it has announced, and waits for more
            pass
    finally:
        stop.set()
        thread.join()
    assert floor.told() == []


def test_another_due_time_is_announced_anew_and_the_old_one_retracted(floor: Floor) -> None:
    floor.at(0, fact("1", 0, Opened(priority="high")), fact("1", 1, Replied(True)))
    floor.at(40)
    assert floor.told() == [("warning", "resolution", "lead", 30)]
    floor.at(50, fact("1", 45, PriorityChanged("low")))
    assert floor.told()[1:] == [("retraction", "resolution", "lead", 30)]
    floor.at(120)
    assert floor.told()[2:] == [("warning", "resolution", "lead", 120)]


def test_what_was_retracted_can_become_true_again(floor: Floor) -> None:
    floor.at(70, fact("1", 0, Opened(priority="high")), fact("1", 1, Replied(True)))
    floor.at(80, fact("1", 50, PriorityChanged("low")))
    floor.at(90, fact("1", 55, PriorityChanged("high")))
    breaches = [(kind, minute) for kind, _, step, minute in floor.told() if step == "breach"]
    assert breaches == [("breach", 60), ("retraction", 60), ("breach", 60)]


def test_a_timer_service_that_dies_before_the_read_models_know_says_nothing_twice(floor: Floor) -> None:
    floor.minute = 70
    record(floor.journal, [fact("1", 0, Opened(priority="high"))])
    floor.projector.catch_up()
    for _ in range(3):
        floor.restart()
        floor.announcer.announce()
    assert len(floor.told()) == 4


def test_old_history_is_not_announced_but_what_was_announced_is_still_retracted(floor: Floor) -> None:
    floor.restart(history_minutes=100)
    floor.at(70, fact("1", 0, Opened(priority="high")))
    assert len(floor.told()) == 4
    floor.at(5000, fact("2", 0, Opened(priority="high")), fact("1", 20, Replied(True)))
    assert floor.told()[4:] == [("retraction", "first_reply", "breach", 30)]


def test_the_thread_is_woken_by_new_facts(floor: Floor) -> None:
    floor.minute = 70
    stop = Event()
    threads = [
        Thread(target=floor.projector.run, args=(stop,)), Thread(target=floor.announcer.run, args=(stop, floor.projector, 60.0)),
    ]
    for thread in threads:
        thread.start()
    try:
        position = record(floor.journal, [fact("1", 0, Opened(priority="high"))])
        assert floor.journal.wait_beyond(position, timeout_s=30)
    finally:
        stop.set()
        record(floor.journal, [fact("2", 69, Replied(True))])
        for thread in threads:
            thread.join()
    assert len(floor.told()) == 4


def test_the_thread_ends_soon_however_long_it_would_wait(floor: Floor) -> None:
    stop = Event()
    floor.at(0)
    looked = Event()
    # Put in its place on purpose: the test wants to know when the announcer has begun to wait
    floor.projector.wait_for = lambda *args: looked.set() or Projector.wait_for(floor.projector, *args)  # type: ignore[method-assign]
    thread = Thread(target=floor.announcer.run, args=(stop, floor.projector, 3_600.0), daemon=True)
    thread.start()
    assert looked.wait(60)
    stop.set()
    thread.join(30)
    assert not thread.is_alive()


def test_each_partition_is_announced_about_by_itself(database_url: str) -> None:
    engine, minute = open_database(database_url), 40
    journals = [MemoryJournal(), MemoryJournal()]
    parts = [Numbered(journal, number) for number, journal in enumerate(journals)]
    projectors = [Projector(part, engine) for part in parts]
    announcers = [Announcer(part, engine, now_us=lambda: START_US + minute * MINUTE_US) for part in parts]

    def look() -> list[list[str]]:
        """Of which tickets something has been said in each partition."""
        for projector in projectors:
            projector.catch_up()
        for announcer in announcers:
            announcer.announce()
        return [[Announcement.FromString(event.payload).ticket_id for event in announcements(journal)] for journal in journals]

    assert look() == [[], []]
    record(journals[0], [rules_event(1, RULES), fact("of the first", 0, Opened())])
    assert look() == [["of the first"] * 2, []]
    record(journals[1], [rules_event(1, RULES)._replace(type="sla.v1.rules_shared"), fact("of the second", 20, Opened())])
    assert look() == [["of the first"] * 2, ["of the second"]]
    minute = 60
    assert look() == [["of the first"] * 2, ["of the second"] * 2]
