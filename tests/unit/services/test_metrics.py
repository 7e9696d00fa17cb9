"""Names as Prometheus wants them: https://prometheus.io/docs/practices/naming/"""
from __future__ import annotations

from prometheus_client import generate_latest
from prometheus_client.parser import text_string_to_metric_families

from opsledger.services.metrics import Metrics


def test_what_only_grows_is_a_counter_and_the_process_is_there() -> None:
    metrics = Metrics()
    metrics.counter("announced", "Announcements.", lambda: 7)
    metrics.gauge("lag", "Behind.", lambda: 3)
    page = generate_latest(metrics.registry).decode()
    found = {sample.name: (family.type, sample.value) for family in text_string_to_metric_families(page) for sample in family.samples}
    assert found["opsledger_announced_total"] == ("counter", 7)
    assert found["opsledger_lag"] == ("gauge", 3)
    assert found["process_resident_memory_bytes"][1] > 0
    counters = {name for name, (kind, _) in found.items() if kind == "counter" and not name.endswith("_created")}
    assert all(name.endswith("_total") for name in counters)
