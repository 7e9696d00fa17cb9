"""Our kernels beside their twins: what compiling them is worth."""
from __future__ import annotations

from collections.abc import Callable, Sequence
from random import Random
from typing import Any

from opsledger.core.ports import NewEvent
from opsledger.core.sla.calendar import parse_calendar
from opsledger.ext import journal, scoring
from opsledger.ext.calendar import Timeline
from opsledger.ext.calendar import twin as calendar_twin
from opsledger.ext.journal import codec as journal_twin
from opsledger.ext.scoring import Questions, integers

KERNEL, TWIN = "kernel", "twin"
QUESTIONS = 10_000
EVALUATIONS = 500
COMMITS, COMMIT_EVENTS, PAYLOAD_BYTES = 100, 10, 300
HOUR_US = 3_600_000_000
YEAR_START_US = 1_767_225_600_000_000
"""2026-01-01 UTC."""
OFFICE = {
    "time_zone": "Europe/Berlin",
    "hours": {day: ["08:00-13:00", "14:00-18:00"] for day in ("mon", "tue", "wed", "thu", "fri")},
    "holidays": {"country": "DE", "subdivision": "BE"},
}

Call = Callable[[], int]
"""Does some work and says how many items it was."""


def calls(seed: int) -> dict[str, dict[str, Call]]:
    """Measurement -> contender -> the work."""
    return {**_calendar(Random(seed)), **_journal(Random(seed)), **_scoring(Random(seed))}


def _scoring(random: Random) -> dict[str, dict[str, Call]]:
    """Forms of 5 sections with 4 questions each, by section percentages."""
    columns = 20
    questions = Questions(
        integers([at // 4 for at in range(columns)]), integers([random.randrange(1, 40) for _ in range(columns)]),
        integers([10] * columns), integers([0] * columns), True, (1, 1),
    )
    cells = (EVALUATIONS, columns)
    states, points, fails = (
        integers([random.randrange(most) for _ in range(EVALUATIONS * columns)]).reshape(cells) for most in (3, 11, 1))

    def scored(score: Callable[..., Any]) -> Call:
        def call() -> int:
            score(questions, states, points, fails)
            return EVALUATIONS

        return call

    return {"scoring: evaluations": {KERNEL: scored(scoring.score), TWIN: scored(scoring.twin.score)}}


def _calendar(random: Random) -> dict[str, dict[str, Call]]:
    intervals = parse_calendar(OFFICE).intervals(YEAR_START_US, YEAR_START_US + 365 * 24 * HOUR_US)
    starts, ends = [start for start, _ in intervals], [end for _, end in intervals]
    froms = [YEAR_START_US + random.randrange(300 * 24 * HOUR_US) for _ in range(QUESTIONS)]
    tos = [at + random.randrange(10 * 24 * HOUR_US) for at in froms]
    targets = [random.randrange(24 * HOUR_US) for _ in froms]
    kernel, twin = Timeline(starts, ends), calendar_twin.Timeline(starts, ends)
    return {
        "calendar: elapsed": {KERNEL: _asked(kernel.elapsed_many, froms, tos), TWIN: _asked(twin.elapsed_many, froms, tos)},
        "calendar: due": {KERNEL: _asked(kernel.due_many, froms, targets), TWIN: _asked(twin.due_many, froms, targets)},
    }


def _asked(question: Callable[[Sequence[int], Sequence[int]], object], first: list[int], second: list[int]) -> Call:
    def call() -> int:
        question(first, second)
        return len(first)

    return call


def _journal(random: Random) -> dict[str, dict[str, Call]]:
    commits = [[_placed(random) for _ in range(COMMIT_EVENTS)] for _ in range(COMMITS)]
    data = _encoded(journal.encode_commit, commits)

    def encoded(encode: Callable[..., Any]) -> Call:
        def call() -> int:
            _encoded(encode, commits)
            return COMMITS * COMMIT_EVENTS

        return call

    def scanned(scan: Callable[..., Any]) -> Call:
        return lambda: int(scan(data, journal.SEGMENT_HEADER_BYTES, 1, journal.NO_HASH).next_position) - 1

    return {
        "journal: encode": {
            KERNEL: encoded(journal.encode_commit), TWIN: encoded(journal_twin.encode_commit),
        },
        "journal: scan": {KERNEL: scanned(journal.scan), TWIN: scanned(journal_twin.scan)},
    }


def _placed(random: Random) -> tuple[NewEvent, int, int]:
    """The first event of its stream, as the codec takes it."""
    name, key, payload = random.randbytes(16), random.randbytes(16), random.randbytes(PAYLOAD_BYTES)
    return NewEvent(name, "tickets.v1.replied", "acme", YEAR_START_US, payload, key), 1, 0


def _encoded(encode: Callable[..., Any], commits: Sequence[Sequence[Any]]) -> bytes:
    parts: list[bytes] = []
    offset, position, before = journal.SEGMENT_HEADER_BYTES, 1, journal.NO_HASH
    for commit in commits:
        part, before, _ = encode(commit, position, YEAR_START_US, position - 1, b"", before, offset)
        parts.append(part)
        offset, position = offset + len(part), position + len(commit)
    return b"".join(parts)
