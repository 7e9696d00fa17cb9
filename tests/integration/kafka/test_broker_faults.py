"""The broker is killed, frozen and stopped under load; what was acknowledged stands, and reads go on."""
from __future__ import annotations

import threading
from collections.abc import Iterator
from concurrent.futures import Future
from pathlib import Path
from time import monotonic

import pytest

from opsledger.core.errors import JournalUnreachable, Overloaded
from opsledger.core.ports import Receipt
from opsledger.services.journal.kafka.journal import KafkaJournal
from opsledger.services.journal.limits import Limits
from tests.kit.journals import event, facts
from tests.kit.kafka import Broker
from tests.kit.kafka_checks import all_events, check_acknowledged, read_from_topic, segments
from tests.kit.kafka_security import SCRAM, SecureBroker, secure_broker
from tests.kit.kafka_writer import Writer

pytestmark = pytest.mark.xdist_group("own kafka broker")


@pytest.fixture(scope="module")
def secure(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SecureBroker]:
    with secure_broker(tmp_path_factory.mktemp("broker")) as one:
        yield one


@pytest.fixture
def own(secure: SecureBroker) -> Iterator[Broker]:
    yield secure.broker
    secure.broker.thaw()  # a test that fails while it is frozen would hang those after it


@pytest.fixture(autouse=True)
def no_thread_is_left(own: Broker) -> Iterator[None]:
    """Neither of a client that could not begin, nor of one that ended while it had no answer."""
    before = set(threading.enumerate())
    yield
    for thread in set(threading.enumerate()) - before:
        thread.join(30)
        assert not thread.is_alive(), thread.name


def test_a_broker_that_is_killed_under_load(own: Broker, tmp_path: Path) -> None:
    link = own.link()
    writer = Writer(tmp_path / "journal", link, "n1", 1)
    for _ in range(2):
        writer.write(200)
        own.kill()
        own.start()
    writer.write(200)
    writer.kill()
    with KafkaJournal(tmp_path / "journal", link, node="n1") as journal:
        events = all_events(journal)
    assert len(writer.acknowledged) >= 600
    check_acknowledged(events, writer.acknowledged)
    fresh, files = read_from_topic(tmp_path / "fresh", link)
    assert fresh == events
    assert files == segments(tmp_path / "journal")


def test_while_the_broker_is_away_writes_are_refused_and_reads_go_on(own: Broker, tmp_path: Path) -> None:
    link = own.link(request_timeout_s=0.6, delivery_timeout_s=1.0)
    limits = Limits(queue_commits=20, batch_commits=5)
    acknowledged: dict[str, int] = {}
    with KafkaJournal(tmp_path / "journal", link, node="n1", limits=limits) as journal:
        for number in range(10):
            acknowledged[f"before {number}"] = journal.append(facts(event(key=f"before {number}"))).positions[0]
        own.freeze()
        waiting = dict(_until_overloaded(journal))
        assert all(isinstance(answer.exception(), JournalUnreachable) for answer in waiting.values())
        assert len(journal.read()) == 10
        with pytest.raises(JournalUnreachable):
            journal.append(facts(event(key="during")))

        own.thaw()
        again = _when_it_answers(journal, "after")
        acknowledged["after"] = again
        for key in waiting:
            acknowledged[key] = journal.append(facts(event(key=key))).positions[0]
        events = all_events(journal)
    check_acknowledged(events, acknowledged)
    fresh, _ = read_from_topic(tmp_path / "fresh", own.link(link.topic))
    assert fresh == events


def _until_overloaded(journal: KafkaJournal) -> Iterator[tuple[str, Future[Receipt]]]:
    for number in range(1_000):
        try:
            yield f"during {number}", journal.submit(facts(event(key=f"during {number}")))
        except Overloaded:
            return
    raise AssertionError("the queue has no bound")


def _when_it_answers(journal: KafkaJournal, key: str) -> int:
    """As a client does: the same request again until it is answered."""
    deadline_s = monotonic() + 30
    while True:
        try:
            return journal.append(facts(event(key=key))).positions[0]
        except JournalUnreachable:
            if monotonic() > deadline_s:
                raise
            journal.wait_beyond(journal.position, 0.1)


def test_a_broker_that_is_not_there_is_named(tmp_path: Path, own: Broker) -> None:
    link = own.link(bootstrap_servers="127.0.0.1:1", request_timeout_s=0.5)
    with pytest.raises(JournalUnreachable, match="Kafka"):
        KafkaJournal(tmp_path / "journal", link, node="n1")


@pytest.mark.parametrize("mechanism", ["PLAIN", SCRAM])
def test_over_tls_with_name_and_password(secure: SecureBroker, tmp_path: Path, mechanism: str) -> None:
    link = secure.secure_link(mechanism)
    with KafkaJournal(tmp_path / "a", link, node="a") as a, KafkaJournal(tmp_path / "b", link, node="b", owner=False) as b:
        a.append(facts(event()))
        assert b.wait_beyond(0, 30)
        assert list(a.read()) == list(b.read())


@pytest.mark.parametrize("wrong", [{"password": "wrong"}, {"ca_file": None}])
def test_who_is_not_known_is_kept_out(secure: SecureBroker, tmp_path: Path, wrong: dict[str, object]) -> None:
    with pytest.raises(JournalUnreachable):
        KafkaJournal(tmp_path / "journal", secure.secure_link("PLAIN", **wrong, request_timeout_s=1), node="n1")


def test_connections_that_are_cut_under_load(secure: SecureBroker, tmp_path: Path) -> None:
    link = secure.proxied_link()
    acknowledged: dict[str, int] = {}
    with KafkaJournal(tmp_path / "a", link, node="a") as a, KafkaJournal(tmp_path / "b", link, node="b", owner=False) as b:
        for round_ in range(10):
            answers = {f"{round_}/{n}": a.submit(facts(event(f"s{n % 5}", key=f"{round_}/{n}"))) for n in range(300)}
            answers[f"{round_}/{17 * round_}"].exception()
            secure.proxy.cut()
            for key, answer in answers.items():
                acknowledged[key] = _when_it_answers(a, key) if answer.exception() else answer.result().positions[0]
        events = all_events(a)
        assert b.wait_beyond(len(events) - 1, 30)
        assert all_events(b) == events
    assert len(events) == 3_000
    check_acknowledged(events, acknowledged)
    fresh, _ = read_from_topic(tmp_path / "fresh", secure.broker.link(link.topic))
    assert fresh == events
