"""What names a command, so that its repetition is answered and not carried out again, and answered only to who gave it.

A request id is one within the commands of one name that one principal gives in one tenant. Under it stands, with the first execution, what
the request said: the last event of its commit has a key made of both. See docs/decisions/0013-request-ids.md.
"""
from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple, Self

from google.protobuf.message import Message

from opsledger.core.errors import InvalidInput, RequestIdReused
from opsledger.core.ports import Commit, Journal, RecordedEvent
from opsledger.core.tickets.identity import content_key, principal_request_key, request_key
from opsledger.core.tickets.validation import check_name

_NAMES_IT = ("request_id", "actor")
"""Fields of a request that say which one it is and whose, not what it asks for."""
_AUTHORS = ("actor_id", "reviewer_id")
"""Fields of recorded events that name who gave the command; so do those that end in ``_by``."""
_AUTHORS_OF = {"quality.evaluation.claimed": "analyst_id", "quality.calibration.submitted": "rater_id"}
"""The same of events that name them otherwise, by topic."""


class Request(NamedTuple):
    """What a command was sent as."""

    tenant: str
    id: str
    principal: str = ""
    """Who gave it: an agent, an analyst, a supervisor."""
    command: str = ""
    content: bytes = b""
    """What it asks for: equal for equal requests."""
    earlier_name: str = ""
    """Under which it was recorded by versions that did not know principals, when that is not ``command:id``."""

    @classmethod
    def of(cls, message: Any, principal: str, earlier_name: str = "") -> Self:
        """``message`` has the fields ``tenant`` and ``request_id``. What this version does not know of it is content, too."""
        return cls(message.tenant, message.request_id, principal, type(message).__name__, _content(message), earlier_name)

    @property
    def key(self) -> bytes:
        return principal_request_key(self.tenant, self.principal, self.command, self.id)

    @property
    def said(self) -> bytes:
        """The key of the last event that the first execution records."""
        return content_key(self.key, self.content)

    @property
    def earlier_key(self) -> bytes:
        return request_key(self.tenant, self.earlier_name or (f"{self.command}:{self.id}" if self.command else self.id))


class First(NamedTuple):
    """What was recorded when a request was carried out."""

    event: RecordedEvent
    """The last one of the commit."""
    is_certain: bool
    """It is known to be of this principal; else an earlier version recorded it, and not for whom."""


def author_of(event: RecordedEvent) -> str:
    """Who gave the command that led to a decision's event; empty when it does not say."""
    try:
        fields = json.loads(event.payload)
    except ValueError:
        fields = None
    if not isinstance(fields, dict):  # that a command had nothing to change
        return ""
    wanted = (_AUTHORS_OF.get(event.type.rpartition(":")[2], ""), *_AUTHORS, *(name for name in fields if name.endswith("_by")))
    return next((str(fields[name]) for name in wanted if name in fields), "")


def first_of(journal: Journal, request: Request, author: Callable[[RecordedEvent], str] = author_of) -> First | None:
    """None for a request that has not been carried out. Raises InvalidInput for one without an id, RequestIdReused when the first one
    under its id said something else."""
    if violations := list(check_name("request_id", request.id, required=True)):
        raise InvalidInput(*violations)
    if positions := _positions(journal, request.key):
        last = _event(journal, positions[-1])
        if last.key != request.said:
            raise RequestIdReused(request.id, last.position)
        return First(last, is_certain=True)
    if positions := _positions(journal, request.earlier_key):
        last = _event(journal, positions[-1])
        named = author(_event(journal, positions[0])) or author(last)
        if named in ("", request.principal):
            return First(last, is_certain=bool(named))
    return None


def _positions(journal: Journal, key: bytes) -> Sequence[int]:
    """Of the events that were recorded under a request's key; none when there is no such request."""
    if journal.position_of(key) is None:
        return ()
    return journal.append(Commit([], key)).positions  # records nothing: it is answered with the first commit's places


def _event(journal: Journal, position: int) -> RecordedEvent:
    [event] = journal.read(position - 1, 1)
    return event


def _content(message: Message) -> bytes:
    asked = type(message)()
    asked.CopyFrom(message)
    for field in _NAMES_IT:
        if field in message.DESCRIPTOR.fields_by_name:
            asked.ClearField(field)
    return asked.SerializeToString(deterministic=True)
