"""Where imports go: a journal whose process is killed, and a running server. The end is the same."""
from __future__ import annotations

import signal
import subprocess
import sys
from pathlib import Path

import pytest

from opsledger.core.errors import InvalidInput, OpsledgerError
from opsledger.proto.sla.v1.rules_pb2 import PublishRulesRequest
from opsledger.services.cli.rules import read_rules
from opsledger.services.importers.csv_table import CsvReader
from opsledger.services.importers.destination import JournalDestination, ServerDestination
from opsledger.services.importers.mapping import load_mapping
from opsledger.services.importers.runner import run_import
from opsledger.services.journal.memory import MemoryJournal
from opsledger.services.journal.segment import SegmentJournal
from opsledger.services.projections.database import open_database
from opsledger.services.settings import Limits, Settings
from opsledger.services.tickets import listing
from tests.kit.imports import imported, payloads, table
from tests.kit.read_models import rows as read_models
from tests.kit.servers import running

EXAMPLES = Path(__file__).parents[3] / "docs" / "examples"
MAPPING = EXAMPLES / "audit-snapshots.yaml"
TICKETS = 800


@pytest.fixture(scope="module")
def log(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Tickets that somebody takes, answers and ends."""
    rows = []
    for ticket in range(TICKETS):
        start_ms = 1_709_280_000_000 + ticket * 60_000
        rows += [
            f"OPS-{ticket},{start_ms},ann,To Do,P{ticket % 3},,,net,0",
            f"OPS-{ticket},{start_ms + 1_000},ann,In Progress,P2,Core,bob,net,1",
            f"OPS-{ticket},{start_ms + 90_000},bob,Done,P1,Core,bob,,{1 + ticket % 2}",
        ]
    file = tmp_path_factory.mktemp("log") / "audit.csv"
    file.write_text(table("key,changed,by,status,priority,team,assignee,labels,comments", rows), encoding="utf-8")
    return file


@pytest.fixture(scope="module")
def whole(log: Path) -> MemoryJournal:
    """The journal of an import that nothing disturbs."""
    journal = MemoryJournal()
    imported(log, reader(), journal)
    return journal


def reader() -> CsvReader:
    return CsvReader(load_mapping(MAPPING), str(MAPPING))


def command(log: Path, folder: Path) -> list[str]:
    return [
        sys.executable, "-m", "opsledger.services.cli.main", "import", "csv", str(log), "--mapping", str(MAPPING),
        "--journal", str(folder / "journal"), "--database", f"sqlite:///{folder / 'models.db'}",
    ]


def test_killed_and_run_again_it_ends_in_the_same_journal_and_read_models(log: Path, whole: MemoryJournal, tmp_path: Path) -> None:
    undisturbed, disturbed = tmp_path / "undisturbed", tmp_path / "disturbed"
    subprocess.run(command(log, undisturbed), check=True, timeout=60, capture_output=True)
    for target_bytes in (100_000, 600_000):
        process = subprocess.Popen(command(log, disturbed), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        while process.poll() is None and size(disturbed / "journal") < target_bytes:
            pass
        process.send_signal(signal.SIGKILL)
        assert process.wait(60) == -signal.SIGKILL

    subprocess.run(command(log, disturbed), check=True, timeout=60, capture_output=True)

    with SegmentJournal.open(disturbed / "journal", read_only=True) as journal:
        assert payloads(journal) == payloads(whole)
    rows = [read_models(open_database(f"sqlite:///{folder / 'models.db'}")) for folder in (undisturbed, disturbed)]
    assert rows[0] == rows[1]
    assert len(rows[0]["tickets"]) == TICKETS


def size(folder: Path) -> int:
    """Bytes of the segments."""
    return sum(file.stat().st_size for file in folder.glob("*") if file.is_file()) if folder.exists() else 0


def test_through_a_server_the_same_bytes_arrive_in_the_same_order(log: Path, whole: MemoryJournal) -> None:
    journal = MemoryJournal()
    with running(journal) as server:
        first, again = ServerDestination(server.address, ""), ServerDestination(server.address, "")
        recorded = run_import(str(log), reader(), first.open_sink)
        first.close()
        repeated = run_import(str(log), reader(), again.open_sink)
        again.close()

    assert (recorded.recorded, recorded.duplicates) == (whole.position, 0)
    assert (repeated.recorded, repeated.duplicates) == (0, whole.position)
    assert payloads(journal) == payloads(whole)


def test_a_server_that_takes_smaller_batches_gets_them(log: Path, whole: MemoryJournal) -> None:
    journal = MemoryJournal()
    with running(journal, Settings(listen=("127.0.0.1:0",), limits=Limits(batch_events_max=7))) as server:
        target = ServerDestination(server.address, "")
        recorded = run_import(str(log), reader(), target.open_sink)
        target.close()

    assert recorded.recorded == whole.position
    assert payloads(journal) == payloads(whole)


def test_a_server_that_is_not_there_is_named(log: Path) -> None:
    target = ServerDestination("127.0.0.1:1", "")
    with pytest.raises(OpsledgerError, match=r"^127\.0\.0\.1:1: "):
        run_import(str(log), reader(), target.open_sink)
    target.close()


def test_a_wrong_database_is_refused_before_anything_is_recorded(log: Path, tmp_path: Path) -> None:
    target = JournalDestination(tmp_path / "journal", "mysql://here")
    with pytest.raises(InvalidInput, match="--database"):
        run_import(str(log), reader(), target.open_sink)
    target.close()
    assert not (tmp_path / "journal").exists()


RULES = EXAMPLES / "servicenow-rules.yaml"


def test_rules_are_published_before_the_first_fact_and_once(log: Path, tmp_path: Path) -> None:
    several = [*command(log, tmp_path), "--rules", str(RULES)]
    for _ in range(2):
        subprocess.run(several, check=True, timeout=60, capture_output=True)

    with SegmentJournal.open(tmp_path / "journal", read_only=True) as journal:
        types = [event.type for event in journal.read(limit=100_000)]
    assert types[0] == "sla.v1.rules_published"
    assert {kind.split(".")[0] for kind in types[1:]} == {"tickets"}
    clocks = read_models(open_database(f"sqlite:///{tmp_path / 'models.db'}"), ["clocks"])["clocks"]
    assert len(clocks) >= TICKETS


def test_rules_go_through_a_server_too(log: Path) -> None:
    document_json, _ = read_rules(RULES)
    rules = PublishRulesRequest(request_id="r", tenant="default", program="ops", document_json=document_json)
    journal = MemoryJournal()
    with running(journal) as server:
        target = ServerDestination(server.address, "", rules)
        run_import(str(log), reader(), target.open_sink)
        target.close()

    assert journal.read(limit=1)[0].type == "sla.v1.rules_published"


def test_a_server_is_asked_what_it_holds_and_the_parts_of_a_log_become_the_whole(
    log: Path, whole: MemoryJournal, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(listing, "PAGE_BYTES_MAX", 2_000)  # so that an answer has many pages
    header, *rows = log.read_text(encoding="utf-8").splitlines()
    journal = MemoryJournal()
    with running(journal) as server:
        for number, part in enumerate((rows[:700], rows[697:1_501], rows[1_499:])):
            file = tmp_path / f"{number}.csv"
            file.write_text(table(header, part), encoding="utf-8")
            target = ServerDestination(server.address, "")
            summary = run_import(str(file), reader(), target.open_sink)
            target.close()
            assert summary.differing == 0

    assert sorted(payloads(journal)) == sorted(payloads(whole))
