"""The time that a process goes by while the machine's clock is set here and there, and what the journal makes of it."""
from __future__ import annotations

import logging
from pathlib import Path

import pytest
from grpc_health.v1.health_pb2 import HealthCheckRequest, HealthCheckResponse
from grpc_health.v1.health_pb2_grpc import HealthStub

from opsledger.services.journal.clock import SteadyClock
from opsledger.services.journal.recorded_at import TRUST, RecordedAt
from opsledger.services.journal.segment import SegmentJournal
from tests.kit.journals import START_US, Clock, event, facts
from tests.kit.servers import running

SECOND_US, MINUTE_US, HOUR_US, DAY_US, YEAR_US = (1_000_000 * seconds for seconds in (1, 60, 3_600, 86_400, 31_557_600))


class Machine:
    """Its clock can be set; what counts up since it was started cannot."""

    def __init__(self) -> None:
        self.wall_us, self.elapsed_us = START_US, 0
        self.clock = SteadyClock(lambda: self.wall_us, lambda: self.elapsed_us)

    def run(self, span_us: int) -> None:
        self.wall_us += span_us
        self.elapsed_us += span_us

    def set(self, by_us: int) -> None:
        self.wall_us += by_us

    def since_start_us(self) -> int:
        return self.clock() - START_US


@pytest.fixture
def machine() -> Machine:
    return Machine()


@pytest.mark.parametrize("jump_us", [10 * YEAR_US, -50 * YEAR_US, 2 * HOUR_US, -2 * HOUR_US, 70 * SECOND_US])
def test_a_jump_is_not_followed_and_is_said(machine: Machine, jump_us: int, caplog: pytest.LogCaptureFixture) -> None:
    machine.run(HOUR_US)
    assert machine.since_start_us() == HOUR_US
    machine.set(jump_us)
    machine.run(MINUTE_US)
    assert (machine.since_start_us(), machine.clock.offset_us) == (HOUR_US + MINUTE_US, jump_us)
    machine.run(MINUTE_US)
    assert machine.since_start_us() == HOUR_US + 2 * MINUTE_US
    [said] = caplog.messages
    assert "is not believed" in said
    machine.set(-jump_us)
    machine.run(MINUTE_US)
    assert (machine.since_start_us(), machine.clock.offset_us) == (HOUR_US + 3 * MINUTE_US, 0)
    assert "right again" in caplog.messages[1]


@pytest.mark.parametrize("step_us", [50 * SECOND_US, -50 * SECOND_US])
def test_a_step_of_seconds_is_followed(machine: Machine, step_us: int, caplog: pytest.LogCaptureFixture) -> None:
    machine.set(step_us)
    assert (machine.since_start_us(), machine.clock.offset_us, caplog.messages) == (step_us, 0, [])


@pytest.mark.parametrize("correction_us", [2 * HOUR_US, -2 * HOUR_US])
def test_a_correction_of_hours_is_believed_when_it_has_settled(machine: Machine, correction_us: int) -> None:
    """As when a machine starts with its clock in local time, and NTP sets it right later."""
    machine.set(correction_us)
    assert machine.since_start_us() == 0
    machine.run(14 * MINUTE_US)
    assert machine.since_start_us() == 14 * MINUTE_US
    machine.run(MINUTE_US)
    assert (machine.since_start_us(), machine.clock.offset_us) == (15 * MINUTE_US + correction_us, 0)
    machine.run(HOUR_US)
    assert machine.since_start_us() == 75 * MINUTE_US + correction_us


def test_a_clock_that_jumps_on_does_not_settle(machine: Machine) -> None:
    for minute in range(1, 60):
        machine.set(2 * MINUTE_US)
        machine.run(MINUTE_US)
        assert machine.since_start_us() == minute * MINUTE_US


def test_years_never_settle(machine: Machine) -> None:
    machine.set(10 * YEAR_US)
    for day in range(1, 30):
        machine.run(DAY_US)
        assert machine.since_start_us() == day * DAY_US


def test_a_clock_that_runs_too_fast_is_caught_however_often_it_is_read(machine: Machine) -> None:
    for _ in range(600):
        machine.run(SECOND_US)
        machine.set(SECOND_US)
        machine.clock()
    assert machine.since_start_us() == pytest.approx(600 * SECOND_US, abs=62 * SECOND_US)


def test_what_ntp_corrects_over_a_year_is_followed(machine: Machine) -> None:
    for _ in range(365):
        machine.run(DAY_US)
        machine.set(DAY_US * 500 // 1_000_000)
        assert machine.clock() == machine.wall_us


def test_recorded_at_stands_still_until_the_clock_has_passed_a_last_commit_from_the_future(caplog: pytest.LogCaptureFixture) -> None:
    clock = Clock()
    recorded_at = RecordedAt(clock, START_US + 10 * YEAR_US)
    [said] = caplog.messages
    assert "2033-11-14T10:13:20Z, which is 3652 days, 12:00:00 ahead of this machine's clock (2023-11-14T22:13:20Z)" in said
    for at_us, wanted_us in ((0, 10 * YEAR_US), (HOUR_US, 10 * YEAR_US), (11 * YEAR_US, 11 * YEAR_US)):
        clock.at_us = START_US + at_us
        assert recorded_at() == START_US + wanted_us
    assert not recorded_at.is_doubted


def test_a_clock_years_after_the_last_commit_is_not_believed(caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch) -> None:
    clock = Clock(START_US + 10 * YEAR_US)
    recorded_at = RecordedAt(clock, START_US)
    assert recorded_at() == START_US
    clock.at_us += HOUR_US
    assert (recorded_at(), recorded_at.is_doubted) == (START_US + HOUR_US, True)
    assert [message.count("3652 days, 12:00:00 after the journal's last commit") for message in caplog.messages] == [1]
    clock.at_us = START_US + DAY_US
    assert (recorded_at(), recorded_at.is_doubted) == (START_US + DAY_US, False)
    clock.at_us = START_US + 10 * YEAR_US
    monkeypatch.setenv(TRUST, "1")
    assert (recorded_at(), recorded_at.is_doubted) == (clock.at_us, False)


def test_a_journal_does_not_take_the_year_2036_from_one_wrong_reading(tmp_path: Path) -> None:
    clock = Clock()
    with SegmentJournal.open(tmp_path / "journal", now_us=clock) as journal:
        for at_us in (0, 12 * YEAR_US, HOUR_US):
            clock.at_us = START_US + at_us
            journal.append(facts(event()))
        assert [each.recorded_at_us - START_US for each in journal.read()] == [0, 0, HOUR_US]


def test_the_health_and_the_metrics_say_that_the_last_commit_lies_in_the_future(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "journal"
    with SegmentJournal.open(folder, now_us=Clock(START_US + 100 * YEAR_US)) as journal:
        journal.append(facts(event()))
    with caplog.at_level(logging.ERROR), SegmentJournal.open(folder) as journal, running(journal) as server:
        assert "ahead of this machine's clock" in caplog.text
        health = HealthStub(server.channel)
        assert health.Check(HealthCheckRequest(service="clock")).status == HealthCheckResponse.NOT_SERVING
        assert health.Check(HealthCheckRequest(service="")).status == HealthCheckResponse.SERVING
        ahead_s = server.application.parts.metrics.registry.get_sample_value("opsledger_recorded_at_ahead_seconds")
        assert ahead_s is not None
        assert ahead_s > 50 * YEAR_US / SECOND_US
        assert journal.append(facts(event())).positions == (2,)
    with SegmentJournal.open(tmp_path / "right") as journal, running(journal) as server:
        journal.append(facts(event()))
        assert HealthStub(server.channel).Check(HealthCheckRequest(service="clock")).status == HealthCheckResponse.SERVING
