"""The journal's topic: made with settings that keep everything, refused with settings that would not."""
from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from time import monotonic, sleep
from typing import Any, NamedTuple, TypeVar

from kafka import KafkaAdminClient
from kafka.admin import ConfigResource, ConfigResourceType, NewTopic
from kafka.errors import TopicAlreadyExistsError

from opsledger.core.errors import FieldViolation, InvalidSettings, JournalUnreachable
from opsledger.services.journal.kafka.link import MESSAGE_BYTES_MAX, Unreachable, admin_client
from opsledger.services.journal.kafka.settings import KafkaLink

T = TypeVar("T")
_AGAIN_S = 0.02
KEEPING = {"cleanup.policy": "delete", "retention.ms": "-1", "retention.bytes": "-1"}
"""Delete by age and size, of which there is no limit: nothing is ever deleted, compacted neither."""


class Topic(NamedTuple):
    """As it is, whoever made it."""

    partitions: int
    record_bytes_max: int


def ensure_topic(link: KafkaLink) -> Topic:
    """Make the topic unless there is one. Raises InvalidSettings when its settings would lose what was acknowledged, and
    JournalUnreachable."""
    admin = admin_client(link)
    try:
        with Unreachable("the topic cannot be made or looked at"):
            return _ensure(admin, link)
    finally:
        admin.close()


def _ensure(admin: KafkaAdminClient, link: KafkaLink) -> Topic:
    if link.topic not in admin.list_topics():
        wanted = KEEPING | {
            "max.message.bytes": str(MESSAGE_BYTES_MAX), "min.insync.replicas": str(link.min_insync_replicas),
            "unclean.leader.election.enable": "false",
        }
        with suppress(TopicAlreadyExistsError):  # another node was faster
            admin.create_topics([NewTopic(link.topic, link.partitions, link.replication_factor, topic_configs=wanted)])
    settings = _settings(admin, link)
    _check(link, settings)
    return Topic(_partitions(admin, link), int(settings["max.message.bytes"]))


def _partitions(admin: KafkaAdminClient, link: KafkaLink) -> int:
    def asked() -> int:
        [described] = admin.describe_topics([link.topic])  # without partitions from a broker that does not know the topic
        return len(described["partitions"])

    return _told(asked, "the partitions", link)


def _settings(admin: KafkaAdminClient, link: KafkaLink) -> dict[str, str]:
    def asked() -> dict[str, str]:
        described: Any = admin.describe_configs([ConfigResource(ConfigResourceType.TOPIC, link.topic)], config_filter="all")
        return {name: str(entry["value"]) for name, entry in described["topic"].get(link.topic, {}).items()}

    return _told(asked, "the settings", link)


def _told(ask: Callable[[], T], what: str, link: KafkaLink) -> T:
    """Waits until the broker that is asked knows a topic that has just been made: each request may go to another one."""
    deadline_s = monotonic() + link.request_timeout_s
    while monotonic() < deadline_s:
        if told := ask():
            return told
        sleep(_AGAIN_S)
    raise JournalUnreachable(f"Kafka: {what} of {link.topic} are not told")


def _check(link: KafkaLink, settings: dict[str, str]) -> None:
    wrong = [
        FieldViolation(f"{link.topic}: {name}", "LOSES_DATA", f"is {settings.get(name)} and must be {value}: kafka-configs --alter")
        for name, value in (KEEPING | {"unclean.leader.election.enable": "false"}).items() if settings.get(name) != value
    ]
    if int(settings.get("min.insync.replicas", 0)) < link.min_insync_replicas:
        wrong.append(FieldViolation(
            f"{link.topic}: min.insync.replicas", "LOSES_DATA",
            f"is {settings.get('min.insync.replicas')} and must be at least {link.min_insync_replicas}",
        ))
    if wrong:
        raise InvalidSettings(*wrong)
