"""The fold that every reader of a partition does: which records count, and where their events stand."""
from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from opsledger.core.errors import JournalDamaged
from opsledger.ext.journal import NO_HASH, encode_commit
from opsledger.services.journal.kafka.fold import LogState
from opsledger.services.journal.kafka.records import CLAIM_KEY, Claim, Record, decode_claim, encode_claim
from opsledger.services.journal.planning import Placed
from tests.kit.journals import event


class Node:
    """Writes as an owner does: it builds on what it has read, and on what it has sent itself."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.read = LogState()
        self.epoch = self.position = self.sent = 0
        self.hash = NO_HASH

    def claim(self) -> tuple[bytes, bytes]:
        self.epoch = self.read.claim.epoch + 1
        return CLAIM_KEY, encode_claim(Claim(self.epoch, self.name, f"{self.name}:1", f"{self.name}{self.sent}"))

    def begin(self) -> None:
        self.position, self.hash = self.read.position, self.read.hash

    def commit(self, events: int = 1) -> tuple[None, bytes]:
        self.sent += 1
        placed = [Placed(event(f"{self.name} {self.sent} {n}"), 1, 0) for n in range(events)]
        data, self.hash, _ = encode_commit(
            placed, self.position + 1, 1, self.read.position, b"", self.hash, 0, self.epoch)
        self.position += events
        return None, data


class Log:
    def __init__(self) -> None:
        self.records: list[Record] = []

    def append(self, record: tuple[bytes | None, bytes]) -> int:
        self.records.append(Record(len(self.records), *record))
        return len(self.records) - 1

    def folded(self, state: LogState) -> list[int]:
        """Take what is new; the offsets of the commits that count."""
        return [record.offset for record in self.records[state.offset:] if state.take(record, 64)]


@pytest.fixture
def log() -> Log:
    return Log()


def owner(name: str, log: Log) -> Node:
    node = Node(name)
    log.folded(node.read)
    log.append(node.claim())
    log.folded(node.read)
    node.begin()
    return node


def test_commits_of_the_owner_count_in_their_order(log: Log) -> None:
    a = owner("a", log)
    offsets = [log.append(a.commit(3)), log.append(a.commit())]
    state = LogState()
    assert log.folded(state) == offsets
    assert (state.position, state.hash, state.claim.node) == (4, a.hash, "a")


def test_what_a_fenced_owner_sent_before_the_claim_counts_and_after_it_does_not(log: Log) -> None:
    a = owner("a", log)
    before = log.append(a.commit())
    b = owner("b", log)
    log.append(a.commit())
    following = log.append(b.commit())
    log.append(a.commit())
    assert log.folded(LogState()) == [before, following]


def test_of_two_claims_with_one_epoch_the_first_counts(log: Log) -> None:
    a, b = Node("a"), Node("b")
    log.append(a.claim())
    log.append(b.claim())
    state = LogState()
    log.folded(state)
    assert (state.claim.node, state.claim.epoch) == ("a", 1)


def test_a_commit_that_got_lost_takes_those_that_rest_on_it_with_it(log: Log) -> None:
    a = owner("a", log)
    first = log.append(a.commit())
    a.commit(2)  # never arrives
    log.append(a.commit())
    log.append(a.commit())
    assert log.folded(LogState()) == [first]


def test_a_commit_that_arrives_twice_counts_once(log: Log) -> None:
    a = owner("a", log)
    commit = a.commit()
    first = log.append(commit)
    log.append(commit)
    assert log.folded(LogState()) == [first]


@pytest.mark.parametrize("foreign", [(None, b""), (None, b"hello"), (CLAIM_KEY, b"{}"), (CLAIM_KEY, b"\xff"), (b"other", b"x" * 500)])
def test_what_is_neither_commit_nor_claim_is_passed_over(log: Log, foreign: tuple[bytes | None, bytes]) -> None:
    a = owner("a", log)
    log.append(foreign)
    following = log.append(a.commit())
    assert log.folded(LogState()) == [following]


def test_a_topic_that_has_lost_what_its_owner_knew_is_noticed(log: Log) -> None:
    a = owner("a", log)
    log.append(a.commit())
    log.folded(a.read)
    lost = log.records.pop()
    log.append(a.commit())
    with pytest.raises(JournalDamaged) as found:
        log.folded(LogState())
    assert (found.value.position, found.value.offset) == (1, lost.offset)


def test_a_commit_that_follows_by_position_and_not_by_hash_is_damage(log: Log) -> None:
    a = owner("a", log)
    a.hash = bytes(31) + b"x"
    log.append(a.commit())
    with pytest.raises(JournalDamaged):
        log.folded(LogState())


@given(st.text(max_size=20), st.text(max_size=20), st.integers(1, 1 << 62))
def test_a_claim_is_read_as_it_was_written(node: str, address: str, epoch: int) -> None:
    claim = Claim(epoch, node, address, "token")
    assert decode_claim(encode_claim(claim)) == claim


@given(st.lists(st.tuples(st.sampled_from("abc"), st.sampled_from(["claim", "commit", "commit", "lose"])), max_size=60))
def test_whoever_writes_what_all_readers_agree_and_positions_are_dense(acts: list[tuple[str, str]]) -> None:
    log = Log()
    nodes = {name: Node(name) for name in "abc"}
    for name, act in acts:
        node = nodes[name]
        if act == "claim":
            log.folded(node.read)
            log.append(node.claim())
            log.folded(node.read)
            node.begin()
        elif node.epoch:
            commit = node.commit()
            if act == "commit":
                log.append(commit)
    whole = LogState()
    counted = log.folded(whole)
    assert whole.position == len(counted)
    for node in nodes.values():
        log.folded(node.read)
        assert node.read == whole
    for cut in range(len(log.records)):
        state = LogState()
        part = Log()
        part.records = log.records[:cut]
        seen = part.folded(state)
        assert seen + log.folded(state) == counted
        assert state == whole
