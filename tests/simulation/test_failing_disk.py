"""A journal whose disk fails or is slow."""
from __future__ import annotations

import errno
from threading import Event

import pytest

from opsledger.core.errors import JournalLocked, JournalStopped, Overloaded
from opsledger.services.journal.limits import Limits
from opsledger.services.journal.segment import SegmentJournal
from tests.kit.disk import Disk
from tests.kit.journals import Clock, event, facts


class Trouble:
    """Looks at every act on a disk; fails the chosen one, or holds the syncs of segments up."""

    def __init__(self) -> None:
        self.acts: list[tuple[str, str]] = []
        self.fail: tuple[str, str] | None = None
        self.slow = False
        self.waiting, self.go_on = Event(), Event()

    def __call__(self, act: str, file: str) -> None:
        self.acts.append((act, file))
        if self.fail and act == self.fail[0] and file.endswith(self.fail[1]):
            raise OSError(errno.EIO, "Input/output error")
        if self.slow and act == "sync" and file.endswith(".segment"):
            self.waiting.set()
            assert self.go_on.wait(30)

    def count(self, act: str) -> int:
        return sum(1 for done, file in self.acts if done == act and file.endswith(".segment"))


@pytest.fixture
def trouble() -> Trouble:
    return Trouble()


@pytest.fixture
def disk(trouble: Trouble) -> Disk:
    return Disk(before=trouble)


def opened(disk: Disk, **limits: int) -> SegmentJournal:
    return SegmentJournal(disk, now_us=Clock(), limits=Limits(**limits))


class TestFailures:
    @pytest.mark.parametrize("failing", [("sync", ".segment"), ("write", ".segment"), ("write", "mark")])
    def test_it_stops_and_says_so_to_everyone(self, disk: Disk, trouble: Trouble, failing: tuple[str, str]) -> None:
        journal = opened(disk)
        journal.append(facts(event(payload=b"safe")))
        trouble.fail = failing
        answers = [journal.submit(facts(event())) for _ in range(5)]
        for answer in answers:
            with pytest.raises(JournalStopped, match="Input/output error"):
                answer.result()
        trouble.acts.clear()
        with pytest.raises(JournalStopped):
            journal.append(facts(event()))
        journal.close()
        assert trouble.acts == []  # nothing was tried again
        assert journal.position == 1

    def test_what_is_durable_can_still_be_read(self, disk: Disk, trouble: Trouble) -> None:
        journal = opened(disk)
        journal.append(facts(event(payload=b"safe", key="k")))
        trouble.fail = ("sync", ".segment")
        with pytest.raises(JournalStopped):
            journal.append(facts(event(key="lost")))
        assert [e.payload for e in journal.read()] == [b"safe"]
        assert not journal.wait_beyond(1, timeout_s=30)
        journal.close()

    def test_closing_releases_everything_even_then(self, disk: Disk, trouble: Trouble) -> None:
        journal = opened(disk)
        journal.append(facts(event(payload=b"safe")))
        trouble.fail = ("sync", "mark")
        with pytest.raises(OSError, match="Input/output error"):
            journal.close()
        assert not journal.wait_beyond(1)
        trouble.fail = None
        with opened(disk) as again:
            assert [e.payload for e in again.read()] == [b"safe"]

    def test_a_restart_recovers(self, disk: Disk, trouble: Trouble) -> None:
        journal = opened(disk)
        journal.append(facts(event(key="safe")))
        trouble.fail = ("sync", ".segment")
        with pytest.raises(JournalStopped):
            journal.append(facts(event(key="unknown")))
        journal.close()
        trouble.fail = None
        again = opened(disk)
        assert again.append(facts(event(key="safe"), event(key="unknown"))).positions == (1, 2)
        again.close()

    def test_a_checkpoint_that_cannot_be_written_harms_nobody(self, disk: Disk, trouble: Trouble, caplog: pytest.LogCaptureFixture) -> None:
        trouble.fail = ("write", ".index.new")
        journal = opened(disk, segment_bytes=300)
        for _ in range(5):
            journal.append(facts(event()))
        journal.close()
        assert "checkpoint" in caplog.text
        with opened(disk) as again:
            assert again.position == 5


class TestGroups:
    def test_all_who_wait_while_a_batch_is_synced_share_the_next_sync(self, disk: Disk, trouble: Trouble) -> None:
        journal = opened(disk)
        journal.append(facts(event()))
        trouble.slow = True
        first = journal.submit(facts(event()))
        assert trouble.waiting.wait(30)
        others = [journal.submit(facts(event())) for _ in range(100)]
        assert not any(answer.done() for answer in [first, *others])
        syncs = trouble.count("sync")
        trouble.go_on.set()
        assert [answer.result().positions[0] for answer in [first, *others]] == list(range(2, 103))
        assert trouble.count("sync") - syncs <= 3  # one batch is built already when the others come, and one is taken apart
        journal.close()

    def test_nothing_is_visible_before_it_is_durable(self, disk: Disk, trouble: Trouble) -> None:
        journal = opened(disk)
        trouble.slow = True
        answer = journal.submit(facts(event(key="k")))
        again = journal.submit(facts(event(key="k")))
        assert trouble.waiting.wait(30)
        assert (journal.position, list(journal.read()), journal.position_of(event(key="k").key)) == (0, [], None)
        assert journal.version(event().stream_id) is None
        assert not again.done()
        trouble.go_on.set()
        assert (answer.result(), again.result()) == (((1,), (False,)), ((1,), (True,)))
        journal.close()

    @pytest.mark.parametrize("limits", [{"queue_commits": 3}, {"queue_bytes": 1000}])
    def test_a_full_queue_is_overloaded_at_once_and_recovers(self, disk: Disk, trouble: Trouble, limits: dict[str, int]) -> None:
        journal = opened(disk, batch_commits=1, **limits)
        trouble.slow = True
        answers = [journal.submit(facts(event()))]
        assert trouble.waiting.wait(30)

        def submit_until_full() -> None:
            for _ in range(50):
                answers.append(journal.submit(facts(event())))  # noqa: PERF401  # what was taken before the error counts

        with pytest.raises(Overloaded):
            submit_until_full()
        trouble.go_on.set()
        assert [answer.result().positions[0] for answer in answers] == list(range(1, len(answers) + 1))
        assert journal.append(facts(event())).positions == (len(answers) + 1,)
        journal.close()

    def test_a_commit_that_is_cancelled_while_it_waits_is_not_recorded(self, disk: Disk, trouble: Trouble) -> None:
        journal = opened(disk, batch_commits=1)
        trouble.slow = True
        first = journal.submit(facts(event()))
        assert trouble.waiting.wait(30)
        answers = [journal.submit(facts(event(payload=b"unwanted"))) for _ in range(5)]
        cancelled = [answer.cancel() for answer in answers]
        assert cancelled[-1]
        trouble.go_on.set()
        first.result()
        journal.close()
        with opened(disk) as again:
            assert again.position == 1 + cancelled.count(False)


class TestLock:
    def test_one_writer_at_a_time(self, disk: Disk) -> None:
        journal = opened(disk)
        with pytest.raises(JournalLocked):
            opened(disk)
        journal.close()
        opened(disk).close()

    def test_a_writer_that_cannot_open_lets_go(self, disk: Disk) -> None:
        journal = opened(disk)
        journal.append(facts(event()))
        journal.close()
        file = disk.open("00000000000000000001.segment")
        whole = file.read(20, 0)
        file.write(b"nothing of ours", 0)
        with pytest.raises(Exception, match="damaged"):
            opened(disk)
        file.write(whole, 0)
        opened(disk).close()
