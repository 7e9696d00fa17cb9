"""Who gives a command or asks, as far as quality assurance has to know."""
from __future__ import annotations

from typing import NamedTuple


class Caller(NamedTuple):
    name: str
    """As whom: an agent, an analyst, a supervisor."""
    evaluates: bool
    """May fill in evaluations."""
    supervises: bool
    """May do what supervisors may."""
    sees_all: bool
    """Else only what is about themselves, once it is submitted."""
