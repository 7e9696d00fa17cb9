"""What is wrong with a file: each problem once, and how much more there is."""
from __future__ import annotations

import pytest

from opsledger.core.errors import FieldViolation, InvalidInput
from opsledger.services.importers.problems import SHOWN_MAX, Problems, WrongRows
from tests.kit.imports import mapped, mapped_with_summary


def told(problems: Problems) -> list[tuple[str, str]]:
    with pytest.raises(WrongRows) as error:
        problems.close()
    return [(violation.field, violation.description) for violation in error.value.violations]


def test_a_problem_of_many_rows_is_told_once_with_the_first_of_them() -> None:
    problems = Problems("f")
    for line in (9, 2, 7):
        problems.add(line, [FieldViolation("at", "INVALID", "is late")])
    problems.add(3, [FieldViolation("at", "INVALID", "is early")] * 2)

    assert told(problems) == [("f: line 2: at", "is late (and so in 2 other rows)"), ("f: line 3: at", "is early")]


def test_beyond_those_that_are_shown_the_rest_is_counted() -> None:
    problems = Problems("f")
    for line in range(1, 1_031):
        problems.add(line, [FieldViolation("at", "INVALID", f"is {line % 1_025}")])

    found = told(problems)

    assert len(found) == SHOWN_MAX + 1
    assert found[0] == ("f: line 1: at", "is 1 (and so in 1 other row)")
    assert found[-1] == ("f", "and 1,005 more problems; 1,030 rows are wrong in all")


def refused(text: str, mapping: dict[str, object]) -> list[str]:
    with pytest.raises(InvalidInput) as error:
        mapped(text, {"ticket_id": "{id}", "occurred_at": "{at}"} | mapping)
    return [f"{violation.field.partition('line ')[2]}: {violation.description}" for violation in error.value.violations]


def test_each_word_that_a_map_does_not_know_is_named_once() -> None:
    words = ["Neu", "Offen", "Neu", "Zu", "Offen", "Neu"]
    text = "id,at,state\n" + "".join(f"{number},2026-01-05,{word}\n" for number, word in enumerate(words))

    found = refused(text, {"rules": [{"emit": {"status_changed": {"status": {"value": "{state}", "map": {"Zu": "closed"}}}}}]})

    field = "rules[0].emit[0].status_changed.status"
    assert found == [
        f"2: {field}: 'Neu' ({{state}}) is not in its map; add it there, or give a default (and so in 2 other rows)",
        f"3: {field}: 'Offen' ({{state}}) is not in its map; add it there, or give a default (and so in 1 other row)",
    ]


def test_a_bad_name_is_told_once_however_many_facts_have_it() -> None:
    name = "x" * 201
    found = refused(f"id,at,who\n1,2026-01-05,{name}\n2,2026-01-05,{name}\n", {"actor": "{who}", "rules": [{"emit": {
        "assigned": {"agent": "{who}"},
        "feedback_received": {"kind": "csat", "score": "1", "scale_min": "0", "scale_max": "1", "agent": "{who}"},
    }}]})

    assert found == [
        f"2: actor.id, assigned.agent, feedback_received.agent: '{'x' * 60}…' must be at most 200 bytes (and so in 1 other row)"
    ]


def test_a_time_out_of_range_says_so_without_a_name() -> None:
    found = refused("id,at\n1,1066-10-14\n", {"rules": [{"emit": {"opened": {}}}]})

    assert found == ["2: occurred_at: must lie between 1970 and 2200"]


def test_rules_that_hold_for_no_row_are_named() -> None:
    _, summary = mapped_with_summary("id,at,state\n1,2026-01-05,Open\n", {"ticket_id": "{id}", "occurred_at": "{at}", "rules": [
        {"when": {"state": "Open"}, "emit": "opened"},
        {"when": {"state": "Cloosed"}, "emit": ["reopened", {"replied": {"public": "true"}}]},
    ]})

    assert summary.remarks == ["mapping.yaml: rules[1] (reopened, replied) held for no row"]
