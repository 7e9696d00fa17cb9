"""Kafka clients of the exchange. That Kafka does not answer is ExchangeUnreachable here, so that nobody blames the journal."""
from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing, contextmanager
from threading import Event
from time import monotonic
from typing import Any

from kafka import KafkaAdminClient, KafkaConsumer, KafkaProducer
from kafka.admin import NewTopic
from kafka.errors import KafkaError, TopicAlreadyExistsError

from opsledger.core.errors import ExchangeUnreachable, JournalUnreachable
from opsledger.services.exchange.topics import Topic
from opsledger.services.journal.kafka.link import admin_client, options, producer_client, release
from opsledger.services.journal.kafka.settings import KafkaLink

CLOSE_S = 2.0
_AGAIN_S = 0.02
_METADATA_MS = 5_000
"""How soon a consumer notices new partitions."""


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
        consumer = KafkaConsumer(
            **options(link), enable_auto_commit=False, auto_offset_reset="earliest", allow_auto_create_topics=False,
            metadata_max_age_ms=_METADATA_MS, **more
        )
    try:
        yield consumer
    finally:
        release(consumer)


def make_topics(link: KafkaLink, topics: tuple[Topic, ...]) -> list[str]:
    """Make those that are not there; their names. One that is there is left as it is. Raises ExchangeUnreachable."""
    with answering(), admin_of(link) as admin:
        there = set(admin.list_topics())
        made = list(_made(admin, link, (topic for topic in topics if topic.name not in there)))
        _await(admin, {topic.name for topic in topics}, link.request_timeout_s)
        return made


def _made(admin: KafkaAdminClient, link: KafkaLink, missing: Iterator[Topic]) -> Iterator[str]:
    for topic in missing:
        new = NewTopic(topic.name, topic.partitions, link.replication_factor, topic_configs=dict(topic.settings))
        try:
            admin.create_topics([new])
        except TopicAlreadyExistsError:  # another node was faster
            continue
        yield topic.name


def _await(admin: KafkaAdminClient, names: set[str], timeout_s: float) -> None:
    """Until the broker tells of topics that have just been made: a consumer that came before would be assigned nothing of them."""
    pause, deadline_s = Event(), monotonic() + timeout_s
    while missing := names - set(admin.list_topics()):
        if monotonic() > deadline_s:
            raise ExchangeUnreachable(f"Kafka made {min(missing)} but does not tell of it")
        pause.wait(_AGAIN_S)


def topics_there(link: KafkaLink) -> set[str]:
    """Names of all topics. Raises ExchangeUnreachable."""
    with answering(), admin_of(link) as admin:
        return set(admin.list_topics())
