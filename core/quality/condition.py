"""When a question or a section is asked: by the answers to others. Immutable; docs/quality.md explains every key."""
from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from typing import TypeAlias

from opsledger.core.quality.exact_text import exact_text


@dataclass(frozen=True, slots=True)
class Condition:
    """Holds when the question is answered with one of the options, or with a number between ``low`` and ``high``, or, with ``na``, when
    it is said not to apply."""

    question: str
    options: frozenset[str] = frozenset()
    low: Fraction | None = None
    high: Fraction | None = None
    na: bool = False

    @property
    def is_numeric(self) -> bool:
        return self.low is not None or self.high is not None

    def __str__(self) -> str:
        words = sorted(self.options) + (["N/A"] if self.na else [])
        if self.low is not None and self.high is not None:
            words.append(f"between {exact_text(self.low)} and {exact_text(self.high)}")
        elif self.low is not None:
            words.append(f"at least {exact_text(self.low)}")
        elif self.high is not None:
            words.append(f"at most {exact_text(self.high)}")
        return f"{self.question} is {' or '.join(words)}"


@dataclass(frozen=True, slots=True)
class Every:
    """Holds when all parts do."""

    parts: tuple[When, ...]

    def __str__(self) -> str:
        return " and ".join(f"({part})" if isinstance(part, Some) else str(part) for part in self.parts)


@dataclass(frozen=True, slots=True)
class Some:
    """Holds when one of the parts does."""

    parts: tuple[When, ...]

    def __str__(self) -> str:
        return " or ".join(f"({part})" for part in self.parts)


When: TypeAlias = "Condition | Every | Some"


def leaves(when: When) -> Iterator[Condition]:
    if isinstance(when, Condition):
        yield when
    else:
        for part in when.parts:
            yield from leaves(part)
