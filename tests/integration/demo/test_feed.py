"""The demo floor's deliveries over a real stream into a real recorder."""
from __future__ import annotations

from collections import Counter

from opsledger.services.client import connect
from opsledger.services.demo.clockwork import DAY_US
from opsledger.services.demo.delivery import deliver
from opsledger.services.demo.feed import feed
from opsledger.services.demo.floor import simulate
from opsledger.services.journal.memory import MemoryJournal
from tests.kit.servers import running

START_US = 1_780_272_000_000_000


def test_everything_is_recorded_once_and_the_broken_is_refused() -> None:
    deliveries = deliver(3, simulate(3, START_US, 3, 200), START_US + 3 * DAY_US)
    kinds = Counter(delivery.kind for delivery in deliveries)
    told: list[int] = []
    journal = MemoryJournal()
    with running(journal) as server, connect(server.address) as client:
        first = feed(client, deliveries, told.append)
        again = feed(client, deliveries, told.append)
    once = len({(d.fact.tenant, d.fact.event_id) for d in deliveries if d.kind != "broken"})
    assert (first.recorded, first.duplicates, first.rejected.total()) == (once, len(deliveries) - once - kinds["broken"], kinds["broken"])
    assert (again.recorded, again.duplicates, again.rejected) == (0, len(deliveries) - kinds["broken"], first.rejected)
    assert first.position == again.position == journal.position == once
    assert sum(told) == 2 * len(deliveries)
