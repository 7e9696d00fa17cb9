"""What a session led to, by real answers of customers: through the server, on the scorecard, and on the command line."""
from __future__ import annotations

import json
from collections.abc import Iterator

import pytest
from google.protobuf.timestamp_pb2 import Timestamp

from opsledger.core.errors import InvalidInput
from opsledger.core.tickets.facts import Actor, ActorKind, FeedbackKind, FeedbackReceived, Opened
from opsledger.proto.coaching.v1 import coaching_pb2 as pb
from opsledger.proto.scorecards.v1 import scorecards_pb2
from opsledger.services.client import Client, connect
from opsledger.services.journal.memory import MemoryJournal
from opsledger.services.tickets.codec import encode
from tests.kit.command import run
from tests.kit.read_models import START_US, fact
from tests.kit.servers import Running, running

REQUESTER = Actor(ActorKind.REQUESTER, "customer")
DAY_MIN = 24 * 60
BASELINE, FOLLOW_UP = ((START_US + first * 86_400_000_000, START_US + last * 86_400_000_000) for first, last in ((0, 28), (28, 56)))
ANSWERS = {  # agent: satisfied of so many, in the two windows
    "ann": ((12, 40), (30, 40)), "bob": ((70, 100), (72, 100)), "cem": ((60, 100), (58, 100)),
}


def answers() -> list[bytes]:
    """Customers' answers about the work of three agents, in both windows."""
    found: list[bytes] = []
    for agent, windows in ANSWERS.items():
        for window, (satisfied, asked) in enumerate(windows):
            for number in range(asked):
                minute, ticket = (window * 28 + 1) * DAY_MIN + number, f"{agent}-{window}-{number}"
                score = 5 if number < satisfied else 1
                found += [
                    encode(fact(ticket, minute, Opened(group="desk", agent=agent))).SerializeToString(),
                    encode(fact(ticket, minute + 1, FeedbackReceived(FeedbackKind.CSAT, score, 1, 5), actor=REQUESTER)).SerializeToString(),
                ]
    return found


def window(span: tuple[int, int]) -> pb.Window:
    return pb.Window(start=Timestamp(seconds=span[0] // 10**6), end=Timestamp(seconds=span[1] // 10**6))


MEASURE = pb.Measure(metric="csat", baseline=window(BASELINE), follow_up=window(FOLLOW_UP), comparison_group="desk")
DUE = Timestamp(seconds=1_000_000_000)


@pytest.fixture(scope="module")
def server() -> Iterator[Running]:
    with running(MemoryJournal()) as server:
        yield server


@pytest.fixture(scope="module")
def sue(server: Running) -> Iterator[Client]:
    with connect(server.address, tenant="acme", actor="sue") as client:
        assert all(outcome.position for outcome in client.recorder.record(answers()))
        yield client


@pytest.fixture(scope="module")
def session(server: Running, sue: Client) -> str:
    """Of one that was held and acknowledged, and whose action item is done."""
    evidence = [pb.Evidence(ticket=pb.TicketEvidence(source="zendesk", ticket_id="ann-0-39"))]
    id = sue.coaching.PlanSession(program="desk", agent="ann", agenda=["low satisfaction"], measure=MEASURE, evidence=evidence).session.id
    sue.coaching.OpenSession(id=id)
    item = sue.coaching.AgreeActionItem(session=id, change="say what happens next", due_at=DUE).item.id
    sue.coaching.HoldSession(id=id)
    with connect(server.address, tenant="acme", actor="ann") as ann:
        ann.coaching.AcknowledgeSession(id=id)
        ann.coaching.CompleteActionItem(id=item, evidence="ann-1-1")
        sue.sees(ann.position)
    return id


def test_the_effect_of_a_session_on_a_share(sue: Client, session: str) -> None:
    found = sue.coaching.MeasureEffect(id=session)
    assert (found.own_before.value, found.own_after.value, found.group_before.value) == (12 / 40, 30 / 40, 130 / 200)
    assert found.net_change.value == pytest.approx(18 / 40)
    assert 0 < found.net_change.low < found.net_change.value < found.net_change.high
    assert (found.net_change.method, found.verdict) == ("newcombe_mover", scorecards_pb2.VERDICT_BETTER)
    assert list(found.cautions) == ["REGRESSION_TO_THE_MEAN", "FIXED_LATE"]
    narrow = sue.coaching.MeasureEffect(id=session, confidence=0.8)
    assert found.net_change.low < narrow.net_change.low
    with pytest.raises(InvalidInput):
        sue.coaching.MeasureEffect(id=session, confidence=95)


def test_a_scorecard_counts_sessions_and_action_items(sue: Client, session: str) -> None:
    month = scorecards_pb2.PeriodName(kind=scorecards_pb2.PERIOD_KIND_RANGE, label="2026-01-01..2036-01-01")
    subject = scorecards_pb2.Subject(kind=scorecards_pb2.SUBJECT_KIND_AGENT, name="ann")
    card = sue.scorecards.GetScorecard(program="desk", subject=subject, period=month).scorecard
    figures = {figure.kpi: figure.value for figure in card.figures}
    assert (figures["coaching_held"], figures["coaching_open"], figures["coaching_done"]) == (1, 0, 1)


def test_commands_say_offline_what_the_server_says(server: Running, sue: Client, session: str) -> None:
    sue.coaching.ListSessions()  # waits until the read models have seen everything
    database = str(server.application.parts.engine.url)
    effect = run("coaching", "effect", session, "--database", database).out
    asked = run("coaching", "effect", session, "--server", server.address, "--tenant", "acme")
    assert asked.code == 0, asked.err
    assert asked.out.endswith(effect), "before it stands the log of the server in this process"
    assert "net" in effect
    assert "regression to the mean" in effect
    listed = run("coaching", "sessions", "--database", database, "--agent", "ann", "--json")
    assert [one["id"] for one in json.loads(listed.out)["sessions"]] == [session]
    assert "say what happens next" in run("coaching", "items", "--database", database).out
    assert run("coaching", "overdue", "--database", database).out.endswith("0 action items; times are in UTC\n")
    assert run("coaching", "sessions", "--database", database, "--stage", "over").code == 2
    assert run("coaching", "effect", "nobody's", "--database", database).code == 1
