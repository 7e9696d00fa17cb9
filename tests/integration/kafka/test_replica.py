"""A node's folder is a replica: whatever happens to it, the topic gives the same events at the same positions again."""
from __future__ import annotations

import errno
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from kafka.admin import NewTopic

from opsledger.core.errors import InvalidSettings, JournalDamaged, JournalError, JournalStopped
from opsledger.services.journal.kafka.cached_files import CachedFile
from opsledger.services.journal.kafka.journal import KafkaJournal
from opsledger.services.journal.kafka.link import admin_client
from opsledger.services.journal.kafka.settings import KafkaLink
from opsledger.services.journal.limits import Limits
from opsledger.services.journal.segment import SegmentJournal
from tests.kit.command import run
from tests.kit.journals import event, facts
from tests.kit.kafka import shared_broker
from tests.kit.kafka_checks import all_events, read_from_topic, segments
from tests.kit.kafka_writer import Writer

LIMITS = Limits(segment_bytes=2_000)


@pytest.fixture
def link() -> KafkaLink:
    return shared_broker()


def _write(journal: KafkaJournal, first: int, count: int) -> None:
    for answer in [journal.submit(facts(event(f"s{n % 3}", key=str(n)), event("all"))) for n in range(first, first + count)]:
        answer.result()


def test_a_writer_that_is_killed_loses_nothing(tmp_path: Path, link: KafkaLink) -> None:
    acknowledged: dict[str, int] = {}
    for round_ in range(3):
        writer = Writer(tmp_path / "journal", link, "n1", round_)
        writer.write(400)
        writer.kill()
        acknowledged |= writer.acknowledged
    with KafkaJournal(tmp_path / "journal", link, node="n1") as journal:
        events = all_events(journal)
    for key, position in acknowledged.items():
        assert events[position - 1].key.rstrip(b".").decode() == key
    assert len({event.key for event in events}) == len(events) >= len(acknowledged) >= 1_200
    fresh, files = read_from_topic(tmp_path / "fresh", link)
    assert fresh == events
    assert files == segments(tmp_path / "journal")


def _lose_all(folder: Path) -> None:
    shutil.rmtree(folder)


def _lose_segment(folder: Path) -> None:
    sorted(folder.glob("*.segment"))[2].unlink()


def _lose_end(folder: Path) -> None:
    last = max(folder.glob("*.segment"))
    last.write_bytes(last.read_bytes()[:-1])


def _damage(folder: Path) -> None:
    last = max(folder.glob("*.segment"))
    data = bytearray(last.read_bytes())
    data[200] ^= 1
    last.write_bytes(data)
    for file in folder.glob("*.index"):
        file.unlink()


def _lose_offset(folder: Path) -> None:
    (folder / "offset").write_bytes(b"")


@pytest.mark.parametrize("fault", [_lose_all, _lose_segment, _lose_end, _damage, _lose_offset])
def test_what_is_lost_is_read_again(tmp_path: Path, link: KafkaLink, fault: Callable[[Path], None]) -> None:
    folder = tmp_path / "journal"
    with KafkaJournal(folder, link, node="n1", limits=LIMITS) as journal:
        _write(journal, 0, 40)
        before = all_events(journal)
    files = segments(folder)
    assert len(files) > 3
    fault(folder)
    with KafkaJournal(folder, link, node="n1", limits=LIMITS) as journal:
        assert all_events(journal) == before
        assert segments(folder) == files
        _write(journal, 40, 5)
        assert journal.position == len(before) + 10


def test_a_replica_ahead_of_its_stored_offset_goes_on(tmp_path: Path, link: KafkaLink) -> None:
    """As after a kill between the two writes, and with many records between them."""
    folder = tmp_path / "journal"
    with KafkaJournal(folder, link, node="n1", limits=LIMITS) as journal:
        _write(journal, 0, 10)
        older = (folder / "offset").read_bytes()
        _write(journal, 10, 20)
        before = all_events(journal)
    files = segments(folder)
    (folder / "offset").write_bytes(older)
    with KafkaJournal(folder, link, node="n1", limits=LIMITS) as journal:
        assert segments(folder) == files
        assert all_events(journal) == before
        _write(journal, 30, 1)


def test_another_node_reads_the_same_positions_as_they_come(tmp_path: Path, link: KafkaLink) -> None:
    with KafkaJournal(tmp_path / "a", link, node="a") as a, KafkaJournal(tmp_path / "b", link, node="b", owner=False) as b:
        for first in range(0, 200, 50):
            _write(a, first, 50)
            assert b.wait_beyond(a.position - 1, 30)
            assert all_events(b) == all_events(a)
            assert b.read_stream(event("all").stream_id) == a.read_stream(event("all").stream_id)
            assert b.position_of(event(key="3").key) == a.position_of(event(key="3").key)


def test_a_full_disk_stops_the_node_and_loses_nothing(tmp_path: Path, link: KafkaLink, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = tmp_path / "journal"
    with KafkaJournal(folder, link, node="n1", limits=LIMITS) as journal:
        _write(journal, 0, 10)
        before = all_events(journal)
        real, room = CachedFile.write, [2_000]

        def write(file: CachedFile, data: bytes, offset: int) -> None:
            if len(data) > room[0]:
                real(file, data[:room[0]], offset)
                raise OSError(errno.ENOSPC, "No space left on device")
            room[0] -= len(data)
            real(file, data, offset)

        monkeypatch.setattr(CachedFile, "write", write)
        answers = [journal.submit(facts(event(key=f"late {n}"))) for n in range(50)]
        refused = [n for n, answer in enumerate(answers) if answer.exception()]
        assert refused == list(range(refused[0], 50))
        assert all(isinstance(answers[n].exception(), JournalStopped) for n in refused)
        assert not journal.wait_beyond(1_000, 30)  # it ends when there is nothing to wait for any more
        assert "No space" in str(journal.failed)
        assert all_events(journal)[:len(before)] == before
        monkeypatch.undo()
    with KafkaJournal(folder, link, node="n1", limits=LIMITS) as journal:
        again = [journal.append(facts(event(key=f"late {n}"))) for n in range(50)]
        assert journal.position == len(before) + 50
        for n in range(refused[0]):
            assert again[n] == (answers[n].result().positions, (True,))


def test_a_folder_that_is_removed_stops_the_node_and_loses_nothing(tmp_path: Path, link: KafkaLink) -> None:
    acknowledged: set[int] = set()

    def write_on(journal: KafkaJournal) -> None:
        while True:  # what the topic has is acknowledged; then the replica is to take it
            acknowledged.update(journal.append(facts(event())).positions)

    with KafkaJournal(tmp_path / "journal", link, node="n1") as journal:
        acknowledged.update(journal.append(facts(event())).positions)
        shutil.rmtree(tmp_path / "journal")
        with pytest.raises(JournalStopped, match=r"^the journal stopped: its folder .* was removed or replaced"):
            write_on(journal)
    with KafkaJournal(tmp_path / "journal", link, node="n1") as journal:
        assert {each.position for each in all_events(journal)} >= acknowledged
        assert journal.append(facts(event())).positions


def test_the_journal_commands_work_on_a_replica(tmp_path: Path, link: KafkaLink) -> None:
    folder = tmp_path / "journal"
    with KafkaJournal(folder, link, node="n1") as journal:
        _write(journal, 0, 10)
        assert SegmentJournal.open(folder, read_only=True).position == 20
        assert run("journal", "verify", "--json", "--journal", folder).code == 0


def test_a_folder_that_holds_another_journal_is_refused(tmp_path: Path, link: KafkaLink) -> None:
    with SegmentJournal.open(tmp_path / "local") as journal:
        journal.append(facts(event()))
    with pytest.raises(JournalError, match="choose another folder"):
        KafkaJournal(tmp_path / "local", link, node="n1")
    KafkaJournal(tmp_path / "journal", link, node="n1").close()
    with pytest.raises(JournalError, match="choose another folder"):
        KafkaJournal(tmp_path / "journal", shared_broker(), node="n1")


@pytest.mark.parametrize("records", [0, 3, 30])
def test_a_topic_that_was_made_anew_is_not_taken_for_the_one_before(tmp_path: Path, link: KafkaLink, records: int) -> None:
    with KafkaJournal(tmp_path / "old", link, node="n1") as journal:
        _write(journal, 0, 5)
    admin = admin_client(link)
    admin.delete_topics([link.topic])
    while link.topic in admin.list_topics():
        pass
    admin.close()
    with KafkaJournal(tmp_path / "new", link, node="n2") as journal:
        _write(journal, 100, records)
    with pytest.raises(JournalDamaged):
        KafkaJournal(tmp_path / "old", link, node="n1")


@pytest.mark.parametrize(("setting", "value"), [
    ("retention.ms", "604800000"), ("retention.bytes", "1000000"), ("cleanup.policy", "compact"), ("min.insync.replicas", "1"),
])
def test_a_topic_that_would_lose_data_is_refused(tmp_path: Path, link: KafkaLink, setting: str, value: str) -> None:
    admin = admin_client(link)
    keeping = {"retention.ms": "-1", "retention.bytes": "-1", "cleanup.policy": "delete", "min.insync.replicas": "2"}
    admin.create_topics([NewTopic(link.topic, 1, 1, topic_configs=keeping | {setting: value})])
    admin.close()
    strict = link.model_copy(update={"min_insync_replicas": 2})
    with pytest.raises(InvalidSettings, match=setting):
        KafkaJournal(tmp_path / "journal", strict, node="n1")
