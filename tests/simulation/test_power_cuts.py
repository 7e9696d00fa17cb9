"""Lives of a journal, each ended by a power cut, a failed sync or the end of its process at an act chosen by the seed. What was
acknowledged survives.

One thread runs it, so that a seed always gives the same history: builder and writer are driven as group commit drives them.
"""
from __future__ import annotations

from concurrent.futures import Future
from random import Random

import pytest

from opsledger.core.ports import Commit, NewEvent, Receipt
from opsledger.ext.journal import NO_HASH
from opsledger.services.journal.batches import Batch, Builder, Request
from opsledger.services.journal.recovery import recover
from opsledger.services.journal.segment_reader import SegmentReader
from opsledger.services.journal.segment_writer import SegmentWriter
from opsledger.services.journal.verification import verify
from tests.kit.disk import Disk, PowerCut
from tests.kit.journals import Clock, event, name

LIVES = 6
SEEDS = 100


class History:
    """What the journal acknowledged."""

    def __init__(self, random: Random) -> None:
        self.random = random
        self.events: dict[int, NewEvent] = {}
        self.keys: dict[bytes, int] = {}
        self.requests: dict[bytes, tuple[int, ...]] = {}

    def some_commit(self) -> Commit:
        random = self.random
        if random.random() < 0.3:  # a request is always for the same events
            request = random.randrange(60)
            same = Random(request)
            return Commit([event(same.choice("abcdef"), payload=same.randbytes(same.randrange(400))) for _ in range(1 + request % 4)],
                          name(f"request {request}"))
        return Commit([
            event(random.choice("abcdef"), key=random.choice(["", str(random.randrange(300))]),
                  payload=random.randbytes(random.randrange(400)))
            for _ in range(random.randrange(1, 5))
        ])

    def acknowledge(self, commit: Commit, receipt: Receipt) -> None:
        if commit.request_key:
            assert self.requests.setdefault(commit.request_key, receipt.positions) == receipt.positions
        for event_, position, duplicate in zip(commit.events, receipt.positions, receipt.duplicates, strict=True):
            assert duplicate or position not in self.events
            if not duplicate or commit.request_key:
                self.events[position] = event_
            if event_.key:
                assert self.keys.setdefault(event_.key, position) == position


def live(disk: Disk, history: History) -> None:
    """Recover, check that everything is there, then write until the power is cut."""
    random = history.random
    found = recover(disk)
    assert found.damage is None, found.damage
    reader = SegmentReader(found.index, found.segments, 1 << 20)
    read = {one.position: one for one in reader.read(1, found.position)}
    for position, wanted in history.events.items():
        assert position in read, f"acknowledged position {position} is lost; the journal ends at {found.position}"
        assert (read[position].payload, read[position].key, read[position].stream_id) == (wanted.payload, wanted.key, wanted.stream_id)
    for key, position in (history.keys | {key: positions[0] for key, positions in history.requests.items()}).items():
        assert found.index.find(key)[0] == position  # type: ignore[index]  # None fails as well
    assert verify(disk).damage is None

    acts_left = random.choice([5, 20, 100, 400])
    fault = random.choice([PowerCut, PowerCut, OSError])

    def fail(act: str, file: str) -> None:
        nonlocal acts_left
        acts_left -= 1
        if acts_left < 0 and (fault is PowerCut or act == "sync"):
            raise fault(act, file)

    disk.before = fail
    try:
        writer = SegmentWriter(disk, found)
        builder = Builder(found, now_us=Clock(), segment_bytes=3000)
        built: list[tuple[list[Commit], Batch]] = []
        for _ in range(60):
            commits = [history.some_commit() for _ in range(random.randrange(1, 4))]
            built.append((commits, builder.build([Request(commit, 0, Future()) for commit in commits])))
            while len(built) > random.randrange(2):
                commits, batch = built.pop(0)
                writer.write(batch)
                builder.forget(batch)
                for commit, (_, outcome, _) in zip(commits, batch.answers, strict=True):
                    assert isinstance(outcome, Receipt)
                    history.acknowledge(commit, outcome)
        if random.random() < 0.5:
            writer.close()
    except OSError:
        pass
    finally:
        disk.before = lambda act, file: None


@pytest.mark.parametrize("seed", range(SEEDS))
def test_what_was_acknowledged_survives(seed: int) -> None:
    random = Random(seed)
    history, disk = History(random), Disk()
    for _ in range(LIVES):
        live(disk, history)
        disk = disk.after_power_cut(random) if random.random() < 0.7 else disk.after_process_end()
    found = recover(disk)
    assert found.damage is None
    assert found.position >= max(history.events, default=0)
    assert found.hash != NO_HASH or not history.events
