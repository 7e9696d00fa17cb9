"""The topics through which other systems give and take events, with every setting said: nothing rests on a broker's defaults."""
from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from pydantic import BaseModel, ConfigDict, Field

from opsledger.services.journal.kafka.settings import KafkaLink

DAY_MS = 86_400_000
INBOUND_BYTES_MAX = 4 << 20
"""Of one record; JSON takes several times the bytes of a TicketEvent."""
DEAD_LETTER_BYTES_MAX = 8 << 20
_FOR_EVER = {"cleanup.policy": "delete", "retention.ms": "-1", "retention.bytes": "-1"}
_COMPACTED = {"cleanup.policy": "compact", "min.cleanable.dirty.ratio": "0.1"}
_SMALL_SEGMENTS = {"segment.bytes": str(4 << 20)}
"""The last segment is never compacted, and the topic of positions is read whole by each new owner."""


def _days(days: int) -> dict[str, str]:
    return _FOR_EVER | {"retention.ms": str(days * DAY_MS)}


class Exchange(BaseModel):
    """What is exchanged with other systems through Kafka, over whichever journal."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    kafka: KafkaLink
    """Its ``topic`` is the Kafka journal's and means nothing here."""
    ingress: bool = False
    """Record what comes in the inbound topic."""
    publish: bool = False
    """Write the public topics: of several nodes, each publishes the partitions of the journal that it owns."""
    prefix: str = Field(default="opsledger", pattern=r"^[A-Za-z0-9._-]{1,100}$")
    """Of every topic and consumer group."""
    instance: str = Field(default="n1", pattern=r"^[A-Za-z0-9._-]{1,100}$")
    """Names this node among those that share the work: its own for each, and the same after a restart."""
    partitions: int = Field(default=6, ge=1)
    """Of a topic that is made here."""
    scorecards_every_s: float = Field(default=30.0, gt=0)
    """How often scorecards are computed for publication, at most."""

    @property
    def topics(self) -> Topics:
        return Topics.of(self)


class Topic(NamedTuple):
    name: str
    holds: str
    """Protobuf message of the values; empty when they are none."""
    key: str
    """What the key is, for people."""
    partitions: int
    settings: Mapping[str, str]
    is_kept: bool = False
    """What is in it stands nowhere else, so that how long it stays there is not a matter of taste."""


class Topics(NamedTuple):
    inbound: Topic
    dead_letters: Topic
    tickets: Topic
    sla: Topic
    evaluations: Topic
    coaching: Topic
    scorecards: Topic
    positions: Topic

    @classmethod
    def of(cls, exchange: Exchange) -> Topics:
        def topic(
            name: str, holds: str, key: str, settings: dict[str, str], partitions: int = exchange.partitions, *, is_kept: bool = False,
        ) -> Topic:
            durable = {"min.insync.replicas": str(exchange.kafka.min_insync_replicas), "unclean.leader.election.enable": "false"}
            return Topic(f"{exchange.prefix}.{name}", holds, key, partitions, settings | durable, is_kept)

        small, large = {"max.message.bytes": str(2 << 20)}, {"max.message.bytes": str(20 << 20)}
        event, decision = "opsledger.tickets.v1.TicketEvent", "opsledger.decisions.v1.DecisionEvent"
        ticket = "tenant/source/ticket id"
        return cls(
            topic("tickets.inbound.v1", event, "ticket id", _days(14) | {"max.message.bytes": str(INBOUND_BYTES_MAX)}, is_kept=True),
            topic(
                "tickets.inbound.v1.dlq", "", "as it came", _FOR_EVER | {"max.message.bytes": str(DEAD_LETTER_BYTES_MAX)},
                partitions=1, is_kept=True,
            ),
            topic("tickets.v1", event, ticket, _days(30) | small),
            topic("sla.v1", "opsledger.sla.v1.Announcement", ticket, _days(30) | small),
            topic("evaluations.v1", decision, "evaluation id", _days(30) | large),
            topic("coaching.v1", decision, "id of the session or action item", _days(30) | large),
            topic("scorecards.v1", "opsledger.scorecards.v1.Scorecard", "tenant/program/kind/subject/period kind/period", _COMPACTED),
            topic("positions.v1", "", "what was published how far", _COMPACTED | _SMALL_SEGMENTS, partitions=1),
        )

    def incoming(self) -> tuple[Topic, ...]:
        return self.inbound, self.dead_letters

    def from_journal(self) -> tuple[Topic, ...]:
        """Those that are published from the journal."""
        return self.tickets, self.sla, self.evaluations, self.coaching
