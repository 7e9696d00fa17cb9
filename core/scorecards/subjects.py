"""Whom a scorecard is about."""
from __future__ import annotations

from enum import StrEnum
from typing import NamedTuple


class SubjectKind(StrEnum):
    AGENT = "agent"
    GROUP = "group"
    PROGRAM = "program"


class Subject(NamedTuple):
    kind: SubjectKind
    name: str
    """Empty: what no agent (or group) is credited with, so that the parts always add up to the program."""
