"""docs/client.md is true: its blocks are one program, and it runs."""
from __future__ import annotations

import re
from pathlib import Path

from opsledger.services.journal.memory import MemoryJournal
from tests.kit.servers import running

GUIDE = Path(__file__).parents[3] / "docs" / "client.md"


def test_its_program_runs() -> None:
    blocks = re.findall(r"^```python\n(.*?)^```", GUIDE.read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL)
    assert len(blocks) == 5
    journal = MemoryJournal()
    with running(journal) as server:
        exec(compile("\n".join(blocks), GUIDE.name, "exec"), {"ADDRESS": server.address})
    assert journal.position == 1 + 38 + 2
