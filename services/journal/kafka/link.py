"""How this process reaches Kafka: one set of options for every client, with the defaults that would lose data set right."""
from __future__ import annotations

import logging
import ssl
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal

from kafka import KafkaAdminClient, KafkaConsumer, KafkaProducer
from kafka.errors import KafkaError
from pydantic import BaseModel, ConfigDict, Field, SecretStr, field_validator, model_validator

from opsledger.core.errors import JournalUnreachable

_log = logging.getLogger(__name__)
MESSAGE_BYTES_MAX = 96 << 20
"""Of one record: a commit of 64 MiB of payload with its frames, below the 100 MiB that a broker takes as it is installed."""
FRAME_BYTES_MAX = 2 * MESSAGE_BYTES_MAX
_PRODUCE_BYTES = 1 << 20
"""Commits that wait for the same moment go to the broker together, up to so many bytes."""


class KafkaLink(BaseModel):
    """Where Kafka is, which topic is the journal, and how the connection is protected."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    bootstrap_servers: tuple[str, ...] = Field(min_length=1)
    """HOST:PORT of some of the brokers."""
    topic: str = "opsledger.journal.v1"
    replication_factor: int = Field(default=1, ge=1)
    """Of the topic, when it is made here."""
    min_insync_replicas: int = Field(default=1, ge=1)
    """Of the topic: on so many machines a commit is before it is acknowledged."""
    tls: bool = False
    ca_file: Path | None = None
    """PEM: who signs the brokers' certificates; without it, whom this machine trusts."""
    cert_file: Path | None = None
    key_file: Path | None = None
    """PEM: this client's certificate and key, where brokers ask for them."""
    sasl_mechanism: Literal["PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512"] | None = None
    username: str | None = None
    password: SecretStr | None = None
    request_timeout_s: float = Field(default=10.0, gt=0)
    delivery_timeout_s: float = Field(default=20.0, gt=0)
    """How long a commit is sent again before its writer is told that Kafka does not answer."""

    @field_validator("bootstrap_servers", mode="before")
    @classmethod
    def _several(cls, value: object) -> object:
        return tuple(part.strip() for part in value.split(",")) if isinstance(value, str) else value

    @model_validator(mode="after")
    def _belongs_together(self) -> KafkaLink:
        if (self.cert_file is None) != (self.key_file is None):
            raise ValueError("cert_file and key_file belong together")
        if (self.ca_file or self.cert_file) and not self.tls:
            raise ValueError("ca_file, cert_file and key_file need tls: true")
        if self.sasl_mechanism and not (self.username and self.password):
            raise ValueError("sasl_mechanism needs username and password")
        if self.min_insync_replicas > self.replication_factor:
            raise ValueError("min_insync_replicas is more than the replicas that there are")
        return self

    def options(self) -> Mapping[str, Any]:
        """Of every client."""
        chosen: dict[str, Any] = {
            "bootstrap_servers": list(self.bootstrap_servers),
            "security_protocol": ("SASL_" if self.sasl_mechanism else "") + ("SSL" if self.tls else "PLAINTEXT"),
            "request_timeout_ms": round(self.request_timeout_s * 1_000),
            "bootstrap_timeout_ms": round(self.request_timeout_s * 1_000),
            "receive_message_max_bytes": FRAME_BYTES_MAX,
            "retry_backoff_ms": 25,
            "reconnect_backoff_max_ms": 1_000,
            "metrics_enabled": False,
        }
        if self.tls:
            chosen["ssl_context"] = self._ssl_context()
        if self.sasl_mechanism and self.password:
            chosen |= {
                "sasl_mechanism": self.sasl_mechanism, "sasl_plain_username": self.username,
                "sasl_plain_password": self.password.get_secret_value(),
            }
        return chosen

    def _ssl_context(self) -> ssl.SSLContext:
        context = ssl.create_default_context(cafile=self.ca_file)
        if self.cert_file:
            context.load_cert_chain(self.cert_file, self.key_file)
        return context

    def producer(self) -> KafkaProducer:
        """Every record once and in order, as long as it lives; acknowledged by all replicas that are in sync."""
        with Unreachable("no producer"):
            return KafkaProducer(
                **self.options(), acks="all", enable_idempotence=True, linger_ms=0, batch_size=_PRODUCE_BYTES,
                max_request_size=MESSAGE_BYTES_MAX, delivery_timeout_ms=round(self.delivery_timeout_s * 1_000),
                max_block_ms=round(self.request_timeout_s * 1_000), allow_auto_create_topics=False,
            )

    def consumer(self) -> KafkaConsumer:
        """Reads what it is assigned, from where it is told; it commits nothing."""
        with Unreachable("no consumer"):
            return KafkaConsumer(
                **self.options(), enable_auto_commit=False, auto_offset_reset="none", allow_auto_create_topics=False,
                max_partition_fetch_bytes=16 << 20, fetch_max_wait_ms=100, max_poll_records=5_000,
            )

    def admin(self) -> KafkaAdminClient:
        options = {name: value for name, value in self.options().items() if name != "metrics_enabled"}
        with Unreachable("no answer"):
            return KafkaAdminClient(**options)


def release(client: KafkaProducer | KafkaConsumer, wait_s: float = 0.0) -> None:
    """Close it; what it still had to say to a Kafka that does not answer, it does not say."""
    try:
        if isinstance(client, KafkaProducer):
            client.close(timeout=wait_s)
        else:
            client.close()
    except KafkaError as error:
        _log.warning("a connection to Kafka did not end in order (%s: %s)", type(error).__name__, error)


class Unreachable:
    """A context: errors of the client leave it as JournalUnreachable, with their own as their cause."""

    def __init__(self, what: str) -> None:
        self._what = what

    def __enter__(self) -> None: ...

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: object) -> None:
        if isinstance(error, KafkaError):
            raise JournalUnreachable(f"Kafka: {self._what} ({type(error).__name__}: {error})") from error
