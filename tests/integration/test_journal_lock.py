"""One writer for a folder, whatever is done to the files in it; versions that lock only the file ``lock`` included."""
from __future__ import annotations

import fcntl
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

import pytest

from opsledger.core.errors import JournalLocked, JournalStopped
from opsledger.services.journal.files import LocalFiles
from opsledger.services.journal.kafka.replica import Replica
from opsledger.services.journal.segment import SegmentJournal
from tests.kit.journals import event, facts

SEGMENT = "00000000000000000001.segment"
BEHIND_OUR_BACK: dict[str, Callable[[Path], object]] = {
    "the folder is removed": shutil.rmtree,
    "the folder is moved away": lambda folder: folder.rename(folder.with_name("away")),
    "another folder takes its place": lambda folder: (folder.rename(folder.with_name("away")), folder.mkdir()),
    "a copy takes its place": lambda folder: shutil.copytree(folder.rename(folder.with_name("away")), folder),
    "the segment is removed": lambda folder: (folder / SEGMENT).unlink(),
    "a copy takes the segment's place": lambda folder: shutil.copy(folder / SEGMENT, folder / "copy").rename(folder / SEGMENT),
}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "journal"


@contextmanager
def locked_as_by_an_earlier_version(folder: Path) -> Iterator[BinaryIO]:
    with (folder / "lock").open("ab") as file:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        yield file


def test_removing_the_lock_file_lets_nobody_in(folder: Path) -> None:
    with SegmentJournal.open(folder) as journal:
        (folder / "lock").unlink()
        with pytest.raises(JournalLocked, match="another process writes"):
            SegmentJournal.open(folder)
        assert journal.append(facts(event())).positions == (1,)
        with pytest.raises(BlockingIOError), locked_as_by_an_earlier_version(folder):
            pass
    with SegmentJournal.open(folder) as journal:
        assert journal.append(facts(event())).positions == (2,)


def test_an_earlier_version_and_this_one_keep_each_other_out(folder: Path) -> None:
    with SegmentJournal.open(folder), pytest.raises(BlockingIOError), locked_as_by_an_earlier_version(folder):
        pass
    with locked_as_by_an_earlier_version(folder):
        for _ in range(2):
            with pytest.raises(JournalLocked):
                SegmentJournal.open(folder)
    with SegmentJournal.open(folder):
        pass


def test_an_earlier_version_that_got_in_by_a_removed_lock_file_stops_this_one(folder: Path) -> None:
    with SegmentJournal.open(folder) as journal:
        journal.append(facts(event()))
        size = (folder / SEGMENT).stat().st_size
        (folder / "lock").unlink()
        with locked_as_by_an_earlier_version(folder), pytest.raises(JournalStopped, match="another process writes there"):
            journal.append(facts(event()))
        assert (folder / SEGMENT).stat().st_size == size, "nothing is written where the other one writes"


def test_what_somebody_else_has_written_meanwhile_is_not_written_over(folder: Path) -> None:
    with SegmentJournal.open(folder) as journal:
        journal.append(facts(event()))
        with (folder / SEGMENT).open("ab") as segment:
            segment.write(b"of a writer that got in, and has ended")
        written = (folder / SEGMENT).read_bytes()
        with pytest.raises(JournalStopped, match="another process has written to it"):
            journal.append(facts(event()))
        assert (folder / SEGMENT).read_bytes() == written


@pytest.mark.parametrize("done", BEHIND_OUR_BACK)
def test_a_journal_whose_files_are_not_its_own_any_more_stops(folder: Path, done: str) -> None:
    with SegmentJournal.open(folder) as journal:
        journal.append(facts(event()))
        BEHIND_OUR_BACK[done](folder)
        with pytest.raises(JournalStopped, match="removed or replaced while it was open"):
            journal.append(facts(event()))
        with pytest.raises(JournalStopped, match="removed or replaced"):
            journal.append(facts(event()))
        assert journal.position == 1


@pytest.mark.parametrize("done", BEHIND_OUR_BACK)
def test_what_goes_while_it_is_written_is_not_acknowledged(folder: Path, done: str) -> None:
    with SegmentJournal.open(folder) as journal:
        journal.append(facts(event()))
        journal.observe_syncs(lambda seconds: BEHIND_OUR_BACK[done](folder))  # between the sync and the answer
        with pytest.raises(JournalStopped, match="removed or replaced"):
            journal.append(facts(event()))


def test_a_journal_in_the_place_of_one_that_is_still_open_is_another_one(folder: Path) -> None:
    with SegmentJournal.open(folder) as old:
        old.append(facts(event()))
        folder.rename(folder.with_name("away"))
        with SegmentJournal.open(folder) as new:
            assert new.append(facts(event())).positions == (1,)
            with pytest.raises(JournalStopped):
                old.append(facts(event()))
            assert new.append(facts(event())).positions == (2,)


def test_a_replica_is_guarded_likewise(folder: Path) -> None:
    replica = Replica(folder, "topic", 0, 1_000)
    (folder / "lock").unlink()
    with pytest.raises(JournalLocked):
        Replica(folder, "topic", 0, 1_000)
    replica.close()


def test_a_file_system_that_locks_no_folders_has_the_file(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """NFS: the system locks only what is open for writing."""
    flock = fcntl.flock

    def refuse_folders(descriptor: int, operation: int) -> None:
        if Path(f"/proc/self/fd/{descriptor}").is_dir():
            raise OSError(9, "Bad file descriptor")
        flock(descriptor, operation)

    monkeypatch.setattr(fcntl, "flock", refuse_folders)
    files = LocalFiles(folder)
    files.lock()
    with pytest.raises(JournalLocked):
        LocalFiles(folder).lock()
    files.unlock()
    LocalFiles(folder).lock()
