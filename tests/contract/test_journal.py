"""What every journal promises (opsledger.core.ports.Journal), over every adapter."""
from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Thread

import pytest
from hypothesis import given
from hypothesis import strategies as st

from opsledger.core.errors import InvalidInput, JournalStopped, VersionConflict
from opsledger.core.ports import Commit, Journal, NewEvent
from tests.kit.journals import ADAPTERS, START_US, Clock, decision, event, facts, name


@pytest.fixture(params=sorted(ADAPTERS))
def adapter(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def journal(adapter: str, clock: Clock, tmp_path: Path) -> Iterator[Journal]:
    opened = ADAPTERS[adapter](tmp_path / "journal", clock)
    yield opened
    opened.close()


class TestPositions:
    def test_an_empty_journal(self, journal: Journal) -> None:
        assert journal.position == 0
        assert list(journal.read()) == []
        assert list(journal.read_stream(name("ticket"))) == []
        assert journal.version(name("ticket")) is None
        assert journal.position_of(name("key")) is None

    def test_positions_are_dense_from_1_over_commits_and_streams(self, journal: Journal) -> None:
        receipts = [journal.append(facts(event("a"), event("b"))), journal.append(facts(event("a"))), journal.append(facts(event("c")))]
        assert [r.positions for r in receipts] == [(1, 2), (3,), (4,)]
        assert not any(duplicate for r in receipts for duplicate in r.duplicates)
        assert journal.position == 4
        assert [e.position for e in journal.read()] == [1, 2, 3, 4]

    def test_an_event_is_read_back_as_it_was_written(self, journal: Journal) -> None:
        written = NewEvent(bytes(range(16)), "tickets.v1.größe", "мандант", -1, bytes(range(256)) * 3, bytes(range(16, 32)), 7)
        journal.append(Commit([written]))
        [read] = journal.read()
        assert read == (1, *written[:1], 7, *written[1:4], START_US, written.key, written.payload)
        assert list(journal.read_stream(written.stream_id)) == [read]

    def test_recorded_at_never_runs_backwards(self, journal: Journal, clock: Clock) -> None:
        for at_us in (START_US, START_US + 5, START_US - 5):
            clock.at_us = at_us
            journal.append(facts(event(), event()))
        assert [e.recorded_at_us - START_US for e in journal.read()] == [0, 0, 5, 5, 5, 5]

    def test_an_empty_commit_is_answered_and_leaves_nothing(self, journal: Journal) -> None:
        assert journal.append(facts()) == ((), ())
        assert journal.append(decision("request")) == ((), ())
        assert journal.position == 0
        assert journal.position_of(name("request")) is None


class TestDeduplication:
    def test_a_known_key_is_answered_with_its_first_position(self, journal: Journal) -> None:
        journal.append(facts(event(key="x"), event(key="y")))
        receipt = journal.append(facts(event(key="y"), event(key="z"), event(), event(key="x")))
        assert receipt == ((2, 3, 4, 1), (True, False, False, True))
        assert [e.key for e in journal.read()] == [name("x"), name("y"), name("z"), b""]

    def test_within_one_commit(self, journal: Journal) -> None:
        receipt = journal.append(facts(event(key="x", payload=b"first"), event(key="x", payload=b"second")))
        assert receipt == ((1, 1), (False, True))
        assert [e.payload for e in journal.read()] == [b"first"]

    def test_of_commits_that_wait_together(self, journal: Journal) -> None:
        answers = [journal.submit(facts(event(key="x"), event())) for _ in range(20)]
        receipts = [answer.result() for answer in answers]
        assert {r.positions[0] for r in receipts} == {1}
        assert Counter(r.duplicates[0] for r in receipts) == {False: 1, True: 19}
        assert journal.wait_beyond(20, 30)
        assert journal.position == 21

    def test_events_without_key_are_all_recorded(self, journal: Journal) -> None:
        assert journal.append(facts(event(), event())).duplicates == (False, False)

    def test_a_duplicate_does_not_move_its_stream(self, journal: Journal) -> None:
        journal.append(facts(event("a", key="x")))
        journal.append(facts(event("a", key="x", version=1), event("b", key="x")))
        assert journal.version(name("a")) == 1
        assert journal.version(name("b")) is None

    def test_position_of_a_key(self, journal: Journal) -> None:
        journal.append(facts(event(), event(key="x")))
        assert journal.position_of(name("x")) == 2
        assert journal.position_of(name("y")) is None


class TestRequests:
    def test_a_repeated_request_is_answered_with_the_first_commit(self, journal: Journal) -> None:
        journal.append(facts(event("other")))
        first = journal.append(decision("r", event(version=1), event(version=2)))
        again = journal.append(decision("r", event(version=1), event(version=2), event(version=3)))
        assert first == ((2, 3), (False, False))
        assert again == ((2, 3), (True, True))
        assert journal.position == 3
        assert journal.position_of(name("r")) == 2

    def test_a_repeated_request_is_answered_before_its_versions_are_looked_at(self, journal: Journal) -> None:
        journal.append(decision("r", event(version=1)))
        journal.append(facts(event(version=2)))
        assert journal.append(decision("r", event(version=1))).duplicates == (True,)

    def test_while_the_first_one_waits(self, journal: Journal) -> None:
        answers = [journal.submit(decision("r", event(), event())) for _ in range(10)]
        assert {answer.result().positions for answer in answers} == {(1, 2)}
        assert journal.wait_beyond(1, 30)
        assert journal.position == 2

    def test_a_refused_request_can_be_made_again(self, journal: Journal) -> None:
        journal.append(facts(event(version=1)))
        with pytest.raises(VersionConflict):
            journal.append(decision("r", event(version=1)))
        assert journal.append(decision("r", event(version=2))).duplicates == (False,)

    def test_requests_and_events_share_one_index(self, journal: Journal) -> None:
        journal.append(facts(event(key="x"), event(key="y")))
        assert journal.append(decision("y", event())) == ((2,), (True,))

    def test_known_events_are_left_out_of_a_decision_too(self, journal: Journal) -> None:
        journal.append(facts(event(key="x")))
        assert journal.append(decision("r", event(key="x"), event("other"))) == ((1, 2), (True, False))
        assert journal.append(decision("r", event(key="x"), event("other"))) == ((2,), (True,))

    def test_a_request_of_which_nothing_was_recorded_is_not_remembered(self, journal: Journal) -> None:
        journal.append(facts(event(key="x")))
        assert journal.append(decision("r", event(key="x"))) == ((1,), (True,))
        assert journal.position_of(name("r")) is None


class TestVersions:
    def test_without_a_wish_they_count_from_1(self, journal: Journal) -> None:
        journal.append(facts(event("a"), event("b"), event("a")))
        assert [(e.stream_id, e.version) for e in journal.read()] == [(name("a"), 1), (name("b"), 1), (name("a"), 2)]
        assert journal.version(name("a")) == 2

    @pytest.mark.parametrize("first", [0, 1, 40])
    def test_a_wish_is_kept_and_may_leave_gaps(self, journal: Journal, first: int) -> None:
        journal.append(facts(event(version=first), event(version=first + 5), event()))
        assert [e.version for e in journal.read()] == [first, first + 5, first + 6]

    @pytest.mark.parametrize("given_version", [0, 1, 2])
    def test_a_version_that_is_taken_conflicts(self, journal: Journal, given_version: int) -> None:
        journal.append(facts(event(), event()))
        with pytest.raises(VersionConflict) as caught:
            journal.append(facts(event(version=given_version)))
        assert (caught.value.stream_id, caught.value.current, caught.value.given) == (name("ticket"), 2, given_version)

    def test_a_conflict_records_nothing_of_its_commit(self, journal: Journal) -> None:
        journal.append(facts(event("a", version=3)))
        with pytest.raises(VersionConflict):
            journal.append(facts(event("b", key="x"), event("a", version=3)))
        assert journal.position == 1
        assert journal.version(name("b")) is None
        assert journal.append(facts(event("b", key="x"))) == ((2,), (False,))

    def test_a_conflict_within_one_commit(self, journal: Journal) -> None:
        with pytest.raises(VersionConflict):
            journal.append(facts(event(version=2), event(version=2)))
        assert journal.position == 0

    def test_of_writers_of_one_version_one_wins(self, journal: Journal) -> None:
        answers = [journal.submit(facts(event(version=1, payload=bytes([i])))) for i in range(10)]
        assert [answer.exception() is None for answer in answers] == [True] + [False] * 9


class TestReading:
    @pytest.fixture(autouse=True)
    def nine_events(self, journal: Journal) -> None:
        for first in range(1, 10, 3):
            journal.append(facts(*(event("odd" if i % 2 else "even", payload=str(i).encode()) for i in range(first, first + 3))))

    @pytest.mark.parametrize(("after", "limit", "expected"), [
        (0, 100, range(1, 10)), (0, 4, range(1, 5)), (4, 3, range(5, 8)), (8, 5, range(9, 10)),
        (9, 5, ()), (100, 5, ()), (3, 0, ()), (-1, 2, range(1, 3)),
    ])
    def test_from_a_position(self, journal: Journal, after: int, limit: int, expected: range) -> None:
        read = journal.read(after, limit)
        assert [e.position for e in read] == list(expected)
        assert [int(e.payload) for e in read] == list(expected)

    @pytest.mark.parametrize(("after", "up_to", "limit", "expected"), [
        (None, None, None, [1, 2, 3, 4, 5]), (2, None, None, [3, 4, 5]), (None, 2, None, [1, 2]), (1, 4, None, [2, 3, 4]),
        (1, 4, 2, [2, 3]), (5, None, None, []), (None, 0, None, []), (4, 2, None, []), (None, None, 0, []), (0, 99, 99, [1, 2, 3, 4, 5]),
    ])
    def test_of_a_stream(self, journal: Journal, after: int | None, up_to: int | None, limit: int | None, expected: list[int]) -> None:
        read = journal.read_stream(name("odd"), after=after, up_to=up_to, limit=limit)
        assert [e.version for e in read] == expected
        assert [e.position for e in read] == [2 * v - 1 for v in expected]

    def test_of_a_stream_backwards(self, journal: Journal) -> None:
        backwards = [e.version for e in journal.read_stream(name("odd"), after=1, up_to=4, descending=True)]
        assert backwards == [4, 3, 2]
        assert [e.version for e in journal.read_stream(name("odd"), limit=2, descending=True)] == [5, 4]

    def test_of_a_stream_that_is_not(self, journal: Journal) -> None:
        assert list(journal.read_stream(name("none"))) == []


class TestBounds:
    @pytest.mark.parametrize(("field", "broken"), [
        ("stream_id", {"stream_id": b"short"}), ("stream_id", {"stream_id": b""}), ("stream_id", {"stream_id": bytes(17)}),
        ("key", {"key": b"k" * 15}), ("key", {"key": bytes(16)}),
        ("type", {"type": ""}), ("type", {"type": "x" * 256}), ("type", {"type": "ö" * 128}),
        ("type", {"type": "\ud800"}), ("tenant", {"tenant": "x" * 256}), ("tenant", {"tenant": "ö" * 128}),
        ("occurred_at_us", {"occurred_at_us": 1 << 63}), ("occurred_at_us", {"occurred_at_us": -(1 << 63) - 1}),
        ("version", {"version": -1}), ("version", {"version": (1 << 63) - 1}),
        ("payload", {"payload": bytes((16 << 20) + 1)}),
    ])
    def test_an_event_that_breaks_one_is_named(self, journal: Journal, field: str, broken: dict[str, object]) -> None:
        with pytest.raises(InvalidInput) as caught:
            journal.append(facts(event(), event()._replace(**broken)))  # type: ignore[arg-type]  # one field at a time
        assert {v.field for v in caught.value.violations} == {f"events[1].{field}"}
        assert journal.position == 0

    @pytest.mark.parametrize("fits", [
        {"type": "x" * 255}, {"type": "ö" * 127}, {"tenant": "x" * 255}, {"tenant": ""}, {"payload": b""},
        {"occurred_at_us": (1 << 63) - 1}, {"occurred_at_us": -(1 << 63)}, {"version": (1 << 63) - 2}, {"payload": bytes(16 << 20)},
    ])
    def test_an_event_at_a_bound_is_recorded(self, journal: Journal, fits: dict[str, object]) -> None:
        wanted = event()._replace(**fits)  # type: ignore[arg-type]  # one field at a time
        journal.append(facts(wanted))
        [read] = journal.read()
        assert (read.type, read.tenant, read.occurred_at_us, read.payload) == wanted[1:5]

    @pytest.mark.parametrize("broken", [b"r", b"r" * 17, bytes(16)])
    def test_a_request_key_has_16_bytes_that_are_not_all_zero(self, journal: Journal, broken: bytes) -> None:
        with pytest.raises(InvalidInput, match="request_key"):
            journal.append(Commit([event()], broken))

    def test_a_commit_has_at_most_65536_events(self, journal: Journal) -> None:
        with pytest.raises(InvalidInput, match="events"):
            journal.append(Commit([event()] * 65_537))

    def test_a_commit_has_at_most_64_mib_of_payload(self, journal: Journal) -> None:
        with pytest.raises(InvalidInput, match="events"):
            journal.append(facts(*[event(payload=bytes(16 << 20))] * 4, event(payload=b"x")))


class TestWaiting:
    def test_what_is_there_is_not_waited_for(self, journal: Journal) -> None:
        journal.append(facts(event()))
        assert journal.wait_beyond(0)

    def test_the_time_is_over(self, journal: Journal) -> None:
        assert not journal.wait_beyond(0, timeout_s=0)

    def test_a_commit_wakes_the_waiting(self, journal: Journal) -> None:
        with ThreadPoolExecutor() as pool:
            waiting = [pool.submit(journal.wait_beyond, 1, 30) for _ in range(3)]
            journal.append(facts(event(), event()))
            assert all(done.result() for done in waiting)

    def test_closing_wakes_the_waiting(self, journal: Journal) -> None:
        with ThreadPoolExecutor() as pool:
            waiting = pool.submit(journal.wait_beyond, 0, 30)
            journal.close()
            assert not waiting.result()


class TestClosing:
    def test_what_was_queued_is_finished(self, journal: Journal) -> None:
        answers = [journal.submit(facts(event())) for _ in range(50)]
        journal.close()
        assert [answer.result().positions for answer in answers] == [(i,) for i in range(1, 51)]

    def test_twice(self, journal: Journal) -> None:
        journal.close()
        journal.close()

    def test_a_closed_journal_says_so(self, journal: Journal) -> None:
        journal.append(facts(event(key="x")))
        journal.close()
        with pytest.raises(JournalStopped):
            journal.append(facts(event()))
        for ask in (journal.read, lambda: journal.read_stream(name("ticket")), lambda: journal.version(name("ticket")),
                    lambda: journal.position_of(name("x"))):
            with pytest.raises(JournalStopped):
                ask()
        assert journal.position == 1


def test_many_threads_get_one_order(journal: Journal) -> None:
    threads, each = 8, 40

    def write(writer: int) -> list[int]:
        return [
            position for i in range(each)
            for position in journal.append(facts(event(f"own {writer}", key=f"{writer}/{i}"), event("shared", key=f"shared {i}"))).positions
        ]

    seen: list[int] = []
    reader = Thread(target=lambda: seen.extend(_follow(journal, threads * each + each)))
    reader.start()
    with ThreadPoolExecutor(threads) as pool:
        written = list(pool.map(write, range(threads)))
    reader.join()

    assert journal.position == threads * each + each
    assert seen == list(range(1, journal.position + 1))
    assert {position for one in written for position in one} == set(seen)
    assert [e.version for e in journal.read_stream(name("shared"))] == list(range(1, each + 1))
    assert all(journal.version(name(f"own {writer}")) == each for writer in range(threads))


def _follow(journal: Journal, until: int) -> Iterator[int]:
    after = 0
    while after < until and journal.wait_beyond(after, 30):
        for read in journal.read(after, 7):
            after = read.position
            yield after


_commits = st.lists(st.builds(
    lambda events, request: Commit(events, name(request) if request else b""),
    st.lists(st.builds(event, st.sampled_from("abc"), key=st.sampled_from(["", "x", "y", "z"]),
                       version=st.none() | st.integers(0, 6), payload=st.binary(max_size=4)), max_size=4),
    st.sampled_from(["", "r", "s", "x"]),
), max_size=12)


@given(_commits)
def test_any_commits_keep_the_laws(commits: list[Commit]) -> None:
    """Dense positions, rising versions, one event a key; a receipt names what it added as new and all else as older."""
    journal = ADAPTERS["memory"](Path(), Clock())
    for commit in commits:
        before = journal.position
        try:
            positions, duplicates = journal.append(commit)
        except VersionConflict:
            assert journal.position == before
            continue
        new = [p for p, duplicate in zip(positions, duplicates, strict=True) if not duplicate]
        assert new == list(range(before + 1, journal.position + 1))
        assert all(p <= journal.position for p in positions)
    events = journal.read(0, 1000)
    assert [e.position for e in events] == list(range(1, len(events) + 1))
    keys = [e.key for e in events if e.key]
    assert len(keys) == len(set(keys))
    for stream in "abc":
        versions = [e.version for e in journal.read_stream(name(stream))]
        assert versions == sorted(set(versions))
        assert versions == [e.version for e in events if e.stream_id == name(stream)]
    journal.close()
