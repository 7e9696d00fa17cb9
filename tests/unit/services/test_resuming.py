"""Tokens of streams over one partition and over several."""
from __future__ import annotations

import pytest

from opsledger.core.errors import InvalidPageToken
from opsledger.core.partitions import begin_of
from opsledger.core.tickets.facts import Replied
from opsledger.services.journal.memory import MemoryJournal
from opsledger.services.journal.partitions import Numbered
from opsledger.services.resuming import resume_places, resume_token
from tests.kit.read_models import fact, record


def partitions(*events: int) -> list[Numbered]:
    found = []
    for number, count in enumerate(events):
        journal = MemoryJournal()
        record(journal, [fact("1", minute, Replied(True)) for minute in range(count)])
        found.append(Numbered(journal, number))
    return found


def test_the_token_of_one_partition_is_its_position() -> None:
    assert resume_token([7]) == "7"
    assert resume_places("7", partitions(9), [0]) == {0: 7}
    assert resume_token([]) == "0"
    assert resume_places("0", partitions(9), [0]) == {0: 0}


def test_without_a_token_a_stream_begins_at_the_begin() -> None:
    assert resume_places("", partitions(9, 9), [1, 0]) == {1: begin_of(1), 0: 0}


def test_a_token_of_several_partitions_names_each() -> None:
    token = resume_token([begin_of(2) + 3, 7])
    assert token == f"7,{begin_of(2) + 3}"
    assert resume_places(token, partitions(9, 9, 9), range(3)) == {0: 7, 1: begin_of(1), 2: begin_of(2) + 3}


def test_a_stream_over_one_partition_takes_its_own_part() -> None:
    assert resume_places(f"7,{begin_of(1) + 2}", partitions(9, 9), [1]) == {1: begin_of(1) + 2}


@pytest.mark.parametrize("token", [
    "x", "-1", "10", "7,", ",", "7,x", f"{begin_of(1) + 10}", f"{begin_of(2) + 1}", "9" * 16, "1" * 17, "\u0663",
])
def test_a_token_that_nobody_gave_is_refused(token: str) -> None:
    with pytest.raises(InvalidPageToken, match="resume_token"):
        resume_places(token, partitions(9, 9), [0])


def test_a_token_of_another_node_may_be_ahead_of_what_the_owner_has_read() -> None:
    """An owner that was frozen has not read yet what the next one has recorded."""
    class Shared(Numbered):
        is_shared = True

    ours, = partitions(9)
    assert resume_places("10", [Shared(ours.journal)], [0]) == {0: 10}
    with pytest.raises(InvalidPageToken):
        resume_places(str(begin_of(1) + 1), [Shared(ours.journal)], [0])
