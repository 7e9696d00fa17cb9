"""Quality assurance straight in a journal's files, which no server may have open then."""
from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from opsledger.services.quality.local import LocalQuality


@contextmanager
def quality_here(journal: Path, database: str) -> Iterator[LocalQuality]:
    """The read models are brought up to date before and after."""
    from contextlib import closing

    from opsledger.services.decisions.decisions import Decisions
    from opsledger.services.journal.clock import wall_clock_us
    from opsledger.services.journal.partitions import Numbered
    from opsledger.services.journal.segment import SegmentJournal
    from opsledger.services.projections.database import open_database
    from opsledger.services.projections.runner import Projector
    from opsledger.services.quality.local import LocalQuality

    with SegmentJournal.open(journal) as events, closing(Decisions(events, journal, wall_clock_us)) as decisions:
        engine = open_database(database)
        try:
            Projector(Numbered(events), engine).catch_up()
            yield LocalQuality(events, decisions, engine)
            Projector(Numbered(events), engine).catch_up()
        finally:
            engine.dispose()
