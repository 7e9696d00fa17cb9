"""SamplingService over real gRPC: drawn from recorded tickets, put into analysts' queues, drawn again."""
from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import grpc
import pytest
from google.protobuf.duration_pb2 import Duration
from google.protobuf.field_mask_pb2 import FieldMask

from opsledger.core.tickets.facts import (
    Actor,
    ActorKind,
    Assigned,
    Channel,
    FeedbackKind,
    FeedbackReceived,
    InteractionEnded,
    Opened,
    Reopened,
    Replied,
    Status,
    StatusChanged,
    TicketFact,
)
from opsledger.proto.quality.v1 import evaluations_pb2 as evaluations
from opsledger.proto.quality.v1 import sampling_pb2 as pb
from opsledger.proto.quality.v1.sampling_pb2_grpc import SamplingServiceStub
from opsledger.services.grpc.progress import METADATA_KEY
from opsledger.services.tickets.codec import timestamp
from tests.kit.evaluating import Office, office, sheet
from tests.kit.quality import SIXTY
from tests.kit.read_models import MINUTE_US, RULES, START_US, fact, record, rules_event

MINUTES = 60 * 24 * 7


def call(id: str, agent: str, minutes: int) -> InteractionEnded:
    return InteractionEnded(id, Channel.CALL, True, agent, "tier 1", talk_us=minutes * MINUTE_US)


def ticket(number: int, agent: str, channel: str = "call") -> list[TicketFact]:
    name, minute, actor = f"T{number:03}", number * 10, Actor(ActorKind.AGENT, agent)
    return [
        fact(name, minute, Opened(channel=channel, category="billing", group="tier 1", agent=agent), actor=actor),
        fact(name, minute + 4, call(f"call-{number}", agent, 4), event_id=f"{name} call", actor=actor),
        fact(name, minute + 5, StatusChanged(Status.RESOLVED), actor=actor),
    ]


def tickets() -> list[TicketFact]:
    """Thirty of bob's calls, ten of eve's calls and twenty mails of ann's; one of eve's with everything wrong."""
    found = [each for n in range(30) for each in ticket(n, "bob")]
    found += [each for n in range(30, 40) for each in ticket(n, "eve")]
    found += [each for n in range(40, 60) for each in ticket(n, "ann", "mail")]
    eve, customer = Actor(ActorKind.AGENT, "eve"), Actor(ActorKind.REQUESTER, "c1")
    return [
        *found,
        fact("T035", 356, Reopened("again"), actor=customer),
        fact("T035", 800, call("call-long", "eve", 40), event_id="T035 long call", actor=eve),
        fact("T035", 801, StatusChanged(Status.RESOLVED), actor=eve),
        fact("T035", 802, FeedbackReceived(FeedbackKind.CSAT, 1, 1, 5), actor=customer),
    ]


@contextmanager
def recorded(folder: Path) -> Iterator[Office]:
    with office(folder) as floor:
        floor.position = record(floor.server.application.parts.journal, [rules_event(1, RULES), *tickets()])
        floor.publish()
        yield floor


@pytest.fixture
def floor(tmp_path: Path) -> Iterator[Office]:
    with recorded(tmp_path) as floor:
        yield floor


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Office]:
    """For tests that write nothing."""
    with recorded(tmp_path_factory.mktemp("office")) as floor:
        yield floor


def window(**more: Any) -> pb.FrameFilter:
    found = pb.FrameFilter(to=timestamp(START_US + MINUTES * MINUTE_US), **more)
    getattr(found, "from").CopyFrom(timestamp(START_US))
    return found


def drawn(floor: Office, person: str = "sue", **fields: Any) -> pb.SampleDraw:
    fields = {"method": pb.SAMPLING_METHOD_PER_AGENT, "size": 3, "seed": 7, "filter": window(), "request_id": "draw", **fields}
    response = stub(floor).DrawSample(
        pb.DrawSampleRequest(tenant="acme", program="desk", form="calls", **fields), metadata=seen(floor, person))
    floor.position = max(floor.position, response.position)
    return response.draw


def stub(floor: Office) -> SamplingServiceStub:
    return SamplingServiceStub(floor.server.channel)


def seen(floor: Office, person: str) -> tuple[tuple[str, str], ...]:
    return (*floor.as_person(person), (METADATA_KEY, str(floor.position)))


def replayed(floor: Office, id: str) -> pb.ReplayDrawResponse:
    return stub(floor).ReplayDraw(pb.ReplayDrawRequest(tenant="acme", id=id), metadata=seen(floor, "rob"))


def test_a_draw_fills_the_queues_and_is_answered_the_same_after_a_restart(floor: Office) -> None:
    quotas = [pb.AnalystQuota(analyst="ann", contacts=4), pb.AnalystQuota(analyst="art", contacts=4)]
    day = evaluations.Deadline(within=Duration(seconds=86_400))
    draw = drawn(floor, quotas=quotas, due=day)
    assert (draw.frame_size, draw.drawn, draw.seed, len(draw.frame_hash)) == (60, 9, 7, 64)
    assert Counter(contact.agent for contact in draw.contacts) == {"bob": 3, "eve": 3, "ann": 3}
    assert Counter(contact.analyst for contact in draw.contacts) == {"ann": 4, "art": 4, "": 1}
    assert not [contact for contact in draw.contacts if contact.analyst == contact.agent]
    floor.restart()
    assert drawn(floor, quotas=quotas, due=day) == draw
    queue = floor.listed("ann", filter=evaluations.EvaluationFilter(analyst="ann", draw=draw.id)).evaluations
    assert len(queue) == 4
    assert {each.status for each in queue} == {evaluations.EVALUATION_STATUS_CLAIMED}
    assert all(each.due_at.seconds - each.started_at.seconds == 86_400 for each in queue)
    contacts = {contact.subject.ticket.ticket_id: contact for contact in draw.contacts}
    assert all(each.contact_at == contacts[each.subject.ticket.ticket_id].at for each in queue)
    assert len(floor.listed("sue", filter=evaluations.EvaluationFilter(draw=draw.id)).evaluations) == 9


def test_a_replay_gives_the_same_sample_whatever_was_evaluated_since(floor: Office) -> None:
    draw = drawn(floor, quotas=[pb.AnalystQuota(analyst="art", contacts=9)])
    drawn(floor, request_id="another", seed=8)
    first = floor.listed("art", filter=evaluations.EvaluationFilter(analyst="art", draw=draw.id)).evaluations[0]
    floor.write("art", "SubmitEvaluation", id=first.id, sheet=sheet(**SIXTY))
    floor.restart()
    again = replayed(floor, draw.id)
    assert (again.frame_unchanged, again.same_sample, again.frame_hash) == (True, True, draw.frame_hash)
    assert list(again.contacts) == list(draw.contacts)


def test_a_replay_says_that_the_frame_has_changed(floor: Office) -> None:
    draw = drawn(floor)
    floor.position = record(floor.server.application.parts.journal, ticket(99, "bob"))
    again = replayed(floor, draw.id)
    assert (again.frame_unchanged, again.frame_size) == (False, draw.frame_size + 1)


def test_what_was_drawn_is_not_drawn_again_unless_asked(floor: Office) -> None:
    first = drawn(floor, size=30)
    assert first.drawn == 60
    with pytest.raises(grpc.RpcError) as caught:
        drawn(floor, request_id="again")
    assert caught.value.code() is grpc.StatusCode.INVALID_ARGUMENT
    assert drawn(floor, request_id="all the same", filter=window(include_evaluated=True)).frame_hash == first.frame_hash


def test_a_preview_writes_nothing(floor: Office) -> None:
    position = floor.server.application.parts.journal.position
    preview = drawn(floor, preview=True, request_id="")
    assert (preview.id, preview.drawn) == ("", 9)
    assert floor.server.application.parts.journal.position == position
    draw = drawn(floor)
    assert (list(draw.contacts), draw.frame_hash) == (list(preview.contacts), preview.frame_hash)


@pytest.mark.parametrize(("filter", "size"), [
    ({}, 60), ({"agents": ["bob", "eve"]}, 40), ({"excluded_agents": ["bob"]}, 30), ({"channels": ["mail"]}, 20),
    ({"groups": ["tier 1"], "categories": ["billing"]}, 60), ({"kind": pb.CONTACT_KIND_INTERACTIONS}, 61),
])
def test_the_filter_makes_the_frame(shared: Office, filter: dict[str, Any], size: int) -> None:
    assert drawn(shared, filter=window(**filter), preview=True).frame_size == size


def test_strata_are_in_proportion_and_risks_are_named(shared: Office) -> None:
    draw = drawn(shared, method=pb.SAMPLING_METHOD_STRATIFIED, size=12, preview=True)
    assert Counter((contact.agent, contact.channel) for contact in draw.contacts) == {
        ("bob", "call"): 6, ("ann", "mail"): 4, ("eve", "call"): 2}
    whole = drawn(shared, method=pb.SAMPLING_METHOD_RISK, size=60, preview=True)
    [risky] = [contact for contact in whole.contacts if len(contact.risks) > 1]
    assert (risky.subject.ticket.ticket_id, list(risky.risks)) == ("T035", ["breached", "long", "low_csat", "reopened"])
    calls = drawn(shared, method=pb.SAMPLING_METHOD_RISK, size=61, preview=True, filter=window(kind=pb.CONTACT_KIND_INTERACTIONS))
    assert [each.subject.interaction.interaction_id for each in calls.contacts if "long" in each.risks] == ["call-long"]


def test_an_analyst_with_a_conflict_gets_none_of_it(floor: Office) -> None:
    draw = drawn(
        floor, quotas=[pb.AnalystQuota(analyst="art", contacts=20)], conflicts=[pb.ConflictOfInterest(analyst="art", agent="bob")])
    assert Counter((contact.agent, contact.analyst) for contact in draw.contacts) == {("bob", ""): 3, ("eve", "art"): 3, ("ann", "art"): 3}


def test_draws_are_listed_by_page_without_their_contacts(floor: Office) -> None:
    ids = [drawn(floor, request_id=f"draw {n}", size=1).id for n in range(3)]
    pages, token = [], ""
    while True:
        page = stub(floor).ListDraws(pb.ListDrawsRequest(tenant="acme", page_size=2, page_token=token), metadata=seen(floor, "rob"))
        pages.append([draw.id for draw in page.draws])
        if not (token := page.next_page_token):
            break
    assert pages == [ids[:0:-1], ids[:1]]
    [last] = stub(floor).ListDraws(pb.ListDrawsRequest(tenant="acme", page_size=1), metadata=seen(floor, "rob")).draws
    whole = stub(floor).GetDraw(pb.GetDrawRequest(tenant="acme", id=ids[2]), metadata=seen(floor, "rob")).draw
    assert (last.filter, last.frame_hash, last.drawn, len(whole.contacts)) == (whole.filter, whole.frame_hash, 3, 3)
    masked = stub(floor).GetDraw(
        pb.GetDrawRequest(tenant="acme", id=ids[2], read_mask=FieldMask(paths=["seed"])), metadata=seen(floor, "rob")).draw
    assert masked == pb.SampleDraw(seed=7)


@pytest.mark.parametrize("person", ["ann", "bob", "rob"])
def test_only_a_supervisor_draws(shared: Office, person: str) -> None:
    with pytest.raises(grpc.RpcError) as caught:
        drawn(shared, person)
    assert caught.value.code() is grpc.StatusCode.PERMISSION_DENIED


@pytest.mark.parametrize(("fields", "says"), [
    ({"size": 0}, "size"), ({"method": 0}, "method"), ({"seed": 1 << 53}, "seed"), ({"filter": pb.FrameFilter()}, "filter.from"),
    ({"filter": window(agents=["nobody"])}, "filter"), ({"request_id": ""}, "request_id"),
    ({"quotas": [pb.AnalystQuota(analyst="art"), pb.AnalystQuota(analyst="art")]}, "quotas[1].analyst"),
])
def test_what_cannot_be_drawn_is_refused_by_name(shared: Office, fields: dict[str, Any], says: str) -> None:
    with pytest.raises(grpc.RpcError) as caught:
        drawn(shared, **fields)
    assert caught.value.code() is grpc.StatusCode.INVALID_ARGUMENT
    assert says in caught.value.details()


def test_every_contributors_part_is_drawn_and_drawn_again(floor: Office) -> None:
    """ann wrote a private note on one of bob's tickets, eve closed another, and one was art's when bob resolved it."""
    ann, eve, art = (Actor(ActorKind.AGENT, name) for name in ("ann", "eve", "art"))
    more = [
        fact("T001", 12, Replied(public=False), actor=ann), fact("T002", 30, StatusChanged(Status.CLOSED), actor=eve),
        fact("T003", 31, Assigned(agent="art"), actor=art),
    ]
    floor.position = record(floor.server.application.parts.journal, more)
    asked = {"filter": window(every_contributor=True), "size": 100}
    parts = {(each.subject.ticket.ticket_id, each.agent) for each in drawn(floor, preview=True, **asked).contacts}
    alone = {(each.subject.ticket.ticket_id, each.agent) for each in drawn(floor, preview=True, size=100).contacts}
    assert parts == alone | {("T001", "ann"), ("T002", "eve"), ("T003", "bob")}
    of_ann = drawn(floor, preview=True, size=100, filter=window(every_contributor=True, agents=["ann"]))
    assert {each.agent for each in of_ann.contacts} == {"ann"}
    assert len(of_ann.contacts) == 21
    judged = floor.begin(subject=evaluations.EvaluationSubject(
        ticket=evaluations.TicketSubject(source="zendesk", ticket_id="T001")), agent="ann", analyst="art")
    found = drawn(floor, quotas=[pb.AnalystQuota(analyst="eve", contacts=200)], request_id="parts", **asked)
    by_part = {(each.subject.ticket.ticket_id, each.agent): each.analyst for each in found.contacts}
    assert ("T001", "ann") not in by_part, judged.id
    assert by_part["T001", "bob"] == "eve"
    assert by_part["T002", "bob"] == "", "eve worked on the ticket"
    again = stub(floor).ReplayDraw(pb.ReplayDrawRequest(tenant="acme", id=found.id), metadata=seen(floor, "sue"))
    assert (again.frame_unchanged, again.same_sample) == (True, True)


def test_a_draw_of_before_is_recorded_and_drawn_again_as_ever(floor: Office) -> None:
    """Its filter does not know of contributors."""
    found = drawn(floor)
    [event] = [each for each in floor.server.application.parts.journal.read(0, 1_000) if each.type.endswith("quality.sample.drawn")]
    assert b"every_contributor" not in event.payload
    assert stub(floor).ReplayDraw(pb.ReplayDrawRequest(tenant="acme", id=found.id), metadata=seen(floor, "sue")).same_sample
