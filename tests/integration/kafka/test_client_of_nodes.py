"""A client that has the addresses of both nodes, one of which is killed."""
from __future__ import annotations

from pathlib import Path

import pytest

from opsledger.services.client import connect
from tests.kit.cluster_checks import check_history, fresh_replicas
from tests.kit.cluster_clients import key_of, prepare, tenants_at_home
from tests.kit.events import event
from tests.kit.history import History
from tests.kit.kafka import shared_broker
from tests.kit.node_processes import Node

PARTITIONS = 2
PATIENCE_S = 90


def test_a_client_writes_on_when_a_node_is_killed_and_sees_what_it_wrote(
    tmp_path: Path, postgres_url: str, request: pytest.FixtureRequest
) -> None:
    link = shared_broker(PARTITIONS).model_copy(update={"session_timeout_s": 3})
    nodes = [Node(tmp_path / name, name, link, postgres_url) for name in ("n1", "n2")]
    for node in nodes:
        request.addfinalizer(node.kill)
        node.start()
    history, tenants = History(PARTITIONS), tenants_at_home(PARTITIONS)
    batches = [[event(f"{batch} {n}", ticket_id=f"T{batch} {n}", tenant=tenants[0]) for n in range(10)] for batch in range(40)]
    history.sends([key_of(one) for batch in batches for one in batch])
    with connect([node.address for node in nodes], attempts_max=60, timeout_s=PATIENCE_S) as client:
        prepare(client, tenants)
        with client.recorder.stream() as stream:
            answers = [stream.submit(batch) for batch in batches[:20]]
            answers[0].result(PATIENCE_S)
            nodes[0].kill()
            answers += [stream.submit(batch) for batch in batches[20:]]
        for batch, answer in zip(batches, answers, strict=True):
            for one, outcome in zip(batch, answer.result(PATIENCE_S), strict=True):
                history.acknowledged(key_of(one), outcome.position)
        assert len(client.positions) == PARTITIONS
        for tenant in tenants:
            session = client.coaching.PlanSession(tenant=tenant, actor="sue", program="desk", agent="ann").session
            assert session in client.coaching.ListSessions(tenant=tenant, actor="sue", agent="ann").sessions
    nodes[1].stop()
    check_history(history, fresh_replicas(tmp_path / "fresh", link, PARTITIONS))
