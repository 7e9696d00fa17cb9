"""Given the course of a coaching session, when a command comes, then these events, or this error."""
from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import pytest

from opsledger.core.coaching import evidence, measure
from opsledger.core.coaching.errors import MeasureIsFixed, NotTheCoached, OutOfTurn
from opsledger.core.coaching.evidence import Breach, Evaluation, Interaction, Ticket
from opsledger.core.coaching.measure import Measure, Window
from opsledger.core.coaching.outcomes import session_outcomes
from opsledger.core.coaching.session import CoachingSession, Stage
from opsledger.core.errors import InvalidInput
from tests.kit.aggregates import recorded, settled

NINE_US = 1_767_949_200_000_000
DAY_US = 86_400_000_000
TICKET = Ticket("zendesk", "T1")
MEASURE = Measure("csat", True, Window(NINE_US - 28 * DAY_US, NINE_US), Window(NINE_US, NINE_US + 28 * DAY_US), "desk", ())
Command = Callable[[CoachingSession], None]


def planned(*then: Command) -> CoachingSession:
    session = CoachingSession("acme", "desk", "ann", "sue", ["greeting"], [evidence.plain(TICKET)], 0, NINE_US)
    for command in then:
        command(session)
    settled(session)
    return session


@dataclass
class Say:
    """A command with its arguments, and its name as the id of a case."""

    name: str
    arguments: tuple[object, ...]

    def __call__(self, session: CoachingSession) -> None:
        getattr(session, self.name)(*self.arguments)


revise = Say("revise", ("sue", ["greeting", "closing"], [TICKET], NINE_US))
fix_measure = Say("fix_measure", (MEASURE, NINE_US))
open_ = Say("open", ("sue", NINE_US + 1))
note = Say("note", ("sue", "listens well", NINE_US + 2))
hold = Say("hold", ("agreed on one thing", NINE_US + 3))
acknowledge = Say("acknowledge", ("ann", "thanks", NINE_US + 4))
close = Say("close", ("sue", NINE_US + 5))
cancel = Say("cancel", ("sue", "ann is ill", NINE_US + 6))

HELD = [open_, hold]
ACKNOWLEDGED = [*HELD, acknowledge]
CLOSED = [*ACKNOWLEDGED, close]

CHANGES = {
    "revise": [("Revised", {
        "agenda": ["greeting", "closing"], "evidence": [{"kind": "ticket", "source": "zendesk", "ticket_id": "T1"}],
        "scheduled_at_us": NINE_US, "revised_by": "sue",
    })],
    "fix_measure": [("MeasureFixed", {"measure": measure.plain(MEASURE), "fixed_at_us": NINE_US})],
    "open": [("Opened", {"opened_by": "sue", "opened_at_us": NINE_US + 1})],
    "note": [("Noted", {"text": "listens well", "noted_by": "sue", "noted_at_us": NINE_US + 2})],
    "hold": [("Held", {"summary": "agreed on one thing", "held_at_us": NINE_US + 3})],
    "acknowledge": [("Acknowledged", {"comment": "thanks", "acknowledged_at_us": NINE_US + 4})],
    "close": [("Closed", {"closed_by": "sue", "closed_at_us": NINE_US + 5})],
    "cancel": [("Cancelled", {"reason": "ann is ill", "cancelled_by": "sue", "cancelled_at_us": NINE_US + 6})],
}
ROUTE = {  # what each command does at each stage: it is recorded, it is nothing, or it is refused
    Stage.PLANNED: ([], "revise fix_measure open cancel", ""),
    Stage.OPEN: ([open_], "revise fix_measure note hold cancel", "open"),
    Stage.HELD: (HELD, "acknowledge", "open hold"),
    Stage.ACKNOWLEDGED: (ACKNOWLEDGED, "close", "open hold acknowledge"),
    Stage.CLOSED: (CLOSED, "", "open hold acknowledge close"),
    Stage.CANCELLED: ([cancel], "", "cancel"),
}


@pytest.mark.parametrize("command", [revise, fix_measure, open_, note, hold, acknowledge, close, cancel], ids=lambda command: command.name)
@pytest.mark.parametrize("stage", list(Stage))
def test_each_command_at_each_stage(stage: Stage, command: Say) -> None:
    given, changing, nothing = ROUTE[stage]
    session = planned(*given)
    assert session.stage is stage
    if command.name in changing.split():
        command(session)
        assert recorded(session) == CHANGES[command.name]
    elif command.name in nothing.split():
        command(session)
        assert recorded(session) == []
    else:
        with pytest.raises(OutOfTurn, match=f"is {stage}"):
            command(session)
        assert recorded(session) == []


@pytest.mark.parametrize("command", [revise, fix_measure], ids=lambda command: command.name)
def test_saying_the_same_again_records_nothing(command: Say) -> None:
    session = planned(command)
    command(session)
    assert recorded(session) == []


@pytest.mark.parametrize("given", [HELD, ACKNOWLEDGED], ids=["held", "acknowledged"])
def test_only_the_agent_acknowledges(given: list[Say]) -> None:
    session = planned(*given)
    with pytest.raises(NotTheCoached, match="sue"):
        session.acknowledge("sue", "", NINE_US)


def test_what_it_is_measured_by_is_fixed_once() -> None:
    session = planned(fix_measure)
    with pytest.raises(MeasureIsFixed):
        session.fix_measure(MEASURE._replace(metric="reopen_rate"), NINE_US)
    assert (session.measure, session.measure_fixed_at_us) == (MEASURE, NINE_US)


@pytest.mark.parametrize(("change", "field"), [
    ({"metric": "merit"}, "measure.metric"),
    ({"metric": "tickets_resolved"}, "measure.metric"),
    ({"baseline": Window(NINE_US, NINE_US)}, "measure.baseline"),
    ({"follow_up": Window(NINE_US - 1, NINE_US + 1)}, "measure.follow_up"),
    ({"comparison_agents": ("bob",)}, "measure.comparison_agents"),
    ({"comparison_group": "", "comparison_agents": ("ann", "bob")}, "measure.comparison_agents"),
])
def test_a_measure_that_measures_nothing_is_refused(change: dict[str, object], field: str) -> None:
    with pytest.raises(InvalidInput) as raised:
        planned().fix_measure(MEASURE._replace(**change), NINE_US)
    assert [violation.field for violation in raised.value.violations] == [field]


def test_action_items_are_agreed_while_it_is_open_or_held() -> None:
    planned(open_).require_agreeing()
    planned(*HELD).require_agreeing()
    for given in ([], ACKNOWLEDGED, CLOSED, [cancel]):
        with pytest.raises(OutOfTurn):
            planned(*given).require_agreeing()


@pytest.mark.parametrize("one", [
    Evaluation("8b7cf6c0-0d8d-4c3c-9d56-000000000001"), TICKET, Interaction("zendesk", "T1", "call 1"),
    Breach("zendesk", "T1", "resolution", 2),
])
def test_evidence_is_read_as_it_was_written(one: evidence.Evidence) -> None:
    assert evidence.typed(evidence.plain(one)) == one


def test_a_measure_is_read_as_it_was_written() -> None:
    assert measure.typed(measure.plain(MEASURE)) == MEASURE


def test_its_past_is_readable_under_its_topics() -> None:
    kinds = {
        "planned": CoachingSession.Planned, "revised": CoachingSession.Revised, "measure_fixed": CoachingSession.MeasureFixed,
        "opened": CoachingSession.Opened, "noted": CoachingSession.Noted, "held": CoachingSession.Held,
        "acknowledged": CoachingSession.Acknowledged, "closed": CoachingSession.Closed, "cancelled": CoachingSession.Cancelled,
    }
    assert {name: kind.TOPIC for name, kind in kinds.items()} == {name: f"coaching.session.{name}" for name in kinds}


def test_it_counts_once_it_was_held() -> None:
    assert [list(session_outcomes(planned(*given))) for given in ([], [open_], [cancel])] == [[], [], []]
    for given in (HELD, CLOSED):
        [row] = session_outcomes(planned(*given))
        assert (row.kpi, row.at_us, row.agent) == ("coaching_held", NINE_US + 3, "ann")
