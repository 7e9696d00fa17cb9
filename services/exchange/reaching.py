"""Kafka clients of the exchange. That Kafka does not answer is ExchangeUnreachable here, so that nobody blames the journal."""
from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing, contextmanager

from kafka import KafkaAdminClient, KafkaProducer
from kafka.errors import KafkaError

from opsledger.core.errors import ExchangeUnreachable, JournalUnreachable
from opsledger.services.journal.kafka.link import KafkaLink


@contextmanager
def answering() -> Iterator[None]:
    """Errors of the clients leave it as ExchangeUnreachable."""
    try:
        yield
    except KafkaError as error:
        raise ExchangeUnreachable(f"Kafka does not answer ({type(error).__name__}: {error})") from error


@contextmanager
def producer_of(link: KafkaLink) -> Iterator[KafkaProducer]:
    try:
        producer = link.producer()
    except JournalUnreachable as error:
        raise ExchangeUnreachable(str(error)) from error
    with closing(producer):
        yield producer


@contextmanager
def admin_of(link: KafkaLink) -> Iterator[KafkaAdminClient]:
    try:
        admin = link.admin()
    except JournalUnreachable as error:
        raise ExchangeUnreachable(str(error)) from error
    with closing(admin):
        yield admin
