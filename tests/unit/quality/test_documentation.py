"""What docs/quality.md shows is what the code does."""
from __future__ import annotations

import re
from pathlib import Path

import pytest

from opsledger.core.errors import InvalidForm
from opsledger.core.quality.form import Kind, Mode, NotApplicable
from opsledger.core.quality.form_document import parse_form
from tests.kit.forms import Document, choice, percent, scored

PAGE = (Path(__file__).parents[3] / "docs" / "quality.md").read_text()
NUMBERS = dict(re.findall(r"^\| `(\w+)` \|((?: [\d.]+ \|){4})$", PAGE, re.MULTILINE))


def worked(mode: Mode, na: NotApplicable) -> Document:
    """The evaluation of the page's table."""
    weights = {"a": 50, "b": 20, "c": 30} if mode is Mode.QUESTION_WEIGHTS else {}
    a, b, c = (choice(id, 0, *points, na=True, **({"weight": weights[id]} if weights else {}))
               for id, points in (("a", (15, 30)), ("b", (10,)), ("c", (3, 5))))
    weighed = mode in (Mode.SECTION_PERCENT, Mode.POINTS_TIMES_WEIGHT)
    return {"form": "worked", "scoring": {"mode": mode, "na": na}, "sections": [
        {"id": "opening", "questions": [a, b], **({"weight": 40} if weighed else {})},
        {"id": "closing", "questions": [c], **({"weight": 60} if weighed else {})},
    ]}


@pytest.mark.parametrize("mode", Mode)
def test_the_worked_figures(mode: Mode) -> None:
    answered, *without = (float(cell) for cell in NUMBERS[mode].split("|")[:4])
    assert round(float(percent(scored(worked(mode, NotApplicable.REDISTRIBUTE), {"a": 15, "b": 10, "c": 3})) or 0), 2) == answered
    for na, expected in zip(NotApplicable, without, strict=True):
        assert round(float(percent(scored(worked(mode, na), {"a": "na", "b": 10, "c": 3})) or 0), 2) == expected


def known_keys(document: object, path: str) -> set[str]:
    """What a refusal of an unknown key says that there is."""
    with pytest.raises(InvalidForm) as caught:
        parse_form(document)  # type: ignore[arg-type]  # it is wrong on purpose
    [found] = [each.description for each in caught.value.violations if each.field.endswith(path)]
    return set(found.removeprefix("there is no such key; known are ").split(", "))


def test_every_key_is_described() -> None:
    def of_page(title: str) -> set[str]:
        table = PAGE.split(f"| {title} |")[1].split("\n\n")[0]
        return {key for cell in re.findall(r"^\| (`[^|]+) \|", table, re.MULTILINE) for key in re.findall(r"`(\w+)`", cell)}

    assert of_page("key of `scoring`") == known_keys({"scoring": {"mode": "points", "zzzzz": 1}}, "scoring.zzzzz")
    assert of_page("key") == known_keys({"zzzzz": 1}, "zzzzz")
    questions: set[str] = set()
    for kind in Kind:
        question = {"id": "q", "type": kind, "zzzzz": 1}
        questions |= known_keys({"form": "f", "scoring": {"mode": "points"}, "sections": [{"id": "s", "questions": [question]}]}, "zzzzz")
    assert of_page("key of a question") == questions
