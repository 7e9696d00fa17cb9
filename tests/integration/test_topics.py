"""A process that has recorded nothing yet can read every decision: their topics are known from the start."""
from __future__ import annotations

import json
import subprocess
import sys

from opsledger.services.projections.decision_views import VIEWS

ALONE = """
import json, sys
from eventsourcing.utils import resolve_topic
import opsledger.services.projections.decision_views
print(json.dumps({topic: resolve_topic(topic).__qualname__ for topic in json.load(sys.stdin)}))
"""


def test_every_topic_is_known_to_a_new_process() -> None:
    events = [event for kind in VIEWS for event in vars(kind).values() if isinstance(event, type) and hasattr(event, "TOPIC")]
    expected = {event.TOPIC: event.__qualname__ for event in events}
    ran = subprocess.run([sys.executable, "-c", ALONE], input=json.dumps(list(expected)), capture_output=True, text=True, check=True)
    assert json.loads(ran.stdout) == expected
    assert {name.partition(".")[0] for name in expected.values()} == {kind.__name__ for kind in VIEWS}
