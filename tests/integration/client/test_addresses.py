"""A client of several nodes: what one cannot do goes on at another, once."""
from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from threading import Event

import pytest

from opsledger.core import errors
from opsledger.core.tickets.facts import Opened
from opsledger.proto.sla.v1 import timers_pb2
from opsledger.services.client import connect
from opsledger.services.client.channels import parsed
from opsledger.services.journal.memory import MemoryJournal
from opsledger.services.journal.partitions import Numbered, PartitionedJournal
from opsledger.services.settings import Settings
from tests.integration.client.test_client import stumbling
from tests.kit.events import event
from tests.kit.processes import opsledger
from tests.kit.read_models import fact, recorded_as
from tests.kit.servers import running

NOBODY = "127.0.0.1:1"


def test_addresses_come_as_text_or_as_a_sequence() -> None:
    assert parsed("n1:50051, n2:50051,n1:50051") == parsed(["n1:50051", "n2:50051"]) == ("n1:50051", "n2:50051")
    assert parsed("[::1]:50051") == ("[::1]:50051",)


@pytest.mark.parametrize("addresses", ["", "n1:50051,", [], [""]])
def test_an_address_that_is_missing_is_refused(addresses: str | list[str]) -> None:
    with pytest.raises(errors.InvalidInput, match="must be HOST:PORT"):
        connect(addresses)


def test_a_node_that_is_away_is_left_for_good() -> None:
    with stumbling() as (first, seen), stumbling() as (second, after), connect([NOBODY, first, second], tenant="acme") as client:
        client.coaching.PlanSession(program="desk", agent="ann")
        client.coaching.PlanSession(program="desk", agent="ann")
    assert (len(seen), len(after)) == (2, 0)


def test_the_owner_is_asked_where_it_says_it_is_and_under_the_same_request_id() -> None:
    with stumbling() as (owner, at_owner):
        moved = errors.JournalMoved("b", owner, 7)
        with stumbling(moved) as (first, at_first), connect(first, attempts_max=2) as client:
            client.coaching.PlanSession(program="desk", agent="ann")
            client.coaching.PlanSession(program="desk", agent="ann")
    assert at_owner[0] == at_first[0]
    assert (len(at_owner), len(at_first)) == (1, 2), "who else may own another part is for the first node to know"


def test_an_owner_that_is_gone_does_not_end_the_call() -> None:
    with stumbling(errors.JournalMoved("b", NOBODY, 7)) as (first, seen), connect([first], attempts_max=3) as client:
        client.coaching.PlanSession(program="desk", agent="ann")
    assert len(seen) == 2


def test_a_journal_that_cannot_be_reached_from_one_node_may_be_from_another() -> None:
    away = errors.JournalUnreachable("Kafka does not answer")
    with stumbling(away) as (first, at_first), stumbling(away) as (second, at_second), connect([first, second]) as client:
        client.coaching.PlanSession(program="desk", agent="ann")
    assert (len(at_first), len(at_second)) == (2, 1)
    assert len({request.request_id for request in at_first + at_second}) == 1


def test_a_node_that_asks_for_patience_is_not_left() -> None:
    with stumbling(errors.Overloaded("full")) as (first, at_first), stumbling() as (second, at_second), connect([first, second]) as client:
        client.coaching.PlanSession(program="desk", agent="ann")
    assert (len(at_first), len(at_second)) == (2, 0)


def test_the_error_says_how_often_and_where_it_was_tried() -> None:
    with stumbling(*[errors.JournalUnreachable("Kafka does not answer")] * 9) as (first, seen), \
            connect([first, NOBODY], attempts_max=3) as client, pytest.raises(errors.JournalUnreachable) as gave_up:
        client.coaching.PlanSession(program="desk", agent="ann")
    assert str(gave_up.value) == f"Kafka does not answer; given up after 3 attempts at {first}, {NOBODY}"
    assert len(seen) == 2


def test_patience_ends_with_the_time_of_the_call() -> None:
    with stumbling(*[errors.JournalUnreachable("Kafka does not answer")] * 9) as (first, seen), \
            connect(first, attempts_max=100) as client, pytest.raises(errors.JournalUnreachable, match=r"does not answer$"):
        client.coaching.PlanSession(program="desk", agent="ann", timeout_s=0.9)  # the server asks for a second
    assert len(seen) == 1


def test_a_server_that_comes_up_late_is_waited_for() -> None:
    journal = MemoryJournal()
    with running(journal) as server:
        address = server.address
    tried = Event()

    def token() -> str:
        tried.set()
        return ""

    with connect([NOBODY, address], tenant="acme", token=token, wait_for_server=True, attempts_max=1) as client, \
            ThreadPoolExecutor(1) as calls:
        planned = calls.submit(client.coaching.PlanSession, program="desk", agent="ann")
        assert tried.wait(30)
        with running(journal, Settings(listen=address)):
            assert planned.result().position == 1


def test_a_recording_stream_goes_on_at_another_node_and_records_once() -> None:
    journal = MemoryJournal()
    batches = [[event(f"{number}-{n}") for n in range(10)] for number in range(40)]
    with running(journal) as second:
        with running(journal) as first:
            client = connect([first.address, second.address])
            stream = client.recorder.stream()
            answers = [stream.submit(batch) for batch in batches[:20]]
            answers[0].result(30)
        answers += [stream.submit(batch) for batch in batches[20:]]
        stream.close()
        client.close()
    assert sorted(outcome.position for answer in answers for outcome in answer.result(30)) == list(range(1, 401))
    assert journal.position == 400


def test_a_watch_goes_on_at_another_node() -> None:
    journal = MemoryJournal()
    with running(journal) as second:
        with running(journal) as first:
            client = connect(f"{first.address},{second.address}", tenant="acme")
            changes = client.timers.WatchTimers(timers_pb2.WatchTimersRequest())
            next(changes)
            client.recorder.record([recorded_as(fact("T1", 0, Opened())).payload])
            assert [ticket.ticket_id for ticket in next(changes).tickets] == ["T1"]
        client.recorder.record([recorded_as(fact("T2", 0, Opened())).payload])
        told: list[str] = []
        while "T2" not in told:
            told += [ticket.ticket_id for ticket in next(changes).tickets]
        changes.close()  # type: ignore[attr-defined]  # it is a generator
        client.close()
    assert told == ["T2"]


def test_a_command_takes_several_addresses() -> None:
    with running(MemoryJournal()) as server:
        asked = opsledger("timers", "--server", f"{NOBODY},{server.address}", "--tenant", "acme", "--json")
    assert (asked.returncode, asked.stderr) == (0, "")


def test_a_client_waits_for_its_writes_in_every_partition() -> None:
    parts = [Numbered(MemoryJournal(), number) for number in range(4)]
    with running(PartitionedJournal(parts)) as server, connect(server.address, tenant="acme") as client:
        facts = [recorded_as(fact(f"T{number}", 0, Opened())).payload for number in range(20)]
        positions = [outcome.position for outcome in client.recorder.record(facts)]
        assert sorted(client.positions) == [part.position for part in parts]
        with connect(server.address, tenant="acme") as other:
            other.sees(*client.positions)
            other.timers.ListTimers()
        assert all(map(server.application.parts.progress.has, positions))
