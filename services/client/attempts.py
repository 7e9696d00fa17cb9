"""Trying a call again: how often, after how long, and where."""
from __future__ import annotations

from time import monotonic, sleep

import grpc

from opsledger.core.errors import JournalMoved, OpsledgerError
from opsledger.services.client.channels import Channels
from opsledger.services.client.errors import RETRYABLE, retry_after_s, typed

ATTEMPTS_MAX = 5
_BACKOFF_S = (0.1, 0.2, 0.4, 0.8, 1.6)


class Attempts:
    """The attempts of one call or stream. Each of them may be repeated: facts have event ids, commands request ids, queries change nothing.

    An attempt that failed is made again at the next address, or where the owner of the journal is. It waits as long as the server
    asks; where nobody asks it waits only before it comes back to an address that failed before.
    """

    def __init__(
        self, channels: Channels, attempts_max: int, timeout_s: float | None = None, *, wait_for_server: bool = False
    ) -> None:
        """``timeout_s``: for all together. ``wait_for_server``: until then, one that cannot be reached is no failed attempt."""
        self._channels, self._attempts_max = channels, attempts_max
        self._timeout_s, self._begin_s = timeout_s, monotonic()
        self._waits = wait_for_server and timeout_s is not None
        self._address = channels.used
        self._failed: list[str] = []
        self._counted = 0

    @property
    def address(self) -> str:
        return self._address

    @property
    def channel(self) -> grpc.Channel:
        """For the next attempt."""
        return self._channels.to(self._address)

    @property
    def left_s(self) -> float | None:
        return None if self._timeout_s is None else max(self._begin_s + self._timeout_s - monotonic(), 0.0)

    def succeeded(self) -> None:
        """A stream that was answered: what fails from now on is counted anew."""
        self._failed, self._counted = [], 0

    def failed(self, failure: grpc.RpcError) -> None:
        """Return when the next attempt is to be made. Raises the OpsledgerError when there is none."""
        error, asked_s = typed(self._address, failure), retry_after_s(failure)
        self._failed.append(self._address)
        self._counted += not (self._waits and asked_s is None)
        if failure.code() not in RETRYABLE or self._counted >= self._attempts_max:
            raise self._given_up(error) from None
        self._address = self._next(failure, error)
        wait_s = self._wait_s(error, asked_s)
        if (left_s := self.left_s) is not None and wait_s >= left_s:
            raise self._given_up(error) from None
        sleep(wait_s)

    def _next(self, failure: grpc.RpcError, error: OpsledgerError) -> str:
        if isinstance(error, JournalMoved) and error.address:
            return error.address
        if failure.code() is grpc.StatusCode.RESOURCE_EXHAUSTED:
            return self._address
        return self._channels.next_after(self._address)

    def _wait_s(self, error: OpsledgerError, asked_s: float | None) -> float:
        if self._address not in self._failed and (asked_s is None or isinstance(error, JournalMoved)):
            return 0.0
        return asked_s or _BACKOFF_S[min(len(self._failed), len(_BACKOFF_S)) - 1]

    def _given_up(self, error: OpsledgerError) -> OpsledgerError:
        if len(self._failed) > 1:
            where = ", ".join(dict.fromkeys(self._failed))
            error.args = (f"{error}; given up after {len(self._failed)} attempts at {where}",)
        return error
