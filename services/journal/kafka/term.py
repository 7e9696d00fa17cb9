"""A node's time as the owner of a partition: from the claim that counts to the first commit of which it is not sure any more."""
from __future__ import annotations

from collections import deque
from collections.abc import Callable
from concurrent.futures import Future
from time import monotonic
from typing import Any

from kafka import KafkaProducer
from kafka.errors import KafkaError

from opsledger.core.errors import JournalDamaged, JournalError, JournalMoved, JournalUnreachable
from opsledger.core.ports import Commit, Receipt
from opsledger.ext.journal import decode_commit_header
from opsledger.services.futures import refused
from opsledger.services.journal.batches import Batch, Builder, Request
from opsledger.services.journal.group_commit import GroupCommit
from opsledger.services.journal.kafka.link import release
from opsledger.services.journal.kafka.partition import Partition
from opsledger.services.journal.kafka.records import Record
from opsledger.services.journal.kafka.replica import Replica
from opsledger.services.journal.kafka.settings import KafkaLink
from opsledger.services.journal.limits import Limits
from opsledger.services.journal.recorded_at import RecordedAt

_MARGIN_S = 5.0
"""The producer gives up by itself; this is for one that does not."""


class Term:
    """Commits go out as they come, several at a time; the answers follow in order. The first one that does not stand, or of which
    nobody knows, ends the term: all who wait are told why, and another term begins with another claim. What stands before the claim
    of another owner is answered as such, however much later it is judged."""

    def __init__(
        self, link: KafkaLink, number: int, producer: KafkaProducer, replica: Replica, partition: Partition, limits: Limits,
        now_us: Callable[[], int], on_end: Callable[[], None],
    ) -> None:
        self._link, self._number, self._producer, self._replica, self._partition = link, number, producer, replica, partition
        self.claim = replica.claim
        self._sent: deque[list[Any] | JournalUnreachable] = deque()
        self._builder = Builder(replica.recovered, now_us=now_us, segment_bytes=limits.segment_bytes, epoch=self.claim.epoch)
        self._commits = GroupCommit(self._build, self._store, on_end, limits)

    @property
    def ended(self) -> JournalError | None:
        """Why nothing can be written any more."""
        return self._commits.stopped

    @property
    def commits_waiting(self) -> int:
        return self._commits.waiting

    @property
    def recorded_at(self) -> RecordedAt:
        return self._builder.recorded_at

    def submit(self, commit: Commit, size: int) -> Future[Receipt]:
        return refused(self._moved()) if self.is_fenced else self._commits.submit(commit, size)

    def _build(self, requests: list[Request]) -> Batch:
        batch = self._builder.build(requests)
        self._sent.append(self._send(batch))
        return batch

    def _send(self, batch: Batch) -> list[Any] | JournalUnreachable:
        if self.ended or self.is_fenced:  # nobody looks at what becomes of it
            return []
        try:
            return [self._producer.send(self._link.topic, value=commit, partition=self._number) for commit in batch.commits]
        except KafkaError as error:
            return JournalUnreachable(f"Kafka: a commit cannot be sent ({type(error).__name__}: {error})")

    def _store(self, batch: Batch) -> None:
        """Return when all commits of the batch are known to stand."""
        problem: JournalError | None = None
        try:
            self._await(batch.commits, self._sent[0])
        except JournalError as error:
            problem = error
        finally:
            self._sent.popleft()
        fenced = self.is_fenced  # before it is asked what stands: what did not stand then never will
        batch.stood = self._standing(batch.commits)
        self._builder.forget(batch)
        if fenced:
            problem = None if batch.stood == len(batch.commits) else self._moved()
        elif not problem and batch.stood < len(batch.commits):
            problem = self._passed_over()
        if problem:
            raise problem

    def _await(self, commits: list[bytes], sent: list[Any] | JournalUnreachable) -> None:
        """Until the replica says what stands; where it has read the claim after this term's, it does already."""
        if self.is_fenced:
            return
        if isinstance(sent, JournalUnreachable):
            raise sent
        self._learn(commits, sent)

    @property
    def is_idle(self) -> bool:
        """Nothing is on its way."""
        return not self._sent

    def _standing(self, commits: list[bytes]) -> int:
        """How many of the commits count: the first so many, because each rests on those before it."""
        if not commits or self._stands(commits[-1]):
            return len(commits)
        return sum(1 for commit in commits if self._stands(commit))

    @property
    def is_fenced(self) -> bool:
        return self._replica.claim.epoch > self.claim.epoch

    def _moved(self) -> JournalMoved:
        claim = self._replica.claim
        return JournalMoved(claim.node, claim.address, claim.epoch)

    def _stands(self, commit: bytes) -> bool:
        header = decode_commit_header(commit)
        assert header
        return self._replica.stands(self.claim.epoch, header.first_position + header.events - 1)

    def _learn(self, commits: list[bytes], sent: list[Any]) -> None:
        """Wait for the acknowledgements. An offset that is exactly the next one proves that nothing slipped in between; for any
        other, what the partition holds there is read and decides."""
        following: list[Record] = []
        try:
            for commit, acknowledgement in zip(commits, sent, strict=True):
                offset = self._acknowledged(acknowledgement)
                expected = following[-1].offset + 1 if following else self._replica.offset
                if offset == expected:
                    following.append(Record(offset, None, commit))
                elif not 0 <= offset < expected:  # what is below was read already
                    self._replica.take(following)
                    following = []
                    self._find(commit, offset)
        finally:
            self._replica.take(following)

    def _acknowledged(self, acknowledgement: Any) -> int:
        try:
            return int(acknowledgement.get(timeout=self._link.delivery_timeout_s + _MARGIN_S).offset)
        except KafkaError as error:
            raise JournalUnreachable(f"Kafka does not acknowledge what it was sent ({type(error).__name__}: {error})") from error

    def _find(self, commit: bytes, offset: int) -> None:
        """Read up to a commit's offset; when the broker does not remember it (-1: it had the commit already), until it is found."""
        if offset >= 0:
            self._partition.catch_up(self._replica, offset + 1)
            return
        deadline_s = monotonic() + self._link.delivery_timeout_s
        while not self._stands(commit) and not self.is_fenced:
            if monotonic() > deadline_s:
                raise JournalUnreachable("Kafka says that it has a commit which it does not show; send the same request again")
            self._replica.take(self._partition.read(self._replica.offset))

    def _passed_over(self) -> JournalError:
        """Either a commit before it did not get through, or the topic goes on where it was before: it has lost records."""
        if self._partition.holds_last(self._replica):
            return JournalUnreachable("Kafka did not take a commit that others were built on; send the same request again")
        return JournalDamaged("the topic has lost records that were acknowledged", position=self._replica.recovered.position,
                              segment=self._link.topic, offset=self._replica.offset)

    def end(self, reason: JournalError) -> None:
        """Tell all who wait why nothing is written any more; but when another owner's claim ends it, each what became of its commit."""
        if not self.is_fenced:
            self._commits.stop(reason)
        self._commits.close(reason)
        release(self._producer)

    def close(self, reason: JournalError | None = None) -> None:
        """Finish what was queued; who comes later is told why nothing is written any more."""
        self._commits.close(reason)
        release(self._producer, 0 if self.ended or self.is_fenced else self._link.delivery_timeout_s)
