"""``opsledger qa agreement`` on the text of a file, and what it found."""
from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from tests.kit.command import Ran, run


def agreement(folder: Path, text: str, *arguments: str) -> Ran:
    file = folder / "ratings.csv"
    file.write_text(text)
    return run("qa", "agreement", file, *arguments)


def values(ran: Ran) -> dict[tuple[str, str], Any]:
    assert ran.code == 0, ran.err
    return {(one["coefficient"], one["level"]): one for one in json.loads(ran.out)["agreements"]}
