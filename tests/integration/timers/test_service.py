"""TimerService over a real server."""
from __future__ import annotations

import json
from collections.abc import Iterator

import grpc
import pytest

from opsledger.core.tickets.facts import Assigned, Opened, Replied, Status, StatusChanged, TicketFact
from opsledger.proto.sla.v1 import timers_pb2 as pb
from opsledger.proto.sla.v1.announcement_pb2 import Announcement
from opsledger.proto.sla.v1.rules_pb2 import PublishRulesRequest
from opsledger.proto.sla.v1.rules_pb2_grpc import RuleServiceStub
from opsledger.proto.sla.v1.timers_pb2_grpc import TimerServiceStub
from opsledger.services.grpc.progress import METADATA_KEY
from opsledger.services.journal.clock import wall_clock_us
from opsledger.services.journal.memory import MemoryJournal
from opsledger.services.tickets.codec import timestamp, timestamp_us
from tests.kit.journals import Clock
from tests.kit.read_models import MINUTE_US, RULES, START_US, fact, record, rules_event
from tests.kit.servers import Running, running


@pytest.fixture
def now_minute() -> int:
    """The server's clock is the real one, so the facts are of now: minutes since the kit's start."""
    return (wall_clock_us() - START_US) // MINUTE_US


@pytest.fixture
def tickets(now_minute: int) -> list[TicketFact]:
    return [
        fact("late", now_minute - 100, Opened(priority="high", group="tier 1")),
        fact("soon", now_minute - 10, Opened(priority="high", group="tier 2", agent="eve")),
        fact("waits", now_minute - 20, Opened(status=Status.PENDING)),
        fact("done", now_minute - 50, Opened(priority="high")),
        fact("done", now_minute - 45, Replied(True)),
        fact("done", now_minute - 40, StatusChanged(Status.RESOLVED)),
    ]


@pytest.fixture
def journal(tickets: list[TicketFact]) -> MemoryJournal:
    journal = MemoryJournal()
    record(journal, [rules_event(1, RULES), *tickets])
    return journal


@pytest.fixture
def server(journal: MemoryJournal) -> Iterator[Running]:
    with running(journal) as server:
        yield server


@pytest.fixture
def stub(server: Running) -> TimerServiceStub:
    return TimerServiceStub(server.channel)


def listed(stub: TimerServiceStub, **request: object) -> list[tuple[str, str]]:
    found = stub.ListTimers(pb.ListTimersRequest(tenant="acme", **request), metadata=[(METADATA_KEY, "7")])
    return [(timer.ticket_id, timer.metric) for timer in found.timers]


def test_timers_are_listed_by_due_time_and_filtered(stub: TimerServiceStub) -> None:
    assert listed(stub) == [
        ("late", "first_reply"), ("late", "resolution"), ("waits", "first_reply"), ("soon", "first_reply"), ("soon", "resolution"),
        ("waits", "resolution"),
    ]
    assert listed(stub, filter=pb.TIMER_FILTER_PAUSED) == [("waits", "resolution")]
    assert listed(stub, filter=pb.TIMER_FILTER_BREACHED) == [("late", "first_reply"), ("late", "resolution")]
    assert listed(stub, filter=pb.TIMER_FILTER_FINISHED) == [("done", "first_reply"), ("done", "resolution")]
    half_an_hour = {"filter": pb.TIMER_FILTER_DUE_SOON, "within": {"seconds": 1800}}
    assert listed(stub, **half_an_hour) == [("waits", "first_reply"), ("soon", "first_reply")]
    assert listed(stub, group="tier 2", metric="resolution") == [("soon", "resolution")]
    assert listed(stub, agent="eve") == [("soon", "first_reply"), ("soon", "resolution")]
    assert listed(stub, program="other") == []


def test_a_timer_says_what_it_is(stub: TimerServiceStub, tickets: list[TicketFact]) -> None:
    [timer] = stub.ListTimers(
        pb.ListTimersRequest(tenant="acme", filter=pb.TIMER_FILTER_BREACHED, metric="resolution"), metadata=[(METADATA_KEY, "7")]
    ).timers
    assert (timer.program, timer.policy, timer.rules_version, timer.priority, timer.group) == ("desk", "standard", 1, "high", "tier 1")
    assert (timer.state, timer.late, timer.target.seconds) == (pb.TIMER_STATE_RUNNING, True, 3600)
    assert timestamp_us(timer.due_at) == tickets[0].occurred_at_us + 60 * MINUTE_US


def test_pages_join_into_the_whole_list(stub: TimerServiceStub) -> None:
    whole = listed(stub)
    request, pages = pb.ListTimersRequest(tenant="acme", page_size=2), []
    while True:
        page = stub.ListTimers(request)
        pages += [(timer.ticket_id, timer.metric) for timer in page.timers]
        if not page.next_page_token:
            break
        request.page_token = page.next_page_token
    assert pages == whole
    for wrong in (pb.ListTimersRequest(tenant="acme", page_size=2, page_token="nonsense"),
                  pb.ListTimersRequest(tenant="acme", page_size=2, metric="resolution", page_token=request.page_token)):
        with pytest.raises(grpc.RpcError, match="page_token") as caught:
            stub.ListTimers(wrong)
        assert caught.value.code() is grpc.StatusCode.INVALID_ARGUMENT


@pytest.mark.parametrize(("request_", "field"), [
    (pb.ListTimersRequest(), "tenant"),
    (pb.ListTimersRequest(tenant="acme", filter=99), "filter"),
    (pb.ListTimersRequest(tenant="acme", metric="speed"), "metric"),
    (pb.ListTimersRequest(tenant="acme", within={"seconds": -1}), "within"),
    (pb.ListTimersRequest(tenant="acme", page_size=-1), "page_size"),
])
def test_a_wrong_request_names_the_field(stub: TimerServiceStub, request_: pb.ListTimersRequest, field: str) -> None:
    with pytest.raises(grpc.RpcError, match=field) as caught:
        stub.ListTimers(request_)
    assert caught.value.code() is grpc.StatusCode.INVALID_ARGUMENT


def until(stream: Iterator[pb.WatchTimersResponse], ticket: str) -> pb.WatchTimersResponse:
    """The first message that tells of a ticket; the server's own announcements come in between."""
    return next(message for message in stream if ticket in {found.ticket_id for found in message.tickets})


def test_a_watcher_is_told_of_changes_and_goes_on_where_it_was(
    stub: TimerServiceStub, journal: MemoryJournal, now_minute: int
) -> None:
    stub.ListTimers(pb.ListTimersRequest(tenant="acme"), metadata=[(METADATA_KEY, "7")])
    stream = stub.WatchTimers(pb.WatchTimersRequest(tenant="acme"))
    assert next(stream).resume_token
    record(journal, [fact("new", now_minute, Opened())])
    message = until(stream, "new")
    [ticket] = message.tickets
    assert (ticket.program, [timer.metric for timer in ticket.timers]) == ("desk", ["first_reply", "resolution"])
    stream.cancel()

    record(journal, [fact("soon", now_minute, Assigned("tier 3")), fact("new", now_minute, Replied(True))])
    again = stub.WatchTimers(pb.WatchTimersRequest(tenant="acme", resume_token=message.resume_token))
    assert next(again).resume_token == message.resume_token
    found = {ticket.ticket_id: ticket for ticket in until(again, "soon").tickets}
    assert [timer.group for timer in found["soon"].timers] == ["tier 3", "tier 3"]
    again.cancel()


def test_announcements_are_watched(stub: TimerServiceStub) -> None:
    stream = stub.WatchTimers(pb.WatchTimersRequest(tenant="acme", resume_token="0"))
    told: list[Announcement] = []
    for message in stream:
        told += [entry.announcement for entry in message.announcements]
        if len(told) >= 5:
            break
    stream.cancel()
    assert sorted((one.ticket_id, one.metric, one.kind) for one in told) == [
        ("late", "first_reply", Announcement.KIND_WARNING), ("late", "first_reply", Announcement.KIND_BREACH),
        ("late", "resolution", Announcement.KIND_WARNING), ("late", "resolution", Announcement.KIND_BREACH),
        ("waits", "first_reply", Announcement.KIND_WARNING),
    ]


def test_a_token_that_no_server_gave_is_refused(stub: TimerServiceStub) -> None:
    for token in ("x", "-1", "999999999999"):
        with pytest.raises(grpc.RpcError, match="resume_token") as caught:
            next(stub.WatchTimers(pb.WatchTimersRequest(tenant="acme", resume_token=token)))
        assert caught.value.code() is grpc.StatusCode.INVALID_ARGUMENT


def test_a_ticket_is_explained_by_segments_that_sum(stub: TimerServiceStub, tickets: list[TicketFact]) -> None:
    found = stub.ExplainTicket(pb.ExplainTicketRequest(tenant="acme", source="zendesk", ticket_id="done"))
    assert [event.event_id for event in found.events] == [one.event_id for one in tickets[3:]]
    assert [entry.timer.metric for entry in found.timers] == ["first_reply", "resolution"]
    for entry in found.timers:
        running_s = sum(segment.span.seconds for segment in entry.segments if segment.state == pb.Segment.STATE_RUNNING)
        assert running_s == entry.timer.elapsed.seconds > 0
    with pytest.raises(grpc.RpcError) as caught:
        stub.ExplainTicket(pb.ExplainTicketRequest(tenant="acme", source="zendesk", ticket_id="none"))
    assert caught.value.code() is grpc.StatusCode.NOT_FOUND


def test_a_ticket_is_explained_as_it_was_known() -> None:
    now = Clock(START_US)
    journal = MemoryJournal(now)
    with running(journal) as server:
        rules = PublishRulesRequest(request_id="r", tenant="acme", program="desk", document_json=json.dumps(RULES))
        RuleServiceStub(server.channel).PublishRules(rules)
        record(journal, [fact("1", 0, Opened())])
        now.at_us += 90 * MINUTE_US
        record(journal, [fact("1", 20, Replied(True))])
        stub = TimerServiceStub(server.channel)

        def first_reply(minute: int) -> tuple[int, bool, int]:
            known = timestamp(START_US + minute * MINUTE_US)
            found = stub.ExplainTicket(pb.ExplainTicketRequest(tenant="acme", source="zendesk", ticket_id="1", as_known_at=known))
            timer = found.timers[0].timer
            return timer.state, timer.late, timer.elapsed.seconds // 60

        assert first_reply(60) == (pb.TIMER_STATE_RUNNING, True, 60)
        assert first_reply(90) == (pb.TIMER_STATE_MET, False, 20)
