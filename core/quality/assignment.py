"""Who evaluates what: as even as the quotas, never one's own work, nor a ticket that one worked on."""
from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence

from opsledger.core.quality.sampling import Contact

Conflicts = Collection[tuple[str, str]]
"""Pairs of an analyst and an agent whose work the analyst is not to judge."""


def assign(sample: Sequence[Contact], quotas: Mapping[str, int], conflicts: Conflicts = ()) -> list[str]:
    """The analyst of each contact; empty where nobody is left who may and can.

    ``quotas``: how many each analyst takes at most. As many contacts as possible get an analyst (augmenting paths: Kuhn 1955), each
    the one who has had the smallest part of the quota so far; equals by name.
    """
    barred = set(conflicts)
    held: dict[str, list[int]] = {analyst: [] for analyst, most in quotas.items() if most > 0}

    def may(analyst: str, index: int) -> bool:
        contact = sample[index]
        return analyst not in (contact.agent, *contact.others) and (analyst, contact.agent) not in barred

    def place(index: int, tried: set[str]) -> bool:
        able = [analyst for analyst in held if analyst not in tried and may(analyst, index)]
        for analyst in sorted(able, key=lambda name: (len(held[name]) / quotas[name], name)):
            tried.add(analyst)
            if len(held[analyst]) < quotas[analyst]:
                held[analyst].append(index)
                return True
            for other in held[analyst]:
                if place(other, tried):
                    held[analyst].remove(other)
                    held[analyst].append(index)
                    return True
        return False

    for index in range(len(sample)):
        place(index, set())
    found = [""] * len(sample)
    for analyst, indexes in held.items():
        for index in indexes:
            found[index] = analyst
    return found
