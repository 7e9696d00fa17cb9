"""The load's account finds what it must find: a check that cannot fail proves nothing."""
from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from loadtests.account import Account, Findings, compare
from opsledger.core.ports import Commit, NewEvent
from opsledger.services.journal.memory import MemoryJournal

Findings_ = Callable[..., Findings]


@pytest.fixture
def compared(tmp_path: Path) -> Findings_:
    def compared(acknowledged: dict[int, bytes], *stored: bytes) -> Findings:
        journal = MemoryJournal()
        journal.append(Commit([NewEvent(b"s" * 16, "tickets.v1.opened", "acme", 0, payload) for payload in stored]))
        with (tmp_path / "account").open("wb") as file:
            account = Account(file)
            for position, payload in acknowledged.items():
                account.acknowledged(position, payload)
        return compare(tmp_path / "account", journal)

    return compared


def test_everything_in_its_place_is_sound(compared: Findings_) -> None:
    assert compared({1: b"a", 2: b"b"}, b"a", b"b", b"never answered") == Findings(2, 3, 0, 0, 0)
    assert compared({1: b"a"}, b"a").is_sound


@pytest.mark.parametrize(("acknowledged", "stored", "findings"), [
    ({1: b"a", 2: b"b"}, [b"a"], Findings(2, 1, missing=1, altered=0, doubled=0)),
    ({1: b"a", 2: b"b"}, [b"a", b"x"], Findings(2, 2, missing=0, altered=1, doubled=0)),
    ({1: b"a"}, [b"a", b"a"], Findings(1, 2, missing=0, altered=0, doubled=1)),
])
def test_what_is_lost_altered_or_doubled_is_found(
    compared: Findings_, acknowledged: dict[int, bytes], stored: list[bytes], findings: Findings
) -> None:
    assert compared(acknowledged, *stored) == findings
    assert not findings.is_sound


def test_a_load_that_was_never_answered_proves_nothing(compared: Findings_) -> None:
    assert not compared({}, b"a").is_sound
