"""The topics on the broker: made with their settings; refused when they are there with settings that would lose something."""
from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from threading import Event
from time import monotonic
from typing import Any

from kafka import KafkaAdminClient
from kafka.admin import ConfigResource, ConfigResourceType, NewTopic
from kafka.errors import TopicAlreadyExistsError

from opsledger.core.errors import ExchangeUnreachable, FieldViolation, InvalidSettings
from opsledger.services.exchange.reaching import admin_of, answering
from opsledger.services.exchange.topics import Topic
from opsledger.services.journal.kafka.settings import KafkaLink

_AGAIN_S = 0.02
_EXACTLY = ("cleanup.policy", "unclean.leader.election.enable")
_AT_LEAST = ("min.insync.replicas", "max.message.bytes")
_RETENTION = ("retention.ms", "retention.bytes")
_NO_LIMIT = -1

Found = Mapping[str, Mapping[str, str]]
"""Settings of each topic."""


def ensure_topics(link: KafkaLink, topics: Sequence[Topic]) -> list[str]:
    """Make those that are not there; their names. Raises InvalidSettings, naming each setting of a topic that would lose something,
    and ExchangeUnreachable."""
    with answering(), admin_of(link) as admin:
        there = set(admin.list_topics())
        made = list(_made(admin, link, (topic for topic in topics if topic.name not in there)))
        names = {topic.name for topic in topics}
        # a consumer that comes before the broker tells of a new topic would be assigned nothing of it
        _until(lambda: names <= set(admin.list_topics()), "its new topics", link)
        found: Found = {}

        def described() -> bool:
            nonlocal found
            found = _described(admin, names)
            return names <= found.keys()

        _until(described, "the settings of its topics", link)
    if wrong := [violation for topic in topics for violation in _wrong(topic, found[topic.name], link)]:
        raise InvalidSettings(*wrong)
    return made


def topics_there(link: KafkaLink) -> set[str]:
    """Names of all topics. Raises ExchangeUnreachable."""
    with answering(), admin_of(link) as admin:
        return set(admin.list_topics())


def partitions_of(link: KafkaLink, topic: str) -> int:
    """0 when there is no such topic. Raises ExchangeUnreachable."""
    with answering(), admin_of(link) as admin:
        return sum(len(told["partitions"]) for told in admin.describe_topics([topic]))


def _made(admin: KafkaAdminClient, link: KafkaLink, missing: Iterable[Topic]) -> Iterator[str]:
    for topic in missing:
        new = NewTopic(topic.name, topic.partitions, link.replication_factor, topic_configs=dict(topic.settings))
        with suppress(TopicAlreadyExistsError):  # another node was faster
            admin.create_topics([new])
            yield topic.name


def _until(is_so: Callable[[], bool], what: str, link: KafkaLink) -> None:
    pause, deadline_s = Event(), monotonic() + link.request_timeout_s
    while not is_so():
        if monotonic() > deadline_s:
            raise ExchangeUnreachable(f"Kafka does not tell of {what}")
        pause.wait(_AGAIN_S)


def _described(admin: KafkaAdminClient, names: Iterable[str]) -> Found:
    told: Any = admin.describe_configs([ConfigResource(ConfigResourceType.TOPIC, name) for name in names], config_filter="all")
    return {
        name: {setting: str(entry["value"]) for setting, entry in entries.items()}
        for name, entries in told["topic"].items() if entries
    }


def _wrong(topic: Topic, found: Mapping[str, str], link: KafkaLink) -> Iterator[FieldViolation]:
    for name, wanted in topic.settings.items():
        is_, bound = found.get(name, ""), ""
        if name in _EXACTLY:
            good = is_ == wanted
        elif name in _AT_LEAST or (name in _RETENTION and topic.is_kept):
            good, bound = _is_at_least(is_, wanted), "" if wanted == str(_NO_LIMIT) else "at least "
        else:
            continue
        if not good:
            yield FieldViolation(
                f"{topic.name}: {name}", "LOSES_DATA",
                f"is {is_} and must be {bound}{wanted}: kafka-configs.sh --bootstrap-server {link.bootstrap_servers[0]} --alter "
                f"--entity-type topics --entity-name {topic.name} --add-config {name}={wanted}",
            )


def _is_at_least(value: str, wanted: str) -> bool:
    has, needs = (int(text or 0) for text in (value, wanted))
    return has == _NO_LIMIT or (needs != _NO_LIMIT and has >= needs)
