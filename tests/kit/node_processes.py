"""Nodes of a cluster as their operator starts them: processes that keep their name, address and folder when they are started again."""
from __future__ import annotations

import signal
import subprocess
from pathlib import Path

import yaml

from opsledger.services.journal.kafka.settings import KafkaLink
from tests.kit.kafka import free_port
from tests.kit.processes import COMMAND

START_S = 180


class Node:
    def __init__(self, folder: Path, name: str, link: KafkaLink, database: str, **settings: object) -> None:
        """``settings`` as in the --config file."""
        folder.mkdir(parents=True, exist_ok=True)
        self.name, self.journal, self.log = name, folder / "journal", folder / "node.log"
        self.address = f"127.0.0.1:{free_port()}"
        self._config = folder / "node.yaml"
        self._config.write_text(yaml.safe_dump({
            "node_id": name, "listen": self.address, "journal": str(self.journal), "database": database,
            "kafka": link.model_dump(mode="json", exclude_unset=True), **settings,
        }))
        self._process: subprocess.Popen[str] | None = None

    def begin(self) -> None:
        with self.log.open("a") as errors:
            self._process = subprocess.Popen(
                [*COMMAND, "serve", "--config", str(self._config)], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=errors,
                text=True,
            )

    def await_ready(self) -> None:
        assert self._process
        assert self._process.stdout
        assert self._process.stdout.readline(), f"node {self.name} did not start: {self.said()}"

    def start(self) -> None:
        self.begin()
        self.await_ready()

    @property
    def runs(self) -> bool:
        return self._process is not None and self._process.poll() is None

    def kill(self) -> None:
        """Whatever its state: nothing of it is left."""
        self._signal(signal.SIGKILL)
        if self._process:
            self.await_end()

    def stop(self) -> None:
        """As an operator does: it finishes what is in flight."""
        self._signal(signal.SIGTERM)
        assert self.await_end() == 0, self.said()

    def freeze(self) -> None:
        self._signal(signal.SIGSTOP)

    def thaw(self) -> None:
        self._signal(signal.SIGCONT)

    def await_end(self) -> int:
        """Its exit code."""
        assert self._process
        code = self._process.wait(START_S)
        assert self._process.stdout
        self._process.stdout.close()
        return code

    def said(self) -> str:
        """The last of its log."""
        return self.log.read_text()[-4_000:]

    def _signal(self, number: signal.Signals) -> None:
        if self.runs:
            assert self._process
            self._process.send_signal(number)
