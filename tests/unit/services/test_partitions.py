"""Several journals as one: where a commit goes, and how positions and streams are found again."""
from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import Future

import pytest

from opsledger.core.errors import InvalidInput, Overloaded
from opsledger.core.partitions import PARTITIONS_MAX, begin_of, home_of, partition_at, partition_of_stream
from opsledger.core.ports import Commit, NewEvent, Receipt
from opsledger.services.journal.memory import MemoryJournal
from opsledger.services.journal.partitions import Numbered, PartitionedJournal
from tests.kit.journals import name

TENANTS = [f"tenant-{number}" for number in range(200)]


@pytest.fixture
def journal() -> PartitionedJournal:
    return PartitionedJournal([Numbered(MemoryJournal(), number) for number in range(4)])


def _decision(tenant: str, stream: str = "form") -> NewEvent:
    return NewEvent(name(stream), "es:decisions:x", tenant, 1, b"")


def _fact(stream: str, key: str) -> NewEvent:
    return NewEvent(name(stream), "tickets.v1.opened", "acme", 1, b"", name(key))


def test_positions_say_their_partition_and_stay_exact_in_json() -> None:
    last = begin_of(PARTITIONS_MAX) - 1
    assert last < 1 << 53
    assert [partition_at(position) for position in (0, 1, begin_of(1), begin_of(1) + 1, last)] == [0, 0, 1, 1, PARTITIONS_MAX - 1]


def test_every_partition_gets_its_share() -> None:
    homes = {home_of(tenant, 4) for tenant in TENANTS}
    spread = {partition_of_stream(name(str(number)), 4) for number in range(200)}
    assert homes == spread == {0, 1, 2, 3}


def test_decisions_stand_in_the_home_of_their_tenant_and_facts_with_their_ticket(journal: PartitionedJournal) -> None:
    for tenant in TENANTS[:20]:
        [position] = journal.append(Commit([_decision(tenant, tenant)])).positions
        assert partition_at(position) == home_of(tenant, 4) == journal.of_tenant(tenant).number
        assert [event.tenant for event in journal.read(position - 1, 1)] == [tenant]
    for number in range(20):
        [position] = journal.append(Commit([_fact(f"{number}t", f"e{number}")])).positions
        assert partition_at(position) == partition_of_stream(name(f"{number}t"), 4)
        assert [event.position for event in journal.read_stream(name(f"{number}t"))] == [position]
        assert journal.position_of(name(f"e{number}")) == position


def test_each_partition_is_dense_from_its_begin(journal: PartitionedJournal) -> None:
    for number in range(50):
        journal.append(Commit([_fact(f"{number}t", f"e{number}")]))
    for part in journal.parts:
        events = part.read(0, 1_000)
        assert [event.position for event in events] == list(range(begin_of(part.number) + 1, part.position + 1))
        assert part.read(begin_of(part.number) + 2, 1) == events[2:3]
        assert part.wait_beyond(part.position - 1, 0)
        assert not part.wait_beyond(part.position, 0)


def test_a_request_is_known_in_its_partition_again(journal: PartitionedJournal) -> None:
    first = journal.append(Commit([_decision("acme")], name("r1")))
    assert journal.append(Commit([], name("r1"))).positions == first.positions
    assert journal.append(Commit([], name("r2"))).positions == ()


def test_a_full_partition_does_not_fill_the_others_with_what_is_tried_again() -> None:
    class Full(Numbered):
        def submit(self, commit: Commit) -> Future[Receipt]:
            raise Overloaded("its queue is full")

    class Counted(Numbered):
        commits = 0

        def submit(self, commit: Commit) -> Future[Receipt]:
            self.commits += 1
            return super().submit(commit)

    open, full = Counted(MemoryJournal(), 0), Full(MemoryJournal(), 1)
    journal = PartitionedJournal([open, full])
    facts = [_fact(f"{number}t", f"e{number}") for number in range(20)]
    facts.sort(key=lambda event: partition_of_stream(event.stream_id, 2))
    answer = journal.submit_facts(facts)
    with pytest.raises(Overloaded):
        answer.result()
    assert open.commits == 1
    with pytest.raises(Overloaded):  # at once: whoever tries it again has queued nothing
        journal.submit_facts(facts[::-1])
    assert open.commits == 1


def test_facts_that_do_not_fit_into_one_commit_become_several_in_their_order() -> None:
    class Small(Numbered):
        def fits(self, events: Sequence[NewEvent]) -> bool:
            return len(events) <= 3

        def submit(self, commit: Commit) -> Future[Receipt]:
            assert self.fits(commit.events)
            return super().submit(commit)

    for partitions in (1, 2):
        journal = PartitionedJournal([Small(MemoryJournal(), number) for number in range(partitions)])
        facts = [_fact(f"{number}t", f"e{number}") for number in range(20)]
        positions, duplicates = journal.submit_facts([*facts, facts[0]]).result()
        assert duplicates == (False,) * 20 + (True,)
        assert list(positions) == [journal.position_of(fact.key) for fact in [*facts, facts[0]]]
        for part in journal.parts:
            mine = [position for position in positions[:20] if partition_at(position) == part.number]
            assert mine == list(range(begin_of(part.number) + 1, part.position + 1))
        assert journal.submit_facts(facts).result() == (positions[:20], (True,) * 20)


def test_the_name_of_a_fact_is_one_in_all_partitions(journal: PartitionedJournal) -> None:
    """A source that names two tickets' facts alike is answered with the first, wherever the second would stand."""
    streams = {partition_of_stream(name(f"{number}t"), 4): f"{number}t" for number in range(40)}
    first = _fact(streams[1], "e1")
    [position], _ = journal.submit_facts([first]).result()
    others = [_fact(streams[number], "e1") for number in (0, 1, 2, 3)]
    assert journal.submit_facts(others).result() == ((position,) * 4, (True,) * 4)
    positions, duplicates = journal.submit_facts([_fact(streams[number], "e2") for number in (3, 0, 2)]).result()
    assert (set(positions), duplicates) == ({positions[0]}, (False, True, True))
    assert partition_at(positions[0]) == 3


def test_a_commit_is_of_one_partition(journal: PartitionedJournal) -> None:
    with pytest.raises(InvalidInput, match="one partition"):
        journal.append(Commit([_fact(f"{number}t", f"e{number}") for number in range(8)]))
    with pytest.raises(InvalidInput, match="no partition 4"):
        journal.read(begin_of(4), 1)
