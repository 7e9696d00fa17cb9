"""The journal into the public topics: at least once, with ids by which what comes twice is known, in order for each key.

It is the duty of a partition's owner. A new owner goes on from the last position that was kept, and what the one before still sends
are events that the new one sends too.
"""
from __future__ import annotations

from collections.abc import Sequence
from threading import Event

import structlog
from kafka import KafkaProducer

from opsledger.core.partitions import begin_of
from opsledger.core.ports import RecordedEvent
from opsledger.services.exchange.checkpoint import Checkpoint
from opsledger.services.exchange.making import ensure_topics
from opsledger.services.exchange.outbound import public_record
from opsledger.services.exchange.reaching import answering, producer_of
from opsledger.services.exchange.topics import Exchange
from opsledger.services.journal.partitions import Partition
from opsledger.services.projections.runner import fingerprint

EVENTS_MAX = 1_000
"""Sent, acknowledged and kept as a position together."""
LOOK_S = 0.25

log = structlog.get_logger(__name__)


class Publisher:
    """Of one partition. One thread works."""

    def __init__(self, exchange: Exchange, partition: Partition, *, events_max: int = EVENTS_MAX) -> None:
        self._exchange, self._topics, self._partition, self._events_max = exchange, exchange.topics, partition, events_max
        self.position: int | None = None
        """Up to where it has published; None while another node does, and before the first event."""
        self.published = 0
        """Records sent and acknowledged since the start."""

    @property
    def lag(self) -> int:
        """Events that it has not published yet; 0 while another node does it."""
        return 0 if (position := self.position) is None else self._partition.position - position

    def run(self, stop: Event) -> None:
        """Publish until ``stop`` is set. Raises ExchangeUnreachable, InvalidSettings for topics that would lose events, and what the
        journal raises; may be run again then."""
        ensure_topics(self._exchange.kafka, (*self._topics.from_journal(), self._topics.positions))
        while not stop.is_set() and not self._has_more(0):
            pass
        if stop.is_set():
            return
        checkpoint = Checkpoint(self._exchange, self._partition.number, fingerprint(self._partition.read(0, 1)[0]))
        try:
            with answering(), producer_of(self._exchange.kafka) as producer:
                self.position = self._begin(checkpoint.read())
                while not stop.is_set():
                    if self._has_more(self.position):
                        batch = self._partition.read(self.position, self._events_max)
                        self._publish(producer, batch)
                        checkpoint.write(producer, batch[-1].position)
                        self.position = batch[-1].position
        finally:
            self.position = None

    def _begin(self, kept: int) -> int:
        number, last = self._partition.number, self._partition.position
        if kept > last:
            log.warning("the journal is shorter than what was published; it goes on from its end", partition=number, kept=kept, last=last)
        log.info("publishing", partition=number, after=min(kept, last))
        return max(min(kept, last), begin_of(number))

    def _has_more(self, position: int) -> bool:
        """Waits a moment for it. Raises what hinders reading on: the journal is damaged there, or closed."""
        return self._partition.wait_beyond(position, LOOK_S) or bool(self._partition.read(position, 1))

    def _publish(self, producer: KafkaProducer, batch: Sequence[RecordedEvent]) -> None:
        """Return when Kafka has all of it."""
        sent = []
        for event in batch:
            try:
                record = public_record(event, self._topics)
            except ValueError as error:
                log.warning("an event cannot be published", position=event.position, type=event.type, error=str(error))
                continue
            if record is not None:
                sent.append(producer.send(record.topic, key=record.key, value=record.value, headers=record.headers))
        for acknowledgement in sent:
            acknowledgement.get(timeout=self._exchange.kafka.delivery_timeout_s)
        self.published += len(sent)
