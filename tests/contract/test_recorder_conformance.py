"""The cases that ``eventsourcing`` ships for recorders and factories, as they are, over every journal.

A class here says only how its recorder is made, and calls the optional case (subscriptions), which unittest does not collect.
"""
from __future__ import annotations

import tempfile
from pathlib import Path
from typing import ClassVar

import eventsourcing.tests.application as application_cases
import eventsourcing.tests.persistence as cases
import pytest
from eventsourcing.utils import Environment, get_topic

from opsledger.services.journal.recorder import (
    JournalAggregateRecorder,
    JournalApplicationRecorder,
    JournalFactory,
    JournalProcessRecorder,
    JournalTrackingRecorder,
)
from opsledger.services.journal.recorder.sharing import OpenJournal
from tests.kit.journals import ADAPTERS, Clock

MODULE = "opsledger.services.journal.recorder"


class OnJournal:
    """A fresh journal of one adapter for each case."""

    adapter: ClassVar[str]
    opened: OpenJournal

    @pytest.fixture(autouse=True)
    def _journal(self, tmp_path: Path) -> object:
        journal = ADAPTERS[self.adapter](tmp_path / "journal", Clock())
        self.opened = OpenJournal(journal)
        yield
        journal.close()


class AggregateRecorders(OnJournal):
    def create_recorder(self) -> JournalAggregateRecorder:
        return JournalAggregateRecorder(self.opened)


class ApplicationRecorders(OnJournal):
    def create_recorder(self) -> JournalApplicationRecorder:
        return JournalApplicationRecorder(self.opened)


class TrackingRecorders(OnJournal):
    def create_recorder(self) -> JournalTrackingRecorder:
        return JournalTrackingRecorder(self.opened)


class ProcessRecorders(OnJournal):
    def create_recorder(self) -> JournalProcessRecorder:
        return JournalProcessRecorder(self.opened)


class TestAggregateRecorderInMemory(AggregateRecorders, cases.AggregateRecorderTestCase):
    adapter = "memory"


class TestAggregateRecorderInSegments(AggregateRecorders, cases.AggregateRecorderTestCase):
    adapter = "segments"


class TestSnapshotRecorderInSegments(OnJournal, cases.AggregateRecorderTestCase):
    adapter = "segments"

    def create_recorder(self) -> JournalAggregateRecorder:
        return JournalAggregateRecorder(self.opened, "Coaching", "snapshots")


class TestApplicationRecorderInMemory(ApplicationRecorders, cases.ApplicationRecorderTestCase):
    adapter = "memory"
    test_insert_subscribe = cases.ApplicationRecorderTestCase.optional_test_insert_subscribe


class TestApplicationRecorderInSegments(ApplicationRecorders, cases.ApplicationRecorderTestCase):
    adapter = "segments"
    test_insert_subscribe = cases.ApplicationRecorderTestCase.optional_test_insert_subscribe


class TestTextIdsInSegments(ApplicationRecorders, cases.ApplicationRecorderTestCase):
    adapter = "segments"
    test_insert_subscribe = cases.ApplicationRecorderTestCase.optional_test_insert_subscribe

    def new_originator_id(self) -> str:
        return f"agent-{super().new_originator_id()}"


class TestProcessRecorderAsApplicationRecorderInSegments(ProcessRecorders, cases.ApplicationRecorderTestCase):
    adapter = "segments"
    test_insert_subscribe = cases.ApplicationRecorderTestCase.optional_test_insert_subscribe


class TestTrackingRecorderInMemory(TrackingRecorders, cases.TrackingRecorderTestCase):
    adapter = "memory"


class TestTrackingRecorderInSegments(TrackingRecorders, cases.TrackingRecorderTestCase):
    adapter = "segments"


class TestProcessRecorderAsTrackingRecorderInSegments(ProcessRecorders, cases.TrackingRecorderTestCase):
    adapter = "segments"


class TestProcessRecorderInMemory(ProcessRecorders, cases.ProcessRecorderTestCase):
    adapter = "memory"


class TestProcessRecorderInSegments(ProcessRecorders, cases.ProcessRecorderTestCase):
    adapter = "segments"


class TestNonInterleavingInMemory(ApplicationRecorders, cases.NonInterleavingNotificationIDsBaseCase):
    adapter = "memory"


class TestNonInterleavingInSegments(ApplicationRecorders, cases.NonInterleavingNotificationIDsBaseCase):
    adapter = "segments"


class TestAggregateRecorderOnKafka(AggregateRecorders, cases.AggregateRecorderTestCase):
    adapter = "kafka"


class TestApplicationRecorderOnKafka(ApplicationRecorders, cases.ApplicationRecorderTestCase):
    adapter = "kafka"
    test_insert_subscribe = cases.ApplicationRecorderTestCase.optional_test_insert_subscribe


class TestTrackingRecorderOnKafka(TrackingRecorders, cases.TrackingRecorderTestCase):
    adapter = "kafka"


class TestProcessRecorderOnKafka(ProcessRecorders, cases.ProcessRecorderTestCase):
    adapter = "kafka"


class TestNonInterleavingOnKafka(ApplicationRecorders, cases.NonInterleavingNotificationIDsBaseCase):
    adapter = "kafka"


class OwnTrackingRecorder(JournalTrackingRecorder):
    """What a view's author derives."""


class TestFactory(cases.InfrastructureFactoryTestCase[JournalFactory]):
    def setUp(self) -> None:
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.env = Environment("TestCase", {"PERSISTENCE_MODULE": MODULE, "OPSLEDGER_JOURNAL": folder.name})
        super().setUp()

    def expected_factory_class(self) -> type[JournalFactory]:
        return JournalFactory

    def expected_aggregate_recorder_class(self) -> type[JournalAggregateRecorder]:
        return JournalAggregateRecorder

    def expected_application_recorder_class(self) -> type[JournalApplicationRecorder]:
        return JournalApplicationRecorder

    def expected_tracking_recorder_class(self) -> type[JournalTrackingRecorder]:
        return JournalTrackingRecorder

    def tracking_recorder_subclass(self) -> type[JournalTrackingRecorder]:
        return OwnTrackingRecorder

    def expected_process_recorder_class(self) -> type[JournalProcessRecorder]:
        return JournalProcessRecorder


class TestExampleApplication(application_cases.ExampleApplicationTestCase):
    expected_factory_topic = get_topic(JournalFactory)

    @pytest.fixture(autouse=True)
    def _environment(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("PERSISTENCE_MODULE", MODULE)
        monkeypatch.setenv("BANKACCOUNTS_OPSLEDGER_JOURNAL", str(tmp_path))


def test_no_case_of_the_library_is_left_out() -> None:
    shipped = {
        case for name, case in vars(cases).items() if name.endswith(("RecorderTestCase", "FactoryTestCase", "IDsBaseCase"))
    } - {cases.RecorderTestCase}
    here = [value for value in globals().values() if isinstance(value, type) and getattr(value, "adapter", "segments") == "segments"]
    assert len(shipped) == 6
    for case in shipped:
        assert any(issubclass(suite, case) for suite in here), case
    optional = {name for case in shipped for name in dir(case) if name.startswith("optional_")}
    assert optional == {"optional_test_insert_subscribe"}
