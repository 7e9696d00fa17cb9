"""Owners of a partition whose machines' clocks are set wrong and right again, that are started anew and take turns: recorded_at never
goes back, and never runs years away. A failure prints its seed."""
from __future__ import annotations

from pathlib import Path
from random import Random

import pytest

from opsledger.services.journal.clock import SteadyClock
from opsledger.services.journal.kafka import term as term_module
from opsledger.services.journal.kafka.replica import Replica
from opsledger.services.journal.kafka.term import Term
from opsledger.services.journal.limits import Limits
from tests.kit.journals import START_US, event, facts
from tests.unit.services.test_kafka_term import LINK, Topic

SECOND_US, HOUR_US, DAY_US, YEAR_US = (1_000_000 * seconds for seconds in (1, 3_600, 86_400, 31_557_600))
OFFSETS_US = (0, 0, 10 * SECOND_US, -10 * SECOND_US, 5 * HOUR_US, -5 * HOUR_US, 12 * YEAR_US, -12 * YEAR_US)
AHEAD_MAX_US = 5 * HOUR_US + 2 * HOUR_US
"""The largest offset that may be believed, and what a clock may gain on the way."""
SEEDS, STEPS, NODES = 20, 80, 3


class World:
    def __init__(self) -> None:
        self.true_us = START_US


class Node:
    """A machine with its clock and its replica."""

    def __init__(self, name: str, folder: Path, world: World) -> None:
        self.name, self.world, self.offset_us = name, world, 0
        self.replica = Replica(folder / name, "t", 0, 1 << 20)
        self.start()

    def start(self) -> None:
        self.clock = SteadyClock(lambda: self.world.true_us + self.offset_us, lambda: self.world.true_us)


class Owners:
    def __init__(self, folder: Path, random: Random) -> None:
        self.random, self.topic, self.world = random, Topic(), World()
        self.topic.told.set()
        self.nodes = [Node(f"n{number}", folder, self.world) for number in range(NODES)]
        self.term: Term | None = None
        self.epoch = 0
        self.claim(self.nodes[0])

    def claim(self, node: Node) -> None:
        if self.term:
            self.term.close()
        self.epoch += 1
        self.topic.claim(self.epoch, node.name)
        self.owner = node
        node.replica.take(self.topic.records)
        self.term = Term(LINK, 0, self.topic, node.replica, self.topic, Limits(), node.clock, lambda: None)  # type: ignore[arg-type]  # as much of Kafka as a term asks of it

    def step(self) -> None:
        self.world.true_us += self.random.choice((SECOND_US, 60 * SECOND_US, HOUR_US, DAY_US))
        node = self.random.choice(self.nodes)
        match self.random.randrange(4):
            case 0:
                node.offset_us = self.random.choice(OFFSETS_US)
            case 1:
                node.start()
                if node is self.owner:
                    self.claim(node)
            case 2:
                self.claim(node)
            case _:
                for each in self.nodes:
                    each.clock()
        self.commit()

    def commit(self) -> None:
        assert self.term
        self.term.submit(facts(event()), 1).result(60)

    def recorded_us(self) -> int:
        """Of the last commit."""
        reader = self.nodes[0].replica
        reader.take(self.topic.records)
        return reader.recovered.recorded_at_us

    def close(self) -> None:
        if self.term:
            self.term.close()
        for node in self.nodes:
            node.replica.close()


@pytest.mark.parametrize("seed", range(SEEDS))
def test_recorded_at_of_owners_with_wrong_clocks(seed: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(term_module, "release", lambda *_: None)
    owners, last_us = Owners(tmp_path, Random(seed)), 0
    for step in range(STEPS):
        owners.step()
        recorded_us = owners.recorded_us()
        assert last_us <= recorded_us <= owners.world.true_us + AHEAD_MAX_US, f"seed {seed}, step {step}"
        last_us = recorded_us
    for node in owners.nodes:  # all are set right, and a day goes by
        node.offset_us = 0
        node.start()
    owners.world.true_us += DAY_US
    owners.claim(owners.nodes[1])
    owners.commit()
    assert owners.recorded_us() == owners.world.true_us, f"seed {seed}"
    owners.close()
