"""Kafka clients of the exchange. That Kafka does not answer is ExchangeUnreachable here, so that nobody blames the journal."""
from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing, contextmanager
from time import monotonic
from typing import Any

from kafka import KafkaAdminClient, KafkaConsumer, KafkaProducer
from kafka.errors import KafkaError
from kafka.structs import TopicPartition

from opsledger.core.errors import ExchangeUnreachable, JournalUnreachable
from opsledger.services.journal.kafka.link import admin_client, begin, options, producer_client, release, said
from opsledger.services.journal.kafka.settings import KafkaLink

CLOSE_S = 2.0
_METADATA_MS = 5_000
"""How soon a consumer notices new partitions."""
_LOOK_MS = 500


@contextmanager
def answering() -> Iterator[None]:
    """Errors of the clients leave it as ExchangeUnreachable."""
    try:
        yield
    except KafkaError as error:
        raise ExchangeUnreachable(f"Kafka does not answer ({said(error)})") from error


@contextmanager
def producer_of(link: KafkaLink) -> Iterator[KafkaProducer]:
    try:
        producer = producer_client(link)
    except JournalUnreachable as error:
        raise ExchangeUnreachable(str(error)) from error
    try:
        yield producer
    finally:
        release(producer, CLOSE_S)


@contextmanager
def admin_of(link: KafkaLink) -> Iterator[KafkaAdminClient]:
    try:
        admin = admin_client(link)
    except JournalUnreachable as error:
        raise ExchangeUnreachable(str(error)) from error
    with closing(admin):
        yield admin


@contextmanager
def consumer_of(link: KafkaLink, **more: Any) -> Iterator[KafkaConsumer]:
    """It commits only what it is told to, and begins at the beginning where nothing was committed."""
    with answering():
        consumer = begin(
            KafkaConsumer, **options(link), enable_auto_commit=False, auto_offset_reset="earliest", allow_auto_create_topics=False,
            metadata_max_age_ms=_METADATA_MS, **more
        )
    try:
        yield consumer
    finally:
        release(consumer)


def records_up_to(consumer: KafkaConsumer, part: TopicPartition, end: int, patience_s: float) -> Iterator[Any]:
    """Records of an assigned partition from where ``consumer`` stands until the offset ``end``. Raises ExchangeUnreachable when
    nothing comes for ``patience_s``: a consumer whose brokers are away gets nothing and says nothing."""
    before, deadline_s = None, monotonic() + patience_s
    while (at := consumer.position(part, timeout_ms=_LOOK_MS)) is None or at < end:
        found = consumer.poll(timeout_ms=_LOOK_MS).get(part, ())
        yield from (record for record in found if record.offset < end)
        if found or at != before:
            before, deadline_s = at, monotonic() + patience_s
        elif monotonic() > deadline_s:
            raise ExchangeUnreachable(f"Kafka does not answer (nothing of {part.topic} came for {patience_s:g} s)")
