"""Several partitions, each with its projector, in one database."""
from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from sqlalchemy import select

from opsledger.core.errors import DatabaseUnusable
from opsledger.core.partitions import begin_of, partition_of
from opsledger.core.ports import Commit
from opsledger.core.tickets.facts import Opened, Replied
from opsledger.services.journal.memory import MemoryJournal
from opsledger.services.journal.partitions import Numbered
from opsledger.services.projections.database import open_database
from opsledger.services.projections.rebuild import check, rebuild
from opsledger.services.projections.runner import Projector
from opsledger.services.projections.tables import positions
from tests.kit.read_models import fact, opened, record, recorded_as, rows

FACTS = [fact(str(number % 23), number, Opened() if number < 23 else Replied(True)) for number in range(200)]


def spread(count: int) -> list[MemoryJournal]:
    """The facts over so many partitions."""
    journals = [MemoryJournal() for _ in range(count)]
    for new in map(recorded_as, FACTS):
        journals[partition_of(new, count)].append(Commit([new]))
    return journals


@pytest.mark.parametrize("projectors_of_each", [1, 2])
def test_projectors_of_all_partitions_at_once_give_the_rows_of_one(
    database_url: str, tmp_path: Path, projectors_of_each: int
) -> None:
    journals, engine = spread(4), open_database(database_url)
    projectors = [
        Projector(Numbered(journal, number), engine, batch_events=5)
        for number, journal in enumerate(journals) for _ in range(projectors_of_each)
    ]
    with ThreadPoolExecutor(len(projectors)) as threads:
        reached = list(threads.map(lambda projector: projector.catch_up(), projectors))
    assert set(reached) == {begin_of(number) + journal.position for number, journal in enumerate(journals)}
    [whole] = spread(1)
    alone = open_database(f"sqlite:///{tmp_path}/alone.db")
    Projector(Numbered(whole), alone).catch_up()
    assert rows(engine, ("tickets", "outcomes")) == rows(alone, ("tickets", "outcomes"))
    assert check(opened(*journals), engine).differences == ()


def test_a_rebuild_sets_every_partition_right(database_url: str) -> None:
    journals, engine = spread(3), open_database(database_url)
    Projector(Numbered(journals[1], 1), engine).catch_up()
    found = rebuild(opened(*journals), engine)
    assert found.positions == tuple(begin_of(number) + journal.position for number, journal in enumerate(journals))
    with engine.connect() as connection:
        assert tuple(connection.scalars(select(positions.c.position).order_by(positions.c.partition))) == found.positions
    assert len(rows(engine)["tickets"]) == 23
    for number, journal in enumerate(journals):
        record(journal, [fact(f"more of {number}", 0, Opened())])
        projector = Projector(Numbered(journal, number), engine)
        assert (projector.position, projector.lag) == (found.positions[number], 1)
        projector.catch_up()
    assert check(opened(*journals), engine).differences == ()


def test_each_partition_knows_its_own_journal(database_url: str) -> None:
    first, second = spread(2)
    engine = open_database(database_url)
    Projector(Numbered(first, 0), engine).catch_up()
    Projector(Numbered(second, 1), engine).catch_up()
    with pytest.raises(DatabaseUnusable, match="another journal"):
        Projector(Numbered(first, 1), engine)


