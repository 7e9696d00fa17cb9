"""The real ServiceNow log, imported in parts: the ledger ends as after the whole file, whatever the cuts.

A part is compared with what the parts before it left. The parts here keep their last incident, because a cut may go through it.
"""
from __future__ import annotations

import csv
import lzma
import random
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest

from opsledger.services.importers.audit_export import ServiceNowReader
from opsledger.services.importers.summary import Summary
from opsledger.services.journal.memory import MemoryJournal
from tests.integration.importers.test_servicenow_log import LOG, OWNER
from tests.kit.imports import imported, payloads, states_of

pytestmark = pytest.mark.skipif(not LOG.exists(), reason=f"{LOG} is not here (SHARED_DATA names its folder)")

TICKETS = 400
"""Some of them all that were reopened."""
READER = ServiceNowReader(OWNER, keep_last=True)
Rows = Sequence[Sequence[str]]
Log = tuple[Sequence[str], Rows]


@pytest.fixture(scope="module")
def log() -> Log:
    """(header, rows) of some hundred incidents, as the log has them; without the five that have two rows of one sys_mod_count: which of
    them is set aside, only the whole incident says."""
    with lzma.open(LOG, "rt", encoding="utf-8", newline="") as text:
        header, *rows = csv.reader(text)
    number, reopened, count = (header.index(name) for name in ("number", "reopen_count", "sys_mod_count"))
    twice = [key for key, times in Counter((row[number], row[count]) for row in rows).items() if times > 1]
    told = {row[number] for row in rows if row[reopened] != "0"}
    numbers = sorted({row[number] for row in rows} - told)
    chosen = (told | {*random.Random(1).sample(numbers, TICKETS - len(told))}) - {name for name, _ in twice}
    return header, [row for row in rows if row[number] in chosen]


def in_parts(header: Sequence[str], parts: Sequence[Rows], folder: Path) -> tuple[MemoryJournal, list[Summary]]:
    journal, summaries = MemoryJournal(), []
    for number, part in enumerate(parts):
        file = folder / f"part{number}.csv"
        with file.open("w", encoding="utf-8", newline="") as out:
            csv.writer(out).writerows([header, *part])
        summaries.append(imported(file, READER, journal))
    return journal, summaries


def cut(rows: Rows, chance: random.Random) -> Iterator[Rows]:
    """At some places, as they come."""
    places = sorted(chance.sample(range(1, len(rows)), chance.randint(1, 6)))
    for start, end in zip([0, *places], [*places, len(rows)], strict=True):
        yield rows[start:end]


@pytest.fixture(scope="module")
def whole(log: Log, tmp_path_factory: pytest.TempPathFactory) -> MemoryJournal:
    return in_parts(log[0], [log[1]], tmp_path_factory.mktemp("whole"))[0]


@pytest.mark.parametrize("seed", range(6))
def test_cut_anywhere_it_gives_the_facts_of_the_whole(seed: int, log: Log, whole: MemoryJournal, tmp_path: Path) -> None:
    header, rows = log
    journal, summaries = in_parts(header, list(cut(rows, random.Random(seed))), tmp_path)

    assert sorted(payloads(journal)) == sorted(payloads(whole))
    assert sum(summary.differing for summary in summaries) == 0


def by_days(header: Sequence[str], rows: Rows, chance: random.Random) -> list[Rows]:
    """As nightly exports cut: the n-th part has the n-th rows of each incident."""
    number = header.index("number")
    parts: list[list[Sequence[str]]] = [[] for _ in range(4)]
    began: dict[str, int] = {}
    for row in rows:
        began[row[number]] = part = min(3, began.get(row[number], 0) + (chance.random() < 0.2))
        parts[part].append(row)
    return [part for part in parts if part]


@pytest.mark.parametrize("seed", range(4))
def test_cut_through_every_incident_it_gives_the_facts_of_the_whole(seed: int, log: Log, whole: MemoryJournal, tmp_path: Path) -> None:
    journal, _ = in_parts(log[0], by_days(*log, random.Random(seed)), tmp_path)

    assert sorted(payloads(journal)) == sorted(payloads(whole))


@pytest.mark.parametrize("seed", range(3))
def test_exports_that_overlap_say_what_is_known_again(seed: int, log: Log, whole: MemoryJournal, tmp_path: Path) -> None:
    header, rows = log
    place, back = random.Random(seed).randrange(500, len(rows)), 400
    journal, summaries = in_parts(header, [rows[:place], rows[place - back:], rows], tmp_path)

    assert sorted(payloads(journal)) == sorted(payloads(whole))
    assert summaries[1].duplicates > 0
    assert (summaries[2].recorded, summaries[2].duplicates, summaries[2].differing) == (0, whole.position, 0)


@pytest.mark.parametrize("seed", range(3))
def test_parts_in_the_wrong_order_end_as_the_whole_and_say_so(seed: int, log: Log, whole: MemoryJournal, tmp_path: Path) -> None:
    journal, summaries = in_parts(log[0], [*reversed(by_days(*log, random.Random(seed)))], tmp_path)

    def ends(found: MemoryJournal) -> dict[str, object]:
        """What does not count what happened on the way."""
        return {
            ticket: (state.status, state.source_status, state.priority, state.group, state.agent, state.category, dict(state.attributes))
            for ticket, state in states_of(found).items()
        }

    assert ends(journal) == ends(whole)
    assert any("first rows came after later ones" in note for summary in summaries for note in summary.notes)
