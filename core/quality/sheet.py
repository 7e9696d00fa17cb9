"""What an analyst fills in, as plain values, as they are recorded."""
from __future__ import annotations

from typing import Any, NamedTuple, TypeAlias

Plain: TypeAlias = "dict[str, Any]"
"""What JSON has."""


class Sheet(NamedTuple):
    answers: Plain
    """By question, as ``Answers.plain`` gives them."""
    notes: Plain
    """By question: ``comment``, ``evidence`` (a list of ``kind`` and ``ref``), ``root_causes`` (a list)."""
    comment: str = ""
    """On the whole."""

    def plain(self) -> Plain:
        return self._asdict()


EMPTY = Sheet({}, {})
