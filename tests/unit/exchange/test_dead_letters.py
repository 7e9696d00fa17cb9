"""What is kept of a record that was refused."""
from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from opsledger.core.errors import FieldViolation
from opsledger.services.exchange.dead_letters import NOTHING, RECORD_BYTES_MAX, dead_letter, headers_to_send_again, read_dead_letter

REFUSED = [FieldViolation("tenant", "REQUIRED", "must be said"), FieldViolation("", "MALFORMED", "is odd")]


def record(key: bytes | None, value: bytes | None, headers: list[tuple[str, bytes]] | None = None) -> Any:
    return SimpleNamespace(key=key, value=value, headers=headers or [], topic="inbound", partition=2, offset=7)


def as_record(letter: Any) -> Any:
    return record(letter.key, letter.value, letter.headers)


@pytest.mark.parametrize(("key", "value", "kept"), [
    (b"k", b"v", (b"k", b"v")), (b"k", None, (b"k", None)), (None, b"v", (None, b"v")), (None, None, (None, NOTHING)),
])
def test_key_and_value_are_kept(key: bytes | None, value: bytes | None, kept: tuple[bytes | None, bytes | None]) -> None:
    letter = dead_letter(record(key, value, [("trace", b"abc")]), REFUSED)
    assert (letter.key, letter.value) == kept
    assert ("trace", b"abc") in letter.headers
    told = read_dead_letter(as_record(letter))
    assert told[1:] == ("REQUIRED", "tenant", "tenant: must be said; is odd", "inbound", 2, 7, 1)


def test_attempts_are_counted_over_replays() -> None:
    letter = as_record(dead_letter(record(b"k", b"v"), REFUSED))
    again = record(b"k", b"v", headers_to_send_again(letter))
    assert read_dead_letter(as_record(dead_letter(again, REFUSED))).attempts == 2


@pytest.mark.parametrize(("more", "is_kept"), [(0, True), (1, False)])
def test_what_does_not_fit_is_told_of(more: int, is_kept: bool) -> None:
    letter = dead_letter(record(b"k", bytes(RECORD_BYTES_MAX - 1 + more)), REFUSED)
    assert (letter.key == b"k", letter.value != NOTHING) == (is_kept, is_kept)
    assert ("are more than a dead letter may have" in read_dead_letter(as_record(letter)).description) is not is_kept


def test_what_is_said_is_bounded() -> None:
    letter = dead_letter(record(b"k", b"v"), [FieldViolation("f" * 10_000, "MALFORMED", "x" * 10_000_000)])
    assert sum(len(value) for _, value in letter.headers) < 10_000
