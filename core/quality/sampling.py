"""Which contacts are evaluated: samples that depend on nothing but the frame, the design and its seed, so that a draw can be replayed.

The contacts of a frame are sorted and each gets one number from ``random.Random(seed).random()``, whose stream Python keeps the same for
ever; everything else is a comparison of these numbers.
"""
from __future__ import annotations

import json
import math
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from enum import StrEnum
from fractions import Fraction
from hashlib import sha256
from random import Random
from typing import NamedTuple

from opsledger.core.quality.subject import Subject, SubjectKind


class Risk(StrEnum):
    """What makes a contact worth a look."""

    BREACHED = "breached"
    """An SLA clock of its ticket was breached."""
    REOPENED = "reopened"
    """Its ticket was reopened."""
    LOW_CSAT = "low_csat"
    """Its customer was not satisfied."""
    LONG = "long"
    """It took longer to handle than the filter says."""


RISK_WEIGHTS: Mapping[Risk, int] = {Risk.LOW_CSAT: 5, Risk.BREACHED: 3, Risk.REOPENED: 3, Risk.LONG: 2}
"""What each adds to the weight 1 of every contact. A contact with all of them is 14 times as likely to be the next one drawn as one with
none; none is certain, and none is impossible."""


class Contact(NamedTuple):
    """One agent's part of a ticket or, with an interaction id, one interaction."""

    source: str
    ticket_id: str
    interaction_id: str
    agent: str
    group: str
    channel: str
    category: str
    at_us: int
    risks: tuple[Risk, ...] = ()
    """Sorted."""
    others: tuple[str, ...] = ()
    """Other agents who worked on its ticket, sorted: none of them judges it."""

    @property
    def subject(self) -> Subject:
        kind = SubjectKind.INTERACTION if self.interaction_id else SubjectKind.TICKET
        return Subject(kind, self.source, self.ticket_id, self.interaction_id)

    @property
    def weight(self) -> int:
        return 1 + sum(RISK_WEIGHTS[risk] for risk in self.risks)


class Method(StrEnum):
    PER_AGENT = "per_agent"
    """``size`` of each agent (all of those with fewer)."""
    STRATIFIED = "stratified"
    """``size`` in all, shared out to the strata (agent, channel, category) in proportion, by largest remainders; each has at least one
    where there are no more strata than ``size``."""
    RISK = "risk"
    """``size`` in all, one after the other, each time with probabilities in proportion to the weights of those left."""


class Design(NamedTuple):
    method: Method
    size: int
    seed: int


def frame_hash(frame: Iterable[Contact]) -> str:
    """SHA-256, in hex, of the sorted frame: of each contact a line of JSON."""
    digest = sha256()
    for contact in sorted(frame):
        digest.update(json.dumps(contact, ensure_ascii=False, separators=(",", ":")).encode() + b"\n")
    return digest.hexdigest()


def draw(frame: Iterable[Contact], design: Design) -> list[Contact]:
    """The sample, in the order of its contacts. A frame with fewer contacts is drawn whole."""
    random = Random(design.seed)
    numbered = [(random.random(), contact) for contact in sorted(frame)]
    match design.method:
        case Method.PER_AGENT:
            strata = _strata(numbered, lambda contact: (contact.agent,))
            chosen = _smallest(strata, dict.fromkeys(strata, design.size))
        case Method.STRATIFIED:
            strata = _strata(numbered, lambda contact: (contact.agent, contact.channel, contact.category))
            chosen = _smallest(strata, shares({key: len(of) for key, of in strata.items()}, design.size))
        case Method.RISK:
            # Efraimidis and Spirakis (2006), Information Processing Letters 97:181-185, with -ln(u)/w for u^(1/w)
            waits = sorted((-math.log(1 - number) / contact.weight, contact) for number, contact in numbered)
            chosen = [contact for _, contact in waits[:design.size]]
    return sorted(chosen)


Numbered = tuple[float, Contact]
Stratum = tuple[str, ...]


def _strata(numbered: Sequence[Numbered], key: Callable[[Contact], Stratum]) -> dict[Stratum, list[Numbered]]:
    found: defaultdict[Stratum, list[Numbered]] = defaultdict(list)
    for number, contact in numbered:
        found[key(contact)].append((number, contact))
    return dict(found)


def _smallest(strata: Mapping[Stratum, Sequence[Numbered]], sizes: Mapping[Stratum, int]) -> list[Contact]:
    return [contact for key, of in strata.items() for _, contact in sorted(of)[:sizes[key]]]


def shares(sizes: Mapping[Stratum, int], total: int) -> dict[Stratum, int]:
    """How many of each stratum: proportional, largest remainders first, equals by name; never more than there are."""
    whole = sum(sizes.values())
    total = min(total, whole)
    at_least = 1 if len(sizes) <= total else 0
    exact = {key: Fraction(size * total, whole) for key, size in sizes.items()}
    found = {key: max(at_least, math.floor(share)) for key, share in exact.items()}
    by_remainder = sorted(found, key=lambda key: (found[key] - exact[key], key))
    for key in by_remainder[:max(0, total - sum(found.values()))]:
        found[key] += 1
    over = sum(found.values()) - total
    while over > 0:  # what the small strata got beyond their share, the ones that are furthest above theirs give back
        key = max((key for key in found if found[key] > at_least), key=lambda key: (found[key] - exact[key], key))
        found[key] -= 1
        over -= 1
    return found
