"""Group commit where building a batch goes wrong: everybody is told, nobody waits for ever."""
from __future__ import annotations

from threading import Event

import pytest

from opsledger.core.errors import JournalStopped
from opsledger.core.ports import Commit
from opsledger.services.journal.batches import Batch, Request
from opsledger.services.journal.group_commit import GroupCommit
from opsledger.services.journal.limits import Limits


def test_a_batch_that_cannot_be_built_stops_the_journal() -> None:
    stored: list[Batch] = []
    stops: list[None] = []

    def build(requests: list[Request]) -> Batch:
        raise MemoryError("no room")

    commits = GroupCommit(build, stored.append, lambda: stops.append(None), Limits())
    first = commits.submit(Commit([]), 1)
    with pytest.raises(JournalStopped, match="no room"):
        first.result(60)
    with pytest.raises(JournalStopped, match="no room"):
        commits.submit(Commit([]), 1).result(60)
    commits.close()
    assert (stored, len(stops)) == ([], 1)


def building_its_first_batch() -> tuple[GroupCommit, Event]:
    """The batch fails when the event is set."""
    started, go_on = Event(), Event()

    def build(requests: list[Request]) -> Batch:
        started.set()
        go_on.wait(60)
        raise MemoryError("no room")

    commits = GroupCommit(build, lambda batch: None, lambda: None, Limits())
    commits.submit(Commit([]), 1)
    assert started.wait(60)
    return commits, go_on


def test_who_gave_up_waiting_does_not_keep_the_others_from_their_answer() -> None:
    commits, go_on = building_its_first_batch()
    given_up, waiting = commits.submit(Commit([]), 1), commits.submit(Commit([]), 1)
    assert given_up.cancel()
    go_on.set()
    with pytest.raises(JournalStopped, match="no room"):
        waiting.result(60)
    commits.close()


def test_it_says_how_many_commits_no_batch_has_taken_yet() -> None:
    commits, go_on = building_its_first_batch()
    for _ in range(3):
        commits.submit(Commit([]), 1)
    assert commits.waiting == 3
    go_on.set()
    commits.close()
    assert commits.waiting == 0
