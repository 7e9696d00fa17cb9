"""The journal on Kafka: a partition of a topic holds the commits, one node writes it, all nodes read it. docs/kafka.md explains it."""
from __future__ import annotations

import itertools
import logging
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from pathlib import Path
from threading import Condition, Event, RLock, Thread
from typing import Self
from uuid import uuid4

from kafka import KafkaProducer
from kafka.errors import KafkaError

from opsledger.core.errors import (
    FieldViolation,
    InvalidInput,
    InvalidSettings,
    JournalError,
    JournalMoved,
    JournalStopped,
    JournalUnreachable,
)
from opsledger.core.ports import Commit, NewEvent, Receipt
from opsledger.services.futures import chain, promised, refused
from opsledger.services.journal.bounds import check
from opsledger.services.journal.clock import wall_clock_us
from opsledger.services.journal.kafka.link import producer_client, release
from opsledger.services.journal.kafka.partition import Partition
from opsledger.services.journal.kafka.records import CLAIM_KEY, Claim, encode_claim
from opsledger.services.journal.kafka.replica import Replica
from opsledger.services.journal.kafka.settings import KafkaLink
from opsledger.services.journal.kafka.term import Term
from opsledger.services.journal.kafka.topic import Topic, ensure_topic
from opsledger.services.journal.limits import Limits
from opsledger.services.journal.reading import SegmentReading
from opsledger.services.journal.recorded_at import RecordedAt

_log = logging.getLogger(__name__)
_IDLE_S = 1.0
"""How often an owner with nothing to write looks whether it still is one."""
_RETRY_S = 0.5
_CLAIMING = JournalUnreachable("this node is about to own the journal; send the same request again")
_BATCH_BYTES, _BATCH_COMMITS = 1 << 20, 1_000
"""Smaller than on a disk, which wants few syncs: several are on their way at a time."""
_FRAME_OVERHEAD_BYTES = 88 + 255 + 255
"""Of an event, at most. As much twice is more than what a commit and a record have beside their events."""


class KafkaJournal(SegmentReading):
    """See opsledger.core.ports.Journal. A node that does not own the partition follows it: it reads, and refuses to write with
    JournalMoved. While Kafka does not answer, reads go on and writes are refused with JournalUnreachable."""

    def __init__(
        self, folder: Path, link: KafkaLink, *, node: str, address: str = "", partition: int = 0, owner: bool = True,
        topic: Topic | None = None, now_us: Callable[[], int] = wall_clock_us, limits: Limits | None = None,
    ) -> None:
        """Catches up with the topic, and claims the partition when it is to be the ``owner``. Raises JournalUnreachable,
        JournalDamaged when the topic does not hold what it held, JournalLocked, InvalidSettings for a topic that would lose data."""
        self._link, self._node, self._address, self._number, self._now_us = link, node, address, partition, now_us
        self._limits = limits or Limits(batch_bytes=_BATCH_BYTES, batch_commits=_BATCH_COMMITS)
        self._topic = topic or ensure_topic(link)
        self._partition = Partition(link, partition)
        try:
            self._replica = Replica(folder, link.topic, partition, self._limits.segment_bytes)
        except BaseException:
            self._partition.close()
            raise
        super().__init__(self._replica.recovered, self._limits.read_bytes)
        self._replica.on_taken = self._taken
        self._term: Term | None = None
        self._ownership = Condition()
        self._owned = False
        """``is_owner`` as it was told last."""
        self.on_claim: Callable[[], None] = lambda: None
        """Called, from any thread, when there is another owner."""
        self._told_claim = self._replica.claim
        self._process, self._claims = uuid4().hex, itertools.count(1)
        """Tell this process from an earlier or another one with its node's name."""
        self._wants = False
        """To be the owner: when Kafka was away, and nobody else has claimed the partition, it is claimed again."""
        self._refusal: JournalError | None = None
        self._turning = RLock()
        """One at a time claims, gives up, or fails."""
        self._admitting = RLock()
        """Held where a new term takes what has waited for it, and where a commit looks for a term: what comes later waits its turn."""
        self._coming: Future[Term] | None = None
        """The term that the claim which is under way leads to."""
        self._turn, self._stopping = Event(), Event()
        self._watcher = Thread(target=self._watch, name="journal-watch", daemon=True)
        try:
            self._partition.check_continues(self._replica)
            self._partition.catch_up(self._replica, self._partition.end())
            self._check_partitions()
            if owner:
                self.claim()
        except BaseException:
            self._release()
            raise
        self._watcher.start()

    @property
    def owner(self) -> Claim:
        """Who writes, as far as this node has read."""
        return self._replica.claim

    @property
    def is_owner(self) -> bool:
        term = self._term
        return term is not None and term.ended is None and not term.is_fenced

    @property
    def is_claimed_elsewhere(self) -> bool:
        """The last claim is of another process."""
        return self.owner.epoch > 0 and not self.owner.token.startswith(self._process)

    def wait_owner(self, owner: bool, timeout_s: float) -> bool:
        """Block until ``is_owner`` is as wanted (True), or the time is over (False)."""
        with self._ownership:
            return self._ownership.wait_for(lambda: self.is_owner == owner, timeout_s)

    def _taken(self) -> None:
        self._grown()
        self._tell_owner()
        if self._told_claim != (claim := self.owner):
            self._told_claim = claim
            if self.is_claimed_elsewhere:
                self.on_claim()

    def _tell_owner(self) -> None:
        with self._ownership:
            if self._owned != self.is_owner:
                self._owned = not self._owned
                self._ownership.notify_all()

    @property
    def next_offset(self) -> int:
        """Of the partition, after all that this node has read."""
        return self._replica.offset

    def claim(self, address: str | None = None) -> None:
        """Become the owner: whoever was it before cannot acknowledge anything after this. ``address`` is where this node is
        reached, when that has changed. Raises JournalUnreachable."""
        with self._turning:
            self._partition.catch_up(self._replica, self._partition.end())
            if address is not None:
                self._address = address
            if self.is_owner and self.owner.address == self._address:
                return
            self._wants = True
            self._end_term(_CLAIMING)
            self._coming = coming = promised()
            try:
                term = self._new_term()
            except BaseException as error:  # whatever it is, who waits for the term is told
                self._coming = None
                coming.set_exception(error if isinstance(error, JournalError) else _CLAIMING)
                raise
            with self._admitting:
                self._term, self._coming, self._refusal = term, None, None
                coming.set_result(term)  # takes what has waited, before anything else
            self._tell_owner()
        self.on_claim()
        _log.info("node %s owns partition %d of %s from position %d on, epoch %d",
                  self._node, self._number, self._link.topic, self.position + 1, self._replica.claim.epoch)

    def _new_term(self) -> Term:
        producer = producer_client(self._link)
        try:
            while not self._claimed(producer):
                pass  # another node was faster: its epoch is the one to exceed
            return Term(self._link, self._number, producer, self._replica, self._partition, self._limits, self._now_us, self._term_ended)
        except BaseException:
            release(producer)
            raise

    def _term_ended(self) -> None:
        self._turn.set()
        self._tell_owner()

    def _claimed(self, producer: KafkaProducer) -> bool:
        self._partition.catch_up(self._replica, self._partition.end())
        self._check_partitions()
        token = f"{self._process}.{next(self._claims)}"
        claim = Claim(self._replica.claim.epoch + 1, self._node, self._address, token, self._topic.partitions)
        try:
            sent = producer.send(self._link.topic, key=CLAIM_KEY, value=encode_claim(claim), partition=self._number)
            offset = sent.get(timeout=self._link.delivery_timeout_s).offset
        except KafkaError as error:
            raise JournalUnreachable(f"Kafka takes no claim ({type(error).__name__}: {error})") from error
        self._partition.catch_up(self._replica, offset + 1 if offset >= 0 else self._partition.end())
        return self._replica.claim == claim

    def _check_partitions(self) -> None:
        """Raises InvalidSettings when the topic has not as many partitions as its first owner found: events would be looked for
        where they are not."""
        claim = self.owner
        if claim.epoch and claim.partitions != self._topic.partitions:
            raise InvalidSettings(FieldViolation(
                f"{self._link.topic}: partitions", "CHANGED", f"are {self._topic.partitions} and must be {claim.partitions}, as when it "
                f"was written: copy its first {claim.partitions} into a new topic, record by record, and name that as kafka.topic",
            ))

    def release(self) -> None:
        """Give the partition up in order: take nothing more, finish what was queued, then follow. Whoever claims it next has all
        that was acknowledged. Nothing for a node that does not own it."""
        with self._turning:
            self._wants = False
            term, self._term = self._term, None
            if term is None:
                return
            self._turn.set()
            self._tell_owner()
            term.close(self._moved())
        _log.info("node %s has given up partition %d of %s at position %d", self._node, self._number, self._link.topic, self.position)

    def submit(self, commit: Commit) -> Future[Receipt]:
        try:
            if self._closed:
                raise JournalStopped("the journal is closed")
            size = check(commit)
            self._check_record(commit)
        except (InvalidInput, JournalStopped) as error:
            return refused(error)
        with self._admitting:
            term = self._term
            if not term and not self._refusal and self._coming:
                # Other nodes read the claim, and send what has waited for it, before this one is ready. Of each, one request waits here.
                return chain(self._coming, lambda term: term.submit(commit, size))
        if term:
            return term.submit(commit, size)
        return refused(self._refusal or (_CLAIMING if self._wants else self._moved()))

    def append(self, commit: Commit) -> Receipt:
        return self.submit(commit).result()

    @property
    def commits_waiting(self) -> int:
        """In the queue before the next batch; none where another node writes."""
        return term.commits_waiting if (term := self._term) else 0

    @property
    def recorded_at(self) -> RecordedAt | None:
        """The time of its commits; None where another node writes."""
        return term.recorded_at if (term := self._term) else None

    def fits(self, events: Sequence[NewEvent]) -> bool:
        """One record of the topic may hold a commit of them."""
        overhead_bytes = _FRAME_OVERHEAD_BYTES * (len(events) + 2)
        return sum(len(event.payload) for event in events) + overhead_bytes <= self._topic.record_bytes_max

    def _check_record(self, commit: Commit) -> None:
        if not self.fits(commit.events):
            raise InvalidInput(FieldViolation(
                "events", "TOO_LONG", f"must fit into a record of {self._topic.record_bytes_max} bytes",
            ))

    def _moved(self) -> JournalMoved:
        claim = self.owner
        if self.is_claimed_elsewhere:
            return JournalMoved(claim.node, claim.address, claim.epoch)
        return JournalMoved("", "", claim.epoch)

    def _watch(self) -> None:
        """Follow the partition; as its owner, look now and then whether that is still so, and claim it again when Kafka was away."""
        while not self._stopping.is_set():
            try:
                self._look()
                if isinstance(self._refusal, JournalUnreachable):
                    self._refusal = None
            except JournalUnreachable as error:
                self._refusal = error
                _log.warning("%s; trying again", error)
                self._stopping.wait(_RETRY_S)
            except Exception as error:  # the topic has lost records, the disk is full: this node cannot go on
                _log.critical("the journal cannot follow its topic any more: %s", error)
                self._fail(error)
                return

    @property
    def failed(self) -> JournalStopped | None:
        """Why this node cannot follow the topic any more."""
        return self._refusal if isinstance(self._refusal, JournalStopped) else None

    @property
    def is_closed(self) -> bool:
        return self._closed

    def _look(self) -> None:
        if self.is_owner:
            offset = self._replica.offset
            ended = self._turn.wait(_IDLE_S)
            self._turn.clear()
            if not ended and self._replica.offset != offset:
                return
            if (term := self._term) and not (term.ended or term.is_idle):
                return
        if self._stopping.is_set():
            return
        self._replica.take(self._partition.read(self._replica.offset))
        with self._turning:
            if self._wants and not self.is_owner:
                self._turn_over()

    def _turn_over(self) -> None:
        """The term is over: begin another one, unless another node has begun its own."""
        self._partition.check_continues(self._replica)
        self._partition.catch_up(self._replica, self._partition.end())
        if not self.is_claimed_elsewhere:
            self._refusal = _CLAIMING
            self.claim()
            return
        self._wants, self._refusal = False, None
        self._end_term(self._moved())
        _log.warning("%s", self._moved())

    def _end_term(self, reason: JournalError) -> None:
        if term := self._term:
            term.end(reason)
            self._term = None
            self._tell_owner()

    def _fail(self, error: Exception) -> None:
        with self._turning:
            self._refusal = error if isinstance(error, JournalStopped) else JournalStopped(f"the journal stopped: {error}")
            self._end_term(self._refusal)
        self._wake()

    @property
    def _ended(self) -> bool:
        return self._closed or self.failed is not None

    def close(self) -> None:
        if self._closed:
            return
        self._stopping.set()
        self._turn.set()
        self._watcher.join()
        if self._term:
            self._term.close()
        self._release()

    def _release(self) -> None:
        self._partition.close()
        self._replica.close()
        self._end_reading()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()
