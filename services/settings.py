"""What a server can be told: flags before environment (``OPSLEDGER_…``) before the ``--config`` file before defaults.

Nested settings are ``OPSLEDGER_LIMITS__BATCH_EVENTS_MAX`` in the environment. Relative paths are relative to the working
directory. A key that does not exist is an error, wherever it stands.
"""
from __future__ import annotations

import ipaddress
import os
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator, model_validator
from pydantic_core import ErrorDetails
from pydantic_settings import (
    BaseSettings,
    InitSettingsSource,
    NoDecode,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
    SettingsError,
)

from opsledger.core.errors import FieldViolation, InvalidSettings
from opsledger.services.exchange.topics import Exchange
from opsledger.services.journal.kafka.settings import KafkaLink
from opsledger.services.journal.recorded_at import TRUST
from opsledger.services.settings_keys import ConfigFile, read_file, unknown_variables
from opsledger.services.tickets.intake import BATCH_EVENTS_MAX, EVENT_BYTES_MAX

ENV_PREFIX = "OPSLEDGER_"
OTHER_VARIABLES = (
    f"{ENV_PREFIX}CONFIG", f"{ENV_PREFIX}TOKEN", TRUST,
    *(f"{ENV_PREFIX}{name}" for name in ("SERVER", "TENANT", "PROGRAM", "TOKEN_FILE", "CA_FILE", "CERT_FILE", "KEY_FILE", "PROFILE")),
)
"""Read by commands: the file of settings, how a client reaches a server, that the clock is right."""
_NODE_NAME = r"(?!\.{1,2}$)[A-Za-z0-9._-]{1,249}"
"""What a consumer group takes for the name of a member."""
Seconds = Annotated[float, Field(gt=0)]
Count = Annotated[int, Field(gt=0)]


class Section(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Tls(Section):
    """PEM files. With client_ca_file, clients must show a certificate that it signed."""

    cert_file: Path
    key_file: Path
    client_ca_file: Path | None = None


class Auth(Section):
    """Bearer tokens (JWT). Without this section everyone may do everything."""

    key_file: Path
    """PEM public key for RS*, ES*, PS* and EdDSA; the shared secret for HS*."""
    algorithms: tuple[str, ...] = Field(default=("RS256",), min_length=1)
    audience: str | None = None
    issuer: str | None = None


class Peers(Section):
    """How nodes show each other who they are. They speak TLS to each other when ``tls`` is set, and show its certificate."""

    token_file: Path | None = None
    """A bearer token with the role ``node``; read again for each request. Needed with ``auth``."""
    ca_file: Path | None = None
    """PEM: who signs the certificates of the other nodes; without it, whom this machine trusts."""


class Limits(Section):
    message_bytes_max: Count = 4 << 20
    """Of one gRPC message; a larger one is refused with RESOURCE_EXHAUSTED."""
    batch_events_max: Count = BATCH_EVENTS_MAX
    event_bytes_max: Count = EVENT_BYTES_MAX
    window: Count = 16
    """Batches of one stream without an answer."""
    rpcs_max: Count = 256
    """Calls that are served at the same time; more are refused with RESOURCE_EXHAUSTED."""
    streams_max: Count = 256
    """Streams that are open at the same time, beside the calls."""
    command_threads: Count = 8
    """Each waits for the journal with one command; queries have threads of their own."""
    command_queue_max: Count = 128
    """Less than rpcs_max, so that commands that wait leave room for queries."""
    query_threads: Count = 4
    query_queue_max: Count = 256


class Log(Section):
    level: Literal["debug", "info", "warning", "error"] = "info"
    format: Literal["json", "console"] = "json"


class Settings(BaseSettings):
    model_config = SettingsConfigDict(env_prefix=ENV_PREFIX, env_nested_delimiter="__", extra="forbid", frozen=True)

    journal: Path = Path("var/journal")
    database: str = "sqlite:///var/opsledger.db"
    listen: Annotated[tuple[str, ...], NoDecode] = ("127.0.0.1:50051",)
    """HOST:PORT, [IPV6]:PORT or unix:PATH; several, separated by commas in a flag or variable. Port 0 takes a free one."""
    metrics_listen: str | None = None
    """HOST:PORT of the Prometheus page; none without it."""
    kafka: KafkaLink | None = None
    """The journal is a topic of this Kafka, and the folder a replica of it; without it the folder is the journal."""
    node_id: str | None = Field(default=None, min_length=1, max_length=255)
    """Names this node among those of one topic, for ever."""
    peers: Peers = Peers()
    advertise: str | None = None
    """HOST:PORT at which clients and other nodes reach this one, when that is not what it listens on."""
    tls: Tls | None = None
    auth: Auth | None = None
    insecure: bool = False
    """Allow listening beyond this machine although nobody is authenticated."""
    limits: Limits = Limits()
    log: Log = Log()
    drain_s: Seconds = 20.0
    """How long calls in flight may take after SIGTERM."""
    timers: bool = True
    """Announce warnings and breaches."""
    tick_s: Seconds = 1.0
    """How often the timers are looked at."""
    announce_days: Annotated[int, Field(ge=1, le=36_500)] = 7
    """What was reached longer ago is not announced any more, as after an import of old tickets."""
    exchange: Exchange | None = None
    """Take events from Kafka and give them to others there; docs/exchange.md. Through ``kafka`` and as ``node_id``, unless it says
    otherwise."""

    @field_validator("listen", mode="before")
    @classmethod
    def _several(cls, value: object) -> object:
        return tuple(part.strip() for part in value.split(",")) if isinstance(value, str) else value

    @field_validator("listen")
    @classmethod
    def _addresses(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        if not value:
            raise ValueError("must name an address")
        for address in value:
            _check_address(address)
        return value

    @field_validator("metrics_listen", "advertise")
    @classmethod
    def _address(cls, value: str | None) -> str | None:
        if value is not None:
            _check_address(value)
        return value

    @model_validator(mode="before")
    @classmethod
    def _exchange_through_the_same_kafka(cls, values: dict[str, Any]) -> dict[str, Any]:
        exchange = values.get("exchange")
        if not isinstance(exchange, dict):
            return values
        shared = {"kafka": values.get("kafka"), "instance": values.get("node_id")}
        return values | {"exchange": {name: value for name, value in shared.items() if value is not None} | exchange}

    @model_validator(mode="after")
    def _nodes_have_names(self) -> Settings:
        if self.kafka is not None and self.node_id is None:
            raise InvalidSettings(FieldViolation("node_id", "REQUIRED", "a node on Kafka needs a name of its own: --node-id n1"))
        if self.kafka is not None and not re.fullmatch(_NODE_NAME, self.node_id or ""):
            raise InvalidSettings(FieldViolation("node_id", "INVALID", "may have letters, digits, '.', '_' and '-', at most 249"))
        if self.kafka is not None and self.auth is not None and self.peers.token_file is None:
            raise InvalidSettings(FieldViolation(
                "peers.token_file", "REQUIRED", "nodes hand on to others what they let in: a token with the role 'node' that auth takes",
            ))
        return self

    @model_validator(mode="after")
    def _nodes_are_reached_by_each_other(self) -> Settings:
        if self.kafka is not None and _is_any(reached := self.advertise or self.listen[0]):
            raise InvalidSettings(FieldViolation(
                "advertise", "REQUIRED", f"{reached} leads every node to itself: --advertise HOST:PORT says where this one is reached",
            ))
        return self

    @model_validator(mode="after")
    def _open_to_others_only_on_purpose(self) -> Settings:
        guarded = self.insecure or self.auth is not None or (self.tls is not None and self.tls.client_ca_file is not None)
        if not guarded and (far := [address for address in self.listen if not _is_local(address)]):
            raise InvalidSettings(FieldViolation(
                "listen", "NOT_GUARDED", f"{far[0]} can be reached from other machines and nobody is authenticated; set auth, or "
                "tls.client_ca_file, or say insecure: true",
            ))
        return self


_IN_OUR_WORDS = {
    "tuple_type": "must be text, or a list of texts", "string_type": "must be text", "path_type": "must be a path",
    "int_parsing": "must be a whole number", "missing": "must be set",
}
"""Where what pydantic says is about Python."""


def load_settings(config: Path | None = None, **flags: object) -> Settings:
    """The settings of a server; flags that are None were not given. Raises InvalidSettings, naming file and line, variable or key."""
    file = read_file(config) if config else ConfigFile("", {}, {})
    if wrong := [*file.unknown_keys(Settings), *unknown_variables(Settings, os.environ, ENV_PREFIX, known=OTHER_VARIABLES)]:
        raise InvalidSettings(*wrong)

    class Sources(Settings):
        @classmethod
        def settings_customise_sources(
            cls, settings_cls: type[BaseSettings], init_settings: PydanticBaseSettingsSource, env_settings: PydanticBaseSettingsSource,
            dotenv_settings: PydanticBaseSettingsSource, file_secret_settings: PydanticBaseSettingsSource,
        ) -> tuple[PydanticBaseSettingsSource, ...]:
            return init_settings, env_settings, InitSettingsSource(settings_cls, file.values)

    try:
        return Sources(**{name: value for name, value in flags.items() if value is not None})  # type: ignore[arg-type]  # checked by pydantic
    except ValidationError as error:
        raise InvalidSettings(*(_violation(file, flags, detail) for detail in error.errors())) from None
    except SettingsError as error:  # a variable that should hold JSON
        raise InvalidSettings(FieldViolation(f"{ENV_PREFIX}…", "MALFORMED", str(error))) from None


def _violation(file: ConfigFile, flags: Mapping[str, object], detail: ErrorDetails) -> FieldViolation:
    """Names the place that the wrong value came from."""
    path = tuple(str(part) for part in detail["loc"])
    variables = [ENV_PREFIX + "__".join(path[:end]).upper() for end in range(len(path), 0, -1)]
    if flags.get(path[0]) is not None:
        place = "--" + "-".join(part for part in path if not part.isdigit()).replace("_", "-")
    else:
        place = next((name for name in variables if name in os.environ), file.place(path) if path[0] in file.values else ".".join(path))
    said = detail["msg"].removeprefix("Value error, ").replace("Input should be", "must be")
    return FieldViolation(place, detail["type"].upper(), _IN_OUR_WORDS.get(detail["type"], said))


def _check_address(address: str) -> None:
    if address.startswith("unix:"):
        return
    host, separator, port = address.rpartition(":")
    if not separator or not host or not (port.isascii() and port.isdigit() and int(port) < 65_536):
        raise ValueError(f"{address!r} is not HOST:PORT")


def _is_local(address: str) -> bool:
    ip = _ip(address)
    return ip.is_loopback if ip else address.startswith(("unix:", "localhost:"))


def _is_any(address: str) -> bool:
    """All addresses of a machine, of which none is said."""
    ip = _ip(address)
    return ip is not None and ip.is_unspecified


def _ip(address: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    try:
        return ipaddress.ip_address(address.rpartition(":")[0].strip("[]"))
    except ValueError:
        return None
