"""Commits that come to a node which does not own their partition, over real gRPC between two nodes of this process."""
from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import grpc
import pytest

from opsledger.core.errors import InvalidInput, InvalidSettings, JournalMoved, JournalUnreachable, VersionConflict
from opsledger.core.ports import Commit
from opsledger.proto.cluster.v1 import node_pb2 as pb
from opsledger.proto.cluster.v1.node_pb2_grpc import NodeServiceStub
from opsledger.services.bootstrap import open_journal
from opsledger.services.cluster.messages import commit_message, outcome_of
from opsledger.services.cluster.node import ClusterJournal
from opsledger.services.journal.kafka.settings import KafkaLink
from opsledger.services.journal.partitions import Partition
from opsledger.services.settings import Limits, Peers, Settings, Tls
from tests.kit import tokens
from tests.kit.certificates import certificate
from tests.kit.journals import decision, event, facts
from tests.kit.kafka import shared_broker
from tests.kit.servers import Running, running

LIMITS = Limits(message_bytes_max=100_000)


@pytest.fixture
def link() -> KafkaLink:
    return shared_broker(2)


@contextmanager
def node(folder: Path, link: KafkaLink, name: str, **settings: object) -> Iterator[tuple[Running, ClusterJournal]]:
    """A node that serves, and has not joined yet."""
    fields = {"listen": "127.0.0.1:0", "kafka": link, "node_id": name, "limits": LIMITS, "journal": folder / name, **settings}
    chosen = Settings.model_validate(fields)
    journal = open_journal(chosen)
    assert isinstance(journal, ClusterJournal)
    try:
        with running(journal, chosen) as server:
            yield server, journal
    finally:
        journal.close()


@contextmanager
def owner_and_other(folder: Path, link: KafkaLink, **settings: object) -> Iterator[tuple[Running, Partition, Running]]:
    """A node that owns everything, and partition 1 as another one has it."""
    with ExitStack() as stack:
        owner, journal = stack.enter_context(node(folder, link, "owner", **settings))
        journal.join(owner.address)
        other, theirs = stack.enter_context(node(folder, link, "other", **settings))
        yield owner, theirs.parts[1], other


@pytest.fixture
def other(tmp_path: Path, link: KafkaLink) -> Iterator[Partition]:
    with owner_and_other(tmp_path, link) as (_, partition, _):
        yield partition


def test_it_is_recorded_by_the_owner_and_read_here_at_once(other: Partition) -> None:
    assert not other.is_owner
    first = other.append(decision("r1", event("s", key="k1"), event("s")))
    assert first.positions == ((1 << 40) + 1, (1 << 40) + 2)
    assert [found.version for found in other.read_stream(event("s").stream_id)] == [1, 2]
    assert other.append(decision("r1", event("s", key="k1"), event("s"))) == (first.positions, (True, True))
    assert other.append(facts(event("t", key="k1"), event("t"))) == ((first.positions[0], (1 << 40) + 3), (True, False))
    assert other.position == (1 << 40) + 3


def test_a_conflict_comes_back_as_one_and_what_it_is_about_can_be_read(other: Partition) -> None:
    other.submit(facts(event("s", version=1))).result()
    with pytest.raises(VersionConflict) as refused:
        other.append(facts(event("s", version=1)))
    assert (refused.value.current, refused.value.given) == (1, 1)
    assert other.version(event("s").stream_id) == 1


def test_what_is_wrong_with_a_commit_is_said_as_by_the_owner(other: Partition) -> None:
    with pytest.raises(InvalidInput, match=r"events\[0\].stream_id"):
        other.append(Commit([event()._replace(stream_id=b"short")]))


def test_a_commit_that_is_longer_than_a_message_goes_in_pieces(other: Partition) -> None:
    large = [event(f"s{number}", key=f"k{number}", payload=bytes([number]) * 150_000) for number in range(4)]
    positions = other.append(facts(*large)).positions
    assert [found.payload for found in other.read(positions[0] - 1)] == [each.payload for each in large]


def test_what_waited_for_the_next_owner_is_not_overtaken(tmp_path: Path, link: KafkaLink) -> None:
    with ExitStack() as stack:
        last, theirs = stack.enter_context(node(tmp_path, link, "last"))
        new, ours = stack.enter_context(node(tmp_path, link, "new"))
        theirs.journals[1].claim(last.address)
        theirs.parts[1].append(facts(event()))
        assert ours.journals[1].wait_beyond(0, 30)
        theirs.journals[1].release()
        submitted = [ours.parts[1].submit(facts(event(payload=bytes(60_000)))) for _ in range(100)]
        ours.journals[1].claim(new.address)
        submitted += [ours.parts[1].submit(facts(event())) for _ in range(10)]
        positions = [answer.result(60).positions for answer in submitted]
        assert positions == sorted(positions)


def test_it_has_read_whatever_was_recorded_before_it_was_asked_to(tmp_path: Path, link: KafkaLink) -> None:
    with node(tmp_path, link, "owner") as (owner, journal), node(tmp_path, link, "other") as (_, theirs):
        journal.join(owner.address)
        for number in range(20):
            recorded = journal.parts[0].append(facts(event(f"s{number}"))).positions[0]
            theirs.parts[0].freshen()
            assert theirs.parts[0].position >= recorded


def test_an_owner_that_is_gone_is_said_to_be(tmp_path: Path, link: KafkaLink) -> None:
    with ExitStack() as gone, node(tmp_path, link, "other") as (_, theirs):
        owner, journal = gone.enter_context(node(tmp_path, link, "owner"))
        with pytest.raises(JournalUnreachable, match="nobody owns"):
            theirs.parts[1].append(facts(event()))
        journal.join(owner.address)
        theirs.parts[1].append(facts(event("s", key="k")))
        gone.close()
        with pytest.raises(JournalUnreachable, match=owner.address):
            theirs.parts[1].append(facts(event("s", key="k2")))
        assert theirs.parts[1].version(event("s").stream_id) == 1  # reads go on


def test_a_node_does_not_send_on_what_another_node_sends(tmp_path: Path, link: KafkaLink) -> None:
    with owner_and_other(tmp_path, link) as (owner, _, other):
        request = pb.AppendRequest(partition=1, commits=[commit_message(facts(event()))])
        [result] = NodeServiceStub(other.channel).Append(request).results
        refused = outcome_of(result)
        assert isinstance(refused, JournalMoved)
        assert (refused.node, refused.address) == ("owner", owner.address)
        with pytest.raises(grpc.RpcError, match="partition"):
            NodeServiceStub(other.channel).Append(pb.AppendRequest(partition=2))


def test_nodes_show_each_other_a_token_and_certificates(tmp_path: Path, link: KafkaLink) -> None:
    authority = certificate("authority")
    own = certificate("node", authority)
    for name, content in (("ca", authority.pem), ("cert", own.pem), ("key", own.key_pem)):
        (tmp_path / name).write_bytes(content)
    token_file = tmp_path / "token"
    token_file.write_text(tokens.token("n", "recorder"))
    guarded = {
        "auth": tokens.auth(tmp_path), "peers": Peers(token_file=token_file, ca_file=tmp_path / "ca"),
        "tls": Tls(cert_file=tmp_path / "cert", key_file=tmp_path / "key", client_ca_file=tmp_path / "ca"),
    }
    with owner_and_other(tmp_path, link, **guarded) as (_, partition, _):
        with pytest.raises(JournalUnreachable, match="role 'node'"):
            partition.append(facts(event("s", key="k")))
        token_file.write_text(tokens.token("n", "node"))  # read again with every request
        assert partition.append(facts(event("s", key="k"))).duplicates == (False,)
    with pytest.raises(InvalidSettings, match="token"):
        Settings(kafka=link, node_id="n", auth=guarded["auth"])  # type: ignore[arg-type]  # it is one
