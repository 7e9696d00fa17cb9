"""A TCP proxy on loopback whose connections can be cut, or slow."""
from __future__ import annotations

import socket
from contextlib import suppress
from threading import Lock, Semaphore, Thread
from time import sleep


class TcpProxy:
    def __init__(self, target_port: int, lag_s: float = 0) -> None:
        """Every answer takes ``lag_s`` longer than the target's."""
        self._target_port = target_port
        self._refuses = False
        self.ended = Semaphore(0)
        """Released for each connection that has ended."""
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = int(self._listener.getsockname()[1])
        self._open: list[socket.socket] = []
        self._lock = Lock()
        Thread(target=self._accept, args=(lag_s,), name="proxy", daemon=True).start()

    def _accept(self, lag_s: float) -> None:
        while True:
            try:
                client, _ = self._listener.accept()
            except OSError:
                return
            try:
                server = socket.create_connection(("127.0.0.1", self._target_port))
            except OSError:
                client.close()
                continue
            with self._lock:
                if self._refuses:
                    client.close()
                    server.close()
                    continue
                self._open += [client, server]
            Thread(target=self._connect, args=(client, server), daemon=True).start()
            Thread(target=_copy, args=(server, client, lag_s), daemon=True).start()

    def _connect(self, client: socket.socket, server: socket.socket) -> None:
        _copy(client, server, 0)
        self.ended.release()

    def cut(self) -> None:
        """Break every connection, wherever it is in a message."""
        with self._lock:
            cut, self._open = self._open, []
        for one in cut:
            with suppress(OSError):
                one.shutdown(socket.SHUT_RDWR)

    def refuse(self) -> None:
        """Break every connection, and let nobody through until ``admit``."""
        with self._lock:
            self._refuses = True
        self.cut()

    def admit(self) -> None:
        with self._lock:
            self._refuses = False

    def close(self) -> None:
        self._listener.shutdown(socket.SHUT_RDWR)  # closing alone wakes no thread that waits in accept
        self._listener.close()
        self.cut()


def _copy(source: socket.socket, target: socket.socket, wait_s: float) -> None:
    with suppress(OSError):
        while data := source.recv(1 << 16):
            if wait_s:
                sleep(wait_s)  # the distance that is simulated
            target.sendall(data)
    for one in (source, target):
        with suppress(OSError):
            one.shutdown(socket.SHUT_RDWR)
