"""kill -9 at any moment: what was applied is applied once, and the next process goes on."""
from __future__ import annotations

import random
import signal
import subprocess
import sys
from pathlib import Path

from opsledger.core.tickets.facts import Assigned, Opened, Replied
from opsledger.services.journal.partitions import Numbered
from opsledger.services.journal.segment import SegmentJournal
from opsledger.services.projections.database import open_database
from opsledger.services.projections.runner import Projector
from tests.kit.read_models import RULES, STRICTER, fact, record, rows, rules_event

WORKER = """
import sys
from pathlib import Path
from opsledger.services.journal.partitions import Numbered
from opsledger.services.journal.segment import SegmentJournal
from opsledger.services.projections.database import open_database
from opsledger.services.projections.runner import Projector

with SegmentJournal.open(Path(sys.argv[1]), read_only=True) as journal:
    Projector(Numbered(journal), open_database(sys.argv[2]), batch_events=7).catch_up(lambda position: print(position, flush=True))
"""


def test_a_killed_projector_is_continued_to_the_same_rows(database_url: str, tmp_path: Path) -> None:
    seed = random.randrange(1 << 32)
    chance = random.Random(seed)
    folder = tmp_path / "journal"
    with SegmentJournal.open(folder) as journal:
        facts = [
            fact(str(chance.randrange(9)), number, chance.choice([Opened(), Replied(True), Assigned("tier 2")])) for number in range(300)
        ]
        record(journal, [*facts[:100], rules_event(1, RULES), *facts[100:], rules_event(2, STRICTER)])
    for _ in range(4):
        worker = subprocess.Popen(
            [sys.executable, "-c", WORKER, str(folder), database_url], stdout=subprocess.PIPE, text=True
        )
        assert worker.stdout is not None
        for _ in range(chance.randrange(1, 9)):
            worker.stdout.readline()
        worker.send_signal(signal.SIGKILL)
        worker.communicate()
        assert worker.returncode in (0, -signal.SIGKILL)
    with SegmentJournal.open(folder, read_only=True) as journal:
        engine, alone = open_database(database_url), open_database(f"sqlite:///{tmp_path}/alone.db")
        for target in (engine, alone):
            Projector(Numbered(journal), target).catch_up()
        assert rows(engine) == rows(alone), f"seed {seed}"
