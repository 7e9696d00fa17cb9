"""Rules of a mapping over the rows of a ticket: the n-th row, and the ticket as the rows before it left it."""
from __future__ import annotations

import pytest

from opsledger.core.tickets.facts import Replied, StatusChanged
from tests.kit.imports import mapped

ROWS = ["ask", "solve", "thanks", "solve", "ask", "ask"]
TABLE = "id,at,what\n" + "".join(f"1,2026-01-05 09:{minute:02},{what}\n" for minute, what in enumerate(ROWS))


def minutes(rules: list[dict[str, object]], kind: type, table: str = TABLE) -> list[int]:
    """When facts of that kind were said."""
    facts = mapped(table, {"ticket_id": "{id}", "occurred_at": "{at}", "rules": rules})
    return [fact.occurred_at_us // 60_000_000 % 60 for fact in facts if isinstance(fact.fact, kind)]


SOLVED: dict[str, object] = {"when": {"what": "solve"}, "emit": {"status_changed": {"status": "resolved"}}}


@pytest.mark.parametrize(("once", "expected"), [("first", [0]), ("1", [0]), ("2", [4]), ("3", [5]), ("4", []), ("last", [5])])
def test_once_is_the_first_last_or_nth_row_for_which_the_conditions_hold(once: str, expected: list[int]) -> None:
    assert minutes([{"when": {"what": "ask"}, "once": once, "emit": {"replied": {"public": "true"}}}], Replied) == expected


def test_a_rule_can_ask_how_the_rows_before_left_the_ticket() -> None:
    again: dict[str, object] = {"when": {"what": "ask"}, "ticket": {"status": ["resolved", "closed"]}}
    reopened = {**again, "emit": {"status_changed": {"status": "open"}}}

    assert minutes([SOLVED, reopened], StatusChanged) == [1, 3, 4]  # the question at 5 finds it open
    assert minutes([reopened, SOLVED], StatusChanged) == [1, 3, 4]  # a row never sees its own facts
    assert minutes([SOLVED, {**reopened, "once": "2"}], StatusChanged) == [1, 3, 5]  # nothing at 4: the second that finds it resolved
    assert minutes([SOLVED, {**again, "ticket": {"status": {"empty": "true"}}, "emit": {"replied": {"public": "true"}}}], Replied) == [0]


def test_what_other_rows_said_of_group_and_count_can_be_asked_too() -> None:
    rows = ("1,2026-01-05 09:00,give,ann", "1,2026-01-05 09:01,say,ANN", "1,2026-01-05 09:02,say,bob", "2,2026-01-05 09:03,say,ann")
    table = "id,at,what,who\n" + "\n".join(rows)
    given: dict[str, object] = {"when": {"what": "give"}, "emit": {"assigned": {"agent": "{who}"}}}
    said: dict[str, object] = {
        "when": {"what": "say"}, "ticket": {"agent": {"in": "Ann", "ignore_case": "true"}, "reopenings": "0"},
        "emit": {"replied": {"public": "true"}},
    }

    assert minutes([given, said], Replied, table) == [1, 2]


def test_an_order_can_ignore_case() -> None:
    table = "id,at,what\n1,2026-01-05 09:00,SOLVE\n1,2026-01-05 09:00,Ask\n"
    spec = {
        "ticket_id": "{id}", "occurred_at": "{at}", "order": {"column": "what", "values": ["ask", "solve"], "ignore_case": "true"},
        "rules": [{"emit": {"classified": {"category": "{what}"}}}],
    }
    assert [fact.fact.category for fact in mapped(table, spec)] == ["Ask", "SOLVE"]  # type: ignore[union-attr]  # classifications
