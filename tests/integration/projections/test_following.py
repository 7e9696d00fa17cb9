"""What one node projects, the others learn at once."""
from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from queue import Queue
from threading import Event

from sqlalchemy import text

from opsledger.core.partitions import begin_of
from opsledger.core.tickets.facts import Replied
from opsledger.services.background import Background
from opsledger.services.journal.memory import MemoryJournal
from opsledger.services.journal.partitions import Numbered
from opsledger.services.projections.database import open_database
from opsledger.services.projections.following import Following
from opsledger.services.projections.rebuild import rebuild
from opsledger.services.projections.runner import Projector
from tests.kit.read_models import fact, opened, record

LONG_S = 60


@contextmanager
def followed(url: str) -> Iterator[Queue[int]]:
    told: Queue[int] = Queue()
    work = Background("following", Following(open_database(url), told.put).run, lambda _: None)
    work.start()
    try:
        yield told
    finally:
        work.stop(LONG_S)


def until(told: Queue[int], position: int) -> list[int]:
    """What is told before a position is."""
    before = []
    while (found := told.get(timeout=LONG_S)) != position:
        before.append(found)
    return before


def test_every_move_is_told_in_its_order_and_at_first_where_all_are(postgres_url: str) -> None:
    journals, engine = [MemoryJournal(), MemoryJournal()], open_database(postgres_url)
    projectors = [Projector(Numbered(journal, number), engine) for number, journal in enumerate(journals)]
    record(journals[1], [fact("1", 0, Replied(True))])
    projectors[1].catch_up()
    with followed(postgres_url) as told:
        assert until(told, begin_of(1) + 1) == []
        for number, minute in ((0, 1), (1, 2), (0, 3)):
            record(journals[number], [fact(str(number), minute, Replied(True))])
            projectors[number].catch_up()
        before = until(told, 2)
        assert before.index(1) < before.index(begin_of(1) + 2)


def test_a_rebuild_is_told_too(postgres_url: str) -> None:
    journal, engine = MemoryJournal(), open_database(postgres_url)
    record(journal, [fact("1", 0, Replied(True))])
    with followed(postgres_url) as told:
        rebuild(opened(journal), engine)
        until(told, 1)


def test_a_connection_that_is_cut_is_made_again_and_nothing_is_missed(postgres_url: str) -> None:
    journal, engine = MemoryJournal(), open_database(postgres_url)
    projector = Projector(Numbered(journal), engine)
    with followed(postgres_url) as told:
        record(journal, [fact("1", 0, Replied(True))])
        projector.catch_up()
        until(told, 1)
        with engine.begin() as connection:
            connection.execute(text(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()"
            ))
        record(journal, [fact("1", 1, Replied(True))])
        Projector(Numbered(journal), open_database(postgres_url)).catch_up()
        until(told, 2)


def test_stopping_it_gives_its_connection_back_to_nobody(postgres_url: str) -> None:
    engine, stop, told = open_database(postgres_url), Event(), Queue[int]()
    stop.set()
    Following(engine, told.put).run(stop)
    with engine.connect() as connection:
        assert connection.scalar(text("SELECT count(*) FROM pg_listening_channels()")) == 0
