"""Real Apache Kafka brokers: one that all test processes of a run share, and clusters of three for failover.

``python -m tests.kit.kafka FOLDER`` is the keeper of the shared broker: it starts it, and stops it when no test process holds the
folder's lock any more, however they ended.
"""
from __future__ import annotations

import atexit
import fcntl
import itertools
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from random import SystemRandom
from time import monotonic, sleep, time_ns

from opsledger.services.journal.kafka.settings import KafkaLink
from tests.kit.tcp_proxy import TcpProxy

ROOT = Path(__file__).parents[2]
BROKER = ROOT / "deploy" / "kafka" / "broker.sh"
START_S = 180
_numbers = itertools.count(1)
_ports = SystemRandom()


def free_port() -> int:
    """A port whose successor is free too: the controller's. Systems give connections ports above these (32768 and up on Linux), so it
    stays free while a broker or node is away."""
    while True:
        port = _ports.randrange(10_000, 32_000)
        with socket.socket() as probe, socket.socket() as following:
            try:
                probe.bind(("127.0.0.1", port))
                following.bind(("127.0.0.1", port + 1))
            except OSError:
                continue
            return port


class Broker:
    """One broker in a folder. It keeps its port and its data when it is started again."""

    def __init__(self, folder: Path, *options: str, port: int | None = None) -> None:
        self._folder, self._options = folder, options
        self.port = port or free_port()
        self.address = f"127.0.0.1:{self.port}"
        self._process: subprocess.Popen[bytes] | None = None
        folder.mkdir(parents=True, exist_ok=True)

    def begin(self) -> None:
        with (self._folder / "broker.log").open("ab") as log:
            self._process = subprocess.Popen(
                [BROKER, *self._options, self._folder, str(self.port)], stdin=subprocess.DEVNULL, stdout=log, stderr=log,
                start_new_session=True,
            )

    def await_ready(self) -> None:
        deadline_s = monotonic() + START_S
        while monotonic() < deadline_s:
            assert self._process
            assert self._process.poll() is None, (self._folder / "broker.log").read_text()[-4_000:]
            with socket.socket() as probe:
                if probe.connect_ex(("127.0.0.1", self.port)) == 0:
                    return
            sleep(0.05)  # nothing to wait on but the port
        raise AssertionError(f"the broker did not start: {(self._folder / 'broker.log').read_text()[-4_000:]}")

    def start(self) -> None:
        self.begin()
        self.await_ready()

    def _signal(self, number: signal.Signals) -> None:
        if self._process and self._process.poll() is None:
            self._process.send_signal(number)

    def kill(self) -> None:
        """SIGKILL: what it held in its own memory is gone."""
        self._signal(signal.SIGKILL)
        if self._process:
            self._process.wait()

    def stop(self) -> None:
        self._signal(signal.SIGTERM)
        if self._process:
            self._process.wait(START_S)

    def freeze(self) -> None:
        self._signal(signal.SIGSTOP)

    def thaw(self) -> None:
        self._signal(signal.SIGCONT)

    def link(self, topic: str = "", **more: object) -> KafkaLink:
        return KafkaLink.model_validate({
            "bootstrap_servers": self.address, "topic": topic or new_topic(), "partitions": 1,
            "request_timeout_s": 10, "delivery_timeout_s": 20,
        } | more)


@contextmanager
def broker(one: Broker) -> Iterator[Broker]:
    """Run it until the block ends, whatever was done to it."""
    one.start()
    try:
        yield one
    finally:
        one.thaw()
        one.kill()


def proxied(port: int, behind_port: int, proxy: TcpProxy) -> list[str]:
    """Options of a broker with a second listener, whose clients come through a proxy."""
    settings = [
        f"listeners=PLAINTEXT://127.0.0.1:{port},CONTROLLER://127.0.0.1:{port + 1},PROXIED://127.0.0.1:{behind_port}",
        f"advertised.listeners=PLAINTEXT://127.0.0.1:{port},PROXIED://127.0.0.1:{proxy.port}",
        "listener.security.protocol.map=PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT,PROXIED:PLAINTEXT",
    ]
    return [part for setting in settings for part in ("--set", setting)]


@contextmanager
def distant_broker(folder: Path, lag_s: float) -> Iterator[tuple[Broker, TcpProxy]]:
    """A broker, and another way to it on which every answer takes that much longer."""
    port, behind_port = free_port(), free_port()
    proxy = TcpProxy(behind_port, lag_s)
    with broker(Broker(folder, *proxied(port, behind_port, proxy), port=port)) as one:
        yield one, proxy
    proxy.close()


class Cluster:
    """Three brokers that are controllers too; topics have three replicas, of which two must have a commit."""

    def __init__(self, folder: Path) -> None:
        ports, behind = [free_port() for _ in range(3)], [free_port() for _ in range(3)]
        voters = ",".join(f"{node}@127.0.0.1:{port + 1}" for node, port in enumerate(ports, 1))
        cluster = "opsledger-tests-3-node"[:22]
        self.proxies = [TcpProxy(port) for port in behind]
        """To each broker, for who comes by ``proxied_link``."""
        self.brokers = [
            Broker(
                folder / str(node), "--node", str(node), "--voters", voters, "--cluster", cluster,
                *proxied(port, behind_port, proxy), port=port,
            )
            for node, (port, behind_port, proxy) in enumerate(zip(ports, behind, self.proxies, strict=True), 1)
        ]

    def start(self) -> None:
        for one in self.brokers:
            one.begin()
        for one in self.brokers:
            one.await_ready()

    def kill(self) -> None:
        for one in self.brokers:
            one.thaw()
            one.kill()
        for proxy in self.proxies:
            proxy.close()

    def link(self, topic: str = "", **more: object) -> KafkaLink:
        return KafkaLink.model_validate({
            "bootstrap_servers": ",".join(one.address for one in self.brokers), "topic": topic or new_topic(),
            "partitions": 1, "replication_factor": 3, "min_insync_replicas": 2, "request_timeout_s": 5, "delivery_timeout_s": 30,
        } | more)

    def proxied_link(self, topic: str, **more: object) -> KafkaLink:
        return self.link(topic, bootstrap_servers=",".join(f"127.0.0.1:{proxy.port}" for proxy in self.proxies), **more)


def new_topic() -> str:
    return f"test-{os.getpid()}-{next(_numbers)}-{time_ns()}"


def shared_broker(partitions: int = 1) -> KafkaLink:
    """A link to the run's broker with a topic of its own."""
    return KafkaLink(
        bootstrap_servers=(_Shared.address(),), topic=new_topic(), partitions=partitions, request_timeout_s=20, delivery_timeout_s=30,
    )


class _Shared:
    """The broker of this test run, whichever process of it starts it."""

    _address = ""
    _held: int | None = None

    @classmethod
    def address(cls) -> str:
        if not cls._address:
            run = os.environ.get("PYTEST_XDIST_TESTRUNUID") or str(os.getpid())
            folder = Path(tempfile.gettempdir()) / f"opsledger-kafka-{run}"
            folder.mkdir(exist_ok=True)
            cls._held = os.open(folder / "users", os.O_RDWR | os.O_CREAT)
            fcntl.flock(cls._held, fcntl.LOCK_SH)
            atexit.register(os.close, cls._held)
            with (folder / "start").open("w") as turn:
                fcntl.flock(turn, fcntl.LOCK_EX)
                ready = folder / "ready"
                if not ready.exists():
                    with (folder / "keeper.log").open("ab") as log:
                        keeper = subprocess.Popen(
                            [sys.executable, "-m", "tests.kit.kafka", str(folder)], cwd=ROOT, stdin=subprocess.DEVNULL,
                            stdout=subprocess.PIPE, stderr=log, text=True, start_new_session=True,
                        )
                    assert keeper.stdout
                    said = keeper.stdout.readline()
                    assert said, (folder / "keeper.log").read_text()[-4_000:]
                    ready.write_text(said)
                cls._address = ready.read_text().strip()
        return cls._address


def _keep(arguments: Sequence[str]) -> None:
    folder = Path(arguments[0])
    users = os.open(folder / "users", os.O_RDWR)
    with broker(Broker(folder / "broker")) as shared:
        print(shared.address, flush=True)
        fcntl.flock(users, fcntl.LOCK_EX)  # until every test process is gone
    shutil.rmtree(folder, ignore_errors=True)


if __name__ == "__main__":
    _keep(sys.argv[1:])
