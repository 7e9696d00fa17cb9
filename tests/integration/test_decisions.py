"""A command is carried out once, whoever repeats it and whenever; over the segment journal and the library itself."""
from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from threading import Barrier, Thread
from uuid import UUID, uuid4

import pytest
from eventsourcing.domain import Aggregate, event

from opsledger.core.errors import InvalidInput, NotFound, RequestIdReused, VersionConflict
from opsledger.proto.coaching.v1.coaching_pb2 import PlanSessionRequest
from opsledger.services.decisions.decisions import Decided, Decisions
from opsledger.services.decisions.requests import Request
from opsledger.services.journal.segment import SegmentJournal

NOW_US = 1_767_949_200_000_000


class Tally(Aggregate):
    """A number that people add to; adding nothing is no event."""

    class Begun(Aggregate.Created):
        TOPIC = "tests.tally.begun"
        tenant: str

    class Added(Aggregate.Event):
        TOPIC = "tests.tally.added"
        amount: int

    @event(Begun)
    def __init__(self, tenant: str) -> None:
        self.tenant = tenant
        self.total = 0

    def add(self, *amounts: int) -> None:
        for amount in amounts:
            if amount:
                self._add(amount)

    @event(Added)
    def _add(self, amount: int) -> None:
        self.total += amount


class Other(Aggregate):
    class Begun(Aggregate.Created):
        TOPIC = "tests.other.begun"
        tenant: str

    @event(Begun)
    def __init__(self, tenant: str) -> None:
        self.tenant = tenant


class Floor:
    """Decisions over a folder that can be closed and opened again."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.open()

    def open(self) -> None:
        self.journal = SegmentJournal.open(self.folder)
        self.decisions = Decisions(self.journal, self.folder, lambda: NOW_US)

    def close(self) -> None:
        self.decisions.close()
        self.journal.close()

    def begin(self, request_id: str = "begin", tenant: str = "acme") -> Decided[Tally]:
        return self.decisions.create(Tally, Request(tenant, request_id), make=lambda: Tally(tenant=tenant))

    def add(self, id: UUID, *amounts: int, request_id: str, etag: str = "", tenant: str = "acme") -> Decided[Tally]:
        return self.decisions.change(
            Tally, id, Request(tenant, request_id), etag=etag, command=lambda tally: tally.add(*amounts))


@pytest.fixture
def floor(tmp_path: Path) -> Iterator[Floor]:
    floor = Floor(tmp_path / "journal")
    yield floor
    floor.close()


def test_a_repeated_request_is_answered_as_the_first_time_after_a_restart_too(floor: Floor) -> None:
    tally = floor.begin().aggregate
    first = floor.add(tally.id, 1, 2, request_id="a")
    floor.add(tally.id, 10, request_id="b")
    floor.close()
    floor.open()
    again = floor.add(tally.id, 1, 2, request_id="a")
    assert (first.aggregate.total, first.repeated, first.etag) == (3, False, "3")
    assert (again.aggregate.total, again.repeated, again.etag, again.position) == (3, True, "3", first.position)
    assert floor.decisions.get(Tally, tally.id, tenant="acme").total == 13


def test_a_repeated_creation_gives_the_same_aggregate(floor: Floor) -> None:
    assert floor.begin().aggregate.id == floor.begin().aggregate.id
    assert floor.begin("another").aggregate.id != floor.begin().aggregate.id


def test_a_creation_that_is_repeated_while_it_is_carried_out_gives_the_same_aggregate(floor: Floor) -> None:
    """As when a client goes on at another connection before the first attempt has ended."""
    first: list[Decided[Tally]] = []

    def make() -> Tally:
        first.append(floor.begin())
        return Tally(tenant="acme")

    again = floor.decisions.create(Tally, Request("acme", "begin"), make=make)
    assert (again.aggregate.id, again.position, again.repeated) == (first[0].aggregate.id, first[0].position, True)
    assert floor.journal.position == 1


def test_what_an_aggregate_brings_with_it_is_recorded_in_one_commit(floor: Floor) -> None:
    brought: list[Tally] = []

    def beside(tally: Tally) -> list[Tally]:
        brought.extend([Tally(tenant="acme"), Tally(tenant="acme")])
        return brought[-2:]

    def begin() -> Decided[Tally]:
        return floor.decisions.create(Tally, Request("acme", "begin"), make=lambda: Tally(tenant="acme"), beside=beside)

    first = begin()
    floor.close()
    floor.open()
    again = begin()
    assert (again.aggregate.id, again.position, again.repeated) == (first.aggregate.id, first.position, True)
    assert floor.journal.position == first.position == 3
    assert len({event.recorded_at_us for event in floor.journal.read()}) == 1
    for tally in brought:
        assert floor.decisions.get(Tally, tally.id, tenant="acme").total == 0


def test_a_command_that_changed_nothing_does_nothing_when_it_comes_again(floor: Floor) -> None:
    tally = floor.begin().aggregate
    answer = floor.add(tally.id, 0, request_id="nothing")
    assert (answer.aggregate.total, answer.aggregate.version, answer.repeated) == (0, 1, False)
    assert floor.journal.version(tally.id.bytes) == 1, "the aggregate has nothing to say"
    floor.add(tally.id, 5, request_id="something")
    floor.close()
    floor.open()
    late = floor.add(tally.id, 7, request_id="nothing")
    assert (late.aggregate.total, late.etag, late.repeated, late.position) == (0, "1", True, answer.position)
    assert floor.decisions.get(Tally, tally.id, tenant="acme").total == 5


def test_a_stale_etag_is_refused_and_the_current_one_is_not(floor: Floor) -> None:
    begun = floor.begin()
    floor.add(begun.aggregate.id, 1, request_id="a", etag=begun.etag)
    for stale in (begun.etag, "not an etag"):
        with pytest.raises(VersionConflict):
            floor.add(begun.aggregate.id, 1, request_id="b", etag=stale)
    assert floor.decisions.get(Tally, begun.aggregate.id, tenant="acme").total == 1


def test_another_tenants_aggregate_is_not_there(floor: Floor) -> None:
    tally = floor.begin().aggregate
    with pytest.raises(NotFound, match="tally"):
        floor.add(tally.id, 1, request_id="a", tenant="evil")
    with pytest.raises(NotFound):
        floor.decisions.get(Other, tally.id, tenant="acme")
    with pytest.raises(NotFound):
        floor.decisions.get(Tally, uuid4(), tenant="acme")


def test_a_request_id_belongs_to_one_command(floor: Floor) -> None:
    tally = floor.begin().aggregate
    other = floor.begin("another").aggregate
    with pytest.raises(RequestIdReused, match="begin"):
        floor.add(other.id, 1, request_id="begin")
    with pytest.raises(RequestIdReused):
        floor.decisions.create(Other, Request("acme", "begin"), make=lambda: Other(tenant="acme"))
    with pytest.raises(InvalidInput, match="request_id"):
        floor.add(tally.id, 1, request_id="")
    assert floor.begin(tenant="evil").aggregate.id != tally.id, "request ids of tenants do not meet"


def test_of_two_requests_with_one_id_at_the_same_time_the_second_is_refused(floor: Floor) -> None:
    def make() -> Tally:
        floor.decisions.create(Tally, Request("acme", "begin", content=b"first"), make=lambda: Tally(tenant="acme"))
        return Tally(tenant="acme")

    with pytest.raises(RequestIdReused):
        floor.decisions.create(Tally, Request("acme", "begin", content=b"second"), make=make)
    assert floor.journal.position == 1


def test_a_command_that_changed_nothing_stands_for_what_it_said(floor: Floor) -> None:
    tally = floor.begin().aggregate
    asked = Request("acme", "nothing", "ann", "Add", b"0")
    first = floor.decisions.change(Tally, tally.id, asked, command=lambda tally: None)
    with pytest.raises(RequestIdReused):
        floor.decisions.change(Tally, tally.id, asked._replace(content=b"5"), command=lambda tally: tally.add(5))
    other = floor.decisions.change(Tally, tally.id, asked._replace(principal="eve"), command=lambda tally: tally.add(5))
    assert (other.aggregate.total, other.position) == (5, first.position + 1)


def test_what_a_request_says_is_neither_its_id_nor_whose_it_is_nor_the_order_of_its_fields() -> None:
    said = PlanSessionRequest(request_id="r1", tenant="acme", actor="sue", agenda=["greeting"]).SerializeToString()
    again = PlanSessionRequest(request_id="r2", actor="max", agenda=["greeting"]).SerializeToString()
    again += PlanSessionRequest(tenant="acme").SerializeToString()
    first, second = (Request.of(PlanSessionRequest.FromString(wire), "sue") for wire in (said, again))
    assert first.content == second.content
    assert first.key != second.key
    later = PlanSessionRequest.FromString(said + b"\xc2\x3e\x03new")  # field 1000, which this version does not know
    assert Request.of(later, "sue").content != first.content


def test_commands_at_the_same_time_are_all_carried_out_once(floor: Floor) -> None:
    tally = floor.begin().aggregate
    start = Barrier(2)
    conflicts: list[VersionConflict] = []

    def work(name: str) -> None:
        start.wait()
        for number in range(30):
            while True:
                try:
                    floor.add(tally.id, 1, request_id=f"{number}")  # both threads send the same thirty requests
                    break
                except VersionConflict as conflict:
                    conflicts.append(conflict)

    threads = [Thread(target=work, args=(name,)) for name in "ab"]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert floor.decisions.get(Tally, tally.id, tenant="acme").total == 30
