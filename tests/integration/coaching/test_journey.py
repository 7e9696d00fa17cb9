"""A session from its plan to its effect, the server killed and started again between any two steps; then what the command shows."""
from __future__ import annotations

import json
import signal
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from google.protobuf.timestamp_pb2 import Timestamp

from opsledger.core.errors import InvalidInput
from opsledger.core.tickets.facts import Actor, ActorKind, FeedbackKind, FeedbackReceived, Opened
from opsledger.proto.coaching.v1 import coaching_pb2 as pb
from opsledger.proto.scorecards.v1 import scorecards_pb2
from opsledger.services.client import Client, connect
from opsledger.services.tickets.codec import encode
from tests.kit.command import run
from tests.kit.processes import server_process
from tests.kit.read_models import START_US, fact

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


def test_from_evidence_to_effect(tmp_path: Path) -> None:
    done: dict[str, Any] = {}
    supervisor, agent = {"tenant": "acme", "actor": "sue"}, {"tenant": "acme", "actor": "ann"}
    steps: list[tuple[dict[str, str], Callable[[Client], Any]]] = [
        (supervisor, lambda client: client.recorder.record(answers())),
        (supervisor, lambda client: done.update(session=client.coaching.PlanSession(
            request_id="plan", program="desk", agent="ann", agenda=["low satisfaction"], measure=MEASURE,
            evidence=[pb.Evidence(ticket=pb.TicketEvidence(source="zendesk", ticket_id="ann-0-39"))]).session.id)),
        (supervisor, lambda client: client.coaching.OpenSession(request_id="open", id=done["session"])),
        (supervisor, lambda client: done.update(item=client.coaching.AgreeActionItem(
            request_id="agree", session=done["session"], change="say what happens next", due_at=DUE).item.id)),
        (supervisor, lambda client: client.coaching.HoldSession(request_id="hold", id=done["session"], summary="one thing")),
        (agent, lambda client: client.coaching.AcknowledgeSession(request_id="acknowledge", id=done["session"])),
        (agent, lambda client: client.coaching.CompleteActionItem(request_id="complete", id=done["item"], evidence="ann-1-1")),
        (supervisor, lambda client: client.coaching.CloseSession(request_id="close", id=done["session"])),
    ]
    answered, position = "", 0
    for number, (who, step) in enumerate(steps):
        with server_process(tmp_path) as server:
            if number:
                before, repeated = steps[number - 1]
                with connect(server.address, **before) as client:
                    assert said(repeated(client)) == answered, "the same request, the same answer"
            with connect(server.address, **who) as client:
                answered = said(step(client))
                position = client.position
            server.end(signal.SIGKILL)
    with server_process(tmp_path) as server, connect(server.address, **supervisor) as client:
        client.sees(position)
        check_effect(client, done["session"])
        check_scorecard(client)
        shown = run("coaching", "effect", done["session"], "--server", server.address, "--tenant", "acme")
        assert shown.code == 0, shown.err
        server.end(signal.SIGTERM)
    check_commands(f"sqlite:///{tmp_path / 'opsledger.db'}", done["session"], shown.out)


def said(answer: Any) -> str:
    return str(answer).replace("duplicate=True", "duplicate=False")


def check_effect(client: Client, session: str) -> None:
    found = client.coaching.MeasureEffect(id=session)
    assert (found.own_before.value, found.own_after.value, found.group_before.value) == (12 / 40, 30 / 40, 130 / 200)
    assert found.net_change.value == pytest.approx(18 / 40)
    assert 0 < found.net_change.low < found.net_change.value < found.net_change.high
    assert (found.net_change.method, found.verdict) == ("newcombe_mover", scorecards_pb2.VERDICT_BETTER)
    assert list(found.cautions) == ["REGRESSION_TO_THE_MEAN", "FIXED_LATE"]
    narrow = client.coaching.MeasureEffect(id=session, confidence=0.8)
    assert found.net_change.low < narrow.net_change.low
    with pytest.raises(InvalidInput):
        client.coaching.MeasureEffect(id=session, confidence=95)


def check_scorecard(client: Client) -> None:
    month = scorecards_pb2.PeriodName(kind=scorecards_pb2.PERIOD_KIND_RANGE, label="2026-01-01..2036-01-01")
    subject = scorecards_pb2.Subject(kind=scorecards_pb2.SUBJECT_KIND_AGENT, name="ann")
    card = client.scorecards.GetScorecard(program="desk", subject=subject, period=month).scorecard
    figures = {figure.kpi: figure.value for figure in card.figures}
    assert (figures["coaching_held"], figures["coaching_open"], figures["coaching_done"]) == (1, 0, 1)


def check_commands(database: str, session: str, effect: str) -> None:
    """Offline they say what the server said."""
    assert run("coaching", "effect", session, "--database", database).out == effect
    assert "net" in effect
    assert "regression to the mean" in effect
    listed = run("coaching", "sessions", "--database", database, "--agent", "ann", "--json")
    assert [one["id"] for one in json.loads(listed.out)["sessions"]] == [session]
    assert "say what happens next" in run("coaching", "items", "--database", database).out
    assert run("coaching", "overdue", "--database", database).out.endswith("0 action items; times are in UTC\n")
    assert run("coaching", "sessions", "--database", database, "--stage", "over").code == 2
    assert run("coaching", "effect", "nobody's", "--database", database).code == 1
