"""The demo's explained breach."""
from __future__ import annotations

from io import StringIO
from zoneinfo import ZoneInfo

from google.protobuf.duration_pb2 import Duration
from google.protobuf.timestamp_pb2 import Timestamp
from rich.console import Console

from opsledger.proto.sla.v1 import timers_pb2 as pb
from opsledger.services.demo.timers import draw_breach

START = 1_767_949_200


def test_a_clock_that_still_runs_is_drawn_in_whole_seconds() -> None:
    span = Duration(seconds=7_230, nanos=873_020_000)
    timer = pb.Timer(tenant="acme", ticket_id="7", metric="resolution", elapsed=span, target=Duration(seconds=7_200))
    segment = pb.Segment(to=Timestamp(seconds=START + 7_230, nanos=873_020_000), span=span, state=pb.Segment.STATE_RUNNING)
    getattr(segment, "from").seconds = START
    console = Console(file=StringIO(), width=120, record=True)
    draw_breach(console, pb.ExplainedTimer(timer=timer, segments=[segment]), ZoneInfo("UTC"))
    shown = console.export_text()
    assert "Fri 01-09 09:00:00  Fri 01-09 11:00:30  2h30s  running" in shown
    assert "elapsed 2h30s, paused 0s: 30s over the target of 2h" in shown
