"""Of two nodes that want to write one partition, the later claim wins, and the log alone decides what the other one still wrote."""
from __future__ import annotations

import itertools
import signal
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path
from threading import Event

import pytest

from opsledger.core.errors import InvalidSettings, JournalMoved
from opsledger.services.journal.kafka.journal import KafkaJournal
from opsledger.services.journal.kafka.link import admin_client
from opsledger.services.journal.kafka.settings import KafkaLink
from tests.kit.journals import decision, event, facts
from tests.kit.kafka import distant_broker, shared_broker
from tests.kit.kafka_checks import all_events, check_acknowledged, read_from_topic, segments
from tests.kit.kafka_writer import Writer


@pytest.fixture
def link() -> KafkaLink:
    return shared_broker()


def test_a_claim_fences_the_owner_before_it(tmp_path: Path, link: KafkaLink) -> None:
    with KafkaJournal(tmp_path / "a", link, node="a", address="a:1") as a, KafkaJournal(tmp_path / "b", link, node="b", owner=False) as b:
        a.append(facts(event(), event()))
        with pytest.raises(JournalMoved) as refused:
            b.append(facts(event()))
        assert (refused.value.node, refused.value.address, refused.value.epoch) == ("a", "a:1", 1)

        b.claim()
        with pytest.raises(JournalMoved) as refused:
            a.append(facts(event()))
        assert (refused.value.node, refused.value.epoch) == ("b", 2)
        assert b.append(facts(event())).positions == (3,)
        assert a.wait_beyond(2, 30)
        assert list(a.read()) == list(b.read())


def test_a_request_is_carried_out_once_though_its_first_answer_was_that_the_owner_moved(tmp_path: Path, link: KafkaLink) -> None:
    with KafkaJournal(tmp_path / "a", link, node="a") as a, KafkaJournal(tmp_path / "b", link, node="b", owner=False) as b:
        first = a.append(decision("r1", event(key="x")))
        b.claim()
        with pytest.raises(JournalMoved):
            a.append(decision("r2", event(key="y")))
        assert b.append(decision("r1", event(key="x"))) == (first.positions, (True,))
        assert b.append(decision("r2", event(key="y"))) == ((2,), (False,))
        assert b.append(decision("r2", event(key="y"))) == ((2,), (True,))


def test_an_idle_owner_learns_that_it_is_not_any_more(tmp_path: Path, link: KafkaLink) -> None:
    with KafkaJournal(tmp_path / "a", link, node="a") as a, KafkaJournal(tmp_path / "b", link, node="b") as b:
        b.append(facts(event()))
        assert a.wait_beyond(0, 30)
        assert a.owner == b.owner
        assert not a.is_owner


def test_owners_that_take_over_from_each_other_under_load(tmp_path: Path, link: KafkaLink) -> None:
    """Every commit is answered with its position, or refused and not there; what was refused is recorded once by the next owner."""
    nodes = [KafkaJournal(tmp_path / node, link, node=node, owner=False) for node in "abc"]
    acknowledged: dict[str, int] = {}
    left = [str(number) for number in range(6_000)]
    with ThreadPoolExecutor() as pool:
        for turn in itertools.count():
            owner, following = nodes[turn % 3], nodes[(turn + 1) % 3]
            owner.claim()
            taking_over = pool.submit(following.claim)
            answers = [(key, owner.submit(facts(event(f"s{key[-1]}", key=key)))) for key in left[:1_000]]
            refused = []
            for key, answer in answers:
                if error := answer.exception():
                    assert isinstance(error, JournalMoved)
                    refused.append(key)
                else:
                    acknowledged[key] = answer.result().positions[0]
            taking_over.result()
            left = refused + left[1_000:]
            if not left:
                break
    end = max(node.position for node in nodes)
    assert len(acknowledged) == end == 6_000
    for node in nodes:
        assert node.wait_beyond(end - 1, 30)
        check_acknowledged(all_events(node), acknowledged)
    events = all_events(nodes[0])
    assert all(all_events(node) == events for node in nodes)
    for node in nodes:
        node.close()
    _, fresh = read_from_topic(tmp_path / "fresh", link)
    assert all(segments(tmp_path / node) == fresh for node in "abc")


def test_a_frozen_owner_that_wakes_up_acknowledges_nothing(tmp_path: Path, link: KafkaLink) -> None:
    zombie = Writer(tmp_path / "a", link, "a", 1)
    zombie.write(300)
    zombie.process.send_signal(signal.SIGSTOP)
    with KafkaJournal(tmp_path / "b", link, node="b") as b:
        taken_over_at = b.position
        for number in range(100):
            b.append(facts(event(key=f"b/{number}")))
        zombie.process.send_signal(signal.SIGCONT)
        zombie.finish()
        assert zombie.moved_to == "b"
        assert max(zombie.acknowledged.values()) <= taken_over_at
        b.append(facts(event()))
        events = all_events(b)
    check_acknowledged(events, zombie.acknowledged)
    assert len(events) == taken_over_at + 101
    again, _ = read_from_topic(tmp_path / "fresh", link)
    assert again == events


def test_an_owner_that_gives_up_finishes_what_was_queued_and_takes_nothing_more(tmp_path: Path, link: KafkaLink) -> None:
    with KafkaJournal(tmp_path / "a", link, node="a") as a, KafkaJournal(tmp_path / "b", link, node="b", owner=False) as b:
        answers = [a.submit(facts(event(key=str(number)))) for number in range(500)]
        a.release()
        assert [answer.result().positions for answer in answers] == [(number,) for number in range(1, 501)]
        assert a.wait_owner(False, 0)
        with pytest.raises(JournalMoved, match="nobody"):
            a.append(facts(event()))
        b.claim()
        assert b.wait_owner(True, 0)
        assert b.append(facts(event())).positions == (501,)
        assert a.wait_beyond(500, 30)
        with pytest.raises(JournalMoved, match="b"):
            a.append(facts(event()))
        a.claim()
        assert b.wait_owner(False, 30)
        assert a.append(facts(event())).positions == (502,)


def test_what_comes_before_the_new_owner_knows_that_it_is_one_waits_for_that(tmp_path: Path) -> None:
    with ExitStack() as opened:
        near, proxy = opened.enter_context(distant_broker(tmp_path / "broker", lag_s=0.3))
        link = near.link()
        other = opened.enter_context(KafkaJournal(tmp_path / "a", link, node="a", owner=False))
        far = link.model_copy(update={"bootstrap_servers": (f"127.0.0.1:{proxy.port}",)})
        new = opened.enter_context(KafkaJournal(tmp_path / "b", far, node="b", owner=False))
        has_read = Event()
        other.on_claim = has_read.set
        claiming = opened.enter_context(ThreadPoolExecutor(1)).submit(new.claim)
        assert has_read.wait(30)
        early = [new.submit(facts(event())) for _ in range(100)]
        assert not claiming.done(), "its broker answers later than the other node reads"
        assert [answer.result(30).positions for answer in early] == [(place,) for place in range(1, 101)]
        claiming.result(30)


def test_a_topic_that_was_given_more_partitions_is_refused(tmp_path: Path, link: KafkaLink) -> None:
    with KafkaJournal(tmp_path / "a", link, node="a") as journal:
        journal.append(facts(event()))
    admin = admin_client(link)
    admin.create_partitions({link.topic: 2})
    admin.close()
    with pytest.raises(InvalidSettings, match="are 2 and must be 1"):
        KafkaJournal(tmp_path / "b", link, node="b", owner=False)
