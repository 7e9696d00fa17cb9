"""Lives of a node's replica, each ended by a power cut or the end of its process at an act chosen by the seed. The topic has everything:
the replica becomes what it would have been, and reads no more again than follows its last full segment."""
from __future__ import annotations

from contextlib import suppress
from pathlib import Path
from random import Random

import pytest

from opsledger.ext.journal import NO_HASH, encode_commit, scan
from opsledger.services.journal.kafka.records import CLAIM_KEY, Claim, Record, encode_claim
from opsledger.services.journal.kafka.replica import Replica
from opsledger.services.journal.planning import Placed
from tests.kit.disk import Disk, PowerCut
from tests.kit.journals import event

SEGMENT_BYTES, COMMITS, LIVES, SEEDS = 3_000, 150, 5, 60


def topic(random: Random) -> list[Record]:
    """Commits of one writer, and now and then a record that does not count."""
    records = [Record(0, CLAIM_KEY, encode_claim(Claim(1, "n1", "", "token")))]
    position, digest = 0, NO_HASH
    for number in range(COMMITS):
        events = [Placed(event(key=f"{number} {n}", payload=random.randbytes(random.randrange(200))), position + 1 + n, position + n)
                  for n in range(random.randrange(1, 4))]
        commit = encode_commit(events, position + 1, number, position, b"", digest, 0, 1)[0]
        records.append(Record(len(records), None, commit))
        position, digest = position + len(events), scan(commit, 0, position + 1, digest).hash
        if random.random() < 0.1:
            records.append(Record(len(records), None, b"foreign"))
    return records


def replica(disk: Disk) -> Replica:
    return Replica(Path("replica"), "topic", 0, SEGMENT_BYTES, disk)


def segments(disk: Disk) -> dict[str, bytes]:
    return {name: data for name, data in disk.contents().items() if name.endswith(".segment")}


def read(found: Replica, records: list[Record], random: Random) -> None:
    while found.offset < len(records):
        found.take(records[found.offset:found.offset + random.randrange(1, 12)])


@pytest.mark.parametrize("seed", range(SEEDS))
def test_a_replica_is_what_it_would_have_been(seed: int) -> None:
    random = Random(seed)
    records = topic(random)
    undisturbed = Disk()
    read(replica(undisturbed), records, random)
    assert len(segments(undisturbed)) > 5
    disk = Disk()
    for _ in range(LIVES):
        full = sum(len(data) >= SEGMENT_BYTES for data in segments(disk).values())
        disk = disk.after_power_cut(random) if random.random() < 0.7 else disk.after_process_end()
        found = replica(disk)
        assert len(segments(disk)) >= full - 1, "what was full is here, but for the one that was being made durable"
        acts_left = random.choice([5, 50, 300])

        def fail(act: str, name: str) -> None:
            nonlocal acts_left
            acts_left -= 1
            if acts_left < 0:
                raise PowerCut

        disk.before = fail
        with suppress(PowerCut):
            read(found, records, random)
    disk = disk.after_power_cut(random)
    found = replica(disk)
    read(found, records, random)
    assert segments(disk) == segments(undisturbed)
