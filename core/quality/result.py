"""What a sheet comes to, as it is recorded: a score with every part of it, its fractions as [numerator, denominator]."""
from __future__ import annotations

from fractions import Fraction
from typing import TypeAlias

from opsledger.core.quality.scoring import Scored
from opsledger.core.quality.sheet import Plain

PlainFraction: TypeAlias = "list[int] | None"


def plain_result(scored: Scored) -> Plain:
    """A score as it is recorded: for ever, and whatever later versions of the scoring would say."""
    return {
        "score": plain(scored.score), "reason": text(scored.reason), "outcome": text(scored.outcome), "band": scored.band,
        "questions": [
            {
                "question": each.question, "section": each.section, "state": str(each.state), "points": plain(each.points),
                "possible_points": plain(each.possible_points), "share": plain(each.share), "of": plain(each.of), "bonus": each.bonus,
            }
            for each in scored.contributions
        ],
        "sections": [
            {"section": each.section, "share": plain(each.share), "of": plain(each.of), "percent": plain(each.percent)}
            for each in scored.sections
        ],
        "auto_fails": [{"question": each.question, "level": each.level.name.lower()} for each in scored.auto_fails],
        "critical": {str(kind): {"applicable": each.applicable, "failed": list(each.failed)} for kind, each in scored.critical.items()},
    }


def plain(fraction: Fraction | None) -> PlainFraction:
    return None if fraction is None else [fraction.numerator, fraction.denominator]


def fraction(recorded: PlainFraction) -> Fraction | None:
    return None if recorded is None else Fraction(*recorded)


def text(word: str | None) -> str | None:
    """Enumerations as the text that they are."""
    return None if word is None else str(word)
