"""For commands that write straight into a journal, which no server may have open then."""
from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from opsledger.core.ports import Journal


@contextmanager
def journal_to_write(folder: Path, database: str | None) -> Iterator[Journal]:
    """The journal, open to write. When the command is done the read models follow, unless there is no ``database``."""
    from opsledger.services.journal.partitions import Numbered
    from opsledger.services.journal.segment import SegmentJournal
    from opsledger.services.projections.database import open_database
    from opsledger.services.projections.runner import Projector

    with SegmentJournal.open(folder) as journal:
        yield journal
        if database is not None:
            engine = open_database(database)
            try:
                Projector(Numbered(journal), engine).catch_up()
            finally:
                engine.dispose()
