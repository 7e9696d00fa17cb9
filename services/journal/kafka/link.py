"""How this process reaches Kafka: one set of options for every client, with the defaults that would lose data set right."""
from __future__ import annotations

import logging
import ssl
from collections.abc import Callable, Mapping
from contextlib import ExitStack, suppress
from typing import Any, TypeVar

from kafka import KafkaAdminClient, KafkaConsumer, KafkaProducer
from kafka.errors import KafkaError, KafkaTimeoutError
from kafka.net.compat import KafkaNetClient
from kafka.net.selector import NetworkSelector

from opsledger.core.errors import JournalUnreachable
from opsledger.services.journal.kafka.decoders import make_one_at_a_time
from opsledger.services.journal.kafka.settings import KafkaLink

make_one_at_a_time()
T = TypeVar("T")
_log = logging.getLogger(__name__)
MESSAGE_BYTES_MAX = 96 << 20
"""Of one record: a commit of 64 MiB of payload with its frames, below the 100 MiB that a broker takes as it is installed."""
FRAME_BYTES_MAX = 2 * MESSAGE_BYTES_MAX
_PRODUCE_BYTES = 1 << 20
"""Commits that wait for the same moment go to the broker together, up to so many bytes."""


def options(link: KafkaLink) -> Mapping[str, Any]:
    """Of every client."""
    chosen: dict[str, Any] = {
        "bootstrap_servers": list(link.bootstrap_servers),
        "security_protocol": ("SASL_" if link.sasl_mechanism else "") + ("SSL" if link.tls else "PLAINTEXT"),
        "request_timeout_ms": round(link.request_timeout_s * 1_000),
        "bootstrap_timeout_ms": round(link.request_timeout_s * 1_000),
        "receive_message_max_bytes": FRAME_BYTES_MAX,
        "retry_backoff_ms": 25,
        "reconnect_backoff_max_ms": 1_000,
        "metrics_enabled": False,
    }
    if link.tls:
        chosen["ssl_context"] = _ssl_context(link)
    if link.sasl_mechanism and link.password:
        chosen |= {
            "sasl_mechanism": link.sasl_mechanism, "sasl_plain_username": link.username,
            "sasl_plain_password": link.password.get_secret_value(),
        }
    return chosen


def _ssl_context(link: KafkaLink) -> ssl.SSLContext:
    context = ssl.create_default_context(cafile=link.ca_file)
    if link.cert_file:
        context.load_cert_chain(link.cert_file, link.key_file)
    return context


class _Producer(KafkaProducer):  # type: ignore[misc]  # the client has no types
    """Ends whenever it is closed: the library's own, when its last flush finds no time, is not closed and goes on sending."""

    def flush(self, timeout: float | None = None) -> None:
        with suppress(KafkaTimeoutError):
            super().flush(timeout)


def begin(kind: Callable[..., T], **chosen: Any) -> T:
    """A client; when it cannot begin, nothing of it stays: the library leaves a thread behind for every try."""
    with ExitStack() as begun:
        def network(**known: Any) -> KafkaNetClient:
            net = NetworkSelector(**known)
            client = KafkaNetClient(net=net, **known)
            begun.callback(client.close)
            begun.callback(net.stop)
            return client

        client = kind(**chosen, kafka_client=network)
        begun.pop_all()
        return client


def producer_client(link: KafkaLink) -> KafkaProducer:
    """Every record once and in order, as long as it lives; acknowledged by all replicas that are in sync."""
    with Unreachable("no producer"):
        return begin(
            _Producer, **options(link), acks="all", enable_idempotence=True, linger_ms=0, batch_size=_PRODUCE_BYTES,
            max_request_size=MESSAGE_BYTES_MAX, delivery_timeout_ms=round(link.delivery_timeout_s * 1_000),
            max_block_ms=round(link.request_timeout_s * 1_000), allow_auto_create_topics=False,
        )


def consumer_client(link: KafkaLink) -> KafkaConsumer:
    """Reads what it is assigned, from where it is told; it commits nothing."""
    with Unreachable("no consumer"):
        return begin(
            KafkaConsumer, **options(link), enable_auto_commit=False, auto_offset_reset="none", allow_auto_create_topics=False,
            max_partition_fetch_bytes=16 << 20, fetch_max_wait_ms=100, max_poll_records=5_000,
        )


def admin_client(link: KafkaLink) -> KafkaAdminClient:
    known = {name: value for name, value in options(link).items() if name != "metrics_enabled"}
    with Unreachable("no answer"):
        return begin(KafkaAdminClient, **known)


def release(client: KafkaProducer | KafkaConsumer, wait_s: float = 0.0) -> None:
    """Close it; what it still had to say to a Kafka that does not answer, it does not say."""
    try:
        if isinstance(client, KafkaProducer):
            client.close(timeout=wait_s)
        else:
            client.close()
    except KafkaError as error:
        _log.warning("a connection to Kafka did not end in order (%s: %s)", type(error).__name__, error)


def said(error: KafkaError) -> str:
    """What went wrong, and where to look when no connection came about at all: the client keeps the reason to itself."""
    text = str(error)  # begins with its class
    return f"{text}: are bootstrap_servers, tls, ca_file, username and password right?" if "bootstrap" in text else text


class Unreachable:
    """A context: errors of the client leave it as JournalUnreachable, with their own as their cause."""

    def __init__(self, what: str) -> None:
        self._what = what

    def __enter__(self) -> None: ...

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: object) -> None:
        if isinstance(error, KafkaError):
            raise JournalUnreachable(f"Kafka: {self._what} ({said(error)})") from error
