"""An import from file to sink: whose fault a failure is."""
from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import Future
from pathlib import Path

import pytest
from google.protobuf.json_format import MessageToJson

from opsledger.services.importers.json_lines import EventsReader
from opsledger.services.importers.runner import run_import
from opsledger.services.tickets.intake import Outcome
from tests.kit.events import event


class FullDisk:
    batch_events_max = 1

    def submit(self, events: Sequence[bytes]) -> Future[list[Outcome]]:
        raise OSError("no space left on device")


def test_a_failing_sink_is_not_blamed_on_the_file(tmp_path: Path) -> None:
    file = tmp_path / "events.jsonl"
    file.write_text(MessageToJson(event(), indent=None) + "\n")
    with pytest.raises(OSError, match="no space left"):
        run_import(str(file), EventsReader(), FullDisk)
