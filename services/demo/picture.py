"""The picture of the demo that the README shows: `make picture` draws it from a run."""
from __future__ import annotations

import re
from pathlib import Path

from rich.console import Console

WIDTH = 140
"""Columns; what the tour shows fits, and can still be read on a page."""
_FONT_FROM_THE_WEB = re.compile(r"@font-face \{.*?\}\s*", re.DOTALL)


def recording_console() -> Console:
    """Remembers what is printed to it. It is no terminal, so progress bars, which go away, are not in the picture."""
    return Console(record=True, width=WIDTH, force_terminal=False)


def draw(console: Console, file: Path) -> None:
    """What was printed so far, as an SVG that loads nothing from anywhere and keeps its blanks in every viewer."""
    svg = _FONT_FROM_THE_WEB.sub("", console.export_svg(title="opsledger demo"))
    file.write_text(svg.replace("<svg ", '<svg xml:space="preserve" ', 1), encoding="utf-8")
