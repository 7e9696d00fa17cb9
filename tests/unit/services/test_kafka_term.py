"""A term that another node's claim ends: what stands before the claim is answered, all else is said to have moved, and what is not known
to have failed is never said to have."""
from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import Future
from pathlib import Path
from threading import Condition, Event
from types import SimpleNamespace
from typing import Any

import pytest
from kafka.errors import KafkaTimeoutError

from opsledger.core.errors import JournalError, JournalMoved, JournalUnreachable
from opsledger.core.ports import Commit, Receipt
from opsledger.services.journal.group_commit import GroupCommit
from opsledger.services.journal.kafka import term as term_module
from opsledger.services.journal.kafka.records import CLAIM_KEY, Claim, Record, encode_claim
from opsledger.services.journal.kafka.replica import Replica
from opsledger.services.journal.kafka.settings import KafkaLink
from opsledger.services.journal.kafka.term import Term
from opsledger.services.journal.limits import Limits
from tests.kit.journals import Clock, event, facts

LINK = KafkaLink(bootstrap_servers=("fake:1",), topic="t")
MOVED = JournalMoved("b", "b:1", 2)


class Topic:
    """One partition: its producer and its reader. Acknowledgements are held back until ``told`` is set."""

    def __init__(self) -> None:
        self.records: list[Record] = []
        self.appended, self.told = Condition(), Event()
        self.forgets = False
        """To acknowledge."""

    def append(self, key: bytes | None, value: bytes) -> int:
        with self.appended:
            self.records.append(Record(len(self.records), key, value))
            self.appended.notify_all()
            return len(self.records) - 1

    def claim(self, epoch: int, node: str) -> None:
        self.append(CLAIM_KEY, encode_claim(Claim(epoch, node, f"{node}:1", node)))

    def send(self, topic: str, *, value: bytes, partition: int) -> Any:
        offset = self.append(None, value)

        def get(timeout: float) -> Any:
            assert self.told.wait(60)
            if self.forgets:
                raise KafkaTimeoutError("no answer")
            return SimpleNamespace(offset=offset)

        return SimpleNamespace(get=get)

    def catch_up(self, replica: Replica, until: int) -> None:
        replica.take(self.records[replica.offset:])

    def holds_last(self, replica: Replica) -> bool:
        return True


class Watched(Replica):
    """Somebody else reads on after each question whether a commit stands."""

    meanwhile: Callable[[], None] = staticmethod(lambda: None)

    def stands(self, epoch: int, position: int) -> bool:
        found = super().stands(epoch, position)
        self.meanwhile()
        return found


class Closing(GroupCommit):
    """Says when it is about to close."""

    begun: Event

    def close(self, reason: JournalError | None = None) -> None:
        self.begun.set()
        super().close(reason)


@pytest.fixture
def topic(monkeypatch: pytest.MonkeyPatch) -> Topic:
    topic = Topic()
    topic.claim(1, "a")
    monkeypatch.setattr(Closing, "begun", topic.told, raising=False)
    monkeypatch.setattr(term_module, "GroupCommit", Closing)
    monkeypatch.setattr(term_module, "release", lambda *_: None)
    return topic


@pytest.fixture
def replica(tmp_path: Path, topic: Topic) -> Iterator[Watched]:
    replica = Watched(tmp_path, "t", 0, 1 << 20)
    replica.take(topic.records)
    yield replica
    replica.close()


@pytest.fixture
def term(topic: Topic, replica: Replica) -> Iterator[Term]:
    term = Term(LINK, 0, topic, replica, topic, Limits(), Clock(), lambda: None)  # type: ignore[arg-type]  # only what a term asks of them
    yield term
    term.close()


def sent(topic: Topic, term: Term, key: str) -> Future[Receipt]:
    """In a batch of its own, which is in the topic."""
    with topic.appended:
        end = len(topic.records)
        answer = term.submit(facts(event(key=key)), 1)
        assert topic.appended.wait_for(lambda: len(topic.records) > end, 60)
    return answer


def outcome(answer: Future[Receipt]) -> tuple[int, ...] | str:
    error = answer.exception(60)
    return str(error) if error else answer.result().positions


def test_all_batches_before_a_foreign_claim_are_answered_also_those_after_a_record_that_does_not_count(topic: Topic, term: Term) -> None:
    answers = [sent(topic, term, "1")]
    topic.append(None, b"of an owner that was fenced before")
    answers += [sent(topic, term, "2"), sent(topic, term, "3")]
    topic.claim(2, "b")
    topic.told.set()  # the second one's offset is not the next one: what is there is read, the claim too
    assert [outcome(answer) for answer in answers] == [(1,), (2,), (3,)]
    assert outcome(term.submit(facts(event(key="4")), 1)) == str(MOVED)


def test_batches_after_a_foreign_claim_are_said_to_have_moved_those_before_it_not(topic: Topic, term: Term) -> None:
    before = [sent(topic, term, "1"), sent(topic, term, "2")]
    topic.claim(2, "b")
    after = sent(topic, term, "3")
    topic.told.set()
    assert [outcome(answer) for answer in (*before, after)] == [(1,), (2,), str(MOVED)]
    assert isinstance(term.ended, JournalMoved)


def test_a_term_that_is_ended_by_another_owner_answers_what_it_has_sent(topic: Topic, term: Term, replica: Replica) -> None:
    before = [sent(topic, term, "1"), sent(topic, term, "2")]
    topic.claim(2, "b")
    after = sent(topic, term, "3")
    replica.take(topic.records[1:])
    term.end(MOVED)  # acknowledgements come only now: the first batch is waited for, the others are not stored yet
    assert [outcome(answer) for answer in (*before, after)] == [(1,), (2,), str(MOVED)]
    assert outcome(term.submit(Commit([]), 1)) == str(MOVED)


def test_where_the_topic_says_what_stands_nobody_waits_for_acknowledgements(topic: Topic, term: Term, replica: Replica) -> None:
    topic.forgets = True
    answers = [sent(topic, term, "1"), sent(topic, term, "2")]
    topic.claim(2, "b")
    replica.take(topic.records[1:])
    topic.told.set()
    assert [outcome(answer) for answer in answers] == [(1,), (2,)]


def test_a_claim_that_is_read_after_the_commits_were_judged_does_not_say_that_they_failed(
    topic: Topic, term: Term, replica: Watched,
) -> None:
    topic.forgets = True
    asked = iter(range(1, 10))
    replica.meanwhile = lambda: replica.take(topic.records[1:]) if next(asked) == 2 else None
    answer = sent(topic, term, "1")
    topic.claim(2, "b")
    topic.told.set()
    assert isinstance(answer.exception(60), JournalUnreachable)  # not JournalMoved: it stands
    assert replica.recovered.position == 1
