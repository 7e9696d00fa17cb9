"""Scorecards over real gRPC: recorded, projected by the server, asked for."""
from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator

import grpc
import jwt
import pytest
from google.rpc.error_details_pb2 import BadRequest
from grpc_status import rpc_status

from opsledger.proto.scorecards.v1 import scorecards_pb2 as pb
from opsledger.proto.scorecards.v1.scorecards_pb2_grpc import ScorecardServiceStub
from opsledger.services.cli.json_output import as_document
from opsledger.services.grpc.progress import METADATA_KEY
from opsledger.services.journal.memory import MemoryJournal
from opsledger.services.settings import Auth, Settings
from tests.kit.floor import floor
from tests.kit.read_models import RULES, record, rules_event
from tests.kit.servers import Running, running

WEEK = pb.PeriodName(label="2026-W11")
DESK = {"tenant": "acme", "program": "desk"}


@pytest.fixture(scope="module")
def server() -> Iterator[Running]:
    journal = MemoryJournal()
    position = record(journal, [rules_event(1, RULES), *floor(60)])
    with running(journal) as found:
        stub = ScorecardServiceStub(found.channel)  # type: ignore[no-untyped-call]  # generated without types
        stub.GetScorecard(pb.GetScorecardRequest(**DESK), metadata=[(METADATA_KEY, str(position))])
        yield found


@pytest.fixture
def stub(server: Running) -> ScorecardServiceStub:
    return ScorecardServiceStub(server.channel)  # type: ignore[no-untyped-call]  # generated without types


def test_a_scorecard_has_figures_with_intervals_and_reasons(stub: ScorecardServiceStub) -> None:
    card = stub.GetScorecard(pb.GetScorecardRequest(**DESK, period=WEEK)).scorecard
    figures = {figure.kpi: figure for figure in card.figures}
    assert (card.subject.kind, card.period.label, card.before.label) == (pb.SUBJECT_KIND_PROGRAM, "2026-W11", "2026-W10")
    csat = figures["csat"]
    assert csat.value == csat.numerator / csat.denominator
    assert 0 <= csat.low < csat.value < csat.high <= 1
    unused = figures["sla_met.periodic_update"]
    assert (unused.HasField("value"), unused.HasField("low"), unused.reason) == (False, False, "NO_CASES")


def test_a_wider_confidence_is_a_wider_interval(stub: ScorecardServiceStub) -> None:
    requests = (pb.GetScorecardRequest(**DESK, period=WEEK, confidence=level) for level in (0.8, 0.99))
    narrow, wide = ({figure.kpi: figure for figure in stub.GetScorecard(request).scorecard.figures} for request in requests)
    assert wide["csat"].low < narrow["csat"].low
    assert wide["handle_time"].high > narrow["handle_time"].high


def test_all_agents_page_by_page(stub: ScorecardServiceStub) -> None:
    request = pb.ListScorecardsRequest(**DESK, by=pb.SUBJECT_KIND_AGENT, period=WEEK, page_size=2)
    names = []
    while True:
        page = stub.ListScorecards(request)
        names += [card.subject.name for card in page.scorecards]
        if not page.next_page_token:
            break
        request.page_token = page.next_page_token
    whole = stub.ListScorecards(pb.ListScorecardsRequest(**DESK, by=pb.SUBJECT_KIND_AGENT, period=WEEK))
    assert names == [card.subject.name for card in whole.scorecards]
    assert len(names) == page.total_size > 3


def test_the_tickets_behind_a_figure(stub: ScorecardServiceStub) -> None:
    ann = pb.Subject(kind=pb.SUBJECT_KIND_AGENT, name="ann")
    card = stub.GetScorecard(pb.GetScorecardRequest(**DESK, subject=ann, period=WEEK)).scorecard
    csat = next(figure for figure in card.figures if figure.kpi == "csat")
    found = stub.ListScorecardTickets(pb.ListScorecardTicketsRequest(**DESK, subject=ann, period=WEEK, kpi="csat")).tickets
    assert len(found) == csat.denominator
    assert sum(case.value for case in found) == csat.numerator


@pytest.mark.parametrize(
    ("request_", "field"),
    [
        (pb.GetScorecardRequest(**DESK, period=pb.PeriodName(label="2026-W99")), "period"),
        (pb.GetScorecardRequest(**DESK, confidence=95), "confidence"),
        (pb.GetScorecardRequest(**DESK, subject=pb.Subject(name="ann")), "subject.kind"),
        (pb.ListScorecardsRequest(**DESK, period=WEEK), "by"),
        (pb.ListScorecardsRequest(**DESK, by=pb.SUBJECT_KIND_AGENT, period=WEEK, page_token="x"), "page_token"),
        (pb.ListScorecardsRequest(**DESK, by=pb.SUBJECT_KIND_AGENT, period=WEEK, order_by="merit"), "order_by"),
        (pb.ListScorecardTicketsRequest(**DESK, period=WEEK, kpi="merit"), "kpi"),
    ],
)
def test_a_wrong_field_is_named(stub: ScorecardServiceStub, request_: object, field: str) -> None:
    call = getattr(stub, type(request_).__name__.removesuffix("Request"))
    with pytest.raises(grpc.RpcError) as raised:
        call(request_)
    assert raised.value.code() is grpc.StatusCode.INVALID_ARGUMENT
    details = BadRequest()
    assert any(detail.Unpack(details) for detail in rpc_status.from_call(raised.value).details)
    assert [violation.field for violation in details.field_violations] == [field]


def test_a_request_for_no_program_says_what_is_missing(stub: ScorecardServiceStub) -> None:
    with pytest.raises(grpc.RpcError) as raised:
        stub.GetScorecard(pb.GetScorecardRequest())
    assert raised.value.code() is grpc.StatusCode.INVALID_ARGUMENT
    details = BadRequest()
    assert any(detail.Unpack(details) for detail in rpc_status.from_call(raised.value).details)
    assert [violation.field for violation in details.field_violations] == ["tenant", "program"]


def test_an_unknown_program_is_not_found(stub: ScorecardServiceStub) -> None:
    with pytest.raises(grpc.RpcError) as raised:
        stub.GetScorecard(pb.GetScorecardRequest(tenant="acme", program="nowhere"))
    assert raised.value.code() is grpc.StatusCode.NOT_FOUND


SECRET = "s" * 32


@pytest.fixture(scope="module")
def guarded(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    """A server that asks for tokens."""
    key_file = tmp_path_factory.mktemp("auth") / "secret"
    key_file.write_text(SECRET)
    with running(MemoryJournal(), Settings(listen="127.0.0.1:0", auth=Auth(key_file=key_file, algorithms=("HS256",)))) as found:
        yield found


def token(tenant: str, role: str) -> str:
    return jwt.encode({"sub": "lead", "exp": 9_999_999_999, "tenant": tenant, "roles": [role]}, SECRET, "HS256")


@pytest.mark.parametrize(("tenant", "role"), [("other", "reader"), ("acme", "recorder")], ids=["another tenant", "another role"])
@pytest.mark.parametrize("name", ["GetScorecard", "ListScorecards", "ListScorecardTickets"])
def test_a_token_for_something_else_is_refused(guarded: Running, name: str, tenant: str, role: str) -> None:
    stub = ScorecardServiceStub(guarded.channel)  # type: ignore[no-untyped-call]  # generated without types
    request = getattr(pb, f"{name}Request")(**DESK)
    with pytest.raises(grpc.RpcError) as raised:
        getattr(stub, name)(request, metadata=[("authorization", f"Bearer {token(tenant, role)}")])
    assert raised.value.code() is grpc.StatusCode.PERMISSION_DENIED


def test_the_command_shows_its_token(guarded: Running) -> None:
    asked = ("--server", guarded.address, *NAMED)
    assert "Bearer TOKEN" in command(*asked).stderr
    ran = command(*asked, "--token", token("acme", "reader"))
    assert (ran.returncode, "no program" in ran.stderr) == (1, True)  # let in, and there is nothing yet


class TestTheCommand:
    """``opsledger scorecard --server``, in a process of its own: the server of this one logs to its standard output."""

    def test_asks_a_server(self, server: Running, stub: ScorecardServiceStub) -> None:
        ran = command("--server", server.address, *NAMED, "--by", "agent", "--at", "2026-W11", "--json")
        assert ran.returncode == 0, ran.stderr
        expected = stub.ListScorecards(pb.ListScorecardsRequest(**DESK, by=pb.SUBJECT_KIND_AGENT, period=WEEK))
        assert json.loads(ran.stdout) == as_document(expected)

    def test_repeats_what_the_server_finds_wrong(self, server: Running) -> None:
        ran = command("--server", server.address, *NAMED, "--at", "2026-W99")
        assert (ran.returncode, "2026-W99" in ran.stderr) == (2, True)

    def test_says_so_when_there_is_no_server(self) -> None:
        ran = command("--server", "127.0.0.1:1", *NAMED)
        assert (ran.returncode, "127.0.0.1:1" in ran.stderr) == (1, True)

    def test_needs_tenant_and_program(self, server: Running) -> None:
        assert command("--server", server.address).returncode == 2


NAMED = ("--tenant", "acme", "--program", "desk")


def command(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "opsledger.services.cli.main", "scorecard", *arguments], capture_output=True, text=True, check=False
    )
