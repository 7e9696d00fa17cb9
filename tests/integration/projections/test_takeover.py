"""A partition's projector is taken over by another process: at any moment, also from one that is frozen in the middle."""
from __future__ import annotations

import random
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from opsledger.core.errors import DatabaseUnusable
from opsledger.core.ports import NewEvent
from opsledger.core.tickets.facts import Assigned, Opened, Replied, TicketFact
from opsledger.services.journal.memory import MemoryJournal
from opsledger.services.journal.partitions import Numbered
from opsledger.services.journal.segment import SegmentJournal
from opsledger.services.projections import database
from opsledger.services.projections.database import open_database, writer
from opsledger.services.projections.rebuild import check
from opsledger.services.projections.runner import Projector
from opsledger.services.projections.store import Place, Store
from opsledger.services.projections.table_sets import LIVE
from tests.kit.read_models import RULES, STRICTER, fact, opened, record, rows, rules_event

WORKER = """
import sys
from pathlib import Path
from opsledger.services.journal.folders import open_partitions
from opsledger.services.projections.database import open_database
from opsledger.services.projections.runner import Projector

engine = open_database(sys.argv[2])
with open_partitions(Path(sys.argv[1])) as partitions:
    mine = [Projector(partitions[int(number)], engine, batch_events=5) for number in sys.argv[3:]]
    while any(projector.lag for projector in mine):
        for projector in mine:
            print(projector.catch_up(up_to=projector.position + 5), flush=True)
"""


def history(number: int, chance: random.Random) -> list[TicketFact | NewEvent]:
    """Of a partition: its own tickets, and the rules of its own tenant's program."""
    facts = [
        fact(f"{number}/{chance.randrange(9)}", minute, chance.choice([Opened(), Replied(True), Assigned("tier 2")]), program=f"p{number}")
        for minute in range(120)
    ]
    published = (rules_event(version, rules, program=f"p{number}") for version, rules in ((1, RULES), (2, STRICTER)))
    return [*facts[:40], next(published), *facts[40:], next(published)]


def test_two_processes_that_take_over_from_each_other_end_in_the_same_rows(database_url: str, tmp_path: Path) -> None:
    seed = random.randrange(1 << 32)
    chance = random.Random(seed)
    for number in range(2):
        with SegmentJournal.open(tmp_path / "node" / str(number)) as journal:
            record(journal, history(number, chance))
    alive: list[subprocess.Popen[str]] = []
    for numbers in (["0", "1"], ["1"], ["0", "1"], ["0"]):
        worker = subprocess.Popen(
            [sys.executable, "-c", WORKER, str(tmp_path / "node"), database_url, *numbers], stdout=subprocess.PIPE, text=True
        )
        assert worker.stdout is not None
        for _ in range(chance.randrange(4)):
            worker.stdout.readline()
        alive.append(worker)
        if chance.random() < 0.5:
            alive.pop(0).send_signal(signal.SIGKILL)  # the others go on beside it
    for worker in alive:
        worker.communicate()
        assert worker.returncode == 0, f"seed {seed}"
    journals = [SegmentJournal.open(tmp_path / "node" / str(number), read_only=True) for number in range(2)]
    engine = open_database(database_url)
    for number, journal in enumerate(journals):
        Projector(Numbered(journal, number), engine).catch_up()
    assert check(opened(*journals), engine).differences == (), f"seed {seed}"


def test_a_frozen_writer_is_passed_and_cannot_write_any_more(postgres_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    journal, engine = MemoryJournal(), open_database(postgres_url)
    record(journal, [fact("1", minute, Replied(True)) for minute in range(5)])
    with writer(engine).connect() as frozen:
        with monkeypatch.context() as impatient:
            impatient.setattr(database, "FROZEN_TIMEOUT_MS", 200)
            assert Store(frozen, LIVE, 0).advance(Place(0), Place(3, "frozen in the middle of a batch"))
        assert Projector(Numbered(journal), open_database(postgres_url)).catch_up() == 5
        with pytest.raises(DatabaseUnusable, match="idle-in-transaction"):
            frozen.commit()
    assert Projector(Numbered(journal), engine).position == 5
    assert len(rows(engine)["changes"]) == 1
