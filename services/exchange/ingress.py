"""The inbound topic into the journal: consumed, recorded durably, only then committed.

Whatever dies in between, a record comes again, and a fact that is in the journal is not recorded twice: at least once on the way and
exact deduplication at its end make exactly once.
"""
from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager
from threading import Event
from time import monotonic
from typing import Any

import structlog
from kafka import KafkaConsumer, KafkaProducer
from kafka.coordinator.assignors.cooperative_sticky import CooperativeStickyAssignor
from kafka.errors import CommitFailedError, RebalanceInProgressError
from kafka.structs import OffsetAndMetadata, TopicPartition

from opsledger.core.errors import FieldViolation, InvalidInput, JournalMoved, JournalUnreachable, Overloaded
from opsledger.services.exchange.dead_letters import dead_letter
from opsledger.services.exchange.inbound import event_bytes
from opsledger.services.exchange.making import ensure_topics
from opsledger.services.exchange.reaching import answering, consumer_of, producer_of
from opsledger.services.exchange.topics import Exchange
from opsledger.services.tickets.intake import Intake, Outcome

RECORDS_MAX = 2_000
"""Of one round: consumed, recorded and committed together."""
COMMIT_BYTES = 16 << 20
POLL_S = 0.25
POSITION_MS = 500
LOOK_S = 2.0
"""How long nothing may come before Kafka is asked whether it is there at all."""
OVERLOADED_PAUSE_S = 0.05
HEARTBEATS = 6
"""Within a session."""
AWAY_S, AWAY_PAUSE_S = 15.0, 0.25
"""A partition of the journal finds another owner within seconds: so long it is tried again before the work counts as failing."""

log = structlog.get_logger(__name__)


class Ingress:
    """One thread works. Any number of nodes may share the topic's partitions, over one journal."""

    def __init__(self, exchange: Exchange, intake: Intake) -> None:
        self._exchange, self._topics, self._intake = exchange, exchange.topics, intake
        self.recorded = 0
        """Events recorded since the start."""
        self.differing = 0
        """Events since the start that were known, with other content: they are kept where the intake keeps them."""
        self.rejected = 0
        """Records that went to the dead-letter topic since the start."""
        self.lag = 0
        """Records of this node's partitions that were not consumed yet when it last looked."""
        self._look_at_s = 0.0

    def run(self, stop: Event) -> None:
        """Consume until ``stop`` is set. Raises ExchangeUnreachable, InvalidSettings for topics that would lose
        events, and what the journal raises; may be run again then."""
        ensure_topics(self._exchange.kafka, self._topics.incoming())
        with answering(), producer_of(self._exchange.kafka) as producer, self._consumer() as consumer:
            consumer.subscribe([self._topics.inbound.name])
            while not stop.is_set():
                found = consumer.poll(timeout_ms=round(POLL_S * 1_000), max_records=RECORDS_MAX)
                if found and self._take([record for part in found.values() for record in part], producer, stop):
                    _commit(consumer, found)
                self._look(consumer, bool(found))

    def _consumer(self) -> AbstractContextManager[KafkaConsumer]:
        exchange = self._exchange
        session_ms = round(exchange.kafka.session_timeout_s * 1_000)
        return consumer_of(
            exchange.kafka, group_id=f"{exchange.prefix}.ingress", group_instance_id=exchange.instance, client_id=exchange.instance,
            partition_assignment_strategy=[CooperativeStickyAssignor], max_poll_records=RECORDS_MAX,
            session_timeout_ms=session_ms, heartbeat_interval_ms=max(session_ms // HEARTBEATS, 100),
        )

    def _take(self, records: Sequence[Any], producer: KafkaProducer, stop: Event) -> bool:
        """Bring every record to where it belongs, durably. False: told to stop before that was done."""
        readable, refused = [], []
        for record in records:
            try:
                readable.append((record, event_bytes(record.headers, record.value)))
            except InvalidInput as error:
                refused.append((record, error.violations))
        for part in _parts(readable):
            outcomes = self._record(part, stop)
            if outcomes is None:
                return False
            refused += [(part[outcome.index][0], outcome.violations) for outcome in outcomes if outcome.violations]
            self.recorded += sum(1 for outcome in outcomes if not outcome.duplicate and not outcome.violations)
            self.differing += sum(1 for outcome in outcomes if outcome.differs)
        self._bury(refused, producer)
        return True

    def _record(self, part: Sequence[tuple[Any, bytes]], stop: Event) -> list[Outcome] | None:
        events = [data for _, data in part]
        places = [f"{record.topic}[{record.partition}]@{record.offset}" for record, _ in part]
        away_until_s: float | None = None
        while not stop.is_set():
            try:
                return self._intake.record(events, places=places)
            except Overloaded:  # others fill the journal's queue; what waits here waits in Kafka
                stop.wait(OVERLOADED_PAUSE_S)
            except (JournalMoved, JournalUnreachable):
                away_until_s = away_until_s or monotonic() + AWAY_S
                if monotonic() > away_until_s:
                    raise
                stop.wait(AWAY_PAUSE_S)
        return None

    def _bury(self, refused: Sequence[tuple[Any, Sequence[FieldViolation]]], producer: KafkaProducer) -> None:
        """Return when the dead-letter topic has all of them."""
        sent = [producer.send(self._topics.dead_letters.name, **dead_letter(record, why)._asdict()) for record, why in refused]
        for acknowledgement in sent:
            acknowledgement.get(timeout=self._exchange.kafka.delivery_timeout_s + LOOK_S)
        for record, why in refused:
            log.warning("dead letter", partition=record.partition, offset=record.offset, reason=why[0].reason, field=why[0].field)
        self.rejected += len(refused)

    def _look(self, consumer: KafkaConsumer, something_came: bool) -> None:
        """A consumer whose brokers are away gets nothing and says nothing. Raises KafkaError then."""
        if something_came:
            self.lag = sum(_behind(consumer, part, consumer.highwater(part) or 0) for part in consumer.assignment())
            self._look_at_s = monotonic() + LOOK_S
        elif monotonic() > self._look_at_s:
            parts = list(consumer.assignment())
            ends = consumer.end_offsets(parts or [TopicPartition(self._topics.inbound.name, 0)])
            self.lag = sum(_behind(consumer, part, ends[part]) for part in parts)
            self._look_at_s = monotonic() + LOOK_S


def _behind(consumer: KafkaConsumer, part: TopicPartition, end: int) -> int:
    """0 while it is not known where the consumer begins in a partition that it was just given."""
    position = consumer.position(part, timeout_ms=POSITION_MS)
    return 0 if position is None else max(end - position, 0)


def _parts(events: Sequence[tuple[Any, bytes]]) -> Iterator[list[tuple[Any, bytes]]]:
    """In bounds of one commit."""
    part: list[tuple[Any, bytes]] = []
    size = 0
    for event in events:
        if part and size + len(event[1]) > COMMIT_BYTES:
            yield part
            part, size = [], 0
        part.append(event)
        size += len(event[1])
    if part:
        yield part


def _commit(consumer: KafkaConsumer, found: dict[TopicPartition, list[Any]]) -> None:
    try:
        consumer.commit({part: OffsetAndMetadata(records[-1].offset + 1, "", -1) for part, records in found.items()})
    except (CommitFailedError, RebalanceInProgressError) as error:
        log.info("another node has the partition now; it finds these events recorded", error=str(error))
