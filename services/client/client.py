"""A connection to a server with the calls of all its services."""
from __future__ import annotations

from collections.abc import Callable, Sequence

import grpc

from opsledger.services.client.areas import Calibrations, Cluster, Coaching, Evaluations, Forms, Rules, Sampling, Scorecards, Timers
from opsledger.services.client.attempts import ATTEMPTS_MAX
from opsledger.services.client.connection import Connection
from opsledger.services.client.recording import Recorder


class Client:
    """Close it, or use it in a ``with``. Thread-safe."""

    def __init__(self, connection: Connection) -> None:
        self.connection = connection
        self.recorder = Recorder(connection)
        self.rules = Rules(connection)
        self.timers = Timers(connection)
        self.scorecards = Scorecards(connection)
        self.forms = Forms(connection)
        self.evaluations = Evaluations(connection)
        self.sampling = Sampling(connection)
        self.calibrations = Calibrations(connection)
        self.coaching = Coaching(connection)
        self.cluster = Cluster(connection)

    @property
    def position(self) -> int:
        """Of the last write to a journal of one partition; of the last partition that was written, if there are several."""
        return max(self.positions, default=0)

    @property
    def positions(self) -> tuple[int, ...]:
        """Of the last write in each partition; queries wait until the read models have seen them."""
        return self.connection.positions

    def sees(self, *positions: int) -> None:
        """Let queries wait for what somebody else wrote there."""
        self.connection.wrote(*positions)

    def close(self) -> None:
        self.connection.close()

    def __enter__(self) -> Client:
        return self

    def __exit__(self, *error: object) -> None:
        self.close()


def connect(
    address: str | Sequence[str], *, token: str | Callable[[], str] = "", tenant: str = "", actor: str = "", timeout_s: float = 30.0,
    credentials: grpc.ChannelCredentials | None = None, wait_for_server: bool = False, attempts_max: int = ATTEMPTS_MAX,
) -> Client:
    """A client of the server at HOST:PORT, or of nodes at several addresses: ``n1:50051,n2:50051``, or a sequence. What fails at one of
    them goes on at the next. Nothing is sent before the first call.

    ``token``: a bearer token, or a function that gives a fresh one. ``tenant`` and ``actor`` stand in every request that names none.
    ``timeout_s``: of a call, all attempts together. ``credentials``: for TLS. ``wait_for_server``: wait for a server that is not
    there, until the timeout, instead of failing after a few attempts. ``attempts_max``: of a call, or of a stream that gets no answer.
    """
    return Client(Connection(
        address, token=token, tenant=tenant, actor=actor, timeout_s=timeout_s, credentials=credentials, wait_for_server=wait_for_server,
        attempts_max=attempts_max,
    ))
