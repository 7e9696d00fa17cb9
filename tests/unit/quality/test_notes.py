"""Comments, evidence and root causes beside the answers."""
from __future__ import annotations

from typing import Any

import pytest

from opsledger.core.errors import InvalidAnswers
from opsledger.core.quality.form_document import parse_form
from opsledger.core.quality.notes import read_notes
from tests.kit.forms import choice, form_of

FORM = parse_form(form_of([choice("a", 0, 1, evidence=["recording"], root_causes=["habit"]), choice("b", 0, 1)]))


def test_notes_are_read() -> None:
    found = read_notes(FORM, {"a": {"comment": "calm", "evidence": [{"kind": "recording", "ref": "00:12"}], "root_causes": ["habit"]},
                              "b": {"evidence": [{"ref": "chat 7"}]}})
    assert (found["a"].comment, found["a"].evidence, found["a"].root_causes) == ("calm", (("recording", "00:12"),), ("habit",))
    assert found["b"].evidence == (("", "chat 7"),)


@pytest.mark.parametrize(("notes", "field", "reason"), [
    ({"z": {}}, "z", "UNKNOWN"), ({"a": []}, "a", "NOT_A_MAPPING"), ({"a": {"root_causes": ["script"]}}, "a.root_causes[0]", "UNKNOWN"),
    ({"a": {"evidence": [{"kind": "rumour", "ref": "x"}]}}, "a.evidence[0].kind", "UNKNOWN"),
    ({"b": {"evidence": [{}]}}, "b.evidence[0].ref", "REQUIRED"),
    ({"b": {"comment": "x" * 20_001}}, "b.comment", "TOO_LONG"), ({"b": {"root_causes": ["x"]}}, "b.root_causes[0]", "UNKNOWN"),
])
def test_what_does_not_fit_is_named(notes: dict[str, Any], field: str, reason: str) -> None:
    with pytest.raises(InvalidAnswers) as caught:
        read_notes(FORM, notes, field="notes")
    assert (f"notes.{field}", reason) in {(each.field, each.reason) for each in caught.value.violations}
