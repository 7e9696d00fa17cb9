"""What was refused, as it stands in the dead-letter topic: key, value and headers as they came, and why in headers ``dlq_…``."""
from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple, TypeAlias

from opsledger.core.errors import FieldViolation
from opsledger.services.exchange.topics import DEAD_LETTER_BYTES_MAX

Header: TypeAlias = tuple[str, bytes]
PREFIX = "dlq_"
RECORD_BYTES_MAX = DEAD_LETTER_BYTES_MAX - (64 << 10)
"""Of a record that is kept whole, beside what is said about it."""
NOTHING = b""
"""The client sends no record with neither key nor value, although there are such records."""
TOLD_MAX = 2_000
"""Characters of a header; a description may quote what came."""
ATTEMPTS = f"{PREFIX}attempts"
"""How often it was refused; it stays when it is sent again."""


class DeadLetter(NamedTuple):
    """``record`` is the dead letter itself, ``topic``, ``partition`` and ``offset`` say where it came from."""

    record: Any
    reason: str
    field: str
    description: str
    topic: str
    partition: int
    offset: int
    attempts: int


class Letter(NamedTuple):
    """What is sent to the dead-letter topic."""

    key: bytes | None
    value: bytes | None
    headers: list[Header]


def dead_letter(record: Any, violations: Sequence[FieldViolation]) -> Letter:
    """``record`` is a ConsumerRecord; ``violations`` is not empty: the first one's reason and field, and all descriptions.

    Of a record that is too large for the dead-letter topic only this is kept: compressed, it may have come with far more bytes.
    """
    size = len(record.key or b"") + len(record.value or b"") + sum(len(name) + len(value or b"") for name, value in record.headers)
    if is_too_large := size > RECORD_BYTES_MAX:
        violations = *violations, FieldViolation("", "TOO_LARGE", f"its {size} bytes are more than a dead letter may have: it is not here")
    first = violations[0]
    told = {
        "reason": first.reason, "field": first.field,
        "description": "; ".join(f"{each.field}: {each.description}" if each.field else each.description for each in violations),
        "topic": record.topic, "partition": record.partition, "offset": record.offset, "attempts": _attempts(record) + 1,
    }
    headers = [(f"{PREFIX}{name}", str(value)[:TOLD_MAX].encode()) for name, value in told.items()]
    if is_too_large:
        return Letter(None, NOTHING, headers)
    return Letter(record.key, NOTHING if record.key is None and record.value is None else record.value, [*_own(record), *headers])


def read_dead_letter(record: Any) -> DeadLetter:
    """Of a record in the dead-letter topic; what it does not say is empty or 0."""
    said = {name.removeprefix(PREFIX): text.decode("utf-8", "replace") for name, text in record.headers if name.startswith(PREFIX)}
    return DeadLetter(
        record, *(said.get(name, "") for name in ("reason", "field", "description", "topic")),
        *(_number(said.get(name, "")) for name in ("partition", "offset", "attempts")),
    )


def headers_to_send_again(record: Any) -> list[Header]:
    return [*_own(record), (ATTEMPTS, str(_attempts(record)).encode())]


def _own(record: Any) -> list[Header]:
    return [(name, value) for name, value in record.headers if not name.startswith(PREFIX)]


def _attempts(record: Any) -> int:
    return next((_number(value.decode("utf-8", "replace")) for name, value in record.headers if name == ATTEMPTS), 0)


def _number(text: str) -> int:
    return int(text) if text.isascii() and text.isdigit() else 0
