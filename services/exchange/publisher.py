"""The journal into the public topics: at least once, with ids by which what comes twice is known, in order for each key.

Of all nodes that publish one does: the one to whom a consumer group gives the only partition of the topic of positions. When it
is gone, another goes on from the last position that was kept.
"""
from __future__ import annotations

from collections.abc import Sequence
from threading import Event

import structlog
from kafka import KafkaConsumer, KafkaProducer
from kafka.coordinator.assignors.cooperative_sticky import CooperativeStickyAssignor

from opsledger.core.ports import Journal, RecordedEvent
from opsledger.services.exchange.checkpoint import Checkpoint
from opsledger.services.exchange.making import ensure_topics
from opsledger.services.exchange.outbound import public_record
from opsledger.services.exchange.reaching import answering, consumer_of, producer_of
from opsledger.services.exchange.topics import Exchange
from opsledger.services.projections.runner import fingerprint

EVENTS_MAX = 1_000
"""Sent, acknowledged and kept as a position together."""
LOOK_S = 0.25

log = structlog.get_logger(__name__)


class Publisher:
    """One thread works."""

    def __init__(self, exchange: Exchange, journal: Journal, *, events_max: int = EVENTS_MAX) -> None:
        self._exchange, self._topics, self._journal, self._events_max = exchange, exchange.topics, journal, events_max
        self.position: int | None = None
        """Up to where it has published; None while another node does."""
        self.published = 0
        """Records sent and acknowledged since the start."""

    @property
    def lag(self) -> int:
        """Events that it has not published yet; 0 while another node does it."""
        return 0 if self.position is None else self._journal.position - self.position

    def run(self, stop: Event) -> None:
        """Publish until ``stop`` is set. Raises ExchangeUnreachable, and what the journal raises; may be run again then."""
        link, instance = self._exchange.kafka, self._exchange.instance
        ensure_topics(link, (*self._topics.from_journal(), self._topics.positions))
        turn = consumer_of(
            link, group_id=f"{self._exchange.prefix}.publisher", group_instance_id=instance, client_id=instance,
            partition_assignment_strategy=[CooperativeStickyAssignor], session_timeout_ms=10_000, heartbeat_interval_ms=3_000,
        )
        with answering(), producer_of(link) as producer, turn as consumer:
            consumer.subscribe([self._topics.positions.name])
            try:
                while not stop.is_set():
                    self._step(consumer, producer)
            finally:
                self.position = None

    def _step(self, consumer: KafkaConsumer, producer: KafkaProducer) -> None:
        is_ours = bool(consumer.assignment())
        consumer.poll(timeout_ms=0 if is_ours else round(LOOK_S * 1_000))  # stays in the group; what it reads is its own positions
        if not is_ours or not consumer.assignment():
            self.position = None
            return
        if not self._journal.wait_beyond(self.position or 0, LOOK_S):
            self._journal.read(self.position or 0, 1)  # raises what hinders reading on: the journal is damaged there, or closed
            return
        checkpoint = Checkpoint(self._exchange, fingerprint(self._journal.read(0, 1)[0]))
        if self.position is None:
            self.position = checkpoint.read(consumer)
            log.info("publishing", position=self.position)
            return
        if batch := self._journal.read(self.position, self._events_max):
            self._publish(producer, batch)
            checkpoint.write(producer, batch[-1].position)
            self.position = batch[-1].position

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
