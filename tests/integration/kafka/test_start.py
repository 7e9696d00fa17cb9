"""A node starts while Kafka does not answer."""
from __future__ import annotations

from pathlib import Path
from threading import Thread
from time import monotonic, sleep

import pytest

from tests.kit.kafka import Broker, broker
from tests.kit.processes import PATIENCE_S, server_process

pytestmark = pytest.mark.xdist_group("own kafka broker")


def _thaw_after_first_try(one: Broker, log: Path) -> None:
    deadline_s = monotonic() + PATIENCE_S
    while monotonic() < deadline_s and not (log.exists() and "trying again" in log.read_text()):
        sleep(0.05)  # nothing to wait on but the log
    one.thaw()


def test_a_node_that_starts_while_the_broker_halts(tmp_path: Path) -> None:
    config, folder = tmp_path / "opsledger.yaml", tmp_path / "n1"
    with broker(Broker(tmp_path / "broker")) as one:
        config.write_text(f"kafka: {{bootstrap_servers: '{one.address}', topic: t, request_timeout_s: 1, delivery_timeout_s: 30}}\n")
        one.freeze()
        thawing = Thread(target=_thaw_after_first_try, args=(one, folder / "server.log"))
        thawing.start()
        with server_process(folder, "--config", str(config), "--node-id", "n1") as node:
            assert node.address
        thawing.join()
    assert "trying again" in (folder / "server.log").read_text()
