"""Facts on their way into the spool: checked by the rules of recording, so that nothing is refused later."""
from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from hashlib import sha256

from opsledger.core.errors import FieldViolation
from opsledger.core.tickets.facts import Fact, TicketFact
from opsledger.core.tickets.validation import violations
from opsledger.services.importers.problems import Problems
from opsledger.services.importers.spool import Spool
from opsledger.services.tickets.codec import encode

_SHOWN_CHARACTERS_MAX = 60


@dataclass(frozen=True, slots=True)
class Owner:
    """Whose tickets they are."""

    tenant: str
    program: str
    source: str


class FactWriter:
    def __init__(self, spool: Spool, problems: Problems, *, again: bool = False) -> None:
        """``again``: of tickets that are retold."""
        self._spool, self._problems, self._again = spool, problems, again

    def write(self, line: int, facts: Sequence[TicketFact]) -> None:
        """The facts of one row: all of them, or none when one is malformed."""
        if found := [(violation, fact) for fact in facts for violation in violations(fact)]:
            self._problems.add(line, _by_value(found))
            return
        for fact in facts:
            # map fields have no order of their own: a fixed one makes equal facts equal bytes
            self._spool.add_event(fact, encode(fact).SerializeToString(deterministic=True), line, again=self._again)


def _by_value(found: Sequence[tuple[FieldViolation, TicketFact]]) -> Iterator[FieldViolation]:
    """What is wrong with a value, once, with all the fields that have it from the row."""
    fields: dict[tuple[str, str, object], list[str]] = {}
    for violation, fact in found:
        places = fields.setdefault((violation.reason, violation.description, _value(fact, violation.field)), [])
        if violation.field not in places:
            places.append(violation.field)
    for (reason, description, value), places in fields.items():
        shown = f"{_shortened(value)!r} {description}" if isinstance(value, str) and value else description
        yield FieldViolation(", ".join(places), reason, shown)


def _value(fact: TicketFact, field: str) -> object:
    """What stands in the field; the field's path, as a tuple, where it is not a plain one."""
    path = tuple(field.split("."))
    owner: object = fact if len(path) == 1 else fact.actor if path[0] == "actor" else fact.fact
    return getattr(owner, path[-1], path)


def _shortened(text: str) -> str:
    return text if len(text) <= _SHOWN_CHARACTERS_MAX else f"{text[:_SHOWN_CHARACTERS_MAX]}…"


def kind(fact: Fact) -> str:
    """Its name in a TicketEvent: ``status_changed``."""
    return kind_of(type(fact))


def kind_of(fact_type: type) -> str:
    return re.sub(r"(?<!^)(?=[A-Z])", "_", fact_type.__name__).lower()


def derived_id(*parts: str) -> str:
    """A name that depends on the parts alone: 32 hexadecimal digits."""
    digest = sha256()
    for part in parts:
        data = part.encode()
        digest.update(len(data).to_bytes(4, "little") + data)
    return digest.hexdigest()[:32]
