"""Applications of ``eventsourcing`` on a journal: what their users rely on, beyond the library's own cases."""
from __future__ import annotations

import gc
from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from threading import Thread
from uuid import UUID, uuid4

import pytest
from eventsourcing.persistence import (
    DataError,
    IntegrityError,
    Notification,
    OperationalError,
    ProgrammingError,
    RecordConflictError,
    StoredEvent,
    Tracking,
)
from eventsourcing.projection import EventSourcedProjectionRunner, ProjectionRunner
from hypothesis import given
from hypothesis import strategies as st

from opsledger.core.errors import JournalStopped, VersionConflict
from opsledger.services.journal.memory import MemoryJournal
from opsledger.services.journal.recorder import JournalApplicationRecorder, JournalFactory, JournalProcessRecorder, lend
from opsledger.services.journal.recorder.sharing import OpenJournal
from opsledger.services.journal.segment import SegmentJournal
from tests.kit.coaching import ActionItem, Coaching, CompletedProjection, CompletedView, Tallies, environment
from tests.kit.journals import event, facts

TEXT = st.text(st.characters(codec="utf-8"), max_size=18)


@pytest.fixture
def app(tmp_path: Path) -> Iterator[Coaching]:
    with Coaching(environment(tmp_path)) as opened:
        yield opened


def log(app: Coaching) -> list[tuple[int, str]]:
    return [(item.id, item.topic.rpartition(".")[2]) for item in app.recorder.select_notifications(1, 100)]


class TestDecisions:
    def test_survive_a_reopening(self, tmp_path: Path) -> None:
        with Coaching(environment(tmp_path)) as app:
            item_id, _ = app.agree("agent-7")
            app.complete(item_id, "call 812")
            before = log(app)
        with Coaching(environment(tmp_path)) as app:
            assert app.repository.get(item_id).evidence == "call 812"
            assert log(app) == before == [(1, "agreed"), (2, "completed")]

    def test_a_change_of_an_old_copy_is_refused_and_leaves_nothing(self, app: Coaching) -> None:
        item_id, _ = app.agree("agent-7")
        first, second, other = app.repository.get(item_id), app.repository.get(item_id), ActionItem("agent-8")
        first.complete("call 812")
        second.complete("call 900")
        app.save(first)
        with pytest.raises(IntegrityError) as refused:
            app.save(other, second)
        assert isinstance(refused.value, RecordConflictError)
        assert isinstance(refused.value.__cause__, VersionConflict)
        assert log(app) == [(1, "agreed"), (2, "completed")]

    def test_snapshots_are_taken_used_and_in_no_notification_log(self, app: Coaching) -> None:
        item_id, _ = app.agree("agent-7")
        app.complete(item_id, "call 812")
        app.reopen(item_id)
        assert app.snapshots is not None
        assert [snapshot.originator_version for snapshot in app.snapshots.get(item_id)] == [3]
        app.complete(item_id, "call 900")
        assert app.repository.get(item_id).evidence == "call 900"
        assert app.repository.get(item_id, version=2).evidence == "call 812"
        assert log(app) == [(1, "agreed"), (2, "completed"), (3, "reopened"), (5, "completed")]


class TestRequests:
    def test_a_repeated_request_records_nothing_and_has_the_first_answer(self, tmp_path: Path) -> None:
        with Coaching(environment(tmp_path)) as app:
            item_id, first = app.agree("agent-7", request_id="r-1", tenant="acme")
            _, again = app.agree("agent-7", request_id="r-1", tenant="acme")
            assert again == first == [1]
        with Coaching(environment(tmp_path)) as app:
            assert app.agree("agent-7", request_id="r-1", tenant="acme")[1] == [1]
            assert log(app) == [(1, "agreed")]
            assert app.repository.get(item_id).owner_id == "agent-7"

    def test_request_ids_of_tenants_are_told_apart(self, app: Coaching) -> None:
        answers = [app.agree("agent-7", request_id="r-1", tenant=tenant)[1] for tenant in ("acme", "umbrella", "")]
        assert answers == [[1], [2], [3]]

    def test_a_repeated_request_that_has_nothing_left_to_do_is_no_error(self, app: Coaching) -> None:
        item_id, _ = app.agree("agent-7")
        assert app.complete(item_id, "call 812", request_id="r-2") == [2]
        assert app.complete(item_id, "call 812", request_id="r-2") == []

    def test_a_repeated_request_decided_otherwise_records_nothing(self, app: Coaching) -> None:
        app.agree("agent-7", request_id="r-1")
        assert app.save(ActionItem("agent-7"), ActionItem("agent-8"), request_id="r-1") == []
        assert log(app) == [(1, "agreed")]

    def test_a_refused_request_can_be_repeated(self, app: Coaching) -> None:
        item_id, _ = app.agree("agent-7")
        stale = app.repository.get(item_id)
        stale.complete("call 812")
        app.complete(item_id, "call 811")
        with pytest.raises(IntegrityError):
            app.save(stale, request_id="r-2")
        app.reopen(item_id)
        assert app.complete(item_id, "call 812", request_id="r-2")[0] > 0


class TestOneJournalForMany:
    def test_facts_are_in_no_notification_log(self, tmp_path: Path) -> None:
        journal = MemoryJournal()
        with lend(tmp_path, journal), Coaching(environment(tmp_path)) as app:
            journal.append(facts(event(), event()))
            _, [first] = app.agree("agent-7")
            journal.append(facts(event()))
            _, [second] = app.agree("agent-8")
            journal.append(facts(event(type="es.v1.happened"), event(type="es")))
            assert [id_ for id_, _ in log(app)] == [first, second] == [3, 5]
            assert app.recorder.max_notification_id() == 5
        assert journal.position == 7  # its owner's, and still open
        journal.append(facts(event()))

    def test_applications_have_their_own_logs_and_tracking(self, tmp_path: Path) -> None:
        class Other(Coaching):
            pass

        with Coaching(environment(tmp_path)) as app, Other(environment(tmp_path)) as other:
            app.agree("agent-7")
            other.agree("agent-8")
            app.agree("agent-9")
            assert [id_ for id_, _ in log(app)] == [1, 3]
            assert [id_ for id_, _ in log(other)] == [2]

    def test_a_prefixed_folder_is_that_application_s(self, tmp_path: Path) -> None:
        env = {**environment(tmp_path / "all"), "COACHING_OPSLEDGER_JOURNAL": str(tmp_path / "own")}
        with Coaching(env) as app:
            app.agree("agent-7")
        with Coaching(environment(tmp_path / "own")) as app:
            assert log(app) == [(1, "agreed")]

    def test_the_journal_is_closed_with_its_last_user(self, tmp_path: Path) -> None:
        first, second = Coaching(environment(tmp_path)), Coaching(environment(tmp_path))
        first.close()
        first.close()
        second.agree("agent-7")
        second.close()
        with pytest.raises(OperationalError) as refused:
            second.agree("agent-8")
        assert isinstance(refused.value.__cause__, JournalStopped)
        SegmentJournal.open(tmp_path).close()

    def test_the_journal_of_a_forgotten_application_is_closed_when_the_next_one_comes(self, tmp_path: Path) -> None:
        forgotten: list[object] = [Coaching(environment(tmp_path / "forgotten"))]
        forgotten.append(forgotten)  # only the garbage collector can find it
        del forgotten
        gc.collect()
        with Coaching(environment(tmp_path / "next")):
            SegmentJournal.open(tmp_path / "forgotten").close()


class TestFollowing:
    def test_a_subscription_waits_for_what_is_recorded_later(self, app: Coaching) -> None:
        got: list[Notification] = []
        subscription = app.recorder.subscribe(gt=None, topics=[ActionItem.Agreed.TOPIC])

        def follow() -> None:
            with subscription:
                got.extend(islice(subscription, 3))

        follower = Thread(target=follow)
        follower.start()
        ids = []
        for owner in ("agent-7", "agent-8", "agent-9"):
            item_id, added = app.agree(owner)
            app.complete(item_id, "call 812")
            ids += added
        follower.join(10)
        assert [notification.id for notification in got] == ids

    def test_stop_ends_a_waiting_subscription(self, app: Coaching) -> None:
        subscription = app.recorder.subscribe()
        follower = Thread(target=lambda: list(subscription))
        follower.start()
        subscription.stop()
        follower.join(10)
        assert not follower.is_alive()

    def test_closing_the_journal_ends_a_waiting_subscription_with_an_error(self, tmp_path: Path) -> None:
        app = Coaching(environment(tmp_path))
        subscription = app.recorder.subscribe()
        app.close()
        with pytest.raises(OperationalError):
            next(subscription)

    def test_a_journal_that_is_written_no_more_ends_a_waiting_subscription_with_an_error(self, tmp_path: Path) -> None:
        SegmentJournal.open(tmp_path).close()
        with SegmentJournal.open(tmp_path, read_only=True) as journal, pytest.raises(OperationalError):
            next(JournalApplicationRecorder(OpenJournal(journal)).subscribe())

    def test_a_subscription_is_entered_once(self, app: Coaching) -> None:
        with app.recorder.subscribe() as subscription, pytest.raises(ProgrammingError):
            subscription.__enter__()

    def test_a_projection_goes_on_where_it_was(self, tmp_path: Path) -> None:
        evidence = []
        for call in ("call 812", "call 900"):
            with SegmentJournal.open(tmp_path) as journal, lend(tmp_path, journal), ProjectionRunner(  # it never closes its view's factory
                application_class=Coaching, projection_class=CompletedProjection, view_class=CompletedView, env=environment(tmp_path)
            ) as runner:
                item_id, _ = runner.app.agree("agent-7")
                [done] = runner.app.complete(item_id, call)
                runner.wait(done)
                evidence.append(dict(runner.projection.view.evidence))
        assert evidence == [{"call 812": 1}, {"call 900": 1}]

    def test_a_process_records_its_events_with_their_tracking(self, tmp_path: Path) -> None:
        for expected in (2, 4):
            with EventSourcedProjectionRunner(
                application_class=Coaching, projection_class=Tallies, env=environment(tmp_path)
            ) as runner:
                for _ in range(2):
                    _, [agreed] = runner.app.agree("agent-7")
                runner.wait(agreed)
                assert runner.projection.count("agent-7") == expected
                assert runner.projection.recorder.max_tracking_id("Coaching") == agreed


class TestRecorders:
    def test_nothing_of_a_refused_tracking_is_recorded(self) -> None:
        recorder = JournalProcessRecorder(OpenJournal(MemoryJournal()))
        stored = StoredEvent(uuid4(), 1, "topic", b"state")
        recorder.insert_tracking(Tracking("upstream", 5))
        with pytest.raises(IntegrityError):
            recorder.insert_events([stored], tracking=Tracking("upstream", 5))
        assert list(recorder.select_events(stored.originator_id)) == []

    @given(
        originator_id=st.uuids() | TEXT, version=st.integers(0, 2**63 - 2), topic=TEXT.filter(bool), state=st.binary(max_size=500),
        application=TEXT,
    )
    def test_a_stored_event_is_read_back_as_it_was(
        self, originator_id: UUID | str, version: int, topic: str, state: bytes, application: str
    ) -> None:
        recorder = JournalApplicationRecorder(OpenJournal(MemoryJournal()), application)
        stored = StoredEvent(originator_id, version, topic, state)
        assert recorder.insert_events([stored]) == [1]
        assert list(recorder.select_events(originator_id)) == [stored]
        assert list(recorder.select_notifications(1, 1, topics=[topic])) == [Notification(originator_id, version, topic, state, 1)]

    def test_a_topic_that_is_too_long_is_refused(self) -> None:
        recorder = JournalApplicationRecorder(OpenJournal(MemoryJournal()))
        with pytest.raises(DataError, match="type"):
            recorder.insert_events([StoredEvent(uuid4(), 1, "x" * 300, b"")])

    def test_sparse_notifications_are_found_by_page(self) -> None:
        journal = MemoryJournal()
        recorder = JournalApplicationRecorder(OpenJournal(journal))
        ids: list[int] = []
        for index in range(30):
            journal.append(facts(*[event()] * (index % 3)))
            ids += recorder.insert_events([StoredEvent(uuid4(), 1, f"topic{index % 2}", b"")]) or []
        pages = [[n.id for n in recorder.select_notifications(start, 7, inclusive_of_start=False)] for start in (0, ids[6], ids[27])]
        assert pages == [ids[:7], ids[7:14], ids[28:]]
        assert [n.id for n in recorder.select_notifications(None, 100, stop=ids[9], topics=["topic1"])] == ids[1:10:2]


class TestFactory:
    def test_it_says_which_keys_are_missing(self) -> None:
        with pytest.raises(OSError, match="COACHING_OPSLEDGER_JOURNAL or OPSLEDGER_JOURNAL"):
            Coaching({"PERSISTENCE_MODULE": environment("")["PERSISTENCE_MODULE"]})

    def test_a_recorder_class_of_another_kind_is_refused(self, tmp_path: Path) -> None:
        with pytest.raises(OSError, match="APPLICATION_RECORDER_TOPIC"):
            Coaching(environment(tmp_path, APPLICATION_RECORDER_TOPIC="eventsourcing.popo:POPOApplicationRecorder"))

    def test_a_folder_that_another_writer_holds_is_refused(self, tmp_path: Path) -> None:
        writer = SegmentJournal.open(tmp_path)
        with pytest.raises(OperationalError):
            JournalFactory(environment(tmp_path))
        writer.close()

    def test_a_folder_in_use_cannot_be_lent(self, app: Coaching, tmp_path: Path) -> None:
        with pytest.raises(ValueError, match="in use"), lend(tmp_path, MemoryJournal()):
            pass
