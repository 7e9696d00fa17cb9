"""A node in a process of its own that writes under load: ``python -m tests.kit.kafka_writer FOLDER LINK NODE ROUND``.

It prints ``open``, then a line for each acknowledged commit: the number in the event's key and its position. When it is fenced, it
prints ``moved NODE`` and ends.
"""
from __future__ import annotations

import itertools
import subprocess
import sys
from collections import deque
from collections.abc import Iterator
from pathlib import Path
from threading import Thread

from opsledger.core.errors import JournalMoved, JournalUnreachable
from opsledger.services.journal.kafka.journal import KafkaJournal
from opsledger.services.journal.kafka.settings import KafkaLink
from tests.kit.journals import event, facts

ROOT = Path(__file__).parents[2]
IN_FLIGHT = 50


class Writer:
    """The process, and what it has said so far."""

    def __init__(self, folder: Path, link: KafkaLink, node: str, round_: object) -> None:
        self.acknowledged: dict[str, int] = {}
        """Key of an event -> its position."""
        self.moved_to = ""
        self.process = subprocess.Popen(
            [sys.executable, "-m", "tests.kit.kafka_writer", str(folder), link.model_dump_json(), node, str(round_)],
            cwd=ROOT, stdout=subprocess.PIPE, stderr=(folder.parent / f"{node}.log").open("ab"), text=True,
        )
        assert self.process.stdout
        assert self.process.stdout.readline() == "open\n", (folder.parent / f"{node}.log").read_text()
        self._reading = Thread(target=self._read, daemon=True)
        self._lines: Iterator[str] = iter(self.process.stdout)

    def write(self, commits: int) -> None:
        """Return after so many more acknowledgements."""
        for line in itertools.islice(self._lines, commits):
            self._hear(line)

    def _hear(self, line: str) -> None:
        if line.startswith("moved "):
            self.moved_to = line.split()[1]
        elif line.endswith("\n"):  # the last one may be torn
            key, position = line.split()
            self.acknowledged[key] = int(position)

    def _read(self) -> None:
        for line in self._lines:
            self._hear(line)

    def kill(self) -> None:
        self.process.kill()
        self.finish()

    def finish(self) -> None:
        """Hear all that it said before its end."""
        self._read()
        self.process.wait()


def _write(folder: Path, link: KafkaLink, node: str, round_: str) -> None:
    waiting: deque[tuple[str, object]] = deque()
    with KafkaJournal(folder, link, node=node, address=f"{node}:50051") as journal:
        print("open", flush=True)
        for number in itertools.count():
            key = f"{round_}/{number}"
            waiting.append((key, journal.submit(facts(event(f"stream {number % 7}", key=key, payload=key.encode() * 5)))))
            if len(waiting) < IN_FLIGHT:
                continue
            key, answer = waiting.popleft()
            try:
                print(key, answer.result().positions[0], flush=True)  # type: ignore[attr-defined]  # a future
            except JournalMoved as error:
                if not error.node:  # it is about to own it again
                    continue
                print("moved", error.node, flush=True)
                return
            except JournalUnreachable:
                continue  # not acknowledged


if __name__ == "__main__":
    _write(Path(sys.argv[1]), KafkaLink.model_validate_json(sys.argv[2]), sys.argv[3], sys.argv[4])
