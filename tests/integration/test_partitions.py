"""Servers over a journal of several partitions: one that owns all, and two that share them and one PostgreSQL."""
from __future__ import annotations

import json
from collections.abc import Iterator
from threading import Event

import pytest

from opsledger.core.partitions import home_of, partition_of_stream
from opsledger.core.tickets.facts import Opened, Replied, TicketFact
from opsledger.core.tickets.identity import ticket_stream_id
from opsledger.proto.cluster.v1 import cluster_pb2
from opsledger.proto.cluster.v1.cluster_pb2_grpc import ClusterServiceStub
from opsledger.proto.sla.v1 import rules_pb2, timers_pb2
from opsledger.proto.sla.v1.rules_pb2_grpc import RuleServiceStub
from opsledger.proto.sla.v1.timers_pb2_grpc import TimerServiceStub
from opsledger.proto.tickets.v1 import ticket_recorder_pb2 as recorder
from opsledger.proto.tickets.v1.ticket_recorder_pb2_grpc import TicketRecorderServiceStub
from opsledger.services.grpc.progress import METADATA_KEY
from opsledger.services.journal.memory import MemoryJournal
from opsledger.services.journal.partitions import Numbered, PartitionedJournal
from opsledger.services.projections.database import open_database
from opsledger.services.projections.rebuild import check
from opsledger.services.settings import Limits, Settings
from opsledger.services.tickets.codec import encode
from tests.kit.exchange import Owned
from tests.kit.read_models import RULES, fact, opened
from tests.kit.servers import Running, running

PARTITIONS = 3
TICKETS = [str(number) for number in range(12)]
LONG_S, SOON_S = 60, 20


def of_partition(ticket: str) -> int:
    return partition_of_stream(ticket_stream_id(fact(ticket, 0, Opened()).ticket), PARTITIONS)


def write(server: Running, *facts: TicketFact) -> str:
    """The positions, one of each partition, as a query names them."""
    request = recorder.RecordTicketEventsRequest(events=[encode(one) for one in facts])
    results = TicketRecorderServiceStub(server.channel).RecordTicketEvents(request, timeout=LONG_S).results
    assert all(result.position for result in results)
    return ",".join(str(position) for position in {result.position >> 40: result.position for result in results}.values())


def publish(server: Running) -> None:
    request = rules_pb2.PublishRulesRequest(request_id="r1", tenant="acme", program="desk", document_json=json.dumps(RULES))
    RuleServiceStub(server.channel).PublishRules(request, timeout=LONG_S)


def timers(server: Running, positions: str) -> timers_pb2.ListTimersResponse:
    request = timers_pb2.ListTimersRequest(tenant="acme", page_size=1000)
    return TimerServiceStub(server.channel).ListTimers(request, metadata=((METADATA_KEY, positions),), timeout=LONG_S)


def watched(server: Running, token: str = "") -> Iterator[timers_pb2.WatchTimersResponse]:
    return TimerServiceStub(server.channel).WatchTimers(
        timers_pb2.WatchTimersRequest(tenant="acme", resume_token=token), timeout=LONG_S)


def until_all_have_timers(stream: Iterator[timers_pb2.WatchTimersResponse], tickets: set[str]) -> str:
    """The token after it: rules reach the partitions one after the other."""
    found: set[str] = set()
    for message in stream:
        found |= {ticket.ticket_id for ticket in message.tickets if ticket.timers}
        if found >= tickets and message.resume_token:
            return message.resume_token
    raise AssertionError("the stream ended")


def test_one_server_over_all_partitions(database_url: str) -> None:
    journals = [MemoryJournal() for _ in range(PARTITIONS)]
    journal = PartitionedJournal([Numbered(each, number) for number, each in enumerate(journals)])
    with running(journal, database=database_url) as server:
        stream = watched(server, "0")
        publish(server)
        positions = write(server, *(fact(ticket, minute, Opened()) for minute, ticket in enumerate(TICKETS)))
        assert len(positions.split(",")) == PARTITIONS
        token = until_all_have_timers(stream, set(TICKETS))
        assert len(token.split(",")) == PARTITIONS
        listed = timers(server, positions)
        assert {timer.ticket_id for timer in listed.timers} == set(TICKETS)

        one_of_each = {of_partition(ticket): ticket for ticket in TICKETS}
        again = watched(server, listed.resume_token)
        assert next(again).resume_token == listed.resume_token
        write(server, *(fact(ticket, 100, Replied(True)) for ticket in one_of_each.values()))
        until_all_have_timers(again, set(one_of_each.values()))
    engine = open_database(database_url)
    assert check(opened(*journals), engine).differences == ()
    home = home_of("acme", PARTITIONS)
    types = [[event.type for event in each.read()] for each in journals]
    assert [of.count("sla.v1.rules_published") for of in types] == [int(number == home) for number in range(PARTITIONS)]
    assert [of.count("sla.v1.rules_shared") for of in types] == [int(number != home) for number in range(PARTITIONS)]


@pytest.fixture
def journals() -> list[MemoryJournal]:
    return [MemoryJournal() for _ in range(PARTITIONS)]


def test_two_servers_that_share_the_partitions(journals: list[MemoryJournal], postgres_url: str) -> None:
    nodes = [
        [Owned(each, number, owner=number % 2 == node) for number, each in enumerate(journals)] for node in range(2)
    ]
    with (
        running(PartitionedJournal(nodes[0]), database=postgres_url) as one,
        running(PartitionedJournal(nodes[1]), database=postgres_url) as other,
    ):
        publish(one)
        streams = [watched(server, "0") for server in (one, other)]
        positions = write(one, *(fact(ticket, minute, Opened()) for minute, ticket in enumerate(TICKETS)))
        for stream in streams:
            until_all_have_timers(stream, set(TICKETS))
        for server in (one, other):
            assert {timer.ticket_id for timer in timers(server, positions).timers} == set(TICKETS)

        for parts in nodes:  # everything changes its owner
            for part in parts:
                part.change()
        for round, (writes, reads) in enumerate([(one, other), (other, one)]):
            seen = timers(reads, write(writes, *(fact(ticket, 100 + round, Replied(True)) for ticket in TICKETS)))
            replied = {timer.ticket_id for timer in seen.timers if timer.metric == "first_reply"}
            assert replied == set()  # they have had their first reply, so no such timer is open
    engine = open_database(postgres_url)
    assert check(opened(*journals), engine).differences == ()
    shared = [event for each in journals for event in each.read() if event.type == "sla.v1.rules_shared"]
    assert len(shared) == PARTITIONS - 1


def test_queries_are_answered_while_kafka_does_not_say_how_the_nodes_are() -> None:
    asks_kafka, kafka_answers = Event(), Event()

    class Asking(PartitionedJournal):
        def describe(self, status: cluster_pb2.GetStatusResponse) -> None:
            asks_kafka.set()
            kafka_answers.wait(LONG_S)

    settings = Settings(listen="127.0.0.1:0", limits=Limits(query_threads=1))
    with running(Asking([Numbered(MemoryJournal())]), settings) as server:
        asked = ClusterServiceStub(server.channel).GetStatus.future(cluster_pb2.GetStatusRequest(), timeout=LONG_S)
        assert asks_kafka.wait(LONG_S)
        try:
            assert not TimerServiceStub(server.channel).ListTimers(timers_pb2.ListTimersRequest(tenant="acme"), timeout=SOON_S).timers
        finally:
            kafka_answers.set()
        assert len(asked.result().partitions) == 1
