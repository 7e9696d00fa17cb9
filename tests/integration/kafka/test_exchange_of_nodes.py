"""Nodes share the inbound topic and the partitions of the journal; one is killed or frozen while events come."""
from __future__ import annotations

import itertools
import signal
from collections import Counter
from pathlib import Path
from threading import Event, Thread

import pytest

from opsledger.core.tickets.identity import fact_key
from opsledger.services.exchange.dead_letters import read_dead_letter
from opsledger.services.exchange.topics import Exchange
from opsledger.services.tickets.codec import decode_bytes
from tests.kit.events import event_bytes
from tests.kit.exchange import In, consume, new_exchange, produce, until
from tests.kit.exchange_nodes import two_nodes

TICKETS, ROUNDS_AFTER = 40, 20
NO_EVENT = b"\xff\xff"


class Producing:
    """An event for each ticket in each round, and something that is none, on a thread of its own."""

    def __init__(self, exchange: Exchange) -> None:
        self._exchange, self._killed = exchange, Event()
        self.rounds = 0
        self.refused: set[tuple[int, int]] = set()
        """Partition and offset of what is no event."""
        self._thread = Thread(target=self._run)
        self._thread.start()

    def _run(self) -> None:
        last: int | None = None
        while self.rounds != last:
            number = self.rounds
            events = [In(event_bytes(f"{number:03}-{ticket}", ticket_id=f"T{ticket}"), b"T%d" % ticket) for ticket in range(TICKETS)]
            self.refused.add(produce(self._exchange, [*events, In(NO_EVENT, b"T%d" % number)])[-1])
            self.rounds += 1
            if last is None and self._killed.is_set():
                last = self.rounds + ROUNDS_AFTER

    def end(self) -> None:
        """Some rounds from now."""
        self._killed.set()
        self._thread.join()


def public_events(exchange: Exchange) -> list[tuple[str, int, str]]:
    """Id, position and ticket of each record, those of a ticket in their order."""
    records = [(dict(record.headers), record) for record in consume(exchange, exchange.topics.tickets.name)]
    return [(said["ce_id"].decode(), int(said["ce_position"]), decode_bytes(record.value).ticket_id) for said, record in records]


def dead_letters(exchange: Exchange) -> list[tuple[tuple[int, int], bytes]]:
    """Where each came from, and its value."""
    letters = map(read_dead_letter, consume(exchange, exchange.topics.dead_letters.name))
    return [((letter.partition, letter.offset), letter.record.value) for letter in letters]


@pytest.mark.parametrize("how", ["killed", "frozen"])
def test_every_event_is_recorded_and_published(tmp_path: Path, postgres_url: str, how: str) -> None:
    """A node that is frozen while the other takes its work over wakes up with records in its hands."""
    exchange = new_exchange(partitions=4)
    with two_nodes(tmp_path, exchange, postgres_url) as nodes:
        producing = Producing(exchange)
        until(lambda: all(node.metric("ingress_recorded_total") for node in nodes), "one of them gets nothing")
        until(lambda: any(node.metric("published_total") for node in nodes), "nobody publishes")
        one, two = sorted(nodes, key=lambda node: -node.metric("published_total"))  # so there is something to take over
        one.process.process.send_signal(signal.SIGKILL if how == "killed" else signal.SIGSTOP)
        producing.end()
        names = [[f"{number:03}-{ticket}" for number in range(producing.rounds)] for ticket in range(TICKETS)]
        wanted = {fact_key("acme", "zendesk", name).hex() for of_ticket in names for name in of_ticket}
        until(lambda: {id_ for id_, _, _ in public_events(exchange)} >= wanted, "not every event is published")
        until(lambda: {place for place, _ in dead_letters(exchange)} == producing.refused, "not everything is consumed")
        if how == "frozen":
            one.process.process.send_signal(signal.SIGCONT)
            until(lambda: one.metric("publisher_lag") == 0 and one.metric("ingress_lag") == 0, "it does not go on")
            assert one.process.end(signal.SIGTERM) == 0
        assert two.process.end(signal.SIGTERM) == 0

    recorded = two.events()
    assert all(recorded)
    assert Counter(event.key.hex() for part in recorded for event in part) == Counter(wanted)
    for ticket, of_ticket in enumerate(names):
        facts = [decode_bytes(event.payload) for event in itertools.chain.from_iterable(recorded)]
        assert [fact.event_id for fact in facts if fact.ticket_id == f"T{ticket}"] == of_ticket

    assert {place for place, _ in dead_letters(exchange)} == producing.refused
    assert {value for _, value in dead_letters(exchange)} == {NO_EVENT}

    published = public_events(exchange)
    assert {id_ for id_, _, _ in published} == wanted
    assert len({(id_, position) for id_, position, _ in published}) == len(wanted)  # what was sent again has the same position
    for ticket in range(TICKETS):
        first_seen = list(dict.fromkeys(position for _, position, of in published if of == f"T{ticket}"))
        assert first_seen == sorted(first_seen)
