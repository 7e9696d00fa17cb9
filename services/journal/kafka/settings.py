"""What a node must be told to reach Kafka. Nothing of Kafka is imported here: commands that do not need it stay quick."""
from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, SecretStr, field_validator, model_validator
from pydantic_settings import NoDecode

from opsledger.core.partitions import PARTITIONS_MAX


class KafkaLink(BaseModel):
    """Where Kafka is, which topic is the journal, and how the connection is protected."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    bootstrap_servers: Annotated[tuple[str, ...], NoDecode] = Field(min_length=1)
    """HOST:PORT of some of the brokers; several with commas in a flag or variable."""
    topic: str = "opsledger.journal.v1"
    partitions: int = Field(default=4, ge=1, le=PARTITIONS_MAX)
    """Of the topic, when it is made here: at most so many nodes share the work. It can never be changed."""
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
    session_timeout_s: float = Field(default=10.0, ge=1)
    """A node of which nothing was heard for so long loses its partitions to the others. Brokers want 6 s or more, unless told otherwise."""

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
